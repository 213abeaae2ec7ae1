"""Laws and golden cases of deduplication: nothing is lost, nothing is merged wrongly, everything is on record."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import polars as pl
import pytest
from dedup_case import BASE, PASSAGES, ROWS, SETTINGS, Row, rows
from dedup_case import deduplicated as run
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.duplicates.dedup_tables import SCHEMAS
from dataprep.duplicates.guards import guards
from dataprep.duplicates.near import near_pairs
from dataprep.text import fold, passage_id, query_id


def merged_texts(tables: dict[str, pl.DataFrame]) -> list[tuple[str, str]]:
    pairs = tables["merged_passages"].join(tables["corpus"], left_on="into_id", right_on="passage_id", suffix="_kept")
    return sorted(pairs.select("text", "text_kept").rows())


def ends(tables: dict[str, pl.DataFrame]) -> list[tuple[str, str]]:
    terminal = tables["events"].filter(pl.col("action").is_in(["merged", "dropped"]))
    return sorted(terminal.select("action", "rule").rows())


@settings(max_examples=20, deadline=None)
@given(triples=ROWS, choice=SETTINGS)
def test_every_row_stands_for_a_pair_or_has_one_end(triples: list[Row], choice: dict[str, Any]) -> None:
    table = rows(triples)
    tables = run(table, **choice)
    assert {name: frame.schema for name, frame in tables.items()} == SCHEMAS
    terminal = tables["events"].filter(pl.col("action").is_in(["merged", "dropped"]))
    assert sorted([*tables["judgements"]["row_id"], *terminal["row_id"]]) == sorted(table.collect()["row_id"])
    assert set(terminal["into"].drop_nulls()) <= set(tables["judgements"]["row_id"])
    assert tables["events"].select("query_id", "passage_id", "source_key", "stage", "rule").null_count().sum_horizontal().item() == 0


@settings(max_examples=20, deadline=None)
@given(triples=ROWS, choice=SETTINGS)
def test_tables_fit_together(triples: list[Row], choice: dict[str, Any]) -> None:
    tables = run(rows(triples), **choice)
    judged, corpus, queries = tables["judgements"], tables["corpus"], tables["queries"]
    assert judged.select("query_id", "passage_id").is_unique().all()
    assert set(judged["passage_id"]) == set(corpus["passage_id"])
    assert set(judged["query_id"]) == set(queries["query_id"])
    assert corpus["passage_id"].is_unique().all()
    assert queries["query_id"].is_unique().all()
    assert corpus.equals(corpus.with_columns(passage_id=passage_id(pl.col("text"))))
    assert not choice["questions"] or queries.equals(queries.with_columns(query_id=query_id(pl.col("text"))))
    assert not set(corpus["passage_id"]) & set(tables["merged_passages"]["passage_id"])
    assert (
        tables["links"].filter("is_merged").select("passage_id", "other_id").rows()
        == tables["merged_passages"].select("passage_id", "into_id").rows()
    )


@settings(max_examples=20, deadline=None)
@given(triples=ROWS, min_jaccard=st.sampled_from([0.5, 0.8, 1.0]))
def test_each_merged_passage_matches_the_kept_one_directly(triples: list[Row], min_jaccard: float) -> None:
    tables = run(rows(triples), min_passage_jaccard=min_jaccard, on_conflict="relevant")
    pairs = merged_texts(tables)
    assert len(pairs) == tables["merged_passages"].height  # each went to one that is kept
    for left, right in pairs:
        assert guards(pl.Series([left]), pl.Series([right])).item() is None
        texts = pl.DataFrame({"id": ["a", "b"], "text": [left, right]})
        assert near_pairs(texts, shingle_words=3, min_jaccard=min_jaccard).collect().height == 1


@settings(max_examples=20, deadline=None)
@given(triples=ROWS)
def test_no_passage_stays_that_should_have_been_merged(triples: list[Row]) -> None:
    tables = run(rows(triples), on_conflict="relevant")
    kept = tables["corpus"].select(id="passage_id", text="text")
    text_of = dict(kept.iter_rows())
    for left, right, _ in near_pairs(kept, shingle_words=3, min_jaccard=0.8).collect().iter_rows():
        assert guards(pl.Series([text_of[left]]), pl.Series([text_of[right]])).item() is not None


@settings(max_examples=20, deadline=None)
@given(triples=ROWS, lower=st.sampled_from([0.3, 0.6, 0.8]), higher=st.sampled_from([0.8, 0.95, 1.0]))
def test_a_higher_threshold_gives_no_link_that_a_lower_one_lacks(triples: list[Row], lower: float, higher: float) -> None:
    pairs = [
        {
            frozenset(pair)
            for pair in run(rows(triples), passages="off", min_passage_jaccard=j)["links"].select("passage_id", "other_id").rows()
        }
        for j in (lower, higher)
    ]
    assert pairs[1] <= pairs[0]


LOOK_ALIKES = [
    ("Ostatni król z dynastii Jagiellonów panował w kraju przez wiele długich lat.", "Jagiellonów", "Wazów"),
    ("Bitwa pod tą wsią rozegrała się w 1849 roku i była krwawa.", "1849", "1905"),
    ("Wtedy rzeka ta nie była żeglowna na całej swojej długości.", "nie była", "była"),
    ("Jego zdaniem wynik ten jest możliwy do osiągnięcia już teraz.", "możliwy", "niemożliwy"),
    ("Zimą temperatura spada tu do -5 stopni na całym obszarze.", "-5", "5"),
    ("Wiadomo stąd, że 3 < 5 jest zdaniem prawdziwym w tej teorii.", "<", ">"),
    ("Program ten napisano w języku C i działa na każdym komputerze.", "C i", "C++ i"),
    ("W finale Legia pokonała zespół Lecha po bardzo długiej dogrywce.", "Legia", "Wisła"),
]


@pytest.mark.parametrize(("text", "one", "other"), LOOK_ALIKES)
def test_look_alikes_are_linked_and_never_merged(text: str, one: str, other: str) -> None:
    table = rows([("Kto?", text, 1), ("Gdzie?", text.replace(one, other), 1)])
    tables = run(table, min_passage_jaccard=0.2)
    assert tables["merged_passages"].is_empty()
    assert tables["links"]["guard"].is_not_null().all()
    assert tables["links"].height == 1


@pytest.mark.parametrize("passages", ["off", "exact", "near"])
def test_what_each_mode_merges(passages: str) -> None:
    texts = [BASE, f"{BASE}.", f"{BASE} murowany"]
    tables = run(rows([("Kto?", text, 1) for text in texts]), passages=passages)
    assert tables["corpus"].height == {"off": 3, "exact": 2, "near": 1}[passages]
    linked = tables["links"].select("kind", "is_merged").rows()
    assert (
        sorted(linked)
        == {
            "off": [("exact", False), ("near", False), ("near", False)],
            "exact": [("exact", True), ("near", False)],
            "near": [("exact", True), ("near", True)] if tables["corpus"]["text"].item(0) != f"{BASE} murowany" else [("near", True)] * 2,
        }[passages]
    )


def test_the_threshold_is_met_on_its_boundary() -> None:
    one, other = "a b c d e f g", "a b c d e f"  # 4 of 5 trigrams
    assert run(rows([("x", one, 1), ("x", other, 1)]))["corpus"].height == 1
    assert run(rows([("x", one, 1), ("x", other, 1)]), min_passage_jaccard=0.81)["corpus"].height == 2


def test_a_chain_is_not_followed() -> None:
    words = [f"słowo{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    chain = [" ".join(words[start : start + 20]) for start in (0, 2, 4)]  # neighbours match (16 of 20), the ends do not (14 of 22)
    tables = run(rows([("x", chain[0], 1), ("y", chain[1], 0), ("y", chain[2], 0)]))
    assert tables["corpus"].height == 2


@pytest.mark.parametrize(
    ("triples", "kept"),
    [
        ([("x", f"{BASE}.", 1), ("y", f"{BASE}!!!", 0)], f"{BASE}."),  # judged positive goes before longer
        ([("x", f"{BASE}.", 0), ("y", f"{BASE}!!!", 0)], f"{BASE}!!!"),  # longer goes before the smaller id
        ([("x", f"{BASE}.", None), ("y", f"{BASE}!!!", 0)], f"{BASE}!!!"),  # an assertion is no judgement
    ],
)
def test_the_passage_that_stays_is_chosen_by_its_key(triples: list[Row], kept: str) -> None:
    assert run(rows(triples))["corpus"]["text"].to_list() == [kept]


def test_short_texts_and_texts_without_words_stand_for_themselves() -> None:
    tables = run(rows([("x", text, 1) for text in ("kot", "pies", "kot pies", "!!!", "???")]))
    assert tables["corpus"].height == 5


def test_questions_are_united_when_equal_and_only_listed_when_near() -> None:
    questions = ["Kto tam mieszka?", "kto TAM mieszka", "C?", "C++?", "a b c d e f g h i", "a b c d e f g h j"]
    tables = run(rows([(question, PASSAGES[0], 1) for question in questions]))
    assert sorted(tables["queries"]["text"]) == sorted(set(questions) - {"kto TAM mieszka"})
    assert tables["near_questions"]["jaccard"].to_list() in ([0.8, 1.0], [1.0, 0.8])
    apart = run(rows([(question, PASSAGES[0], 1) for question in questions]), questions=False)
    assert apart["queries"].height == 6
    assert apart["judgements"].height == 6


def test_each_row_asks_a_question_of_its_own_where_questions_are_not_united() -> None:
    table = rows([("Kto?", BASE, 1), ("Kto?", f"{BASE} z 1849 roku", 0), ("Kto?", f"{BASE} z 1849 roku", 0)])
    assert [run(table, questions=unite)["queries"].height for unite in (True, False)] == [1, 3]


@pytest.mark.parametrize(
    ("labels", "on_conflict", "relevance", "is_judged", "fates"),
    [
        ([1, None], "drop", 1, True, [("merged", "duplicate_pair")]),  # an assertion does not contradict
        ([1, 0], "drop", None, None, [("dropped", "label_conflict")] * 2),
        ([None, 0], "drop", None, None, [("dropped", "label_conflict")] * 2),
        ([1, 0], "relevant", 1, True, [("merged", "duplicate_pair")]),
        ([None, 0], "relevant", 1, False, [("merged", "duplicate_pair")]),
        ([1, 0], "not_relevant", 0, True, [("merged", "duplicate_pair")]),
        ([0, 0], "relevant", 0, True, [("merged", "duplicate_pair")]),  # nothing to settle
        ([1, None], "not_relevant", 1, True, [("merged", "duplicate_pair")]),
    ],
)
def test_two_labels_of_one_pair(
    labels: list[int | None],
    on_conflict: str,
    relevance: int | None,
    is_judged: bool | None,  # noqa: FBT001 - a column of the table of cases
    fates: list[tuple[str, str]],
) -> None:
    table = rows([("x", BASE, label) for label in labels])
    tables = run(table, on_conflict=on_conflict)
    judged = tables["judgements"].select("relevance", "is_judged").rows()
    assert judged == ([] if relevance is None else [(relevance, is_judged)])
    assert ends(tables) == fates
    is_conflict = 0 in labels and labels != [0, 0]
    assert tables["conflicts"]["resolution"].to_list() == ["dropped" if on_conflict == "drop" else "relabelled"] * is_conflict
    relabelled = tables["events"].filter(pl.col("action") == "relabelled").select("column", "before", "after").rows()
    before = {"relevant": "0", "not_relevant": "1"}.get(on_conflict)
    assert relabelled == ([("label", before, str(relevance))] if before and is_conflict else [])


def test_opposite_labels_on_near_passages_that_stay_apart_are_listed() -> None:
    tables = run(rows([("x", f"{BASE} z 1849 roku", 1), ("x", f"{BASE} z 1905 roku", 0), ("y", f"{BASE} z 1905 roku", 1)]))
    assert tables["conflicts"].select("kind", "resolution").rows() == [("near_pair", "listed")]
    relevant, other = tables["conflicts"].select("passage_id", "other_id").row(0)
    text_of = dict(tables["corpus"].select("passage_id", "text").rows())
    assert ("1849" in text_of[relevant], "1905" in text_of[other]) == (True, True)


def test_a_row_whose_texts_were_exchanged_says_so() -> None:
    tables = run(
        rows([("Kto tam mieszka?", f"{BASE} murowany", 1), ("kto tam mieszka", "całkiem inny tekst o czymś", 0), ("gdzie?", BASE, 0)])
    )
    changed = tables["events"].filter(pl.col("action") == "changed").select("rule", "column", "before", "after").rows()
    assert sorted(changed) == [
        ("exact_duplicate_question", "question", "kto tam mieszka", "Kto tam mieszka?"),
        ("near_duplicate_passage", "passage", BASE, f"{BASE} murowany"),
    ]
    score = tables["events"].filter(pl.col("rule") == "near_duplicate_passage")["score"].item()
    assert score == tables["links"].filter("is_merged")["jaccard"].item() == pytest.approx(14 / 15)


def test_the_row_that_stands_for_a_pair_is_judged_then_has_the_kept_text_then_the_smaller_id() -> None:
    table = rows([("x", f"{BASE}!!", None), ("x", f"{BASE}.", 1), ("x", f"{BASE}!!!", 1), ("x", f"{BASE}!!!", 1)])
    tables = run(table)
    own = table.filter((pl.col("passage") == f"{BASE}!!!") & (pl.col("label") == 1)).collect()["row_id"]
    assert tables["judgements"]["row_id"].to_list() == [own.min()]
    assert set(tables["events"]["into"]) == {own.min()}
    assert set(tables["events"]["score"]) == {1.0}


@pytest.mark.parametrize("titles", [*permutations(["", "Wieś", "Gmina"])])
def test_equal_passages_share_the_first_title(titles: Sequence[str]) -> None:
    tables = run(rows([("x", BASE, 1), ("y", BASE, 1), ("z", BASE, 1)], titles=titles))
    assert tables["corpus"]["title"].to_list() == ["Gmina"]
    changed = tables["events"].filter(pl.col("rule") == "title_of_passage").select("before", "after").rows()
    assert sorted(changed) == [("", "Gmina"), ("Wieś", "Gmina")]


def test_a_merge_is_held_back_where_the_guard_speaks_for_an_equal_text_of_the_merged_one() -> None:
    spoken, silent = f"{BASE} Anny", f"{BASE} anny"  # equal but for case, and only one shows a name
    longer = f"{BASE} murowany dom"
    tables = run(rows([("x", spoken, 0), ("y", silent, 0), ("z", longer, 1)]), min_passage_jaccard=0.5)
    assert tables["corpus"].height == 2
    assert set(tables["corpus"].with_columns(fold(pl.col("text")))["text"]) == {fold_of(silent), fold_of(longer)}


def fold_of(text: str) -> str:
    folded: str = pl.select(fold(pl.lit(text))).item()
    return folded
