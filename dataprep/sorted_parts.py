"""Sorting a table that does not fit in memory by an id, or by the number that an id is made of.

Each frame that comes is sorted and waits in a file of small row groups; a part of the sorted table is one range out of
every file: few groups of each are read. Ids are digests, so equal ranges of them hold about equally many rows.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from dataprep import io

_MIN_GROUP = 1_000  # rows


class SortedParts:
    """Frames that come in any order, given back as the parts of one sorted table."""

    def __init__(self, folder: Path, by: Sequence[str], *, starts: pl.Series) -> None:
        """Begin with none.

        Args:
            folder: Where the frames wait; made here.
            by: The columns to sort by; in the first no value is null.
            starts: The values of the first of these columns at which the parts begin, sorted; no row is below the first start.
        """
        self._folder, self._by, self._starts = folder, list(by), starts
        self._cuts: list[list[int]] = []
        folder.mkdir(parents=True)

    def add(self, frame: pl.DataFrame) -> None:
        """Take in some rows; the first frame may be empty, for it tells the columns."""
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
