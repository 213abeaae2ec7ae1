"""Work cut into parts: tables as folders of parquet files, and the seam at which an engine may spread the calls.

A table in parts is a folder `<name>.parquet` whose files, read in the order of their names, are the
table. How many parts there are follows from the data alone, never from who works on them, so any number
of workers gives the same bytes. A part is written under a hidden name first; so a worker that dies
leaves nothing that counts.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import polars as pl

from dataprep import io
from dataprep.text import ID_HEX, Kind

PART_BYTES = 64_000_000  # of text; a call holds some ten times as much

Call = Callable[[], Any]


class Each(Protocol):
    """Carries out calls that know nothing of each other, in any order and anywhere that sees the same files."""

    def __call__(self, calls: Sequence[Call]) -> list[Any]:
        """The calls' results in the order of the calls; they and the calls can be pickled."""


class IdRange(NamedTuple):
    """A range of ids: those from `first` on and below `last`; None ends nowhere."""

    first: str
    last: str | None

    def holds(self, column: str) -> pl.Expr:
        """Whether an id of this column is inside."""
        from_first = pl.col(column) >= self.first
        return from_first if self.last is None else from_first & (pl.col(column) < self.last)


def id_ranges(kind: Kind, n: int) -> list[IdRange]:
    """All ids of a kind in `n` ranges, in order. Ids are digests, so each range holds about as many."""
    return ranges_from(["", *(f"{kind}{first:0{ID_HEX}x}" for first in first_numbers(n)[1:])])


def ranges_of(kind: Kind, table: pl.LazyFrame, n_rows: int) -> list[IdRange]:
    """All ids of a kind in as many ranges as hold about `n_rows` of a table's rows each."""
    return id_ranges(kind, -(-io.height(table) // n_rows) or 1)


def first_numbers(n: int) -> list[int]:
    """Where `n` equal ranges of the numbers that ids are made of begin."""
    return [part * 16**ID_HEX // n for part in range(n)]


def ranges_from(firsts: Sequence[str]) -> list[IdRange]:
    """The ranges that begin at some ids, in order; the last one has no end."""
    return [IdRange(first, last) for first, last in zip(firsts, [*firsts[1:], None], strict=True)]


def in_turn(calls: Sequence[Call]) -> list[Any]:
    """Carry out the calls here, one after the other."""
    return [call() for call in calls]


def write_part(tables: dict[Path, tuple[pl.LazyFrame | pl.DataFrame, pl.Schema | None]], number: int) -> None:
    """Write one part of several tables; each becomes visible when it is whole.

    Args:
        tables: The part of each table, under the table's folder.
        number: The part's place in the tables, from 0.
    """
    places = {folder: path_of(folder, number) for folder in tables}
    hidden = {folder: path.with_name(f".{path.name}") for folder, path in places.items()}
    io.write_tables({hidden[folder]: table for folder, table in tables.items()}, compression="lz4")
    for folder, path in places.items():
        hidden[folder].replace(path)


def path_of(table: Path, number: int) -> Path:
    """The file of one part of a table."""
    return table / f"{number:05d}.parquet"


def paths(table: Path) -> list[Path]:
    """The files of a table in their order; the table itself if it is one file."""
    return sorted(table.glob("[!.]*.parquet")) if table.is_dir() else [table]


def for_each_part(function: Callable[..., Any], table: Path, **arguments: Any) -> list[Call]:  # noqa: ANN401 - passed on
    """Calls of a function with the number and the file of every part of a table."""
    return [partial(function, number, file, **arguments) for number, file in enumerate(paths(table))]


def n_parts(n_bytes: int) -> int:
    """How many parts a table of so much text is cut into."""
    return max(1, -(-n_bytes // PART_BYTES))
