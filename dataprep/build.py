"""A build folder: who holds it, which stages are finished, and how a stage's files become visible.

A stage is finished when `stages/<stage>/stage.json` is there and names the same key: a digest of what
the stage read, of the settings that it reads and of the code that it runs, helpers included. Its files
are written to a scratch folder and moved into place, the record last; so after any crash a stage is
either finished or absent, and a second run does only what is absent.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import polars as pl

from dataprep import io
from dataprep.code import code_digest, function_digest
from dataprep.errors import CallError
from dataprep.holding import held
from dataprep.parts import Each, in_turn
from dataprep.recipes import recipe_file
from dataprep.recipes.recipe import Recipe

_RECORD = "stage.json"


@dataclass(frozen=True)
class Build:
    """A build folder and the recipe that fills it."""

    folder: Path
    recipe: Recipe

    def table(self, stage: str, name: str) -> pl.LazyFrame:
        """A table that a stage wrote, scanned."""
        return pl.scan_parquet(self.place(stage, name))

    def place(self, stage: str, name: str) -> Path:
        """Where a stage wrote a table: a file, or a folder of its parts."""
        return self.folder / "stages" / stage / f"{name}.parquet"

    def json(self, stage: str, name: str) -> dict[str, Any]:
        """An object that a stage wrote."""
        return io.read_json(self.folder / "stages" / stage / f"{name}.json")

    @property
    def release(self) -> Path:
        """The folder that is published as a dataset."""
        return self.folder / "release"

    @property
    def model(self) -> Path:
        """The folder of the fine-tuned model."""
        return self.folder / "model"

    def is_finished(self, stage: str) -> bool:
        """Whether a stage has left its record."""
        return (self.folder / "stages" / stage / _RECORD).is_file()


class Output(NamedTuple):
    """Where a stage writes: `stage` becomes stages/<stage>, `root` the build folder; `each` carries out what it does part by part."""

    stage: Path
    root: Path
    each: Each = in_turn

    def table(self, name: str, frame: pl.LazyFrame | pl.DataFrame, schema: pl.Schema | None = None) -> None:
        """Write one table of the stage."""
        io.write_table(frame, self.stage / f"{name}.parquet", schema, compression="lz4")

    def tables(self, tables: Mapping[str, tuple[pl.LazyFrame | pl.DataFrame, pl.Schema | None]]) -> None:
        """Write several tables of the stage; work that they share is done once."""
        io.write_tables({self.stage / f"{name}.parquet": table for name, table in tables.items()}, compression="lz4")

    def json(self, name: str, content: Mapping[str, Any]) -> None:
        """Write one JSON object of the stage."""
        io.write_json(content, self.stage / f"{name}.json")


@dataclass(frozen=True)
class Stage:
    """One step of a build.

    Attributes:
        name: Its name, and that of its folder.
        run: Reads tables of earlier stages, writes its own; returns what there is to say in one line.
        reads: The stages whose files it reads.
        settings: Everything of the recipe that it reads.
        modules: The modules that it calls; its code are they and all of dataprep that they import, and `run` with its helpers.
        source: Digest of what lies outside the build, for stages that read such a thing.
    """

    name: str
    run: Callable[[Build, Output], str]
    reads: Sequence[str]
    settings: Callable[[Recipe], Any]
    modules: Sequence[str]
    source: Callable[[Recipe], str] = lambda _recipe: ""


class Done(NamedTuple):
    """What came of a stage: was it reused, and its one line."""

    stage: str
    is_reused: bool
    summary: str


def existing_build(folder: Path) -> Build:
    """The build that a folder holds.

    Raises:
        CallError: The folder is no build folder.
    """
    written = folder / "recipe.toml"
    if not _is_build(folder):
        raise CallError(f"{folder} is no build folder; `dataprep run RECIPE --build {folder}` makes one")
    return Build(folder, recipe_file.load(str(written)))


@contextmanager
def opened(folder: Path, recipe: Recipe, *, wait_s: float = 0) -> Iterator[Build]:
    """Make or reopen a build folder and hold it for this process; a holder that dies lets go.

    Args:
        folder: The build folder.
        recipe: The recipe that fills it.
        wait_s: How long to wait for another process that holds the folder, in seconds.

    Raises:
        CallError: The folder holds another recipe's build, or is no build folder.
        BusyError: Another process holds it.
    """
    _refuse_foreign(folder, recipe)
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder, wait_s):
        _sweep(folder)
        io.write_text(recipe_file.dump(recipe), folder / "recipe.toml")
        yield Build(folder, recipe)


def _sweep(folder: Path) -> None:
    """Remove what a killed run left half written."""
    shutil.rmtree(folder / ".scratch", ignore_errors=True)
    for partial in folder.glob(".*." + "[0-9a-f]" * 32):
        partial.unlink()


def _refuse_foreign(folder: Path, recipe: Recipe) -> None:
    if not folder.exists():
        return
    if _is_build(folder):
        found = existing_build(folder).recipe.name
        if found != recipe.name:
            raise CallError(f"{folder} holds a build of recipe {found!r}, not of {recipe.name!r}; name another folder with --build")
    elif not folder.is_dir() or any(not p.name.startswith(".") for p in folder.iterdir()):
        raise CallError(f"{folder} is not empty and no build folder; name another folder with --build")


def _is_build(folder: Path) -> bool:
    """A recipe alone may be somebody's own; a build has been locked, or has stages."""
    return (folder / "recipe.toml").is_file() and ((folder / ".lock").exists() or (folder / "stages").is_dir())


