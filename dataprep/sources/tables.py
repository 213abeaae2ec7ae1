"""Frames with typed columns (parquet, Hub) as frames of records."""

from collections.abc import Mapping

import polars as pl

from dataprep.errors import SourceMissingError
from dataprep.sources.columns import Wanted, chosen


def text_columns(schema: Mapping[str, pl.DataType], columns: Wanted, *, where: str) -> dict[str, str]:
    """Role to column, for one table.

    Raises:
        SourceMissingError: A wanted column is missing, or holds lists, objects or bytes.
    """
    roles = chosen(schema, columns, where=where)
    for role, name in roles.items():
        dtype = schema[name]
        if dtype.is_nested() or dtype in {pl.Binary, pl.Object}:
            advice = f"Set columns.{role} to a column of text, or write one."
            raise SourceMissingError(f"{where}: the column {name!r} holds {dtype}; wanted text for the {role}. {advice}")
    return roles


def records(frame: pl.DataFrame, roles: Mapping[str, str], *, name: str, first_row: int) -> pl.DataFrame:
    """Bring typed columns into the shape of records.

    Args:
        frame: Rows with these columns.
        roles: What `text_columns` gave.
        name: File or repository, for positions.
        first_row: Number of the frame's first row in it, from 1.

    Returns:
        `position` (name:row), `raw`, `rule`, `found` (null: a typed row can always be read) and one text column per role.
    """
    nothing = pl.lit(None, pl.String)
    return frame.with_row_index("row", first_row).select(
        pl.concat_str([pl.lit(f"{name}:"), "row"]).alias("position"),
        nothing.alias("raw"),
        nothing.alias("rule"),
        nothing.alias("found"),
        *(pl.col(column).cast(pl.String).alias(role) for role, column in roles.items()),
    )
