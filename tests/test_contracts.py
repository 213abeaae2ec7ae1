"""Each invariant of a release is broken on purpose, and is seen to be reported."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import release_case
from hypothesis import given
from hypothesis import strategies as st

from dataprep.errors import CallError
from dataprep.io import read_json, write_json
from dataprep.releases import contracts, documents
from dataprep.releases.beir_export import BEIR_SPLITS
from dataprep.releases.beir_proof import beir_unlike_tables
from dataprep.releases.offenders import groups_in_two_splits, rows_without_one_end
from dataprep.schemas import LEDGER

Break = Callable[[Path], None]


@pytest.fixture
def build(sound_build: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound_build, tmp_path / "build"))


def broken(path: Path) -> set[str]:
    return {result.name for result in contracts.check(path) if result.is_broken}


def test_files_without_a_row_hold_the_rows_of_a_table_without_a_row(build: Path) -> None:
    release = build / "release"
    for split, name in BEIR_SPLITS.items():
        table(build, f"qrels/{split}", lambda frame: frame.clear())
        path = release / f"qrels/{name}.tsv"
        path.write_text(path.read_text(encoding="utf-8").splitlines(keepends=True)[0], encoding="utf-8")
    assert beir_unlike_tables(release).is_empty()


def test_a_sound_build_meets_every_contract(build: Path) -> None:
    assert {result.state for result in contracts.check(build)} == {"met"}


def test_what_only_the_ledger_shows_is_never_called_met_for_a_release_alone(build: Path) -> None:
    states = {result.name: result.state for result in contracts.check(build / "release")}
    assert {name for name, state in states.items() if state == "unchecked"} == {
        "every row that was read ends exactly once",
        "the manifest's counts are those of the ledger",
        "no label changed without an event in the ledger",
        "quality.json is what the build's tables give",
    }


def test_a_build_without_a_release_is_a_wrong_call(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text("", encoding="utf-8")
    with pytest.raises(CallError, match="no release yet"):
        contracts.check(tmp_path)


def test_a_path_with_nothing_there_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(CallError, match="is no folder"):
        contracts.check(tmp_path / "none")


def test_a_folder_that_is_no_release_breaks_the_first_contract_and_leaves_the_others_unchecked(tmp_path: Path) -> None:
    first, *others = contracts.check(tmp_path)
    assert first.is_broken
    assert {other.state for other in others} == {"unchecked"}


def test_plain_values_show_the_offenders(build: Path) -> None:
    (build / "release/data/qrels/test-00000-of-00001.parquet").unlink()
    result = contracts.check(build)[0]
    assert result.is_broken
    assert "data/qrels/test" in json.dumps(result.as_dict())


def table(build: Path, config: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """Rewrite one table; BEIR's files and the manifest stay as they were."""
    path = build / f"release/data/{config}-00000-of-00001.parquet"
    change(pl.read_parquet(path)).write_parquet(path)


