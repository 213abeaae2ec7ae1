"""The characters that Unicode normalisation leaves alone, so that most texts need none.

Normalising (NFKC) costs more than any other step of folding a text, and changes nothing in texts of
ASCII, Latin letters with diacritics and typographic punctuation: nearly all Polish ones. These sets
are derived from Unicode's own tables, so that a text of usual characters alone folds to the same
with and without it.
"""

from collections.abc import Callable
from unicodedata import category, normalize

import polars as pl


def _is_separator(char: str) -> bool:
    """Whether no letter, mark or digit comes out of a character: folding turns it into white space."""
    return not any(category(part)[0] in "LMN" for part in normalize("NFKC", char))


def _is_normal_letter(char: str) -> bool:
    """Whether a letter of two bytes is normal, and its lower case as well, with the same first byte."""
    lower = char.lower()
    return char.isalpha() and normalize("NFKC", char + lower) == char + lower and lower.encode()[:-1] == char.encode()[:1]


LETTERS = tuple(char for char in map(chr, range(0xC0, 0x180)) if _is_normal_letter(char))  # U+00C0 to U+017F
MARKS = tuple(char for char in map(chr, [*range(0x80, 0xC0), *range(0x2000, 0x2040)]) if _is_separator(char))
UNUSUAL = f"[^\x01-\x7f{''.join(LETTERS + MARKS)}]"  # pattern of any other character; NUL is one


def where_matching(texts: pl.Series, pattern: str, change: Callable[[pl.Expr], pl.Expr], *, otherwise: pl.Series) -> pl.Series:
    """Change the texts that match a pattern, and take the others from elsewhere. Null stays null.

    A `when` expression would compute the change for every text; here only those that need it pay.
    """
    places = texts.str.contains(pattern).arg_true()
    if places.is_empty():
        return otherwise
    changed = texts.gather(places).to_frame("text").select(change(pl.col("text"))).to_series()
    return otherwise.clone().scatter(places, changed)
