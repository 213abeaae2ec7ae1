from pathlib import Path

import polars as pl
import pytest
import release_case
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep import schemas
from dataprep.releases.release_files import statistics
from dataprep.statistics import rule_examples, shortcuts
from dataprep.statistics.prevented_leaks import question_wise_leaks, row_wise_leaks
from dataprep.statistics.quality_statistics import quality
from dataprep.statistics.repetition import repetition
from dataprep.statistics.row_keys import row_keys
from dataprep.statistics.rule_examples import rule_counts
from dataprep.statistics.shared_words import shared_words
from dataprep.statistics.shortcuts import id_is_below, probe, sampled
from dataprep.statistics.split_statistics import split_statistics
from dataprep.statistics.writing import question_style, scripts
from dataprep.text import fold, passage_id

CASE = release_case.case()
LEDGER = release_case.ledger_of(CASE)
ORIGINS = [{"name": "s", "licence": "mit", "rows": 11}]


def pairs(rows: list[tuple[str, str, int | None]]) -> pl.LazyFrame:
    return pl.LazyFrame(rows, schema={"question": pl.String, "passage": pl.String, "label": pl.Int8}, orient="row")


def test_a_rule_that_touched_no_row_is_reported_with_zero() -> None:
    found = {rule["rule"]: rule for rule in rule_counts(LEDGER, {"clean": ("html", "white_space")})}
    assert found["clean.html"] == {"rule": "clean.html", "n_rows": 0, "actions": [], "examples": []}
    assert found["clean.white_space"]["n_rows"] == 1
    assert found["clean.white_space"]["examples"] == [{"row_id": "s:11", "column": "passage", "before": "x ", "after": "x"}]
    assert found["filter.min_passage_words"]["actions"] == ["dropped"]


def test_a_row_counts_once_per_rule_however_often_the_rule_touched_it() -> None:
    twice = pl.concat([LEDGER, LEDGER.filter(pl.col("rule") == "white_space")])
    assert rule_counts(twice, {"clean": ("white_space",)})[0]["n_rows"] == 1


def test_examples_are_the_first_rows_by_their_ids_in_whatever_order_and_batches_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_examples, "_BATCH_ROWS", 2)
    event = dict.fromkeys(schemas.LEDGER) | {"stage": "filter", "action": "dropped"}
    rules = {"s:8": "a", "s:1": "b", "s:6": "a", "s:4": "a", "s:7": "a", "s:2": "b", "s:5": "a"}
    ledger = pl.LazyFrame([event | {"row_id": row, "rule": rule} for row, rule in [*rules.items()] * 2], schema=schemas.LEDGER)
    found = rule_counts(ledger, {})
    assert [(rule["rule"], rule["n_rows"]) for rule in found] == [("filter.a", 5), ("filter.b", 2)]
    assert [[example["row_id"] for example in rule["examples"]] for rule in found] == [["s:4", "s:5", "s:6"], ["s:1", "s:2"]]


def test_an_example_shows_the_change_and_masks_personal_data() -> None:
    long = "słowo " * 200
    events = [
        {"row_id": "s:1", "column": "passage", "before": f"{long}( ){long}", "after": f"{long}{long}"},
        {"row_id": "s:2", "column": "passage", "before": "Pisz:  a@example.org", "after": "Pisz: a@example.org"},
        {"row_id": "s:3", "column": "question", "before": "Kto  to?", "after": "Kto to?"},
        {"row_id": "s:3", "column": "passage", "before": "On  sam", "after": "On sam"},
        {"row_id": "s:4", "column": "passage", "before": "nie  pokazany", "after": "nie pokazany"},
    ]
    fixed = {"stage": "clean", "action": "changed", "rule": "white_space"}
    ledger = pl.LazyFrame([dict.fromkeys(schemas.LEDGER) | fixed | event for event in events], schema=schemas.LEDGER)
    (found,) = rule_counts(ledger, {"clean": ("white_space",)})
    assert found["n_rows"] == 4
    first, second, third = found["examples"]
    assert first["row_id"] == "s:1"
    assert "( )" in first["before"]
    assert "( )" not in first["after"]
    assert len(first["before"]) < 300
    assert second["after"] == "Pisz: [EMAIL]"
    assert third == {"row_id": "s:3", "column": "passage", "before": "On  sam", "after": "On sam"}


