"""Build folders: a stage is finished or absent, and runs again only for a reason."""

import hashlib
import importlib
import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from dataprep import code
from dataprep.build import Build, Output, Stage, existing_build, finish, is_current, opened
from dataprep.code import code_digest, function_digest
from dataprep.errors import BusyError, CallError
from dataprep.pipeline import FINE_TUNE, PREPARE, STAGES
from dataprep.recipes.recipe import Recipe
from dataprep.recipes.recipe_file import load

RUNS: list[str] = []


def write_numbers(build: Build, out: Output) -> str:
    RUNS.append("numbers")
    out.table("numbers", pl.DataFrame({"n": [build.recipe.seed % 2]}))
    (out.root / "top").mkdir()
    (out.root / "top" / "copy.txt").write_text("whole", encoding="utf-8")
    return "1 number"


def write_doubles(build: Build, out: Output) -> str:
    RUNS.append("doubles")
    out.table("doubles", build.table("numbers", "numbers").select(pl.col("n") * 2))
    return "1 double"


NUMBERS = Stage("numbers", write_numbers, (), lambda recipe: recipe.seed, ())
DOUBLES = Stage("doubles", write_doubles, ("numbers",), lambda recipe: recipe.train.epochs, ())


@pytest.fixture(autouse=True)
def _forget() -> None:
    RUNS.clear()


@pytest.fixture
def recipe() -> Recipe:
    return load("sample")


def run(folder: Path, recipe: Recipe) -> list[bool]:
    with opened(folder, recipe) as build:
        return [finish(stage, build).is_reused for stage in (NUMBERS, DOUBLES)]


def test_a_finished_stage_is_not_run_again(tmp_path: Path, recipe: Recipe) -> None:
    assert run(tmp_path, recipe) == [False, False]
    assert run(tmp_path, recipe) == [True, True]
    assert (tmp_path / "top" / "copy.txt").read_text(encoding="utf-8") == "whole"


def test_a_setting_that_a_stage_does_not_read_does_not_run_it_again(tmp_path: Path, recipe: Recipe) -> None:
    run(tmp_path, recipe)
    other = recipe.model_copy(update={"train": recipe.train.model_copy(update={"epochs": 9})})
    assert run(tmp_path, other) == [True, False]


def test_equal_output_cuts_off_what_comes_after(tmp_path: Path, recipe: Recipe) -> None:
    run(tmp_path, recipe)
    assert run(tmp_path, recipe.model_copy(update={"seed": recipe.seed + 2})) == [False, True]
    assert run(tmp_path, recipe.model_copy(update={"seed": recipe.seed + 1})) == [False, False]


@pytest.mark.parametrize("lost", ["stages/numbers/numbers.parquet", "stages/numbers/stage.json", "top/copy.txt"])
def test_a_lost_file_is_made_again(lost: str, tmp_path: Path, recipe: Recipe) -> None:
    run(tmp_path, recipe)
    (tmp_path / lost).unlink()
    assert run(tmp_path, recipe) == [False, True]
    assert (tmp_path / lost).is_file()


def test_a_torn_file_is_made_again(tmp_path: Path, recipe: Recipe) -> None:
    run(tmp_path, recipe)
    (tmp_path / "top" / "copy.txt").write_text("wh", encoding="utf-8")
    (tmp_path / "stages" / "doubles" / "stage.json").write_text('{"key', encoding="utf-8")
    assert run(tmp_path, recipe) == [False, False]


def test_a_stage_that_fails_leaves_nothing_visible(tmp_path: Path, recipe: Recipe) -> None:
    def fail(_build: Build, out: Output) -> str:
        out.table("half", pl.DataFrame({"n": [1]}))
        raise RuntimeError("broken off")

    with opened(tmp_path, recipe) as build, pytest.raises(RuntimeError, match="broken off"):
        finish(Stage("half", fail, (), lambda _: 0, ()), build)
    assert not (tmp_path / "stages").exists()
    assert run(tmp_path, recipe) == [False, False]
    assert not list((tmp_path / ".scratch").iterdir())


def test_a_stage_whose_input_is_missing_says_so(tmp_path: Path, recipe: Recipe) -> None:
    with opened(tmp_path, recipe) as build, pytest.raises(CallError, match="needs stage numbers"):
        finish(DOUBLES, build)


def test_an_edit_in_a_helper_of_a_helper_changes_the_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = code_digest("dataprep.recipes.recipe_file")
    forget()
    real, edited = code._origin, tmp_path / "errors.py"
    edited.write_text("# edited\n", encoding="utf-8")
    monkeypatch.setattr(code, "_origin", lambda name: edited if name == "dataprep.errors" else real(name))
    assert code_digest("dataprep.recipes.recipe_file") != before
    monkeypatch.undo()
    forget()


_CODE = """
from dataprep import errors
from dataprep.recipes.recipe import Recipe, public_name

LIMIT = 3
UNUSED = 4

def run(build: Recipe) -> str:
    return _helper(build)

def _helper(build):
    from dataprep import holding
    return LIMIT + _deeper(build)

def _deeper(build):
    return 1

def _of_another_stage(build):
    return errors
"""


