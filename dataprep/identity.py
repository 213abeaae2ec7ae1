"""Row ids: what a row says decides its id, never where it stands.

The content digest of a row is the first 16 hex digits of the SHA-256 of its parts. The first row
of some content has its content digest as id; the n-th equal one (n counts from 1) has the first
16 hex digits of the SHA-256 of "<content digest>:<n - 1>". So equal rows have distinct ids, and
the set of ids does not depend on the order of rows or files.

64 bits: among 10^8 distinct rows two share a digest with probability 3e-4 (birthday bound n²/2^65);
they would be numbered as if they were equal, and still get distinct ids.
"""

from collections.abc import Sequence
from hashlib import sha256

import polars as pl

from dataprep.text import ROW_HEX

_SLICE_ROWS = 1_000_000


def content_digest(*parts: pl.Expr) -> pl.Expr:
    """First 16 hex digits of the SHA-256 of a row's parts.

    Every part is led by its length in bytes, so ("ab", "c") and ("a", "bc") differ whatever the
    texts hold.

    Args:
        parts: String expressions, in an order that means something. Null counts as "".

    Returns:
        String expression of 16 hex digits, never null.
    """
    framed: list[pl.Expr] = []
    for part in parts:
        text = part.fill_null("")
        framed += [text.str.len_bytes().cast(pl.String), pl.lit(":"), text]
    return pl.concat_str(framed).map_batches(_digests, return_dtype=pl.String, is_elementwise=True)


def _digests(texts: pl.Series) -> pl.Series:
    hexes = [sha256(text).hexdigest()[:ROW_HEX] for text in texts.cast(pl.Binary)]
    return pl.Series(texts.name, hexes, dtype=pl.String)


def as_number(digest: pl.Expr) -> pl.Expr:
    """The 16 hex digits as one unsigned number: 8 bytes per row instead of a text."""
    return digest.str.to_integer(base=16, dtype=pl.UInt64)


def order_free_digest(numbers: pl.Series) -> str:
    """SHA-256 over content digests, the same for any order of the rows.

    Args:
        numbers: Content digests as numbers (`as_number`), sorted.

    Returns:
        64 hex digits. Rows that were added, removed or changed change it; moved ones do not.
    """
    total = sha256()
    for start in range(0, numbers.len(), _SLICE_ROWS):
        total.update(numbers.slice(start, _SLICE_ROWS).to_numpy().astype(">u8").tobytes())
    return total.hexdigest()


def repeated(numbers: pl.Series) -> pl.Series:
    """The content digests that more than one row has.

    Args:
        numbers: Content digests as numbers, sorted.

    Returns:
        Each repeated digest once, sorted.
    """
    return numbers.filter(numbers == numbers.shift(1)).unique().sort()


def later_occurrences(rows: pl.LazyFrame, *, order: Sequence[str]) -> pl.LazyFrame:
    """New ids for all but the first of equal rows.

    Args:
        rows: Rows of repeated contents alone, with the column `number` (content digest as number).
        order: Columns that say which of equal rows counts as the first.

    Returns:
        The rows to rename, with their id (16 hex digits) in the new column `renamed`.
    """
    occurrence = pl.int_range(pl.len()).over("number")
    text = pl.concat_str([pl.col("digest"), pl.lit(":"), pl.col("occurrence").cast(pl.String)])
    renamed = text.map_batches(_digests, return_dtype=pl.String, is_elementwise=True)
    numbered = rows.sort("number", *order).with_columns(occurrence=occurrence)
    return numbered.filter(pl.col("occurrence") > 0).with_columns(renamed=renamed).drop("occurrence")
