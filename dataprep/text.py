"""Keys under which texts count as equal, and the ids made from them."""

from hashlib import sha256

import polars as pl

from dataprep import folding

ID_HEX = 20  # 80 bits: 10^10 distinct texts collide with probability 4e-5 (birthday bound n²/2^81)
ROW_HEX = 16
_SEPARATOR = "\x1f"


def fold(text: pl.Expr) -> pl.Expr:
    """Key under which two texts count as the same text when leaks and duplicates are looked for.

    NFKC, lower case, NFKC again (lower-casing can undo it), every run of anything but letters and
    digits to one space, ends trimmed. So case, punctuation and white space do not count.

    Args:
        text: String expression, one text per row.

    Returns:
        String expression of the same length. Null in, null out. Idempotent. A text without any
        letter or digit folds to "".
    """
    return text.map_batches(folding.folded, return_dtype=pl.String, is_elementwise=True)


def digest(*parts: str, length: int) -> str:
    """First `length` hex digits of the SHA-256 of the parts, which no other parts joined could give."""
    return sha256(_SEPARATOR.join(parts).encode()).hexdigest()[:length]


def _digests(texts: pl.Series, prefix: str) -> pl.Series:
    ids = [None if t is None else prefix + sha256(t.encode()).hexdigest()[:ID_HEX] for t in texts]
    return pl.Series(texts.name, ids, dtype=pl.String)


def query_id(text: pl.Expr) -> pl.Expr:
    """Id of a question: "q" and 20 hex digits of the SHA-256 of its cleaned text, the same in every release."""
    return text.map_batches(lambda s: _digests(s, "q"), return_dtype=pl.String, is_elementwise=True)


def passage_id(text: pl.Expr) -> pl.Expr:
    """Id of a passage: "p" and 20 hex digits of the SHA-256 of its cleaned text, the same in every release."""
    return text.map_batches(lambda s: _digests(s, "p"), return_dtype=pl.String, is_elementwise=True)


def passage_text(title: pl.Expr, text: pl.Expr) -> pl.Expr:
    """A passage as models and BM25 read it: its title, a space and its text, as BEIR and mteb join them; the text alone without a title."""
    return pl.when(title.fill_null("") == "").then(text).otherwise(title + pl.lit(" ") + text)
