"""What other ways of splitting would have leaked, as an expectation over all draws of the split.

A member of a cluster of k escapes only if none of the other k - 1 falls into train, so the expected share of
leaking members is the mean of 1 - (1 - train_fraction)^(k - 1). A split of whole groups leaks none.
"""

from typing import Any

import polars as pl


def row_wise_leaks(keys: pl.DataFrame, *, train_fraction: float) -> dict[str, Any]:
    """What a split of single rows would leak: held-out rows whose question, or passage, is also trained on.

    Args:
        keys: Every row read, as `row_keys` gives them; texts count as equal when folded.
        train_fraction: Share of rows in train, 0-1.

    Returns:
        `rows`, the expected `held_out_rows`, and for question and passage the leaking share of them
        (`…_leak_fraction`) and their expected number (`…_leak_rows`).
    """
    held_out = round(keys.height * (1 - train_fraction))
    found: dict[str, Any] = {"train_fraction": round(train_fraction, 6), "rows": keys.height, "held_out_rows": held_out}
    for column in ("question", "passage"):
        sizes = keys.group_by(f"folded_{column}").agg(k=pl.len()).group_by("k").agg(n=pl.len()).sort("k")
        share = sizes.select(_leaking(train_fraction)).item()
        found |= {f"{column}_leak_fraction": round(share, 4), f"{column}_leak_rows": round(share * held_out)}
    return found


def question_wise_leaks(queries: pl.LazyFrame, *, train_fraction: float) -> dict[str, Any]:
    """What a split of single questions would leak: held-out questions of which a tied question is trained on.

    Args:
        queries: SPLIT_QUERIES; questions of one group are tied.
        train_fraction: Share of questions in train, 0-1.

    Returns:
        `questions`, `tied_questions` (those in a group of several), the expected `held_out_questions`, and the
        leaking share of these (`leak_fraction`) and their expected number (`leak_questions`).
    """
    sizes = queries.group_by("group_id").agg(k=pl.len()).group_by("k").agg(n=pl.len()).sort("k")
    members = pl.col("k").cast(pl.Int64) * pl.col("n")
    tied = members.filter(pl.col("k") > 1).sum()
    share, n_questions, n_tied = sizes.select(_leaking(train_fraction), n=members.sum(), tied=tied).collect().row(0)
    held_out = round(n_questions * (1 - train_fraction))
    return {
        "train_fraction": round(train_fraction, 6),
        "questions": n_questions,
        "tied_questions": n_tied,
        "held_out_questions": held_out,
        "leak_fraction": round(share, 4),
        "leak_questions": round(share * held_out),
    }


def _leaking(train_fraction: float) -> pl.Expr:
    """Expected share of members of clusters whose cluster reaches into train, for `n` clusters of each size `k`; 0 without members."""
    k = pl.col("k").cast(pl.Int64)
    members = k * pl.col("n")
    return (((1 - (1 - train_fraction) ** (k - 1)) * members).sum() / members.sum()).fill_nan(0.0).fill_null(0.0)
