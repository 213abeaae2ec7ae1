"""Events as the stages record them: rows of the ledger."""

import polars as pl

from dataprep.schemas import LEDGER


def as_ledger(events: pl.LazyFrame) -> pl.LazyFrame:
    """Give a frame the ledger's columns in their order; those that it lacks are null."""
    present = events.collect_schema()
    return events.select((pl.col(name) if name in present else pl.lit(None)).cast(dtype).alias(name) for name, dtype in LEDGER.items())
