"""Tables and files on disk: checked against their schema, written whole or not at all, equal data to equal bytes."""

import errno
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import polars as pl
from polars.io.plugins import register_io_source

Compression = Literal["zstd", "lz4"]

_ROWS_PER_GROUP = 50_000  # small row groups: the Hub's viewer reads one at a time
_CHUNK_BYTES = 1 << 20


def write_table(
    frame: pl.LazyFrame | pl.DataFrame,
    path: Path,
    schema: pl.Schema | None = None,
    *,
    compression: Compression = "zstd",
    rows_per_group: int = _ROWS_PER_GROUP,
) -> None:
    """Write a frame as parquet, in the order that it has.

    Args:
        frame: The rows; streamed, so that they need not fit in memory.
        path: The file; its folder is made.
        schema: The columns that the frame must have, in this order; null checks nothing.
        compression: Zstandard for what is published and kept; LZ4 costs half the time and twice the space.
        rows_per_group: Rows of a row group, the least that a reader of some rows reads.

    Raises:
        TypeError: The frame has another schema, which is a fault of the stage that wrote it.
    """
    with full_disk_as_os_error():
        _sink(frame, path, schema, compression, rows_per_group).collect()


def write_frames(frames: Iterator[pl.DataFrame], path: Path, schema: pl.Schema) -> None:
    """Write frames that come one after the other as one table; only a few of them are in memory.

    Args:
        frames: The rows, some at a time.
        path: The file; its folder is made.
        schema: The columns that each frame must have, in this order.

    Raises:
        pl.exceptions.SchemaError: A frame has another schema, which is a fault of the stage that wrote it.
    """

    def in_turn(*_asked: object) -> Iterator[pl.DataFrame]:
        yield from frames  # whole, for a sink asks for no less

    write_table(register_io_source(in_turn, schema=schema, validate_schema=True), path, schema)


def write_tables(tables: Mapping[Path, tuple[pl.LazyFrame | pl.DataFrame, pl.Schema | None]], *, compression: Compression = "zstd") -> None:
    """Write several frames as `write_table` does; work that they share is done once."""
    sinks = [_sink(frame, path, schema, compression, _ROWS_PER_GROUP) for path, (frame, schema) in tables.items()]
    with full_disk_as_os_error():
        pl.collect_all(sinks)


@contextmanager
def full_disk_as_os_error() -> Iterator[None]:
    """Polars tells of a full disk by a plain ComputeError, or by an OSError without a number; raise the OSError that it was."""
    try:
        yield
    except (pl.exceptions.ComputeError, OSError) as error:
        if getattr(error, "errno", None) is None and os.strerror(errno.ENOSPC) in str(error):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        raise


def _sink(
    frame: pl.LazyFrame | pl.DataFrame, path: Path, schema: pl.Schema | None, compression: Compression, rows_per_group: int
) -> pl.LazyFrame:
    lazy = frame.lazy()
    found = lazy.collect_schema()
    if schema is not None and found != schema:
        message = f"{path.name}: has {dict(found)}, wanted {dict(schema)}"
        raise TypeError(message)
    path.parent.mkdir(parents=True, exist_ok=True)
    return lazy.sink_parquet(path, compression=compression, statistics=True, row_group_size=rows_per_group, maintain_order=True, lazy=True)


def height(rows: pl.LazyFrame) -> int:
    """How many rows a frame has; none of them is kept in memory."""
    count: int = rows.select(pl.len()).collect().item()
    return count


def write_json(content: Mapping[str, Any], path: Path) -> None:
    """Write readable JSON with sorted keys; equal content gives equal bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """The object that a JSON file holds."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def write_text(text: str, path: Path) -> None:
    """Write a text file that a reader sees whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    state = sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            state.update(chunk)
    return state.hexdigest()


def files_below(folder: Path) -> Iterable[Path]:
    """Every file below a folder, in the order of its name."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def sync(folder: Path) -> None:
    """Ask the disk to hold a folder's files and names before anything points at them."""
    for path in [*folder.rglob("*"), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
