"""Two releases compared: each kind of difference is found, nothing is found where there is none, and the verdict can go either way."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from release_case import Case, case, recipe, write_build

from dataprep import schemas
from dataprep.build import finish, opened
from dataprep.compare.diff import diff, is_empty
from dataprep.compare.diff_tables import compare_splits, compare_tables
from dataprep.errors import CallError, DataError
from dataprep.pipeline import PREPARE, STAGES
from dataprep.recipes.recipe_file import load
from dataprep.releases.release import CORPUS, GROUPS, PAIRS, QRELS, QUERIES, TRIPLETS
from dataprep.releases.release_files import Published

SPLIT = {"split": pl.String}


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_build(tmp_path_factory.mktemp("old"))


@pytest.fixture
def compared(old: Path, tmp_path: Path) -> Callable[[Case], dict[str, Any]]:
    """Write a case as the new build and compare the old one with it."""

    def compare(found: Case) -> dict[str, Any]:
        return diff(old, write_build(tmp_path, found))

    return compare


def replaced(frame: pl.DataFrame, where: pl.Expr, **values: object) -> pl.DataFrame:
    """The frame with other values in the rows that match."""
    return frame.with_columns(pl.when(where).then(pl.lit(value)).otherwise(name).alias(name) for name, value in values.items())


def cast_to(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    return frame.cast(dict(schema))


def published(corpus: dict[str, str], questions: dict[str, str], grades: dict[tuple[str, str], int]) -> Published:
    """A release in memory: passages with titles, questions with splits, judgements with grades."""
    qrels = [(q, p, grade, questions.get(q, "train")) for (q, p), grade in grades.items()]
    judged = pl.LazyFrame(qrels, schema={**QRELS, **SPLIT}, orient="row")
    rows = [("q " + q, "p " + p, "n", split) for q, p, _, split in qrels]
    return Published(
        corpus=pl.LazyFrame([(p, title, "text " + p) for p, title in corpus.items()], schema=CORPUS, orient="row"),
        queries=pl.LazyFrame([(q, "text " + q) for q in questions], schema=QUERIES, orient="row"),
        qrels=judged,
        judgements=judged,
        pairs=pl.LazyFrame([(q, p, split) for q, p, _, split in rows], schema={**PAIRS, **SPLIT}, orient="row"),
        triplets=pl.LazyFrame(rows, schema={**TRIPLETS, **SPLIT}, orient="row"),
        groups=pl.LazyFrame([(q, "g" + q, split) for q, split in questions.items()], schema=GROUPS, orient="row"),
    )


NAMES = st.sampled_from("abcdef")
RELEASES = st.builds(
    published,
    st.dictionaries(NAMES, st.sampled_from(["", "title"])),
    st.dictionaries(NAMES, st.sampled_from(schemas.SPLITS)),
    st.dictionaries(st.tuples(NAMES, NAMES), st.integers(0, 2)),
)


@settings(deadline=None, max_examples=30)
@given(old=RELEASES, new=RELEASES)
def test_what_one_direction_adds_the_other_removes(old: Published, new: Published) -> None:
    there, back = compare_tables(old, new), compare_tables(new, old)
    for name, counts in there.items():
        assert counts["added"] == back[name]["removed"]
        assert counts["removed"] == back[name]["added"]
        assert [counts[same] for same in ("changed", "moved")] == [back[name][same] for same in ("changed", "moved")]
        assert counts["old"] + counts["added"] == counts["new"] + counts["removed"]
        assert counts["old"] == getattr(old, name).collect().height
    assert compare_splits(old, new)["n_moved"] == compare_splits(new, old)["n_moved"]


@settings(deadline=None, max_examples=20)
@given(release=RELEASES)
def test_a_release_differs_from_itself_in_nothing(release: Published) -> None:
    assert not any(
        table[change] for table in compare_tables(release, release).values() for change in ("added", "removed", "changed", "moved")
    )
    assert compare_splits(release, release) == {"n_moved": 0, "by_splits": [], "groups_united": 0, "groups_divided": 0, "sample": []}


def test_a_build_and_a_release_equal_themselves(old: Path) -> None:
    of_build, of_release = diff(old, old), diff(old / "release", old / "release")
    assert is_empty(of_build)
    assert is_empty(of_release)
    assert of_build["rows"]["same"] == 12
    assert of_release["rows"] is None
    assert of_build["verdict"]["may_be_judged"]
    assert of_build["verdict"]["scores_are_comparable"]


def test_added_and_removed_passages_are_shown(compared: Callable[[Case], dict[str, Any]]) -> None:
    found = case()
    other = replaced(found.corpus, pl.col("passage_id") == "p8", passage_id="p88", text="Odra to rzeka.")
    judgements = replaced(found.judgements, pl.col("passage_id") == "p8", passage_id="p88")
    triplets = replaced(found.triplets, pl.col("negative_id") == "p8", negative_id="p88")
    table = compared(
        found._replace(
            corpus=cast_to(other, schemas.CORPUS),
            judgements=cast_to(judgements, schemas.JUDGEMENTS),
            triplets=cast_to(triplets, schemas.TRIPLETS),
        )
    )
    assert table["tables"]["corpus"]["added_sample"] == [{"_id": "p88", "text": "Odra to rzeka."}]
    assert [row["_id"] for row in table["tables"]["corpus"]["removed_sample"]] == ["p8"]
    assert (table["tables"]["judgements"]["added"], table["tables"]["judgements"]["removed"]) == (1, 1)
    assert (table["tables"]["triplets"]["added"], table["tables"]["triplets"]["removed"]) == (2, 2)
    assert table["tables"]["qrels"]["added"] == table["tables"]["queries"]["added"] == 0
    assert [(row["old_id"], row["new_id"]) for row in table["rows"]["passages"]["sample"]] == [("p8", "p88")]
    assert table["rows"]["questions"]["changed"] == 0
    assert not is_empty(table)


def test_a_title_and_a_score_change_in_place(compared: Callable[[Case], dict[str, Any]]) -> None:
    found = case()
    titled = replaced(found.corpus, pl.col("passage_id") == "p5", title="Grunwald")
    graded = cast_to(replaced(found.judgements, pl.col("passage_id") == "p7", relevance=1), schemas.JUDGEMENTS)
    tables = compared(found._replace(corpus=titled, judgements=graded))["tables"]
    assert {name: counts["changed"] for name, counts in tables.items() if counts["changed"]} == {"corpus": 1, "judgements": 1}
    assert tables["qrels"]["added"] == 1


def test_a_moved_question_is_shown_with_what_tied_it(compared: Callable[[Case], dict[str, Any]]) -> None:
    found = case()
    tied = replaced(found.split_queries, pl.col("query_id") == "q4", group_id="g5", split="test")
    pairs, triplets = (rows.filter(pl.col("query_id") != "q4") for rows in (found.pairs, found.triplets))
    result = compared(found._replace(split_queries=tied, pairs=pairs, triplets=triplets))
    splits = result["splits"]
    assert splits["n_moved"] == 1
    assert splits["by_splits"] == [{"old": "validation", "new": "test", "n": 1}]
    assert (splits["groups_united"], splits["groups_divided"]) == (1, 0)
    moved = splits["sample"][0]
    assert (moved["_id"], moved["old_group"], moved["new_group"]) == ("q4", "g4", "g5")
    assert (moved["n_old_groups"], moved["n_new_questions"]) == (2, 0)
    assert moved["tied_to"] == ["Kiedy odbyła się bitwa pod Grunwaldem?"]
    assert result["tables"]["qrels"]["moved"] == 1
    assert result["verdict"]["may_be_judged"]  # it came from validation, which nothing is trained on


def test_an_edited_row_is_matched_by_its_key_and_a_fate_is_told(compared: Callable[[Case], dict[str, Any]]) -> None:
    found = case()
    renamed = replaced(found.rows, pl.col("row_id") == "s:09", row_id="s:99")
    judgements = replaced(found.judgements, pl.col("row_id") == "s:09", row_id="s:99")
    events = replaced(found.events, pl.col("row_id") == "s:10", rule="min_letter_fraction")
    rows = compared(found._replace(rows=renamed, judgements=judgements, events=events))["rows"]
    assert {key: rows[key] for key in ("same", "edited", "added", "removed")} == {"same": 11, "edited": 1, "added": 0, "removed": 0}
    assert rows["fates"] == [{"old": "dropped by filter.min_passage_words", "new": "dropped by filter.min_letter_fraction", "n": 1}]


def test_a_key_that_two_rows_share_matches_nothing(compared: Callable[[Case], dict[str, Any]]) -> None:
    found = case()
    renumbered = pl.col("row_id").replace({"s:08": "s:88", "s:09": "s:99"})
    rows = replaced(found.rows.with_columns(renumbered), pl.col("row_id").is_in(["s:88", "s:99"]), source_key="ks:08")
    judgements = found.judgements.with_columns(renumbered)
    told = compared(found._replace(rows=rows, judgements=judgements))["rows"]
    assert (told["same"], told["edited"], told["added"], told["removed"]) == (10, 0, 2, 2)


def test_figures_and_settings_are_told_by_name(old: Path, tmp_path: Path) -> None:
    found = case()
    fewer = found._replace(pairs=found.pairs.head(2))
    result = diff(old, write_build(tmp_path, fewer, recipe("mit")))
    settings = {row["figure"]: (row["old"], row["new"]) for row in result["settings"]}
    assert settings == {
        "recipe.sources.s.licence": ("cc-by-sa-4.0", "mit"),
        "manifest.sources.s.licence": ("cc-by-sa-4.0", "mit"),
    }
    shifted = {row["figure"] for row in result["statistics"]}
    assert "lengths / pairs.anchor train, characters / n_texts" in shifted
    assert not any(figure.startswith("labels") for figure in shifted)


def trained_on(question: str, positive: str) -> Case:
    """The case with one more training pair, whose question and passage are added as they are given."""
    found = case()
    queries = pl.DataFrame([("qx", question, "gx", "train")], schema=schemas.SPLIT_QUERIES, orient="row")
    corpus = pl.DataFrame([("px", "", positive)], schema=schemas.CORPUS, orient="row")
    pairs = pl.DataFrame([("qx", "px", "train")], schema=schemas.PAIRS, orient="row")
    return found._replace(
        split_queries=pl.concat([found.split_queries, queries]),
        corpus=pl.concat([found.corpus, corpus]),
        pairs=pl.concat([found.pairs, pairs]),
    )


@pytest.mark.parametrize(
    ("question", "positive", "kinds"),
    [
        ("kiedy odbyła się bitwa pod Grunwaldem", "Coś zupełnie innego.", {"question"}),
        ("Kiedy odbyła się ta bitwa pod Grunwaldem?", "Coś zupełnie innego.", {"near_question"}),
        ("Pod Grunwaldem kiedy odbyła się bitwa?", "Coś zupełnie innego.", {"near_question"}),
        ("Kto to widział?", "panda wielka żywi się przede wszystkim bambusem", {"positive_passage"}),
        ("Kiedy odbyła się bitwa pod Łodzią?", "Pająk ma osiem nóg.", set()),
    ],
)
def test_a_leak_of_any_kind_forbids_the_judgement(question: str, positive: str, kinds: set[str], old: Path, tmp_path: Path) -> None:
    verdict = diff(write_build(tmp_path, trained_on(question, positive)), old)["verdict"]
    assert {kind for kind, leak in verdict["leaks"].items() if leak["n_questions"]} == kinds
    assert verdict["may_be_judged"] == (not kinds)
    assert verdict["n_tainted_questions"] == len(kinds)
    assert not verdict["scores_are_comparable"]  # the corpora differ
    assert verdict["test"]["passages_removed"] == 1


def test_a_test_question_trained_on_before_is_a_leak_but_not_the_other_way_round(old: Path, tmp_path: Path) -> None:
    found = case()
    moved = replaced(found.split_queries, pl.col("query_id") == "q5", split="train")
    pairs = pl.concat([found.pairs, pl.DataFrame([("q5", "p5", "train")], schema=schemas.PAIRS, orient="row")])
    other = write_build(tmp_path, found._replace(split_queries=moved, pairs=pairs))
    assert diff(other, old)["verdict"]["n_tainted_questions"] == 1
    back = diff(old, other)["verdict"]
    assert back["may_be_judged"]
    assert back["test"]["questions_removed"] == 1
    assert "do not compare" in " ".join(back["reasons"])


def test_without_test_questions_nothing_can_be_judged(old: Path, tmp_path: Path) -> None:
    found = case()
    moved = replaced(found.split_queries, pl.col("split") == "test", split="validation")
    verdict = diff(old, write_build(tmp_path, found._replace(split_queries=moved)))["verdict"]
    assert not verdict["may_be_judged"]
    assert verdict["n_test_questions"] == 0


def test_what_is_no_release_is_refused(old: Path, tmp_path: Path) -> None:
    with pytest.raises(CallError, match="neither a release"):
        diff(old, tmp_path)
    broken = write_build(tmp_path / "broken")
    (broken / "release/data/pairs/train-00000-of-00001.parquet").unlink()
    with pytest.raises(DataError, match=r"not whole, 1 files(.|\n)*pairs/train"):
        diff(old, broken)


def test_the_command_shows_the_verdict_and_gives_json(old: Path, tmp_path: Path, dataprep: Callable[..., Any]) -> None:
    new = write_build(tmp_path, trained_on("Kto to widział?", "panda wielka żywi się przede wszystkim bambusem"))
    there, back = dataprep("diff", new, old), dataprep("diff", old, new)
    assert (there.code, back.code) == (0, 0)
    assert "no   A model trained on OLD may be judged" in there.out
    assert "yes  A model trained on OLD may be judged" in back.out
    assert "queries added: qx Kto to widział?" in back.out
    assert json.loads(dataprep("diff", new, old, "--json").out) == diff(new, old)
    assert "equal" in dataprep("diff", old, old).out
    assert dataprep("diff", old, tmp_path / "nowhere").code == 2


POQUAD = """
name = "poquad"
[[sources]]
name = "poquad"
kind = "squad"
path = "{path}"
licence = "cc-by-4.0"
"""


@pytest.mark.real
def test_no_question_of_poquad_moves_from_one_version_to_the_next(real_data: Path, tmp_path: Path) -> None:
    builds = []
    for version in ("2022-08-11", "2022-09-01"):
        written, folder = tmp_path / f"{version}.toml", tmp_path / version
        written.write_text(POQUAD.format(path=real_data / f"poquad/dev-{version}.json"), encoding="utf-8")
        with opened(folder, load(str(written))) as build:
            for name in PREPARE:
                finish(STAGES[name], build)
        builds.append(folder)
    found = diff(*builds)
    assert found["splits"]["n_moved"] == 0
    assert found["tables"]["queries"] == {**found["tables"]["queries"], "old": 1530, "new": 2192, "added": 662, "removed": 0}
    assert found["rows"]["same"] == 1530
    assert found["verdict"]["may_be_judged"]
    assert not found["verdict"]["scores_are_comparable"]
