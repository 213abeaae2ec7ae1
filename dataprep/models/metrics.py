"""Retrieval metrics, one row per query, and bootstrap intervals over queries.

The figures are those of ir_measures. Its providers break ties in ways of their own, so each run is ranked
here first (score descending, then passage_id ascending) and handed over with distinct scores. All that a metric
can see is where the positives stand, so ir_measures is asked once for all queries with the same places.
"""

from collections.abc import Collection

import ir_measures
import numpy as np
import numpy.typing as npt
import polars as pl

CUTOFFS = (1, 3, 5, 10)
MEASURES = {  # our name -> ir_measures' name
    **{f"accuracy@{k}": f"Success@{k}" for k in CUTOFFS},  # 1 where a positive is among the first k
    **{f"precision@{k}": f"P@{k}" for k in CUTOFFS},
    **{f"recall@{k}": f"R@{k}" for k in CUTOFFS},
    "ndcg@10": "nDCG@10",
    "mrr@10": "RR@10",
    "map@100": "AP@100",
}
MORE_MEASURES = {  # of protocols that report them
    **{f"ndcg@{k}": f"nDCG@{k}" for k in (1, 3, 5)},
    **{f"mrr@{k}": f"RR@{k}" for k in (1, 3, 5)},
    "map@10": "AP@10",
}
PRIMARY = "ndcg@10"
DEPTH = 100  # ranks that the metrics look at
_CONFIDENCE = 0.95
_BLOCK = 4_000_000  # draws held at once by the bootstrap
_DECIMALS = 6

Interval = dict[str, float]


def per_query(run: pl.DataFrame, qrels: pl.DataFrame, *, measures: Collection[str] = tuple(MEASURES)) -> pl.DataFrame:
    """Every metric of every query.

    Args:
        run: query_id, passage_id, score; in any row order. Queries that are not in qrels do not count.
        measures: Those wanted of MEASURES and MORE_MEASURES.
        qrels: query_id, passage_id, relevance. Queries without a positive (relevance of 1 or more) are left out.

    Returns:
        query_id and a column per metric (0 to 1), sorted by query_id. A query for which nothing was retrieved has zeros.
    """
    positives = qrels.filter(pl.col("relevance") >= 1).select("query_id", "passage_id", pl.col("relevance").cast(pl.Int64))
    patterns = _patterns(run, positives)
    figures = _figures(patterns.select("pattern", "ranks", "found", "missed").unique("pattern"), measures)
    return patterns.select("query_id", "pattern").join(figures, on="pattern").sort("query_id").select("query_id", *measures)


def _patterns(run: pl.DataFrame, positives: pl.DataFrame) -> pl.DataFrame:
    """Where the positives of each query stand in the run.

    Returns:
        query_id, `ranks` of the positives retrieved (from 1, ascending), their relevance as `found`, the relevance of
        the others as `missed`, and all that as text, `pattern`. Equal patterns have equal figures, whatever the metric.
    """
    judged = run.select("query_id", "passage_id", "score").join(positives.select("query_id").unique(), on="query_id", how="semi")
    ordered = judged.sort("query_id", "score", "passage_id", descending=[False, True, False])
    ranks = ordered.with_columns(rank=pl.int_range(1, pl.len() + 1).over("query_id")).drop("score")
    placed = positives.join(ranks, on=["query_id", "passage_id"], how="left").sort("query_id", "rank", "relevance", nulls_last=True)
    is_found, relevance = pl.col("rank").is_not_null(), pl.col("relevance")
    patterns = placed.group_by("query_id", maintain_order=True).agg(
        ranks=pl.col("rank").drop_nulls(), found=relevance.filter(is_found), missed=relevance.filter(~is_found)
    )
    parts = (pl.col(name).cast(pl.List(pl.String)).list.join(",") for name in ("ranks", "found", "missed"))
    return patterns.with_columns(pattern=pl.concat_str(parts, separator=";"))


