"""What offends in a whole release offends among its suspects too: comparing numbers first hides nothing."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.duplicates.near import near_pairs
from dataprep.duplicates.near_signatures import may_be_near, signatures
from dataprep.releases import ledger_suspects, offenders, suspects
from dataprep.releases.numbers import numbers
from dataprep.releases.release import CORPUS, GROUPS, PAIRS, QRELS, QUERIES, TRIPLETS
from dataprep.releases.release_files import Published
from dataprep.releases.suspects import Suspects, narrowed
from dataprep.schemas import LEDGER, ROWS, SPLITS
from dataprep.text import fold, words_key

Find = Callable[[Any, Published], Suspects]
Judge = Callable[[Published], pl.LazyFrame]

TEXTS = st.sampled_from(["Kto?", "kto", "co to jest", "Co to jest?", "co to był", "rzeka płynie tu", "Rzeka płynie tu.", "", "?!"])
Q, P, SPLIT = st.sampled_from(["q1", "q2", "q3"]), st.sampled_from(["p1", "p2", "p3"]), st.sampled_from(SPLITS)
SCORES = st.sampled_from([0, 1])


def rows(*columns: st.SearchStrategy[Any]) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    return st.lists(st.tuples(*columns), max_size=6)


# Releases in which nothing need be right; without qrels those of the judgements are meant, so that sound tables are drawn too.
RELEASES = st.fixed_dictionaries(
    {
        "corpus": rows(P, st.just(""), TEXTS),
        "queries": rows(Q, TEXTS),
        "qrels": st.none() | rows(Q, P, SCORES, SPLIT),
        "judgements": rows(Q, P, SCORES, SPLIT),
        "pairs": rows(TEXTS, TEXTS, SPLIT),
        "triplets": rows(TEXTS, TEXTS, TEXTS, SPLIT),
        "groups": rows(Q, st.sampled_from("gh"), SPLIT),
    }
)
BY_SPLIT = {"qrels": QRELS, "judgements": QRELS, "pairs": PAIRS, "triplets": TRIPLETS, "groups": GROUPS}
SCHEMAS = {"corpus": CORPUS, "queries": QUERIES, **{name: {**schema, "split": pl.String} for name, schema in BY_SPLIT.items()}}


def published(drawn: dict[str, list[tuple[Any, ...]] | None]) -> Published:
    """The tables of some rows."""
    tables = {name: pl.LazyFrame(drawn[name], schema=schema, orient="row") for name, schema in SCHEMAS.items()}
    sound = {"qrels": tables["judgements"].filter(pl.col("score") == 1)} if drawn["qrels"] is None else {}
    return Published(**tables | sound)


def both(rows: Published) -> pl.LazyFrame:
    return pl.concat([table.select("anchor", "positive", "split") for table in (rows.pairs, rows.triplets)])


CONTRACTS: dict[str, tuple[Find, Judge]] = {
    "repeated passages": (lambda n, _: suspects.repeated_passages(n), lambda t: offenders.repeated(t.corpus, ["_id"])),
    "repeated queries": (lambda n, _: suspects.repeated_queries(n), lambda t: offenders.repeated(t.queries, ["_id"])),
    "repeated judgements": (
        lambda n, _: suspects.repeated_judgements(n),
        lambda t: offenders.repeated(t.judgements, ["query-id", "corpus-id"]),
    ),
    "dangling": (lambda n, _: suspects.dangling(n), lambda t: offenders.dangling(t.judgements, t.queries, t.corpus)),
    "qrels": (lambda n, _: suspects.qrels_unlike_judgements(n), lambda t: offenders.qrels_unlike_judgements(t.qrels, t.judgements)),
    "two labels": (lambda n, _: suspects.two_labels(n), lambda t: offenders.two_labels(t.judgements, t.queries, t.corpus)),
    "groups": (lambda n, _: suspects.groups_in_two_splits(n), lambda t: offenders.groups_in_two_splits(t.groups)),
    "judgements elsewhere": (
        lambda n, _: suspects.judgements_in_another_split(n),
        lambda t: offenders.judgements_in_another_split(t.judgements, t.groups),
    ),
    "questions": (lambda n, _: suspects.questions_in_two_splits(n), lambda t: offenders.questions_in_two_splits(t.queries, t.groups)),
    "positives": (lambda n, _: suspects.positives_in_two_splits(n), lambda t: offenders.positives_in_two_splits(t.qrels, t.corpus)),
    "held-out questions": (
        lambda n, _: suspects.held_out_questions_trained_on(n),
        lambda t: offenders.held_out_questions_trained_on(t.training_rows("anchor"), t.queries, t.groups),
    ),
    "near questions": (
        lambda n, t: suspects.held_out_questions_nearly_trained_on(n, t, min_jaccard=0.5),
        lambda t: offenders.held_out_questions_nearly_trained_on(t.training_rows("anchor"), t.queries, t.groups, min_jaccard=0.5),
    ),
    "held-out positives": (
        lambda n, _: suspects.held_out_positives_trained_on(n),
        lambda t: offenders.held_out_positives_trained_on(t.training_rows("positive"), t.qrels, t.corpus),
    ),
    "without judgement": (
        lambda n, _: suspects.trained_without_judgement(n),
        lambda t: offenders.trained_without_judgement(both(t), t.qrels, t.queries, t.corpus),
    ),
    "negatives": (
        lambda n, _: suspects.negatives_that_are_positives(n),
        lambda t: offenders.negatives_that_are_positives(t.triplets, t.qrels, t.queries, t.corpus),
    ),
    "near negatives": (
        lambda n, _: suspects.negatives_near_positives(n, min_jaccard=0.5),
        lambda t: offenders.negatives_near_positives(t.triplets, t.qrels, t.queries, t.corpus, shingle_words=1, min_jaccard=0.5),
    ),
}


def as_list(found: pl.LazyFrame) -> list[str]:
    return sorted(map(str, found.collect().to_dicts()))


@pytest.mark.parametrize("name", CONTRACTS)
@settings(max_examples=60, deadline=None)
@given(drawn=RELEASES)
def test_the_suspects_hold_every_offender(name: str, drawn: dict[str, list[tuple[Any, ...]] | None]) -> None:
    find, judge = CONTRACTS[name]
    release = published(drawn)
    wanted = as_list(judge(release))
    found = find(numbers(release, shingle_words=1), release)
    assert as_list(judge(narrowed(release, found))) == wanted
    assert not (wanted and found.are_none())


def test_texts_that_are_null_may_be_judged_both_ways_too() -> None:
    find, judge = CONTRACTS["two labels"]
    release = published(
        {name: [] for name in SCHEMAS}
        | {
            "corpus": [("p1", "", None), ("p2", "", None)],
            "queries": [("q1", "Kto?")],
            "judgements": [("q1", "p1", 1, "test"), ("q1", "p2", 0, "test")],
        }
    )
    wanted = as_list(judge(release))
    assert len(wanted) == 1
    assert as_list(judge(narrowed(release, find(numbers(release, shingle_words=1), release)))) == wanted


ACTIONS = st.sampled_from(["read", "kept", "merged", "relabelled", "dropped"])
ROW = st.sampled_from(["s:1", "s:2", "s:3"])


@settings(max_examples=100, deadline=None)
@given(
    events=st.lists(st.tuples(ROW, ACTIONS, ROW, Q, P), max_size=8),
    labels=st.lists(st.sampled_from([0, 1, None]), min_size=3, max_size=3),
    scores=st.dictionaries(st.tuples(Q, P), SCORES),
)
def test_the_suspects_hold_every_row_of_the_ledger_that_offends(
    events: list[tuple[str, str, str, str, str]], labels: list[int | None], scores: dict[tuple[str, str], int]
) -> None:
    told = [{**dict.fromkeys(LEDGER), **dict(zip(("row_id", "action", "into", "query_id", "passage_id"), e, strict=True))} for e in events]
    ledger = pl.LazyFrame(told, schema=LEDGER)
    read = pl.LazyFrame([{**dict.fromkeys(ROWS), "row_id": f"s:{i + 1}", "label": label} for i, label in enumerate(labels)], schema=ROWS)
    judgements = pl.LazyFrame([(*pair, score) for pair, score in scores.items()], schema=QRELS, orient="row")

    ended = ledger_suspects.rows_without_one_end(ledger)
    some = suspects.with_numbers(ledger, "row_id", ended)
    assert as_list(offenders.rows_without_one_end(some)) == as_list(offenders.rows_without_one_end(ledger))
    changed = ledger_suspects.labels_changed_silently(ledger, read, judgements)
    some = suspects.with_numbers(ledger, "row_id", changed)
    wanted = as_list(offenders.labels_changed_silently(ledger, read, judgements))
    assert as_list(offenders.labels_changed_silently(some, suspects.with_numbers(read, "row_id", changed), judgements)) == wanted


WORDS = st.lists(st.sampled_from("abcdefgh"), max_size=8).map(" ".join)


@settings(deadline=None)
@given(texts=st.lists(WORDS, min_size=2, max_size=8, unique=True), threshold=st.sampled_from([0.3, 0.5, 0.8, 1.0]), n=st.integers(1, 3))
def test_a_pair_that_is_near_may_be_near(texts: list[str], threshold: float, n: int) -> None:
    frame = pl.DataFrame({"id": [str(i) for i in range(len(texts))], "text": texts})
    near = near_pairs(frame, shingle_words=n, min_jaccard=threshold).collect()
    left, right = (near[column].cast(pl.Int64).to_numpy() for column in ("left", "right"))
    assert may_be_near(signatures(frame["text"], shingle_words=n), left, right, min_jaccard=threshold).all()


def test_passages_on_other_subjects_are_told_apart_by_their_signatures() -> None:
    texts = pl.Series([" ".join(f"{first}{i}" for i in range(50)) for first in "abcd"])
    left, right = np.triu_indices(4, 1)
    assert not may_be_near(signatures(texts, shingle_words=3), left, right, min_jaccard=0.5).any()


@given(st.lists(st.text("aąB ?1", max_size=6) | st.none(), max_size=6))
def test_texts_have_one_key_exactly_if_they_fold_alike(texts: list[str | None]) -> None:
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(folded=fold(pl.col("text")), key=words_key(pl.col("text")))
    assert frame["key"].null_count() == frame["folded"].null_count()
    assert frame.unique().height == frame["key"].n_unique() == frame["folded"].n_unique()
