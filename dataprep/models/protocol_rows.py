"""A build's rows with the label that its recipe ignores, read from the sources again."""

from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from dataprep.build import Build
from dataprep.errors import DataError
from dataprep.sources.read import read_source

_SAME = ("source", "question", "passage", "nth")


def labelled_rows(build: Build, *, column: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every row that was split, with its label.

    Args:
        build: A build whose recipe makes each row a query of its own.
        column: The sources' column with the label.

    Returns:
        row_id, question, passage and label, 1 where there is none, for such a pair is asserted; and row_id and split.

    Raises:
        SourceMissingError: A source has no such column.
        DataError: Rows that were split are not found again.
    """
    with TemporaryDirectory() as scratch:
        parts = []
        for source in build.recipe.sources:
            labelled = source.model_copy(update={"columns": source.columns.model_copy(update={"label": column})})
            parts.append(
                read_source(labelled, folder=None, scratch=Path(scratch)).rows.select("source", "question", "passage", "label").collect()
            )
    again = _numbered(pl.concat(parts), "label")
    rows = _numbered(build.table("ingest", "rows").select("row_id", "source", "question", "passage").collect(), "row_id")
    stands = build.table("deduplicate", "judgements").select("row_id", "query_id")
    split_of = stands.join(build.table("split", "queries").select("query_id", "split"), on="query_id").select("row_id", "split").collect()
    found = rows.join(again, on=_SAME).join(split_of, on="row_id").with_columns(pl.col("label").fill_null(1))
    if found.height != split_of.height:
        raise DataError(
            f"label column {column!r}: {split_of.height:,} rows were split, {found.height:,} of them were found again; did a source change?"
        )
    return found.select("row_id", "question", "passage", "label").sort("row_id"), split_of.sort("row_id")


def _numbered(rows: pl.DataFrame, last: str) -> pl.DataFrame:
    """Rows that are equal in all but their label are told apart by a number."""
    return rows.sort("source", "question", "passage", last).with_columns(nth=pl.int_range(pl.len()).over("source", "question", "passage"))
