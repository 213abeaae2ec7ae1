"""The bundled sample: every planted row meets its fate, no clean row is touched, and the release holds its contracts."""

import json
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from forked import PROCESSES, sample_killed_in

from dataprep import io
from dataprep.build import finish, opened
from dataprep.explain import find, stories
from dataprep.pipeline import PREPARE, STAGES
from dataprep.recipes.recipe_file import load
from dataprep.releases import contracts

SAMPLE = Path(__file__).parent.parent / "data" / "sample"
TERMINAL = ["rejected", "dropped", "merged", "kept"]


def prepare(folder: Path, *overrides: str) -> Path:
    with opened(folder, load("sample", overrides)) as build:
        for name in PREPARE:
            finish(STAGES[name], build)
    return folder


def digests(build: Path) -> dict[str, str]:
    release = build / "release"
    return {str(path.relative_to(release)): io.file_sha256(path) for path in io.files_below(release)}


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("sample") / "build")


@pytest.fixture(scope="module")
def ledger(build: Path) -> pl.DataFrame:
    return pl.read_parquet(build / "ledger.parquet")


@pytest.fixture(scope="module")
def planted() -> pl.DataFrame:
    return pl.read_csv(SAMPLE / "planted.tsv", separator="\t", quote_char=None, infer_schema=False).fill_null("")


def test_the_sample_is_as_large_as_promised(ledger: pl.DataFrame) -> None:
    assert ledger["row_id"].n_unique() >= 600
    header, *lines = (SAMPLE / "pairs.tsv").read_bytes().splitlines()
    questions = {fields[1] for line in lines if len(fields := line.split(b"\t")) == len(header.split(b"\t"))}
    assert len(questions) >= 180


def fate_is_met(events: pl.DataFrame, plant: dict[str, str]) -> bool:
    """Whether a row's events hold what was planted for it."""
    if plant["action"] == "kept":
        ends = events.filter(pl.col("action") == "kept")
        return ends.height == 1 and (not plant["rule"] or ends["rule"].item() == plant["rule"])
    wanted = events.filter(pl.col("action") == plant["action"], pl.col("rule") == plant["rule"])
    if plant["action"] == "changed" and plant["after"]:
        last = events.filter(pl.col("action") == "changed", pl.col("stage") == "clean", pl.col("column") == plant["column"])["after"]
        return wanted.height > 0 and (wanted["stage"].item(0) == "deduplicate" or last.item(-1) == plant["after"])
    return wanted.height > 0


def test_every_planted_row_meets_its_fate(planted: pl.DataFrame, ledger: pl.DataFrame, build: Path) -> None:
    """Of two interchangeable copies either may be the one that is merged."""
    read = pl.read_parquet(build / "stages" / "ingest" / "rows.parquet")
    unmet = []
    for plant in planted.to_dicts():
        key = plant["id"] or f"pairs.tsv:{plant['line']}"
        row_ids = ledger.filter(pl.col("source_key") == key)["row_id"].unique()
        if plant["action"] == "merged":
            row_ids = twins(row_ids, ledger, read)
        if not any(fate_is_met(ledger.filter(pl.col("row_id") == row_id), plant) for row_id in row_ids):
            found = ledger.filter(pl.col("row_id").is_in(row_ids.implode())).select("action", "rule", "after").rows()
            unmet.append((*plant.values(), found))
    assert not unmet, "\n".join(map(str, unmet))


def twins(row_ids: pl.Series, ledger: pl.DataFrame, read: pl.DataFrame) -> pl.Series:
    """The rows, and those that were merged into one of them."""
    into = ledger.filter(pl.col("into").is_in(row_ids.implode()))["row_id"]
    return pl.concat([row_ids, into.filter(into.is_in(read["row_id"].implode()))]).unique()