def finish(stage: Stage, build: Build, each: Each = in_turn) -> Done:
    """Run a stage unless it is finished already for these inputs, settings and code; an engine may spread its parts."""
    place, key = build.folder / "stages" / stage.name, _key(stage, build)
    if record := _current_record(place, key, build.folder):
        return Done(stage.name, is_reused=True, summary=record["summary"])
    scratch = build.folder / ".scratch" / f"{stage.name}-{uuid4().hex[:8]}"
    output = Output(scratch / "stages" / stage.name, scratch, each)
    output.stage.mkdir(parents=True)
    summary = stage.run(build, output)
    files = {str(p.relative_to(scratch)): {"bytes": p.stat().st_size, "sha256": io.file_sha256(p)} for p in io.files_below(scratch)}
    io.write_json({"key": key, "summary": summary, "files": files}, output.stage / _RECORD)
    _reveal(scratch, build.folder, place)
    return Done(stage.name, is_reused=False, summary=summary)


def is_current(stage: Stage, build: Build) -> bool:
    """Whether a stage is finished for what it reads as it is now; `finish` would do nothing."""
    return _current_record(build.folder / "stages" / stage.name, _key(stage, build), build.folder) is not None


def _reveal(scratch: Path, folder: Path, place: Path) -> None:
    """Move a stage's files into the build folder, the folder with the record last."""
    io.sync(scratch)
    (place / _RECORD).unlink(missing_ok=True)
    trash = folder / ".scratch" / f"old-{uuid4().hex[:8]}"
    trash.mkdir()
    for new in [*(p for p in scratch.iterdir() if p.name != "stages"), scratch / "stages" / place.name]:
        target = folder / new.relative_to(scratch)
        target.parent.mkdir(exist_ok=True)
        if target.is_dir():
            target.rename(trash / uuid4().hex)  # BUILD/release and stages/release have one name
        new.replace(target)
    shutil.rmtree(trash)
    shutil.rmtree(scratch)


def _record(place: Path) -> dict[str, Any] | None:
    try:
        return io.read_json(place / _RECORD)
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def _current_record(place: Path, key: str, folder: Path) -> dict[str, Any] | None:
    """The record of a stage with this key, if all its files are there in their size; `dataprep check` compares the bytes."""
    record = _record(place)
    if record is None or record["key"] != key:
        return None
    sizes = {folder / name: file["bytes"] for name, file in record["files"].items()}
    return record if all(path.is_file() and path.stat().st_size == size for path, size in sizes.items()) else None


def _key(stage: Stage, build: Build) -> str:
    inputs = {}
    for name in stage.reads:
        record = _record(build.folder / "stages" / name)
        if record is None:
            raise CallError(f"stage {stage.name} needs stage {name}, which is not finished; `dataprep run` does both")
        inputs[name] = record["files"]
    parts = {
        "stage": stage.name,
        "inputs": inputs,
        "settings": stage.settings(build.recipe),
        "source": stage.source(build.recipe),
        "code": [function_digest(stage.run), code_digest("dataprep.io", "dataprep.schemas", *stage.modules)],
    }
    return sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
