"""Rows by hashes of their texts: what statistics of repetition count, in 33 bytes a row, each text folded once."""

import polars as pl

from dataprep.text import fold

_SEED = 1  # of all hashes; they are compared with each other alone, so they may change with every version of Polars


def row_keys(rows: pl.LazyFrame) -> pl.DataFrame:
    """Hashes of question and passage, as they are and folded.

    64 bits: among 10⁸ texts a pair is taken for equal with probability 3·10⁻⁴, which moves a count by one.

    Args:
        rows: `question`, `passage` and `label`.

    Returns:
        `question`, `passage`, `folded_question` and `folded_passage` (UInt64), and `label`, a row per row in any order.
    """
    columns = ("question", "passage")
    plain = [pl.col(column).hash(_SEED) for column in columns]
    folded = [fold(pl.col(column)).hash(_SEED).alias(f"folded_{column}") for column in columns]
    return rows.select(*plain, *folded, "label").collect()
