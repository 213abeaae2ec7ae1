"""What a model could exploit without reading: length, and words that question and passage share."""

from collections.abc import Callable
from typing import Any

import polars as pl

from dataprep import io
from dataprep.statistics.shared_words import shared_words
from dataprep.text import ID_HEX, number

MAX_ROWS = 200_000  # with a quarter of them relevant the AUC's standard error is 0.0015 (Hanley & McNeil 1982)


def _text_is_below(bound: int) -> pl.Expr:
    return number(pl.col("passage")) < pl.lit(bound, pl.Int128)


def id_is_below(bound: int) -> pl.Expr:
    """Whether the digest that `passage_id` is made of is below a number."""
    return pl.col("passage_id") < f"p{bound:0{ID_HEX}x}"


def sampled(rows: pl.LazyFrame, is_below: Callable[[int], pl.Expr] = _text_is_below) -> pl.LazyFrame:
    """The judged rows (label not null); of more than MAX_ROWS about as many, those whose passages have the smallest digests.

    So neither the order of the rows nor anything drawn decides which.

    Args:
        rows: `label`, and what `is_below` reads.
        is_below: Whether the digest of a row's passage is below a number; by default that of the text in `passage`.
    """
    judged = rows.filter(pl.col("label").is_not_null())
    n_rows = io.height(judged)
    return judged.filter(is_below(16**ID_HEX * MAX_ROWS // n_rows)) if n_rows > MAX_ROWS else judged


def probe(judged: pl.LazyFrame) -> dict[str, Any] | None:
    """How well length alone, or word overlap alone, tells relevant passages from others.

    Args:
        judged: `question`, `passage` and `label`, which is not null.

    Returns:
        `rows`, the number of those that were probed.
        Per probe `auc` (chance that a relevant passage has the larger value, ties count half; 0.5 says
        nothing), `best_accuracy` of one threshold in either direction beside `majority_fraction`
        (the accuracy of always giving the commoner label), and for length the classes that a length
        gives away. Null where only one label occurs.
    """
    counted = judged.select("label", counts=shared_words("question", "passage")).unnest("counts")
    measured = counted.select("words", overlap=pl.col("shared") / pl.col("distinct"), is_relevant=pl.col("label") >= 1).collect()
    words, overlap = _by_value(measured, "words"), _by_value(measured, "overlap")
    n_relevant, n_other = int(words["relevant"].sum()), int(words["other"].sum())
    if not n_relevant or not n_other:
        return None
    return {
        "rows": n_relevant + n_other,
        "majority_fraction": round(max(n_relevant, n_other) / (n_relevant + n_other), 4),
        "length": {**_separation(words), **_given_away(words)},
        "word_overlap": _separation(overlap),
    }


def _by_value(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """Relevant and other rows per value, sorted by value."""
    relevant = pl.col("is_relevant")
    known = rows.filter(pl.col(column).is_not_null() & pl.col(column).cast(pl.Float64).is_not_nan())
    return known.group_by(pl.col(column).alias("value")).agg(relevant=relevant.sum(), other=(~relevant).sum()).sort("value")


def _separation(counts: pl.DataFrame) -> dict[str, float]:
    """Area under the ROC curve (Mann-Whitney) and the accuracy of the best threshold."""
    relevant, other = pl.col("relevant").cast(pl.Float64), pl.col("other").cast(pl.Float64)
    n_right = other.cum_sum() + relevant.sum() - relevant.cum_sum()  # if only larger values are called relevant
    n_rows = relevant.sum() + other.sum()
    found = counts.select(
        auc=(relevant * (other.cum_sum() - other / 2)).sum() / (relevant.sum() * other.sum()),
        best_accuracy=pl.max_horizontal(n_right.max(), n_rows - n_right.min(), relevant.sum(), other.sum()) / n_rows,
    )
    return {name: round(value, 4) for name, value in found.row(0, named=True).items()}


def _given_away(counts: pl.DataFrame) -> dict[str, Any]:
    """Lengths at the short and long end at which all passages carry one label."""
    relevant, other = counts.filter(pl.col("relevant") > 0)["value"], counts.filter(pl.col("other") > 0)["value"]
    shortest, longest = int(relevant[0]), int(relevant[-1])  # sorted, and not empty: both labels occur
    short, long = counts.filter(pl.col("value") < shortest), counts.filter(pl.col("value") > longest)
    return {
        "shortest_relevant_words": shortest,
        "n_shorter_all_not_relevant": int(short["other"].sum()),
        "longest_relevant_words": longest,
        "n_longer_all_not_relevant": int(long["other"].sum()),
        "shortest_not_relevant_words": int(other[0]),
        "longest_not_relevant_words": int(other[-1]),
    }
