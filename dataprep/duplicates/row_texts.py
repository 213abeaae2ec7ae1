"""Texts by the number of the row that holds them, read part by part: no more than one part, and what was asked for, is in memory."""

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from dataprep import io


class RowTexts:
    """The columns of a table in parts, its rows counted through from 0."""

    def __init__(self, parts: Sequence[pl.LazyFrame]) -> None:
        """Count the rows of the parts.

        Args:
            parts: The table, in the order of its parts.
        """
        self._parts = parts
        self._firsts = np.cumsum([0, *map(io.height, parts)])

    def parts(self, *columns: str) -> Iterator[pl.DataFrame]:
        """Each part with the number of its rows in `row`."""
        for part, first in zip(self._parts, self._firsts, strict=False):
            yield part.select(columns).collect().with_row_index("row", offset=int(first))

    def n_bytes(self, column: str) -> int:
        """Bytes of all texts of a column."""
        return sum(part.select(pl.col(column).str.len_bytes().cast(pl.UInt64).sum()).collect().item() for part in self._parts)

    def runs(self, rows: pl.Series, column: str) -> Iterator[pl.Series]:
        """One column at some rows, part by part.

        Args:
            rows: Numbers of rows, ascending.
            column: Name of the column.
        """
        for start, stop, first, part in self._spans(rows):
            yield part.select(column).collect().to_series().gather(rows[start:stop] - first)

    def at(self, rows: pl.Series, *columns: str) -> pl.DataFrame:
        """Some columns at some rows: `row` and the columns, one line per distinct row, in order."""
        wanted = rows.unique().sort().alias("row")
        found = [
            part.select(columns).collect()[wanted[start:stop] - first].insert_column(0, wanted[start:stop])
            for start, stop, first, part in self._spans(wanted)
        ]
        return pl.concat(found) if found else self._parts[0].select(columns).head(0).collect().insert_column(0, wanted)

    def _spans(self, rows: pl.Series) -> Iterator[tuple[int, int, int, pl.LazyFrame]]:
        """For each part that holds any of the rows: from where to where they stand in `rows`, and the number of the part's first row."""
        cuts = np.searchsorted(rows.to_numpy(), self._firsts)
        for number, part in enumerate(self._parts):
            if cuts[number] < cuts[number + 1]:
                yield int(cuts[number]), int(cuts[number + 1]), int(self._firsts[number]), part
