"""Where one system does better or worse than another, question by question, and what it ranked above the right passage."""

import polars as pl

from dataprep.models.metrics import PRIMARY


def compare_systems(
    per_query: pl.LazyFrame, *, system: str, baseline: str, dimension: int | None = None, metric: str = PRIMARY
) -> pl.LazyFrame:
    """Each question's score by two systems, those that lost most first.

    Args:
        per_query: `system`, `dimension`, `query_id` and a column per metric, as the evaluation writes them.
        system: The system looked at, for example finetuned.
        baseline: What it is compared with, for example base or bm25.
        dimension: Dimension of the vectors, where a system has several; null takes the largest of each.
        metric: The metric compared.

    Returns:
        query_id, `before` (the baseline's score), `after` (the system's) and `difference`, sorted by the
        difference, then by query_id.
    """
    before, after = (scores_of(per_query, name, dimension).select("query_id", pl.col(metric)) for name in (baseline, system))
    both = before.rename({metric: "before"}).join(after.rename({metric: "after"}), on="query_id")
    return both.with_columns(difference=pl.col("after") - pl.col("before")).sort("difference", "query_id")


def ranked_above(runs: pl.LazyFrame, qrels: pl.LazyFrame, *, system: str, dimension: int | None = None, limit: int = 3) -> pl.LazyFrame:
    """What a system ranked above the first right passage of each question.

    Args:
        runs: RUN.
        qrels: JUDGEMENTS or PAIRS-like: query_id and passage_id of the right passages.
        system: The system looked at.
        dimension: As for `compare_systems`.
        limit: Most passages per question, from the top.

    Returns:
        query_id, passage_id, rank, score, and `right_rank`, the rank of the first right passage (null where
        none was retrieved); no row for a question whose first
        passage is right, or for which nothing was retrieved. Sorted by query_id and rank.
    """
    run = scores_of(runs, system, dimension)
    right = run.join(qrels.select("query_id", "passage_id"), on=["query_id", "passage_id"], how="semi")
    first = right.group_by("query_id").agg(right_rank=pl.col("rank").min())
    placed = run.filter(pl.col("rank") <= limit).join(first, on="query_id", how="left")
    above = placed.filter(pl.col("right_rank").is_null() | (pl.col("rank") < pl.col("right_rank")))
    return above.select("query_id", "passage_id", "rank", "score", "right_rank").sort("query_id", "rank")


def scores_of(rows: pl.LazyFrame, system: str, dimension: int | None) -> pl.LazyFrame:
    """Rows of one system at one dimension of its vectors, by default the largest; BM25 has no vectors and one set of rows."""
    own = rows.filter(pl.col("system") == system)
    wanted = pl.col("dimension").max() if dimension is None else pl.lit(dimension)
    return own.filter(pl.col("dimension").is_null() | (pl.col("dimension") == wanted))
