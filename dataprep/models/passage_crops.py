"""Training pairs out of passages alone: two spans of one passage, cut out independently of each other.

Independent cropping (Izacard et al. 2022, "Unsupervised Dense Information Retrieval with Contrastive
Learning", section 3.1): the spans may overlap, so equal words count, which a sentence and the rest of its
passage do not teach. Where a span lies is a function of the passage's id and its number alone: the same
passages give the same spans in any order, on any machine.
"""

import polars as pl

from dataprep.text import passage_text

MIN_WORDS = 8  # of a passage
_MIN_SPAN = 3  # words
_ANCHOR, _POSITIVE = (0.1, 0.5), (0.3, 0.9)  # shares of the passage's words: short as a question, long as a passage
_MODULUS, _FACTOR = 2**31 - 1, 48_271  # Lehmer's generator as in C++'s minstd_rand (Park, Miller and Stockmeyer 1993)
_HEX = 8


def crop_pairs(passages: pl.LazyFrame, *, per_passage: int) -> pl.LazyFrame:
    """Pairs of spans.

    Args:
        passages: passage_id ("p" and 20 hex digits), title, text.
        per_passage: Pairs of each passage.

    Returns:
        anchor (10-50 % of the passage's words in a row), positive (title and 30-90 % of them), group (passage_id: spans of
        one passage answer each other and must not share a batch). Passages of fewer than 8 words give no row.
    """
    words = passages.select("passage_id", "title", words=pl.col("text").str.split(" ")).filter(pl.col("words").list.len() >= MIN_WORDS)
    numbered = words.with_columns(number=pl.lit(list(range(per_passage)), dtype=pl.List(pl.Int64))).explode("number")
    drawn = numbered.with_columns(_draws())
    anchor, positive = _span("draw_0", "draw_1", *_ANCHOR), _span("draw_2", "draw_3", *_POSITIVE)
    return drawn.select(anchor=anchor, positive=passage_text(pl.col("title"), positive), group="passage_id")


def _draws() -> list[pl.Expr]:
    """Four numbers of 0-1 per row, from the digits of the passage's id and the number of the pair."""
    digits = pl.col("passage_id").str.slice(1, _HEX).str.to_integer(base=16, dtype=pl.Int64)
    state = (digits + (pl.col("number") + 1) * 1_000_003) % (_MODULUS - 1) + 1
    for _ in range(3):  # neighbouring seeds have similar first numbers
        state = state * _FACTOR % _MODULUS
    found = []
    for i in range(4):
        state = state * _FACTOR % _MODULUS
        found.append((state / _MODULUS).alias(f"draw_{i}"))
    return found


def _span(length: str, start: str, least: float, most: float) -> pl.Expr:
    """A span of the words: its share lies between least and most, its start anywhere."""
    n_words = pl.col("words").list.len().cast(pl.Int64)
    taken = (n_words * (least + pl.col(length) * (most - least))).cast(pl.Int64).clip(_MIN_SPAN, n_words)
    first = (pl.col(start) * (n_words - taken + 1)).cast(pl.Int64)
    return pl.col("words").list.slice(first, taken).list.join(" ")
