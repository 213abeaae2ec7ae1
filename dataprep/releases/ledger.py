"""The ledger: one row for everything that happened to a source row, from the first read to its end.

It is put together by ranges of row ids, so memory does not grow with the rows. Tables that are sorted by row id are
read a range at a time; the judgements, which are sorted by question, are sorted on disk first.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from dataprep import io
from dataprep.events import as_ledger
from dataprep.parts import ranges_from, ranges_of
from dataprep.schemas import ACTIONS, LEDGER
from dataprep.sorted_parts import SortedParts

STAGES = ("ingest", "clean", "filter", "deduplicate", "split", "negatives", "lengths", "release")
_WHOLE_ROW = ("row_id", "source", "source_key")
_RANGE_ROWS = 250_000  # of the rows as read, or of the judgements, held at once


def write(
    path: Path,
    rows: pl.LazyFrame,
    events: Sequence[pl.LazyFrame],
    judgements: pl.LazyFrame,
    split_queries: pl.LazyFrame,
    *,
    scratch: Path,
    range_rows: int = _RANGE_ROWS,
) -> None:
    """Write what the stages recorded as one ledger: LEDGER, sorted by row, stage and action.

    Args:
        path: The ledger's file.
        rows: ROWS as read, before any stage touched them.
        events: LEDGER tables of the stages; those of the ingest stage hold the rejected rows.
        judgements: JUDGEMENTS of the release; `row_id` ends there.
        split_queries: SPLIT_QUERIES, which says the split of each judgement.
        scratch: Folder for what waits.
        range_rows: How many rows, or judgements, are looked at together.
    """
    ids = rows.select("row_id").with_row_index().filter(pl.col("index") % range_rows == 0).select("row_id").collect()["row_id"]
    firsts = ["", *ids.sort()[1:]]
    judged = _by_row(judgements, split_queries, firsts, scratch / "judged", range_rows)
    inside = [some.holds("row_id") for some in ranges_from(firsts)]
    ranges = (
        assemble(rows.filter(some), [frame.filter(some) for frame in events], kept.lazy())
        for some, kept in zip(inside, judged, strict=True)
    )
    io.write_frames(ranges, path, LEDGER)


def assemble(rows: pl.LazyFrame, events: Sequence[pl.LazyFrame], judged: pl.LazyFrame) -> pl.DataFrame:
    """Join what the stages recorded of some rows.

    Every row that a source gave, also one that could not be parsed, has one `read` event. A row that
    stands for a judgement of the release ends as `kept`, with its split and ids; all other ends come
    from the stages' own events.

    Args:
        rows: ROWS as read.
        events: LEDGER tables of the stages.
        judged: JUDGEMENTS with the `split` of their question.

    Returns:
        LEDGER, sorted by row, stage and action; the events of one stage and action keep their order,
        because the changes of a text follow one another.
    """
    recorded = pl.concat([as_ledger(frame) for frame in events]) if events else as_ledger(rows.head(0))
    rejected = recorded.filter(pl.col("action") == "rejected").select(_WHOLE_ROW)
    read = pl.concat([rows.select(_WHOLE_ROW), rejected]).with_columns(stage=pl.lit("ingest"), action=pl.lit("read"), rule=pl.lit("read"))
    ledger = pl.concat([as_ledger(read), recorded, as_ledger(_kept(rows, judged))]).collect()
    order = [pl.col("row_id"), _rank("stage", STAGES), _rank("action", ACTIONS)]
    return ledger.sort(order, maintain_order=True)


def _by_row(
    judgements: pl.LazyFrame, split_queries: pl.LazyFrame, firsts: Sequence[str], scratch: Path, range_rows: int
) -> Iterator[pl.DataFrame]:
    """The judgements with the split of their question, by ranges of row ids that begin at `firsts`."""
    waiting = SortedParts(scratch, ["row_id"], starts=pl.Series(firsts, dtype=pl.String))
    for some in ranges_of("q", judgements, range_rows):
        inside = some.holds("query_id")
        splits = split_queries.filter(inside).select("query_id", "split")
        waiting.add(judgements.filter(inside).join(splits, on="query_id", how="left").collect())
    return waiting.parts()


def _kept(rows: pl.LazyFrame, judged: pl.LazyFrame) -> pl.LazyFrame:
    """One `kept` event per judgement; a row that stands for a judgement which is not in `rows` would be a fault, so it shows."""
    rule = pl.when("is_judged").then(pl.lit("judged")).otherwise(pl.lit("asserted"))
    known = judged.join(rows.select(_WHOLE_ROW), on="row_id", how="left")
    return known.with_columns(rule=rule, stage=pl.lit("release"), action=pl.lit("kept"))


def _rank(column: str, order: Sequence[str]) -> pl.Expr:
    """Position of a value in an order; a value that is not in it comes last."""
    return pl.col(column).replace_strict(order, range(len(order)), default=len(order), return_dtype=pl.UInt8)
