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
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import NamedTuple, Self

import polars as pl

from dataprep.errors import DataError
from dataprep.sources import lines
from dataprep.sources.columns import Wanted, chosen
from dataprep.sources.files import File

MAX_FIELD_CHARS = 2**26
"""A quoted field longer than this counts as never closed."""


def records(file: File, columns: Wanted, *, delimiter: str, is_quoted: bool) -> Iterator[pl.DataFrame]:
    """Read a delimited file.

    Args:
        file: The file.
        columns: The columns asked for.
        delimiter: One character.
        is_quoted: Whether double quotes wrap fields.

    Returns:
        Frames of `position` (file:line), `raw`, `rule`, `found` and one text column per role.

    Raises:
        SourceMissingError: The header lacks a wanted column.
        DataError: The header cannot be read.
    """
    if is_quoted:
        yield from _quoted_records(file, columns, delimiter)
    else:
        yield from _plain_records(file, columns, delimiter)


def _plain_records(file: File, columns: Wanted, delimiter: str) -> Iterator[pl.DataFrame]:
    header: _Header | None = None
    for frame in lines.frames(file):
        rows = frame
        if header is None:
            if rows.is_empty():
                continue
            first = rows.row(0, named=True)
            header = _header(first["raw"].split(delimiter), columns, first["found"], file)
            rows = rows.slice(1)
        fields = pl.col("fields").list
        is_ragged = pl.col("rule").is_null() & (fields.len() != header.n_columns)
        ragged = pl.concat_str([fields.len(), pl.lit(f" columns; wanted {header.n_columns}")])
        yield rows.with_columns(fields=pl.col("raw").str.split(delimiter)).select(
            pl.concat_str([pl.lit(f"{file.name}:"), "line"]).alias("position"),
            "raw",
            pl.when(is_ragged).then(pl.lit("columns")).otherwise("rule").alias("rule"),
            pl.when(is_ragged).then(ragged).otherwise("found").alias("found"),
            *(fields.get(index, null_on_oob=True).alias(role) for role, index in header.indexes.items()),
        )


class _Header(NamedTuple):
    """Number of columns, and which one (from 0) plays which role."""

    n_columns: int
    indexes: dict[str, int]


def _header(fields: Sequence[str], columns: Wanted, found: str | None, file: File) -> _Header:
    if found is not None:
        raise DataError(f"{file.shown}: the header line cannot be read: {found}. Save the file as UTF-8 text.")
    names = [field.strip() for field in fields]
    return _Header(len(names), {role: names.index(name) for role, name in chosen(names, columns, where=file.shown).items()})


def _quoted_records(file: File, columns: Wanted, delimiter: str) -> Iterator[pl.DataFrame]:
    rows = _rows(file, delimiter)
    first = next(rows, None)
    if first is None:
        return
    header = _header(first.fields, columns, first.found, file)
    names = ("position", "raw", "rule", "found", *header.indexes)
    for batch in _batches(_of_width(row, header.n_columns) for row in rows):
        yield pl.DataFrame(
            {
                "position": [f"{file.name}:{row.line}" for row in batch],
                "raw": [row.raw for row in batch],
                "rule": [row.rule for row in batch],
                "found": [row.found for row in batch],
                **{role: [row.fields[i] if row.fields else None for row in batch] for role, i in header.indexes.items()},
            },
            schema=dict.fromkeys(names, pl.String),
        )


class _Row(NamedTuple):
    """A record of a quoted file; `fields` is empty where `rule` says why it cannot be read."""

    line: int
    raw: str
    fields: list[str]
    rule: str | None = None
    found: str | None = None


def _of_width(row: _Row, n_columns: int) -> _Row:
    if row.rule is not None or len(row.fields) == n_columns:
        return row
    return _Row(row.line, row.raw, [], "columns", f"{len(row.fields)} columns; wanted {n_columns}")


def _batches(rows: Iterator[_Row]) -> Iterator[list[_Row]]:
    batch: list[_Row] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += len(row.raw)
        if size >= lines.CHUNK_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _rows(file: File, delimiter: str) -> Iterator[_Row]:
    csv.field_size_limit(MAX_FIELD_CHARS)  # the limit is the process's own; its default of 128 KiB is too little for a passage
    feed = _Feed(file)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        broken: str | None = None
        fields: list[str] = []
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            broken = f"{error}; wanted quoting as in RFC 4180"
            feed.put_back()
        row = _judged(*feed.take(), fields, broken)
        if row.raw:
            yield row


def _judged(line: int, offset: int, data: bytes, fields: list[str], broken: str | None) -> _Row:
    if found := lines.bad_byte(data, offset):
        return _Row(line, _without_end(data.decode(errors="backslashreplace")), [], "utf8", found)
    raw = _without_end(data.decode())
    if "\0" in raw:
        return _Row(line, raw, [], "nul", lines.NUL)
    return _Row(line, raw, [], "csv", broken) if broken else _Row(line, raw, fields)


def _without_end(raw: str) -> str:
    return raw.removesuffix("\n").removesuffix("\r")


class _Feed:
    """Physical lines for `csv.reader`, remembered so that a record's bytes are known and can be read again."""

    def __init__(self, file: File) -> None:
        self._chunks = lines.chunks(file)
        self._ahead: deque[bytes] = deque()
        self._taken: list[bytes] = []
        self._line = 1
        self._offset = 0

    def __iter__(self) -> Self:
        """The feed is its own iterator, and goes on after its end if lines were put back."""
        return self

    def __next__(self) -> str:
        """The next physical line with its end; bytes that are not UTF-8 as lone surrogates."""
        if not self._ahead:
            self._ahead.extend(BytesIO(next(self._chunks)))
        data = self._ahead.popleft()
        is_first = self._line == 1 and not self._taken
        self._taken.append(data)
        text = data.decode(errors="surrogateescape")
        return text.removeprefix("\ufeff") if is_first else text

    def take(self) -> tuple[int, int, bytes]:
        """Number (from 1), offset (from 0) and bytes of the lines read since the last call."""
        line, offset, data = self._line, self._offset, b"".join(self._taken)
        self._line += len(self._taken)
        self._offset += len(data)
        self._taken.clear()
        return line, offset, data

    def put_back(self) -> None:
        """Of the lines read since the last `take`, keep the first; the others will be read again."""
        self._ahead.extendleft(reversed(self._taken[1:]))
        del self._taken[1:]
