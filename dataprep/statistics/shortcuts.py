"""What a model could exploit without reading: length, and words that question and passage share."""

from typing import Any

import polars as pl

from dataprep import io
from dataprep.statistics.shared_words import shared_words
from dataprep.text import ID_HEX, number

MAX_ROWS = 200_000  # with a quarter of them relevant the AUC's standard error is 0.0015 (Hanley & McNeil 1982)


def probe(rows: pl.LazyFrame) -> dict[str, Any] | None:
    """How well length alone, or word overlap alone, tells relevant passages from others.

    Of more than MAX_ROWS judged rows about as many are probed, chosen by the digests of their passages: so neither the
    order of the rows nor anything drawn decides which.

    Args:
        rows: `question`, `passage` and `label`; asserted rows (null label) are left out.

    Returns:
        `rows`, the number of those that were probed.
        Per probe `auc` (chance that a relevant passage has the larger value, ties count half; 0.5 says
        nothing), `best_accuracy` of one threshold in either direction beside `majority_fraction`
        (the accuracy of always giving the commoner label), and for length the classes that a length
        gives away. Null where only one label occurs.
    """
    known = rows.filter(pl.col("label").is_not_null())
    if (n_rows := io.height(known)) > MAX_ROWS:
        known = known.filter(number(pl.col("passage")) < pl.lit(16**ID_HEX * MAX_ROWS // n_rows, pl.Int128))
    counted = known.select("label", counts=shared_words("question", "passage")).unnest("counts")
    judged = counted.select("words", overlap=pl.col("shared") / pl.col("distinct"), is_relevant=pl.col("label") >= 1).collect()
    words, overlap = _by_value(judged, "words"), _by_value(judged, "overlap")
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
