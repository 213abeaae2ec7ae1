"""Texts and rows by hashes: what statistics count distinct ones by.

64 bits: among 10⁸ texts a pair is taken for equal with probability 3·10⁻⁴, which moves a count by one.
"""

import polars as pl

from dataprep.text import fold

_SEED = 1  # of all hashes; they are compared with each other alone, so they may change with every version of Polars


def text_key(text: pl.Expr | str) -> pl.Expr:
    """Hash of a text or of several values (UInt64): distinct ones are counted in 8 bytes each."""
    expression = pl.col(text) if isinstance(text, str) else text
    return expression.hash(_SEED)


def row_keys(rows: pl.LazyFrame) -> pl.DataFrame:
    """Hashes of question and passage, as they are and folded: 33 bytes a row, each text folded once.

    Args:
        rows: `question`, `passage` and `label`.

    Returns:
        `question`, `passage`, `folded_question` and `folded_passage` (UInt64), and `label`, a row per row in any order.
    """
    columns = ("question", "passage")
    folded = [text_key(fold(pl.col(column))).alias(f"folded_{column}") for column in columns]
    return rows.select(*map(text_key, columns), *folded, "label").collect()
