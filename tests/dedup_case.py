"""Deduplication of rows that a test makes, in parts on disk, and its tables read back."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from dataprep.duplicates.dedup import deduplicate
from dataprep.duplicates.dedup_tables import SCHEMAS
from dataprep.recipes.curation import Deduplicate


def deduplicated(
    rows: pl.LazyFrame, *, stage: Path | None = None, cuts: Sequence[int] = (), alike: Any = None, **changes: Any
) -> dict[str, pl.DataFrame]:
    """The tables of rows, which are sorted first.

    Args:
        rows: ROWS.
        stage: Where the tables are left; they are thrown away otherwise.
        cuts: Row numbers at which the rows are cut into parts.
        alike: As `deduplicate` takes it.
        changes: Settings other than the recipe's own.
    """
    ordered, places = rows.sort("row_id").collect(), [0, *sorted(cuts), None]
    parts = [ordered[start:stop].lazy() for start, stop in pairwise(places)]
    with TemporaryDirectory() as folder:
        place = stage or Path(folder) / "stage"
        (scratch := Path(folder) / "scratch").mkdir()
        deduplicate(parts, place, scratch=scratch, alike=alike, **(Deduplicate().model_dump() | changes))
        return {name: pl.read_parquet(place / f"{name}.parquet") for name in SCHEMAS}
