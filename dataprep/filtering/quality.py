"""Measures of a text, as expressions: how much of it is letters, repeats itself, asks, or breaks off."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataprep.folding import chunks
from dataprep.words import of_row
from dataprep.words import words as words_of

_NGRAM = 3


def words(text: pl.Expr) -> pl.Expr:
    """Number of words: runs between white space with at least one letter or digit. Null in, null out."""
    return text.str.count_matches(r"\S*[\p{L}\p{N}]\S*")


def letter_fraction(text: pl.Expr) -> pl.Expr:
    """Share of letters, accents included, among the characters that are not white space; 0 for none. Null in, null out."""
    return 1 - _share(text, r"[^\p{L}\p{M}\s]", of_none=1.0)


def digit_fraction(text: pl.Expr) -> pl.Expr:
    """Share of digits and other numerals among the characters that are not white space; 0 for none. Null in, null out."""
    return _share(text, r"\p{N}", of_none=0.0)


def symbol_fraction(text: pl.Expr) -> pl.Expr:
    """Share of what is neither letter nor numeral among the characters that are not white space; 0 for none. Null in, null out."""
    return _share(text, r"[^\p{L}\p{M}\p{N}\s]", of_none=0.0)


def _share(text: pl.Expr, pattern: str, *, of_none: float) -> pl.Expr:
    n_characters = text.str.len_chars() - text.str.count_matches(r"\s")
    share = text.str.count_matches(pattern) / n_characters
    return pl.when(n_characters == 0).then(of_none).otherwise(share)


def repeated_fraction(text: pl.Expr) -> pl.Expr:
    """Share of the words that are part of a repetition: of a word 3-gram that stood earlier in the text.

    Words are compared folded. 0 for texts of fewer than four words; a text written twice has about 0.5.
    Null in, null out.
    """

    def measured(texts: pl.Series) -> pl.Series:
        fractions = np.concatenate([_repeated_fractions(part) for part in chunks(texts.fill_null(""))])
        return pl.select(pl.when(texts.is_not_null()).then(pl.Series(texts.name, fractions))).to_series()

    return text.map_batches(measured, return_dtype=pl.Float64, is_elementwise=True)


def _repeated_fractions(texts: pl.Series) -> NDArray[np.float64]:
    word, n_words = words_of(texts)
    text_of = np.repeat(np.arange(len(texts)), n_words)
    is_part = np.zeros(len(word), dtype=bool)
    if len(word) >= _NGRAM:
        # Equal 3-grams of one text have equal codes; others share one with a probability of about 1e-19 per pair.
        code = (word[:-2] * np.uint64(3) + word[1:-1]) * np.uint64(5) + word[2:]
        code = of_row(code, text_of[2:])
        is_whole = text_of[:-2] == text_of[2:]
        repeats = np.flatnonzero(is_whole)[~pl.Series(code[is_whole]).is_first_distinct().to_numpy()]
        for offset in range(_NGRAM):
            is_part[repeats + offset] = True
    n_repeated = np.bincount(text_of[is_part], minlength=len(texts))
    fractions: NDArray[np.float64] = n_repeated / np.maximum(n_words, 1)
    return fractions


_ASKING = (
    r"kto|kogo|komu|kim|co|czego|czemu|czym|jak|jaki|jaka|jaką|jakie|jakiego|jakiej|jakiemu|jakim|jakimi|jakich|jacy|któr\p{L}+"
    r"|ile|ilu|iloma|iloro|gdzie|kiedy|skąd|dokąd|odkąd|którędy|dlaczego|czy|czyj\p{L}*|czyi\p{L}*|po ?co"
)
_ASIDE = (
    r"^\W*(?:według|wedle|zdaniem|oprócz|prócz|poza)\s+(?:[\w„”\"'’-]+\s+){0,1}[\w„”\"'’-]+,\s*"  # before what asks, and without a verb
)
_RELATIVE = rf",\s*(?:\p{{L}}{{1,5}}\s+)?(?:{_ASKING})\b"
_REQUEST = r"podaj|wymień|wskaż|opisz|nazwij|wyjaśnij|określ|powiedz|znajdź|przetłumacz|oblicz|napisz|dokończ|porównaj|scharakteryzuj"


def is_statement(question: pl.Expr) -> pl.Expr:
    """Whether a question is none: nothing in it asks.

    A question has an interrogative word and a question mark, or the word among its first three, or it
    begins with a request ("podaj …"). A question mark alone does not make one, nor does a relative
    clause: "Giles Hart działał w ruchu, który zbierał fundusze?". What merely names a view goes before:
    "Według historyków, w którym roku powstało opactwo?". Null in, null out.
    """
    lower = question.str.to_lowercase().str.replace(_ASIDE, "").str.replace_all(_RELATIVE, ",")
    asks_somewhere = lower.str.contains("?", literal=True) & lower.str.contains(rf"\b(?:{_ASKING})\b")
    return ~(asks_somewhere | lower.str.contains(rf"^\W*(?:\w+\W+){{0,2}}(?:{_ASKING})\b|^\W*(?:{_REQUEST})\b"))


def is_truncated(passage: pl.Expr) -> pl.Expr:
    """Whether a passage breaks off: it ends in neither a closing mark nor a bracket, or within a parenthesis.

    So do lists and headings, which cannot be told apart from it. A parenthesis that was forgotten further
    up, with whole ones behind it, is a slip of the pen. Null in, null out.
    """
    ends = passage.str.contains(r"""[.!?…]["”»'’)\]]*\s*$|[)\]"”»]\s*$""")
    return ~ends | passage.str.contains(r"\([^()]*$")
