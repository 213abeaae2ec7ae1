"""Build folders: a stage is finished or absent, and runs again only for a reason."""

import multiprocessing
import os
import signal
import time
from copy import copy
from pathlib import Path

import polars as pl
import pytest

from dataprep import code
from dataprep.build import Build, Output, Stage, existing_build, finish, is_current, opened
from dataprep.code import code_digest
from dataprep.errors import BusyError, CallError
from dataprep.recipe import Recipe
from dataprep.recipe_file import load

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
    before = code_digest("dataprep.recipe_file")
    forget()
    real, edited = code.find_spec, tmp_path / "errors.py"
    edited.write_text("# edited\n", encoding="utf-8")

    def moved(name: str) -> object:
        spec = copy(real(name))  # the module's own must stay as it is
        if name == "dataprep.errors" and spec is not None:
            spec.origin = str(edited)
        return spec

    monkeypatch.setattr(code, "find_spec", moved)
    assert code_digest("dataprep.recipe_file") != before
    forget()


def forget() -> None:
    """Let the digests be computed anew."""
    for cached in (code.code_digest, code._origin, code._read):
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