def test_what_was_dropped_is_shown_with_the_values_that_decided() -> None:
    event = {"row_id": "s:1", "stage": "filter", "action": "dropped", "rule": "language", "before": "x" * 999, "after": '{"language": 1}'}
    (found,) = rule_counts(pl.LazyFrame([dict.fromkeys(schemas.LEDGER) | event], schema=schemas.LEDGER), {"filter": ("language",)})
    assert found["examples"] == [{"row_id": "s:1", "column": None, "before": "x" * 240 + "…", "after": '{"language": 1}'}]


def test_where_a_rejected_row_stood_is_not_told() -> None:
    event = {"row_id": "s:1", "stage": "ingest", "action": "rejected", "rule": "utf8", "before": "x", "after": "at byte 17"}
    (found,) = rule_counts(pl.LazyFrame([dict.fromkeys(schemas.LEDGER) | event], schema=schemas.LEDGER), {"ingest": ("utf8",)})
    assert found["examples"] == [{"row_id": "s:1", "column": None, "before": "x", "after": None}]


def test_languages_are_counted_for_rows_measured_and_rows_kept() -> None:
    tables = release_case.curated(CASE, LEDGER)
    found = quality(tables, rules={}, origins=ORIGINS, train_fraction=0.7)["languages"]
    assert found["before"]["passage"] == [{"language": "pl", "n": 10}, {"language": "sk", "n": 1}]
    assert found["after"]["passage"] == [{"language": "pl", "n": 8}, {"language": "sk", "n": 1}]
    assert found["after"]["question"] == [{"language": "pl", "n": 9}]
    unmeasured = tables._replace(measures=tables.measures.select("row_id", "reported"))
    assert quality(unmeasured, rules={}, origins=ORIGINS, train_fraction=0.7)["languages"] == {}


def test_quality_tells_labels_questions_words_and_the_largest_group() -> None:
    found = quality(release_case.curated(CASE, LEDGER), rules=release_case.RULES, origins=ORIGINS, train_fraction=0.7)
    assert found["labels"] == {
        "before": {"relevant": 6, "not_relevant": 4, "asserted": 1},
        "after": {"relevant": 5, "not_relevant": 3, "asserted": 1},
    }
    assert found["questions"] == {"before": {"distinct": 7, "answerable": 6}, "after": {"distinct": 7, "answerable": 6}}
    assert found["positives_per_question"] == [{"n_positives": "0", "n_questions": 1}, {"n_positives": "1", "n_questions": 6}]
    words = {row["word"]: row["n_questions"] for row in found["question_words"]}
    assert words["co"] == words["jaki"] == words["kto"] == 1
    assert sum(words.values()) == 7
    assert found["largest_group"] == {
        "group_id": "g1",
        "split": "train",
        "n_questions": 1,
        "n_positives": 1,
        "positives_fraction": 0.166667,
    }
    assert found["shortcuts"]["after"]["rows"] == 8
    assert found["shortcuts"]["after"]["length"]["longest_relevant_words"] == 13
    assert found["licences"] == [{"source": "s", "licence": "mit", "rows": 11}]
    assert found["duplicates"]["rows_merged"] == [{"rule": "exact_passage", "n": 1}]


def test_what_the_filters_only_reported_is_counted_as_read_and_as_kept() -> None:
    found = quality(release_case.curated(CASE, LEDGER), rules=release_case.RULES, origins=ORIGINS, train_fraction=0.7)
    assert found["reported"] == [{"rule": "filter.personal_data", "rows": 2, "kept": 1}]


def test_a_release_that_nobody_judged_has_nothing_to_probe() -> None:
    tables = release_case.curated(CASE, LEDGER)
    asserted = tables._replace(judgements=tables.judgements.with_columns(is_judged=pl.lit(value=False)))
    assert quality(asserted, rules=release_case.RULES, origins=ORIGINS, train_fraction=0.7)["shortcuts"]["after"] is None


