"""The ledger: one row for everything that happened to a source row, from the first read to its end."""

from collections.abc import Sequence

import polars as pl

from dataprep.events import as_ledger
from dataprep.schemas import ACTIONS

STAGES = ("ingest", "clean", "filter", "deduplicate", "split", "negatives", "lengths", "release")
_WHOLE_ROW = ("row_id", "source", "source_key")


def assemble(rows: pl.LazyFrame, events: Sequence[pl.LazyFrame], judgements: pl.LazyFrame, split_queries: pl.LazyFrame) -> pl.LazyFrame:
    """Join what the stages recorded into one ledger.

    Every row that a source gave, also one that could not be parsed, has one `read` event. A row that
    stands for a judgement of the release ends as `kept`, with its split and ids; all other ends come
    from the stages' own events.

    Args:
        rows: ROWS as read, before any stage touched them.
        events: LEDGER tables of the stages; those of the ingest stage hold the rejected rows.
        judgements: JUDGEMENTS of the release; `row_id` ends there.
        split_queries: SPLIT_QUERIES, which says the split of each judgement.

    Returns:
        LEDGER, sorted by row, stage and action; the events of one stage and action keep their order,
        because the changes of a text follow one another.
    """
    recorded = pl.concat([as_ledger(frame) for frame in events]) if events else as_ledger(rows.head(0))
    rejected = recorded.filter(pl.col("action") == "rejected").select(_WHOLE_ROW)
    read = pl.concat([rows.select(_WHOLE_ROW), rejected]).with_columns(stage=pl.lit("ingest"), action=pl.lit("read"), rule=pl.lit("read"))
    ledger = pl.concat([as_ledger(read), recorded, as_ledger(_kept(rows, judgements, split_queries))])
    order = [pl.col("row_id"), _rank("stage", STAGES), _rank("action", ACTIONS)]
    return ledger.sort(order, maintain_order=True)


def _kept(rows: pl.LazyFrame, judgements: pl.LazyFrame, split_queries: pl.LazyFrame) -> pl.LazyFrame:
    """One `kept` event per judgement; a row that stands for a judgement which is not in `rows` would be a fault, so it shows."""
    rule = pl.when("is_judged").then(pl.lit("judged")).otherwise(pl.lit("asserted"))
    return (
        judgements.with_columns(rule=rule)
        .join(split_queries.select("query_id", "split"), on="query_id", how="left")
        .join(rows.select(_WHOLE_ROW), on="row_id", how="left")
        .with_columns(stage=pl.lit("release"), action=pl.lit("kept"))
    )


def _rank(column: str, order: Sequence[str]) -> pl.Expr:
    """Position of a value in an order; a value that is not in it comes last."""
    return pl.col(column).replace_strict(order, range(len(order)), default=len(order), return_dtype=pl.UInt8)
