"""Parquet files as frames of records. A row's number (from 1) stands for its line."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import polars as pl

from dataprep.errors import DataError
from dataprep.sources import tables
from dataprep.sources.columns import Wanted
from dataprep.sources.files import File
from dataprep.sources.opening import blocks

_CHUNK_ROWS = 50_000


def records(file: File, columns: Wanted, *, scratch: Path) -> Iterator[pl.DataFrame]:
    """Read a parquet file.

    Args:
        file: The file.
        columns: The columns asked for.
        scratch: Folder for the unpacked file, if it is compressed or stands in a .zip.

    Returns:
        Frames of `position` (file:row), `raw`, `rule`, `found` and one text column per role.

    Raises:
        SourceMissingError: A wanted column is missing or holds no text.
        DataError: The file is no parquet file, or is cut off or broken.
    """
    path = _unpacked(file, scratch)
    try:
        rows = pl.scan_parquet(path)
        roles = tables.text_columns(rows.collect_schema(), columns, where=file.shown)
        first_row = 1
        for frame in rows.select(sorted(set(roles.values()))).collect_batches(chunk_size=_CHUNK_ROWS, maintain_order=True):
            yield tables.records(frame, roles, name=file.name, first_row=first_row)
            first_row += frame.height
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(
            f"{file.shown}: this is no parquet file, or it is cut off or broken: {str(error)[:300]}. Get the file again."
        ) from error


def _unpacked(file: File, scratch: Path) -> Path:
    if file.path.is_file() and file.member is None and not file.name.endswith((".gz", ".zst")):
        return file.path
    target = Path(mkdtemp(dir=scratch)) / "unpacked.parquet"
    with target.open("wb") as copy:
        for block in blocks(file):
            copy.write(block)
    return target