def test_no_clean_row_is_touched(planted: pl.DataFrame, ledger: pl.DataFrame) -> None:
    planned = pl.concat([planted["id"], "pairs.tsv:" + planted["line"]])
    clean = ledger.filter(~pl.col("source_key").is_in(planned.implode()))
    touched = clean.filter(~pl.col("action").is_in(["read", "kept"]))
    merged_with_a_planted_copy = touched.filter(pl.col("into").is_not_null())
    assert touched.height == merged_with_a_planted_copy.height, touched.rows()
    assert clean.filter(pl.col("action") == "kept").height >= 500


def test_every_defect_is_planted_several_times(planted: pl.DataFrame) -> None:
    assert planted["defect"].n_unique() >= 35
    assert planted.group_by("action").len()["len"].min() >= 5


def test_near_equal_questions_and_shared_positives_end_in_one_split(planted: pl.DataFrame, ledger: pl.DataFrame) -> None:
    """Each trap is planted as consecutive lines of one defect; its questions must share a split with another of them."""
    for defect in ("near_equal_question", "shared_positive"):
        keys = planted.filter(pl.col("defect") == defect)["id"]
        kept = ledger.filter(pl.col("source_key").is_in(keys.implode()), pl.col("action") == "kept")
        assert kept.height == keys.len()
        assert kept["query_id"].n_unique() > 1


def test_the_release_holds_every_contract(build: Path) -> None:
    results = contracts.check(build)
    assert [result.name for result in results if result.state != "met"] == []


