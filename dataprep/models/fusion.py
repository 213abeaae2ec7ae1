"""Reciprocal rank fusion of two runs: a hybrid search that asks nothing of their scores."""

import polars as pl

from dataprep.models.ranking import DECIMALS

RRF_K = 60  # the constant of Cormack, Clarke and Buettcher, Reciprocal Rank Fusion, SIGIR 2009


def fuse(one: pl.DataFrame, other: pl.DataFrame, *, depth: int, k: int = RRF_K) -> pl.DataFrame:
    """Rank passages by the sum of 1 / (k + rank) over the runs; a run that lacks a passage adds nothing.

    Args:
        one: query_id, passage_id, rank (from 1).
        other: The same of another system.
        depth: Passages kept per query.
        k: The larger, the less the first ranks stand out.

    Returns:
        query_id, passage_id, score, rank, in the order of the queries and ranks; ties as everywhere (`ranking.TIE_RULE`).
    """
    votes = pl.concat([run.select("query_id", "passage_id", vote=1 / (k + pl.col("rank"))) for run in (one, other)])
    scores = votes.group_by("query_id", "passage_id").agg(score=pl.col("vote").sum().round(DECIMALS))
    ordered = scores.sort("query_id", "score", "passage_id", descending=[False, True, False])
    ranked = ordered.with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("query_id"))
    return ranked.filter(pl.col("rank") <= depth)