def test_duplicates_and_conflicts_are_counted_by_kind_and_guard() -> None:
    links = pl.LazyFrame(
        [
            ("p2", "p1", "exact", 1.0, None, None, True), ("p4", "p3", "near", 0.9, None, "number", False),
            ("p6", "p5", "near", 0.9, 0.97, "number", False),
        ],
        schema=schemas.LINKS, orient="row",
    )  # fmt: skip
    conflicts = pl.LazyFrame([("q1", "p1", "p2", "near_pair", 0.9, None, "listed")], schema=schemas.CONFLICTS, orient="row")
    tables = release_case.curated(CASE, LEDGER)._replace(links=links, conflicts=conflicts)
    found = quality(tables, rules={}, origins=ORIGINS, train_fraction=0.7)
    assert found["duplicates"]["passages_merged"] == [{"kind": "exact", "n": 1}]
    assert found["duplicates"]["passages_kept_apart"] == [{"kind": "near", "guard": "number", "n": 2}]
    assert found["conflicts"] == [{"kind": "near_pair", "resolution": "listed", "n": 1}]


def test_a_length_that_gives_the_label_away_is_found_at_either_end() -> None:
    found = probe(pairs([("q", "a b", 0), ("q", "a b c", 0), ("q", "a b c d", 1), ("q", "a b c d e f", 1), ("q", "a b c d e f g", 0)]))
    assert found is not None
    assert found["length"]["shortest_relevant_words"] == 4
    assert found["length"]["n_shorter_all_not_relevant"] == 2
    assert found["length"]["longest_relevant_words"] == 6
    assert found["length"]["n_longer_all_not_relevant"] == 1


def test_word_overlap_is_the_share_of_the_questions_words_in_the_passage() -> None:
    found = probe(sampled(pairs([("Ala ma kota", "kota ma Ala", 1), ("Ala ma kota", "pies", 0), ("Ala ma kota", "nic", None)])))
    assert found is not None
    assert found["rows"] == 2
    assert found["word_overlap"] == {"auc": 1.0, "best_accuracy": 1.0}


def test_of_many_rows_the_digests_of_passages_choose_those_that_are_probed(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = pairs([("q", f"a {'b ' * (i % 9)}{i}", int(i % 9 > 4)) for i in range(900)])
    monkeypatch.setattr(shortcuts, "MAX_ROWS", 300)
    found = probe(sampled(rows))
    assert found is not None
    assert 250 < found["rows"] < 350
    assert found["length"]["auc"] == 1
    assert probe(sampled(rows.reverse())) == found


def test_ids_choose_the_rows_that_the_digests_of_their_passages_choose(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = pairs([("q", f"{i}", 1) for i in range(300)]).with_columns(passage_id=passage_id(pl.col("passage")))
    monkeypatch.setattr(shortcuts, "MAX_ROWS", 100)
    assert 0 < sampled(rows, id_is_below).collect().height < 300
    assert sampled(rows, id_is_below).collect().equals(sampled(rows).collect())


def test_one_label_alone_cannot_be_probed() -> None:
    assert probe(sampled(pairs([("q", "a", 1), ("q", "b", None)]))) is None
    assert probe(pairs([])) is None


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(0, 1)), min_size=2, max_size=15).filter(lambda rows: len({y for _, y in rows}) == 2)
)
def test_auc_and_accuracy_agree_with_counting_all_pairs_and_thresholds(rows: list[tuple[int, int]]) -> None:
    found = probe(pairs([("q", "w " * n, y) for n, y in rows]))
    assert found is not None
    right, wrong = ([n for n, y in rows if y == label] for label in (1, 0))
    auc = sum((r > w) + (r == w) / 2 for r in right for w in wrong) / (len(right) * len(wrong))
    hits = [sum((n > limit) == (y == side) for n, y in rows) for limit in range(8) for side in (0, 1)]
    assert found["length"]["auc"] == pytest.approx(auc, abs=1e-4)
    assert found["length"]["best_accuracy"] == pytest.approx(max(hits) / len(rows), abs=1e-4)


def test_the_leak_of_a_row_wise_split_is_the_chance_that_another_row_of_the_question_is_trained_on() -> None:
    rows = pairs([("Co to?", "a", 1), ("co to", "b", 0), ("Kto?", "c", 1)])
    found = row_wise_leaks(row_keys(rows), train_fraction=0.9)
    assert found["question_leak_fraction"] == pytest.approx(2 / 3 * 0.9, abs=1e-4)
    assert found["passage_leak_fraction"] == 0
    assert (found["rows"], found["held_out_rows"], found["question_leak_rows"]) == (3, 0, 0)
    assert row_wise_leaks(row_keys(pairs([])), train_fraction=0.9)["question_leak_fraction"] == 0


