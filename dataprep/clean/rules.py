"""What a cleaning rule is, and how rules are made of Python functions."""

from collections.abc import Callable
from typing import NamedTuple

import polars as pl


class Rule(NamedTuple):
    """A text to text rule, and which texts it may concern at all.

    Attributes:
        concerns: Text to boolean. Where it is false, the text stays as it is; must be cheap, for it sees every text.
        mend: Text to text.
        spares_plain: Whether it concerns no plain text, see `mojibake.ODD`: only the others are looked at.
    """

    concerns: Callable[[pl.Expr], pl.Expr]
    mend: Callable[[pl.Expr], pl.Expr]
    spares_plain: bool = False


def each(mend: Callable[[str], str]) -> Callable[[pl.Expr], pl.Expr]:
    """Make an expression of a function of one text, called once per distinct text."""

    def mended(texts: pl.Series) -> pl.Series:
        distinct = texts.unique()
        after = pl.Series([None if text is None else mend(text) for text in distinct], dtype=pl.String)
        return texts.replace_strict(distinct, after, return_dtype=pl.String)

    return lambda text: text.map_batches(mended, return_dtype=pl.String, is_elementwise=True)