@pytest.mark.parametrize(
    ("old", "new", "runs_again"),
    [
        pytest.param("return 1", "return 2", True, id="a helper of a helper in the stage's module"),
        pytest.param("LIMIT = 3", "LIMIT = 4", True, id="a constant of a helper"),
        pytest.param("import holding", "import identity", True, id="a module that a helper imports late"),
        pytest.param("return 1", "return public_name", True, id="a module that a helper uses"),
        pytest.param("return errors", "return 0", False, id="the helper of another stage"),
        pytest.param("UNUSED = 4", "UNUSED = 5", False, id="a constant that nothing uses"),
        pytest.param("return 1", "return 1  # one", False, id="a comment"),
    ],
)
def test_an_edit_of_a_stages_own_helpers_runs_it_again(
    old: str, new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, runs_again: bool
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    digests = []
    for name, text in (("stage_before", _CODE), ("stage_after", _CODE.replace(old, new))):
        assert old in _CODE
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        importlib.invalidate_caches()
        digests.append(function_digest(importlib.import_module(name).run))
        sys.modules.pop(name)
    forget()
    assert (digests[0] != digests[1]) == runs_again


def test_every_stage_covers_the_helpers_of_its_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code, "code_digest", lambda *modules: " ".join(modules))
    seen: list[str] = []
    monkeypatch.setattr(code, "sha256", lambda text: seen.append(text.decode()) or hashlib.sha256(text))
    for name in PREPARE + FINE_TUNE:
        function_digest.__wrapped__(STAGES[name].run)
    by_stage = dict(zip(PREPARE + FINE_TUNE, seen, strict=True))
    helpers = {"ingest": "_sort", "clean": "_clean", "filter": "_filter", "deduplicate": "_height"}
    assert all(f"def {helper}(" in by_stage[stage] for stage, helper in helpers.items())
    assert "def _statistics" in by_stage["release"]
    assert "dataprep.duplicates.semantic" in by_stage["deduplicate"]
    assert "def _base_model" in by_stage["train"]


def forget() -> None:
    """Let the digests be computed anew."""
    for cached in (code.code_digest, code.function_digest, code._definitions, code._origin, code._read):
        cached.cache_clear()


def test_another_recipes_build_is_refused(tmp_path: Path, recipe: Recipe) -> None:
    run(tmp_path, recipe)
    with pytest.raises(CallError, match="holds a build of recipe 'sample', not of 'other'"):
        run(tmp_path, recipe.model_copy(update={"name": "other"}))


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path: Path, recipe: Recipe) -> None:
    (tmp_path / "thesis.doc").touch()
    with pytest.raises(CallError, match="not empty and no build folder"):
        run(tmp_path, recipe)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.doc"]
    with pytest.raises(CallError, match="no build folder"):
        existing_build(tmp_path)


def test_a_second_run_on_one_folder_says_who_holds_it(tmp_path: Path, recipe: Recipe) -> None:
    with opened(tmp_path, recipe), pytest.raises(BusyError, match=f"in use by process {os.getpid()}"):
        run(tmp_path, recipe)
    assert run(tmp_path, recipe) == [False, False]


def _hold_for_ever(folder: str) -> None:
    with opened(Path(folder), load("sample")):
        (Path(folder) / ".scratch").mkdir()
        (Path(folder) / ".scratch" / "orphan").touch()
        time.sleep(600)


def test_a_second_run_that_may_wait_goes_on_when_the_first_is_done(tmp_path: Path, recipe: Recipe) -> None:
    holder = multiprocessing.get_context("spawn").Process(target=_hold_for_a_second, args=(str(tmp_path),))
    holder.start()
    deadline = time.monotonic() + 60
    while not (tmp_path / ".holder").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    with opened(tmp_path, recipe, wait_s=60):
        assert (tmp_path / "first").exists()
        assert f"process {os.getpid()}" in (tmp_path / ".holder").read_text(encoding="utf-8")
    holder.join()


def _hold_for_a_second(folder: str) -> None:
    with opened(Path(folder), load("sample")):
        time.sleep(1)
        (Path(folder) / "first").touch()


def test_a_stage_is_current_only_for_what_it_reads_now(tmp_path: Path, recipe: Recipe) -> None:
    run(tmp_path, recipe)
    assert is_current(DOUBLES, Build(tmp_path, recipe))
    other = recipe.model_copy(update={"train": recipe.train.model_copy(update={"epochs": 9})})
    assert not is_current(DOUBLES, Build(tmp_path, other))
    (tmp_path / "stages" / "doubles" / "doubles.parquet").unlink()
    assert not is_current(DOUBLES, Build(tmp_path, recipe))


def test_what_a_killed_run_left_half_written_is_swept(tmp_path: Path, recipe: Recipe) -> None:
    partial = tmp_path / f".recipe.toml.{'0a' * 16}"
    run(tmp_path, recipe)
    partial.touch()
    run(tmp_path, recipe)
    assert not partial.exists()


def test_a_killed_holder_lets_go_and_its_scratch_is_swept(tmp_path: Path, recipe: Recipe) -> None:
    holder = multiprocessing.get_context("spawn").Process(target=_hold_for_ever, args=(str(tmp_path),))
    holder.start()
    deadline = time.monotonic() + 60
    while not (tmp_path / ".scratch" / "orphan").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(holder.pid or 0, signal.SIGKILL)
    holder.join()
    assert run(tmp_path, recipe) == [False, False]
    assert not (tmp_path / ".scratch" / "orphan").exists()
