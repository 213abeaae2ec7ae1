"""What an epoch of training costs in tokens, and how much of it is padding."""

from collections.abc import Sequence
from math import exp, lgamma
from typing import Any

import polars as pl


def epoch_cost(columns: Sequence[pl.DataFrame], *, max_tokens: int | None, batch_size: int) -> dict[str, Any]:
    """Tokens of one epoch over a table whose rows are shuffled, with each column of a batch padded to its longest text.

    Models with static embeddings pad nothing; for them `tokens` is the whole cost.

    Args:
        columns: Per text column of the table, `value` (tokens) and `n_texts`, sorted by value.
        max_tokens: Longer texts are cut to this; null cuts none.
        batch_size: Rows per batch; the last batch may be smaller.

    Returns:
        `rows`, `steps`, `tokens` (after truncation), `padded_tokens` (expected over all shuffles) and
        `padding_fraction` (share of the padded tokens that are padding; null without rows).
    """
    n_rows = int(columns[0]["n_texts"].sum()) if columns else 0
    steps, rest = divmod(n_rows, batch_size)
    sizes = [(batch_size, steps)] * (steps > 0) + [(rest, 1)] * (rest > 0)
    tokens, padded = 0, 0.0
    for column in columns:
        value = pl.col("value") if max_tokens is None else pl.col("value").clip(upper_bound=max_tokens)
        cut = column.group_by(value).agg(pl.col("n_texts").sum()).sort("value")
        tokens += int((cut["value"] * cut["n_texts"]).sum())
        padded += sum(n_batches * size * expected_longest(cut, size) for size, n_batches in sizes)
    return {
        "rows": n_rows,
        "batch_size": batch_size,
        "steps": steps + (rest > 0),
        "tokens": tokens,
        "padded_tokens": round(padded),
        "padding_fraction": round(1 - tokens / padded, 4) if padded else None,
    }


def expected_longest(lengths: pl.DataFrame, size: int) -> float:
    """Expected length of the longest of `size` texts drawn without replacement.

    With N texts of which N(v) are at most v long, the longest is at most v in C(N(v), size) of the
    C(N, size) draws (order statistics of a finite population).

    Args:
        lengths: `value` and `n_texts`, sorted by value.
        size: Texts drawn, from 1 to all of them.
    """
    n_texts = int(lengths["n_texts"].sum())
    expected, at_most_before, below = 0.0, 0.0, 0
    for value, weight in lengths.iter_rows():
        below += weight
        at_most = exp(_log_choose(below, size) - _log_choose(n_texts, size)) if below >= size else 0.0
        expected += value * (at_most - at_most_before)
        at_most_before = at_most
    return expected


def _log_choose(n: int, k: int) -> float:
    """Natural logarithm of the binomial coefficient."""
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