def test_an_outside_check_finds_nothing(build: Path, real_data: Path) -> None:
    script = real_data.parent / "checks" / "check_release.py"
    if not script.is_file():
        pytest.skip("no outside check beside the real data")
    done = subprocess.run([sys.executable, str(script), str(build), "--mteb"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_rows_in_another_order_give_the_same_release(build: Path, tmp_path: Path) -> None:
    header, *lines = (SAMPLE / "pairs.tsv").read_bytes().splitlines(keepends=True)
    random.Random(7).shuffle(lines)
    shuffled = tmp_path / "shuffled.tsv"
    shuffled.write_bytes(b"".join([header, *lines]))
    assert digests(prepare(tmp_path / "build", f"sources.0.path={shuffled}")) == digests(build)


@pytest.mark.parametrize("moment", ["running", "moving"])
def test_a_run_killed_in_any_stage_goes_on_and_gives_the_same_bytes(moment: str, build: Path, tmp_path: Path) -> None:
    """Killed in every stage in turn on one folder, before its files are moved into place and after; finished stages are not redone."""
    folder = tmp_path / "build"
    for done, stage in enumerate(PREPARE):
        killed = PROCESSES.Process(target=sample_killed_in, args=(stage, folder, moment))
        killed.start()
        killed.join()
        assert killed.exitcode == -signal.SIGKILL
        with opened(folder, load("sample")) as again:
            reused = [finish(STAGES[name], again).is_reused for name in PREPARE[:done]]
        assert all(reused)
    assert digests(prepare(folder)) == digests(build)


def test_explain_tells_a_rows_story_by_any_of_its_names(build: Path, ledger: pl.DataFrame) -> None:
    from dataprep.build import existing_build  # noqa: PLC0415

    kept = ledger.filter(pl.col("action") == "kept").row(0, named=True)
    for name in ("row_id", "source_key", "query_id", "passage_id"):
        told = stories(existing_build(build), kept[name])
        assert kept["row_id"] in {story.row_id for story in told}
    story = next(s for s in stories(existing_build(build), kept["row_id"]))
    assert story.fate == "kept"
    assert any(table.startswith("judgements/") for table in story.tables)
    assert find(existing_build(build), story.read["question"][:20].upper()).height >= 1 if story.read else False


def test_every_row_can_be_explained(build: Path, ledger: pl.DataFrame) -> None:
    from dataprep.build import existing_build  # noqa: PLC0415

    ends = ledger.filter(pl.col("action").is_in(TERMINAL)).group_by("action", "rule").agg(pl.col("row_id").min()).sort("row_id")
    for action, _, row_id in ends.rows():
        assert [story.fate for story in stories(existing_build(build), row_id)] == [action]


def test_explain_names_the_guard_that_kept_a_look_alike_apart(build: Path, planted: pl.DataFrame) -> None:
    from dataprep.build import existing_build  # noqa: PLC0415

    for guard in ("number", "negation", "name"):
        key = planted.filter(defect=f"look_alike_{guard}")["id"].item(0)
        (story,) = stories(existing_build(build), key)
        outcomes = {found["outcome"] for found in story.duplicates}
        assert f"kept apart: the {guard} differs" in outcomes, (key, story.duplicates)
        assert all(found["text"] for found in story.duplicates)


def test_explain_on_the_terminal_shows_measures_guards_and_conflicts(
    build: Path, planted: pl.DataFrame, dataprep: Callable[..., Any]
) -> None:
    for defect, words in {"look_alike_name": ("measured", "kept apart: the name differs"), "conflict": ("conflict", "same_pair")}.items():
        done = dataprep("explain", planted.filter(defect=defect)["id"].item(0), "--build", build)
        assert done.code == 0, done.err
        assert all(word in done.out for word in words), done.out


def test_explain_tells_what_was_measured_reported_and_contradicted(build: Path, planted: pl.DataFrame) -> None:
    from dataprep.build import existing_build  # noqa: PLC0415

    first = {defect: planted.filter(defect=defect)["id"].item(0) for defect in ("personal_data", "min_passage_words", "conflict")}
    told = {defect: stories(existing_build(build), key)[0] for defect, key in first.items()}
    assert all(story.measures for story in told.values())
    assert "personal_data" in (told["personal_data"].measures or {})["reported"]
    assert "min_passage_words" in (told["min_passage_words"].measures or {})["failed"]
    assert [found["kind"] for found in told["conflict"].conflicts] == ["same_pair"]


def test_the_whole_job_through_the_command_line(tmp_path: Path, dataprep: Callable[..., Any]) -> None:
    done = dataprep("run", "sample", "--build", tmp_path / "b", "--set", f"publish.to=['{tmp_path / 'out'}']")
    assert done.code == 0, done.err
    evaluation = json.loads((tmp_path / "b" / "evaluation.json").read_text(encoding="utf-8"))
    assert set(evaluation["systems"]) == {"bm25", "base", "finetuned", "hybrid"}
    assert (tmp_path / "b" / "model" / "README.md").is_file()
    assert (tmp_path / "b" / "report.html").is_file()
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"dataset", "model"}
    assert all(word in done.out for word in ("kept", "dropped", "Splits", "finetuned", "report"))
    again = dataprep("run", "sample", "--build", tmp_path / "b", "--json", "--set", f"publish.to=['{tmp_path / 'out'}']")
    assert again.code == 0
    assert json.loads(again.out)["evaluation"] == evaluation
    assert dataprep("check", tmp_path / "b").code == 0
    manifest = tmp_path / "b" / "release" / "manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"read": {', '"raed": {'), encoding="utf-8")
    broken = dataprep("check", tmp_path / "b")
    assert broken.code == 3
    assert "manifest.json" in broken.out
    shutil.rmtree(tmp_path / "b")


def test_several_tokenizers_are_measured_in_one_pass(tmp_path: Path, real_data: Path) -> None:
    folder = prepare(tmp_path / "b", f"lengths.also=['{real_data / 'models' / 'potion-base-4m'}']")
    lengths = io.read_json(folder / "release" / "statistics" / "lengths.json")
    assert set(lengths["tokenizers"]) == {"embedded", "potion-base-4m"}
    assert "/" not in str(io.read_json(folder / "release" / "manifest.json")["recipe"]["lengths"])
    assert not any(result.is_broken for result in contracts.check(folder))
