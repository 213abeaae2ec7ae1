"""Sorting a table that does not fit in memory by the number that its ids are made of.

Ids are digests, so equal ranges of them hold about equally many rows: each frame that comes is sorted and
waits in a file of small row groups, and a part of the sorted table is one range out of every file: few groups of each are read.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from dataprep import io
from dataprep.text import ID_HEX

_MIN_GROUP = 1_000  # rows


class SortedParts:
    """Frames that come in any order, given back as the parts of one sorted table."""

    def __init__(self, folder: Path, by: Sequence[str], *, n_parts: int) -> None:
        """Begin with none.

        Args:
            folder: Where the frames wait; made here.
            by: The columns to sort by; the first holds numbers of `text.number`, none null.
            n_parts: How many parts there will be.
        """
        self._folder, self._by = folder, list(by)
        self._starts = pl.Series([part * 16**ID_HEX // n_parts for part in range(n_parts)], dtype=pl.Int128)
        self._cuts: list[list[int]] = []
        folder.mkdir(parents=True)

    def add(self, frame: pl.DataFrame) -> None:
        """Take in some rows."""
        ordered = frame.sort(self._by)
        groups = max(ordered.height // len(self._starts), _MIN_GROUP)
        io.write_table(ordered, self._file(len(self._cuts)), compression="lz4", rows_per_group=groups)
        self._cuts.append([*ordered[self._by[0]].search_sorted(self._starts, "left"), ordered.height])

    def parts(self) -> Iterator[pl.DataFrame]:
        """The rows of one range after the other, sorted."""
        for part in range(len(self._starts)):
            slices = [
                pl.scan_parquet(self._file(number)).slice(cuts[part], cuts[part + 1] - cuts[part]) for number, cuts in enumerate(self._cuts)
            ]
            yield pl.concat(slices).collect().sort(self._by)

    def _file(self, number: int) -> Path:
        return self._folder / f"{number:05d}.parquet"