def _figures(patterns: pl.DataFrame, measures: Collection[str]) -> pl.DataFrame:
    """The metrics of each pattern, by ir_measures on a query made like it: pattern and a column per metric."""
    names = {ir_measures.parse_measure((MEASURES | MORE_MEASURES)[ours]): ours for ours in measures}
    qrels: dict[str, dict[str, int]] = {}
    run: dict[str, dict[str, float]] = {}
    for pattern, ranks, found, missed in patterns.iter_rows():
        at = dict(zip(ranks, found, strict=True))
        run[pattern] = {str(rank): -float(rank) for rank in range(1, max(ranks, default=0) + 1)}
        qrels[pattern] = {str(rank): relevance for rank, relevance in at.items()} | {f"missed {i}": r for i, r in enumerate(missed)}
    calculated = list(ir_measures.iter_calc(list(names), qrels, run))
    long = pl.DataFrame(
        {
            "pattern": [m.query_id for m in calculated],
            "metric": [names[m.measure] for m in calculated],
            "value": [float(m.value) for m in calculated],
        },
        schema={"pattern": pl.String, "metric": pl.String, "value": pl.Float64},
    )
    return long.pivot(on="metric", on_columns=list(measures), index="pattern", values="value")


def mean(metrics: pl.DataFrame, metric: str = PRIMARY) -> float:
    """Mean of one metric over the queries of `per_query`, rounded to six decimals; 0 without any query."""
    found = metrics[metric].mean()
    return _plain(found) if isinstance(found, float) else 0.0


def summary(metrics: pl.DataFrame, *, samples: int, seed: int) -> dict[str, Interval]:
    """Mean of each metric over the queries, with a 95 % percentile bootstrap interval.

    Args:
        metrics: What `per_query` gives; at least one query.
        samples: Resamplings of the queries.
        seed: Seed of the resamplings. The same seed and number of queries draw the same queries.

    Returns:
        Metric -> value, low, high, rounded to six decimals.
    """
    values = metrics.select(*MEASURES).to_numpy()
    low, high = _bounds(values, samples=samples, seed=seed)
    means = values.mean(axis=0)
    rows = zip(MEASURES, means, low, high, strict=True)
    return {name: {"value": _plain(v), "low": _plain(lo), "high": _plain(hi)} for name, v, lo, hi in rows}


def difference(metrics: pl.DataFrame, baseline: pl.DataFrame, *, samples: int, seed: int) -> dict[str, Interval]:
    """Paired difference of two systems on the same queries, as `summary` gives it for one."""
    both = metrics.join(baseline, on="query_id", how="inner", suffix="_baseline", validate="1:1").sort("query_id")
    paired = both.select("query_id", *(pl.col(m) - pl.col(f"{m}_baseline") for m in MEASURES))
    return summary(paired, samples=samples, seed=seed)


def _bounds(values: npt.NDArray[np.float64], *, samples: int, seed: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Percentile bootstrap (Efron 1979): the middle 95 % of the means of resampled rows."""
    rng = np.random.default_rng(seed)
    n = len(values)
    size = max(1, _BLOCK // n)
    means = [_resampled(values, rng.integers(0, n, size=(min(size, samples - start), n))) for start in range(0, samples, size)]
    tail = (1 - _CONFIDENCE) / 2
    low, high = np.quantile(np.concatenate(means), (tail, 1 - tail), axis=0)
    return low, high


def _resampled(values: npt.NDArray[np.float64], draws: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Means of the drawn rows: how often each row was drawn, times the rows."""
    b, n = draws.shape
    counts = np.bincount((draws + np.arange(b)[:, None] * n).ravel(), minlength=b * n).reshape(b, n)
    means: npt.NDArray[np.float64] = counts @ values / n
    return means


def _plain(number: float) -> float:
    return round(float(number), _DECIMALS) + 0.0  # + 0.0 turns -0.0 into 0.0
