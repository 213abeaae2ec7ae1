"""`dataprep dedup-report`: what it tells from links alone is what another run at that threshold would do."""

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from dedup_case import deduplicated
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep import io
from dataprep.build import Build
from dataprep.duplicates.dedup_report import dedup_report
from dataprep.errors import CallError
from dataprep.recipes import recipe_file
from dataprep.recipes.curation import Deduplicate
from dataprep.recipes.recipe import Recipe
from dataprep.recipes.sources import Source
from dataprep.schemas import ROWS

WORDS = [f"słowo{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
SENTENCE = " ".join(WORDS)
Texts = Sequence[tuple[str, str, int | None]]


def changed(text: str, *, places: Sequence[int], word: str = "nowe") -> str:
    words = text.split()
    for place in places:
        words[place] = word
    return " ".join(words)


def rows(texts: Texts) -> pl.LazyFrame:
    found = [(f"s:{i:02}", "s", f"k{i}", question, passage, "", label) for i, (question, passage, label) in enumerate(texts)]
    return pl.LazyFrame(found, schema=ROWS, orient="row")


def built(folder: Path, texts: Texts, **changes: Any) -> tuple[Build, dict[str, pl.DataFrame]]:
    """A build whose filter and deduplicate stages are finished."""
    recipe = Recipe(name="b", sources=(Source(name="s", kind="tsv", path="s.tsv"),), deduplicate=Deduplicate(**changes))
    tables = deduplicated(rows(texts), stage=folder / "stages" / "deduplicate", **recipe.deduplicate.model_dump())
    io.write_table(rows(texts), folder / "stages" / "filter" / "rows.parquet")
    io.write_json({}, folder / "stages" / "deduplicate" / "stage.json")
    io.write_text(recipe_file.dump(recipe), folder / "recipe.toml")
    return Build(folder, recipe), tables


def merges(tables: dict[str, pl.DataFrame]) -> set[tuple[str, str]]:
    return set(tables["links"].filter("is_merged").select("passage_id", "other_id").rows())


def test_a_lower_threshold_names_what_would_be_merged_and_marks_the_difference(tmp_path: Path) -> None:
    """One word changed within 26 leaves 21 of 27 3-grams: 0.778."""
    build, _ = built(tmp_path, [("pytanie pierwsze", SENTENCE, 1), ("pytanie drugie", changed(SENTENCE, places=[12]), 1)])
    found = dedup_report(build, threshold=0.7)
    assert found["counts"] == {
        "merged_now": 0,
        "merged_then": 1,
        "newly_merged": 1,
        "no_longer_merged": 0,
        "kept_apart": {},
        "new_conflicts": 0,
        "settled_conflicts": 0,
    }
    (pair,) = found["newly_merged"]
    assert round(pair["jaccard"], 3) == 0.778
    assert {run["text"] for run in pair["marked"] if run["kind"] in {"added", "removed"}} == {"nowe", "słowom"}
    assert not dedup_report(build, threshold=0.78)["newly_merged"]


def test_a_higher_threshold_names_what_would_stay_apart(tmp_path: Path) -> None:
    build, _ = built(tmp_path, [("pytanie", SENTENCE, 1), ("pytanie", changed(SENTENCE, places=[25]), 1)])
    found = dedup_report(build, threshold=0.99)
    assert (found["counts"]["no_longer_merged"], found["counts"]["merged_then"]) == (1, 0)
    assert found["no_longer_merged"][0]["jaccard"] == pytest.approx(23 / 25)


def test_what_a_guard_keeps_apart_is_counted_by_guard_at_any_threshold(tmp_path: Path) -> None:
    texts: Texts = [(f"pytanie {i}", changed(SENTENCE, places=[25], word=word), 1) for i, word in enumerate(("1849", "1905"))]
    build, _ = built(tmp_path, texts)
    found = dedup_report(build, threshold=0.7)
    assert found["counts"]["kept_apart"] == {"number": 1}
    assert found["kept_apart"][0]["guard"] == "number"


def test_labels_that_would_contradict_each_other_are_named(tmp_path: Path) -> None:
    build, _ = built(tmp_path, [("Jedno pytanie?", SENTENCE, 1), ("jedno pytanie", changed(SENTENCE, places=[12]), 0)])
    assert dedup_report(build, threshold=0.7)["counts"]["new_conflicts"] == 1
    assert dedup_report(build, threshold=0.8)["counts"]["new_conflicts"] == 0
    lenient, _ = built(
        tmp_path / "b", [("Jedno pytanie?", SENTENCE, 1), ("jedno pytanie", changed(SENTENCE, places=[12]), 0)], min_passage_jaccard=0.7
    )
    (conflict,) = dedup_report(lenient, threshold=0.8)["settled_conflicts"]
    assert conflict["n_rows"] == 2


def test_the_least_similar_pairs_come_first(tmp_path: Path) -> None:
    other = SENTENCE.replace("słowo", "wyraz")
    texts = [SENTENCE, changed(SENTENCE, places=[12]), other, changed(other, places=[24])]
    build, _ = built(tmp_path, [(f"pytanie {i}", text, 1) for i, text in enumerate(texts)], min_passage_jaccard=0.9)
    similarities = [pair["jaccard"] for pair in dedup_report(build, threshold=0.7)["newly_merged"]]
    assert similarities == sorted(similarities)
    assert len(similarities) == 2


@settings(deadline=None, max_examples=15)
@given(
    seed=st.integers(0, 10_000),
    threshold=st.sampled_from([0.7, 0.75, 0.8, 0.9, 1.0]),
    recipe=st.sampled_from([0.7, 0.8, 0.95]),
)
def test_the_report_is_what_another_run_would_do(
    seed: int, threshold: float, recipe: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Families of passages with a few words changed, some equal but for case, some with a number: whatever the two thresholds."""
    rng = random.Random(seed)
    texts: list[tuple[str, str, int | None]] = []
    for family in range(2):
        base = SENTENCE.replace("słowo", f"rdzeń{'ab'[family]}")
        for i in range(4):
            passage = changed(base, places=rng.sample(range(26), rng.randint(0, 2)), word=rng.choice(["nowe", "stare", "1905"]))
            texts.append((f"pytanie {rng.choice('xyz')}", rng.choice([passage, passage.upper()]), (i + rng.randint(0, 1)) % 2))
    folder = tmp_path_factory.mktemp("law")
    build, first = built(folder / "one", texts, min_passage_jaccard=recipe)
    _, again = built(folder / "two", texts, min_passage_jaccard=threshold)
    found = dedup_report(build, threshold=threshold)
    newly = {(pair["passage_id"], pair["into_id"]) for pair in found["newly_merged"]}
    gone = {pair["passage_id"] for pair in found["no_longer_merged"]}
    assert newly == merges(again) - merges(first)
    assert gone == {one for one, _ in merges(first)} - {one for one, _ in merges(again)}
    assert found["counts"]["merged_then"] == len(merges(again))


@pytest.mark.parametrize("threshold", [0.5, 0.69, 0.0, 1.01])
def test_a_threshold_outside_what_was_measured_is_refused(threshold: float, tmp_path: Path) -> None:
    build, _ = built(tmp_path, [("pytanie", SENTENCE, 1)])
    with pytest.raises(CallError, match=r"measured from 0\.7 to 1"):
        dedup_report(build, threshold=threshold)


def test_a_build_that_searched_lower_can_be_asked_lower(tmp_path: Path) -> None:
    build, _ = built(tmp_path, [("pytanie", SENTENCE, 1)], min_passage_jaccard=0.5)
    assert dedup_report(build, threshold=0.5)["measured_from"] == 0.5


def test_the_command_line_shows_it(tmp_path: Path, dataprep: Callable[..., Any]) -> None:
    built(tmp_path / "b", [("pytanie pierwsze", SENTENCE, 1), ("pytanie drugie", changed(SENTENCE, places=[12]), 1)])
    done = dataprep("dedup-report", tmp_path / "b", "--threshold", "0.7")
    assert done.code == 0, done.err
    assert "Would be merged  1" in done.out
    assert "{+" in done.out
    assert json.loads(dataprep("dedup-report", tmp_path / "b", "--threshold", "0.7", "--json").out)["counts"]["newly_merged"] == 1
    assert dataprep("dedup-report", tmp_path / "b", "--threshold", "0.2").code == 2