def test_repetition_counts_rows_beyond_the_first_and_passages_of_several_questions() -> None:
    rows = pairs(
        [
            *[("Co to?", "Ale kot", 1), ("Co to?", "Ale kot", 0), ("co to", "ale  kot!", 1)],
            *[("Kto?", "Ale kot.", 0), ("Kto?", "Pies", 1), ("Kto?", "Ryba", 1)],
        ]
    )
    assert repetition(row_keys(rows)) == {"equal_pairs": 1, "folded_pairs": 2, "shared_passages": 1}
    assert repetition(row_keys(rows.head(0))) == {"equal_pairs": 0, "folded_pairs": 0, "shared_passages": 0}


def test_style_and_scripts_are_told_of_distinct_questions_and_of_passages() -> None:
    style = question_style(pl.LazyFrame({"text": ["kto?", "kto?", "„co?”", "Gdzie", "Ile? "]}))
    assert style == {"questions": 4, "lower_case_start": 2, "without_question_mark": 1}
    found = {row["script"]: row["n_texts"] for row in scripts(pl.LazyFrame({"text": ["Киев", "Αθήνα i Киев", "東京", "서울", "Łódź µm"]}))}
    assert found == {"Cyrillic": 2, "Greek": 1, "Chinese or Japanese": 1, "Korean": 1, "Hebrew": 0, "Arabic": 0}


def test_rows_that_leak_are_counted_among_those_held_out() -> None:
    rows = pairs([("Co to?", str(i), 1) for i in range(100)])
    found = row_wise_leaks(row_keys(rows), train_fraction=0.7)
    assert (found["held_out_rows"], found["question_leak_rows"], found["passage_leak_rows"]) == (30, 30, 0)


def test_a_split_by_question_leaks_where_questions_are_tied() -> None:
    def queries(groups: str) -> pl.LazyFrame:
        return pl.LazyFrame({"group_id": list(groups)}, schema={"group_id": pl.String})

    found = question_wise_leaks(queries("aabcdefghi"), train_fraction=0.6)
    assert (found["questions"], found["tied_questions"], found["held_out_questions"]) == (10, 2, 4)
    assert found["leak_fraction"] == pytest.approx(0.2 * 0.6, abs=1e-4)
    assert question_wise_leaks(queries("abc"), train_fraction=0.6)["leak_fraction"] == 0
    assert question_wise_leaks(queries(""), train_fraction=0.6)["leak_questions"] == 0


def test_split_statistics_add_up_and_stand_beside_the_aims() -> None:
    found = split_statistics(CASE.split_queries.lazy(), CASE.judgements.lazy(), aims={"train": 0.7, "validation": 0.1, "test": 0.2})
    assert found["train"]["queries"] == 3
    assert found["train"]["unanswered"] == 1
    assert found["train"]["judged_negatives"] == 3
    assert found["test"]["aim_fraction"] == 0.2
    for name in ("groups", "queries", "positives"):
        assert sum(split[f"{name}_fraction"] for split in found.values()) == pytest.approx(1, abs=1e-5)


def test_a_split_without_a_question_is_there_with_zeros() -> None:
    found = split_statistics(CASE.split_queries.head(1).lazy(), CASE.judgements.lazy(), aims={"train": 0.7, "validation": 0.1, "test": 0.2})
    assert found["test"]["queries"] == found["test"]["groups"] == 0


WORDS = st.text(st.sampled_from("aąB é1-"), max_size=12)


@given(st.lists(st.tuples(WORDS, WORDS), max_size=8))
def test_shared_words_are_those_of_the_folded_texts(texts: list[tuple[str, str]]) -> None:
    frame = pl.DataFrame(texts, schema={"q": pl.String, "p": pl.String}, orient="row").with_columns(
        counts=shared_words("q", "p"), asked=fold(pl.col("q")), told=fold(pl.col("p"))
    )
    wanted = [(len(t.split()), len({*a.split()}), len({*a.split()} & {*t.split()})) for a, t in frame.select("asked", "told").iter_rows()]
    assert frame.select("counts").unnest("counts").rows() == wanted


def test_every_part_of_the_statistics_is_explained(tmp_path: Path) -> None:
    found = statistics(release_case.write_build(tmp_path) / "release")
    page = (Path(__file__).parent.parent / "docs/statistics.md").read_text(encoding="utf-8")
    missing = [part for name in ("lengths", "quality") for part in found[name] if f"`{part}`" not in page]
    assert missing == []