def side_table(path: Path, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    change(pl.read_parquet(path)).write_parquet(path)


def document(path: Path, key: str, change: Callable[[dict[str, object]], None]) -> None:
    found = read_json(path)
    change(found[key])
    write_json(found, path)


def add(frame: pl.DataFrame, *values: object) -> pl.DataFrame:
    return frame.vstack(pl.DataFrame([values], schema=frame.schema, orient="row"))


def put(frame: pl.DataFrame, key: str, column: str, value: object) -> pl.DataFrame:
    """Set a column in the rows whose first column is the key."""
    return frame.with_columns(pl.when(pl.col(frame.columns[0]) == key).then(pl.lit(value)).otherwise(column).alias(column))


def second_end(build: Path) -> None:
    side_table(build / "ledger.parquet", lambda f: f.vstack(f.filter(pl.col("action") == "kept").head(1)))


def no_end(build: Path) -> None:
    side_table(build / "ledger.parquet", lambda f: f.filter(pl.col("action") != "dropped"))


def lost_clean_event(build: Path) -> None:
    side_table(build / "ledger.parquet", lambda f: f.filter(pl.col("rule") != "white_space"))


def silent_relabel(build: Path) -> None:
    side_table(build / "stages/ingest/rows.parquet", lambda f: put(f, "s:11", "label", 0).cast({"label": pl.Int8}))


def foreign_group(build: Path) -> None:
    side_table(build / "release/statistics/groups.parquet", lambda f: put(f, "q5", "group-id", "g1"))


def other_split(build: Path) -> None:
    side_table(build / "release/statistics/groups.parquet", lambda f: put(f, "q5", "split", "train"))


def rule_left_out(build: Path) -> None:
    document(build / "release/manifest.json", "counts", lambda counts: counts["by_rule"].pop("clean.mojibake"))  # type: ignore[attr-defined]


def wrong_count(build: Path) -> None:
    document(build / "release/manifest.json", "counts", lambda counts: counts["read"].update(s=99))  # type: ignore[attr-defined]


def wrong_split(build: Path) -> None:
    document(build / "release/manifest.json", "splits", lambda splits: splits["test"].update(positives=99))  # type: ignore[attr-defined]


def wrong_recipe(build: Path) -> None:
    document(build / "release/manifest.json", "recipe", lambda recipe: recipe.update(seed=7))


def wrong_figure(build: Path) -> None:
    card = build / "release/README.md"
    card.write_text(card.read_text(encoding="utf-8").replace("9 passages", "10 passages"), encoding="utf-8")


def missing_figure(build: Path) -> None:
    """As in a release of a version that did not know the figure."""
    path = build / "release/statistics/quality.json"
    write_json({name: part for name, part in read_json(path).items() if name != "scripts"}, path)


def consistent_lie(build: Path, name: str, *keys: str) -> None:
    """One more in a statistic, and card and manifest written anew from it."""
    path = build / f"release/statistics/{name}.json"
    found = read_json(path)
    *parents, last = keys
    part = found
    for key in parents:
        part = part[key]
    part[last] += 1
    write_json(found, path)
    told = documents.describe_files(build / "release")
    document(build / "release/manifest.json", "tables", lambda tables: tables.update(told))
    release_case.rewrite_texts(build / "release")


def longer_passages(build: Path) -> None:
    table(build, "corpus/corpus", lambda frame: frame.with_columns(pl.col("text") + " I tak dalej."))


def no_task_class_change(build: Path) -> None:
    (build / "release/mteb_task.py").write_text("", encoding="utf-8")


def changed_beir_line(build: Path) -> None:
    path = build / "release/corpus.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("Wisła", "Odra"), encoding="utf-8")


def repeated_beir_line(build: Path) -> None:
    path = build / "release/queries.jsonl"
    lines = path.read_text(encoding="utf-8")
    path.write_text(lines + lines.splitlines(keepends=True)[0], encoding="utf-8")


def broken_beir_line(build: Path) -> None:
    with (build / "release/corpus.jsonl").open("a", encoding="utf-8") as lines:
        lines.write('{"_id": "p1", "ti\n')


def extra_file(build: Path) -> None:
    shutil.copy(build / "release/statistics/groups.parquet", build / "release/statistics/more.parquet")


TEXT = release_case.PASSAGES
ASKED = {name: text for name, (text, _, _) in release_case.QUESTIONS.items()}
BREAKS: list[tuple[str, Break]] = [
    ("every row that was read ends exactly once", second_end),
    ("every row that was read ends exactly once", no_end),
    ("the manifest's counts are those of the ledger", no_end),
    ("the manifest's counts are those of the ledger", lost_clean_event),
    ("no label changed without an event in the ledger", silent_relabel),
    ("every file has the checksum and the rows of the manifest", foreign_group),
    ("every file has the checksum and the rows of the manifest", extra_file),
    ("the manifest's counts add up for every source", wrong_count),
    ("the manifest's splits and recipe digest are those of the files", wrong_split),
    ("the manifest's splits and recipe digest are those of the files", wrong_recipe),
    ("every rule of the recipe is reported, also one that touched no row", rule_left_out),
    ("card and task class are what manifest and statistics say", wrong_figure),
    ("card and task class are what manifest and statistics say", missing_figure),
    ("the statistics are those of the release's tables", missing_figure),
    ("the statistics are those of the release's tables", lambda b: consistent_lie(b, "splits", "test", "judged_negatives")),
    ("the statistics are those of the release's tables", lambda b: consistent_lie(b, "quality", "questions", "after", "answerable")),
    ("the statistics are those of the release's tables", longer_passages),
    ("quality.json is what the build's tables give", lambda b: consistent_lie(b, "quality", "labels", "before", "relevant")),
    ("card and task class are what manifest and statistics say", no_task_class_change),
    ("BEIR's files hold the rows of the tables", changed_beir_line),
    ("BEIR's files hold the rows of the tables", repeated_beir_line),
    ("BEIR's files hold the rows of the tables", broken_beir_line),
    ("BEIR's files hold the rows of the tables", lambda b: table(b, "qrels/test", lambda f: f.head(1))),
    ("ids of passages are unique", lambda b: table(b, "corpus/corpus", lambda f: add(f, "p1", "", "Inny tekst."))),
    ("ids of questions are unique", lambda b: table(b, "queries/queries", lambda f: add(f, "q1", "Inne pytanie?"))),
    ("no text is empty and no title is null", lambda b: table(b, "corpus/corpus", lambda f: add(f, "p0", "", " "))),
    ("no text is empty and no title is null", lambda b: table(b, "corpus/corpus", lambda f: put(f, "p1", "title", None))),
    (
        "no text is empty and no title is null",
        lambda b: table(b, "triplets/train", lambda f: f.with_columns(negative=pl.lit(None, pl.String))),
    ),
    ("judgements name questions and passages of the release", lambda b: table(b, "judgements/test", lambda f: add(f, "q5", "p99", 0))),
    ("judgements name questions and passages of the release", lambda b: table(b, "judgements/test", lambda f: add(f, "q99", "p1", 0))),
    ("each question and passage is judged once", lambda b: table(b, "judgements/test", lambda f: add(f, "q5", "p5", 0))),
    ("no question and passage carry two labels", lambda b: table(b, "judgements/test", lambda f: add(f, "q5", "p5", 0))),
    ("qrels are the positive judgements", lambda b: table(b, "qrels/test", lambda f: add(f, "q6", "p1", 1))),
    ("qrels are the positive judgements", lambda b: table(b, "qrels/train", lambda f: add(f, "q1", "p7", 0))),
    ("qrels are the positive judgements", lambda b: table(b, "qrels/test", lambda f: f.head(1))),
    ("no group stands in two splits", foreign_group),
    ("judgements stand in the split of their question", other_split),
    ("no question stands in two splits", lambda b: table(b, "queries/queries", lambda f: put(f, "q5", "text", ASKED["q1"].upper()))),
    ("no positive passage stands in two splits", lambda b: table(b, "qrels/test", lambda f: add(f, "q5", "p1", 1))),
    ("no held-out question is trained on", lambda b: table(b, "pairs/train", lambda f: add(f, ASKED["q5"].lower(), TEXT["p5"]))),
    (
        "no near-equal of a held-out question is trained on",
        lambda b: table(b, "pairs/train", lambda f: add(f, "Kiedy właściwie odbyła się bitwa pod Grunwaldem?", TEXT["p1"])),
    ),
    (
        "no positive passage of a held-out question is trained on",
        lambda b: table(b, "pairs/train", lambda f: add(f, ASKED["q1"], TEXT["p5"])),
    ),
    ("every training pair is a positive of its split", lambda b: table(b, "pairs/train", lambda f: add(f, ASKED["q1"], TEXT["p2"]))),
    (
        "no negative is a judged positive of its anchor",
        lambda b: table(b, "triplets/train", lambda f: add(f, ASKED["q1"], TEXT["p1"], TEXT["p1"])),
    ),
    (
        "no negative is a near-duplicate of a positive of its anchor",
        lambda b: table(b, "triplets/train", lambda f: add(f, ASKED["q1"], TEXT["p1"], TEXT["p1"].replace("1889", "1890"))),
    ),
]


@pytest.mark.parametrize(("contract", "damage"), BREAKS)
def test_every_contract_can_fail(build: Path, contract: str, damage: Break) -> None:
    damage(build)
    assert contract in broken(build)


def test_every_contract_is_broken_by_some_case(build: Path) -> None:
    first, *others = contracts.check(build)
    assert {other.name for other in others} == {name for name, _ in BREAKS}
    (build / "release/manifest.json").write_text("[", encoding="utf-8")
    assert first.name in broken(build)


def test_damage_elsewhere_is_not_taken_for_a_leak(build: Path) -> None:
    table(build, "pairs/train", lambda f: add(f, ASKED["q1"], TEXT["p2"]))
    assert broken(build) == {
        "every file has the checksum and the rows of the manifest",
        "every training pair is a positive of its split",
    }


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["train", "validation", "test"])), max_size=12))
def test_a_group_offends_exactly_if_it_has_two_splits(placed: list[tuple[str, str]]) -> None:
    groups = pl.LazyFrame(
        {"group-id": [g for g, _ in placed], "split": [s for _, s in placed]}, schema={"group-id": pl.String, "split": pl.String}
    )
    wanted = {g for g, _ in placed if len({split for group, split in placed if group == g}) > 1}
    assert set(groups_in_two_splits(groups).collect()["group-id"]) == wanted


@given(st.lists(st.sampled_from(["read", "changed", "dropped", "kept", "merged"]), max_size=5))
def test_a_row_is_sound_exactly_if_it_is_read_once_and_ends_once(actions: list[str]) -> None:
    ledger = pl.LazyFrame([{**dict.fromkeys(LEDGER), "row_id": "s:1", "action": action} for action in actions], schema=LEDGER)
    n_ends = sum(action in {"dropped", "kept", "merged"} for action in actions)
    is_sound = not actions or (actions.count("read") == 1 and n_ends == 1)
    assert rows_without_one_end(ledger).collect().is_empty() == is_sound
