"""Delimited text (tsv, csv) as frames of records.

The first line that is not empty is the header. Without quoting, a line is a row and a double
quote is text. With standard quoting (RFC 4180), a field in double quotes may hold delimiters,
line ends and doubled quotes.

Rules found here, besides those of `lines`:
    columns: the row has another number of columns than the header.
    csv: the row breaks the rules of quoting, for instance by a quote that is never closed. Only
        its first physical line is rejected, and reading goes on with the next one.
"""

import csv
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import polars as pl

from dataprep.errors import DataError
from dataprep.sources import lines
from dataprep.sources.columns import require
from dataprep.sources.files import File

MAX_FIELD_CHARS = 2**26
"""A quoted field longer than this counts as never closed."""


def records(file: File, wanted: Mapping[str, str], *, delimiter: str, is_quoted: bool) -> Iterator[pl.DataFrame]:
    """Read a delimited file.

    Args:
        file: The file.
        wanted: Role to column name.
        delimiter: One character.
        is_quoted: Whether double quotes wrap fields.

    Returns:
        Frames of `position` (file:line), `raw`, `rule`, `found` and one text column per role.

    Raises:
        SourceMissingError: The header lacks a wanted column.
        DataError: The header cannot be read.
    """
    if is_quoted:
        yield from _quoted_records(file, wanted, delimiter)
    else:
        yield from _plain_records(file, wanted, delimiter)


def _plain_records(file: File, wanted: Mapping[str, str], delimiter: str) -> Iterator[pl.DataFrame]:
    header: list[str] | None = None
    for frame in lines.frames(file):
        rows = frame
        if header is None:
            if rows.is_empty():
                continue
            first = rows.row(0, named=True)
            header = _checked_header(first["raw"].split(delimiter), wanted, first["found"], file)
            rows = rows.slice(1)
        fields = pl.col("fields").list
        yield rows.with_columns(fields=pl.col("raw").str.split(delimiter)).select(
            pl.format(f"{_braced(file.name)}:{{}}", "line").alias("position"),
            "raw",
            pl.when(pl.col("rule").is_null() & (fields.len() != len(header))).then(pl.lit("columns")).otherwise("rule").alias("rule"),
            pl.coalesce("found", pl.format(f"{{}} columns; wanted {len(header)}", fields.len())).alias("found"),
            *(fields.get(header.index(name), null_on_oob=True).alias(role) for role, name in wanted.items()),
        )


def _braced(name: str) -> str:
    return name.replace("{", "{{").replace("}", "}}")


def _checked_header(header: Sequence[str], wanted: Mapping[str, str], found: str | None, file: File) -> list[str]:
    if found is not None:
        raise DataError(f"{file.shown}: the header line cannot be read: {found}. Save the file as UTF-8 text.")
    names = [name.strip() for name in header]
    require(names, wanted, where=file.shown)
    return names


class _Row(NamedTuple):
    """A record of a quoted file; `fields` is empty where `rule` says why it cannot be read."""

    line: int
    raw: str
    fields: list[str]
    rule: str | None = None
    found: str | None = None


class _Feed:
    """Physical lines for `csv.reader`, remembered so that a record's raw text is known, and can be read again."""

    def __init__(self, file: File) -> None:
        self._chunks = lines.chunks(file)
        self._ahead: deque[bytes] = deque()
        self._next_line = 1
        self._next_offset = 0
        self._taken: list[bytes] = []

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        if not self._ahead:
            self._ahead.extend(next(self._chunks).splitlines(keepends=True))
        line = self._ahead.popleft()
        self._taken.append(line)
        return line.decode(errors="surrogateescape")

    def take(self) -> tuple[int, int, bytes]:
        """Number, offset and bytes of the lines read since the last call."""
        taken = self._next_line, self._next_offset, b"".join(self._taken)
        self._next_line += len(self._taken)
        self._next_offset += len(taken[2])
        self._taken = []
        return taken

    def put_back(self) -> None:
        """Give all lines but the first of those read since the last `take` back to be read again."""
        self._ahead.extendleft(reversed(self._taken[1:]))
        del self._taken[1:]
