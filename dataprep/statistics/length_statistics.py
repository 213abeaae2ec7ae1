"""Statistics of lengths, from how often each length occurs. All are exact."""

from typing import Any

import polars as pl

DISTRIBUTION = pl.Schema(
    {
        "table": pl.String,
        "column": pl.String,
        "split": pl.String,
        "measure": pl.String,  # tokens, characters, words or sentences
        "tokenizer": pl.String,  # null for measures that need none
        "value": pl.Int64,  # the length
        "n_texts": pl.Int64,  # rows that have it
    }
)
_PERCENTILES = {"p50": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99}
_BINS = 20


def summarise(lengths: pl.DataFrame) -> dict[str, Any]:
    """Number, sum, extremes, mean, standard deviation and percentiles.

    Args:
        lengths: `value` and `n_texts`, at least one row, sorted by value.

    Returns:
        `sd` is that of the population (divided by n). A percentile is the smallest length that at least
        that share of the texts does not exceed (the inverse of the empirical distribution function).
    """
    value, weight = lengths["value"], lengths["n_texts"]
    n, total = int(weight.sum()), int((value * weight).sum())
    mean = total / n
    variance = float(((value - mean) ** 2 * weight).sum()) / n
    below = weight.cum_sum()
    percentiles = {name: int(value[int((below < share * n).sum())]) for name, share in _PERCENTILES.items()}
    return {
        "n_texts": n,
        "total": total,
        "min": int(value[0]),
        "mean": round(mean, 3),
        "sd": round(variance**0.5, 3),
        **percentiles,
        "max": int(value[-1]),
    }


def truncation(lengths: pl.DataFrame, limit: int | None) -> dict[str, Any]:
    """Share of texts longer than a limit, and how much of them is cut off; nulls without a limit.

    Args:
        lengths: `value` and `n_texts`.
        limit: Largest length that stays whole.
    """
    if limit is None:
        return {"truncated_fraction": None, "lost": None, "lost_fraction": None}
    cut = lengths.filter(pl.col("value") > limit)
    lost = int(((cut["value"] - limit) * cut["n_texts"]).sum())
    total = int((lengths["value"] * lengths["n_texts"]).sum())
    return {
        "truncated_fraction": round(int(cut["n_texts"].sum()) / int(lengths["n_texts"].sum()), 6),
        "lost": lost,
        "lost_fraction": round(lost / total, 6) if total else 0.0,
    }


def histogram(lengths: pl.DataFrame) -> list[dict[str, int]]:
    """At most about 20 bins of one round width up to the 99th percentile, and one more up to the longest.

    Args:
        lengths: `value` and `n_texts`, sorted by value.

    Returns:
        Bins with `from`, `to` (both inside the bin) and `n_texts`; empty bins in between are there too.
    """
    figures = summarise(lengths)
    low, high = figures["min"], figures["p99"]
    width = _round_width((high - low + 1) / _BINS)
    start = low // width * width
    n_bins = (high - start) // width + 1
    bins = [{"from": start + i * width, "to": start + (i + 1) * width - 1, "n_texts": 0} for i in range(n_bins)]
    if figures["max"] > bins[-1]["to"]:
        bins.append({"from": bins[-1]["to"] + 1, "to": figures["max"], "n_texts": 0})
    for value, n_texts in lengths.iter_rows():
        bins[min((value - start) // width, len(bins) - 1)]["n_texts"] += n_texts
    return bins


def _round_width(wanted: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50 … that is at least as wide as wanted."""
    power = 1
    while True:
        for step in (1, 2, 5):
            if step * power >= wanted:
                return step * power
        power *= 10
