"""What passages are made of: words, letters, digits, symbols and what is repeated.

Nearly every passage has usual characters alone (see `usual`). Those are counted many at once, on their
bytes: folding leaves every byte in its place, so a byte that it made a separator still shows what it was.
Any other passage is counted by patterns. Both ways give the same measures.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataprep import folding
from dataprep.folding import END, SPACE, Bytes, chunks, folded_usual, joined
from dataprep.text import fold
from dataprep.usual import MARKS, UNUSUAL
from dataprep.words import Integers, Spans, Words, hashes_of, of_row
from dataprep.words import words as words_of

MEASURES = pl.Schema(
    {
        "passage_words": pl.UInt32(),  # runs between white space with at least one letter or digit
        "letter_fraction": pl.Float64(),  # of the characters that are not white space; accents are letters; 0 for none
        "digit_fraction": pl.Float64(),  # the same of digits and other numerals
        "symbol_fraction": pl.Float64(),  # the same of what is neither
        "repeated_fraction": pl.Float64(),  # words, folded, that are part of a 3-gram that stood earlier; 0.5 if a text stands twice
        "passage_equals_question": pl.Boolean(),  # folded; null where either is null
    }
)
_COUNTS = pl.Schema(  # characters beside white space, and those of `text.fold`
    {**dict.fromkeys(("n_chars", "n_digits", "n_symbols", "n_words", "folded_chars"), pl.UInt32()), "repeated": pl.Float64()}
)

_NGRAM = 3
_WHITE, _SYMBOL, _INNER = 1, 2, 3  # kinds of separators beside END; an inner byte of a mark is none


def measures(passage: pl.Expr, question: pl.Expr) -> pl.Expr:
    """Measure passages: a struct of MEASURES, all null where the passage is null.

    Args:
        passage: String expression.
        question: String expression, what the passage is to answer.
    """
    return pl.map_batches([passage, question], lambda columns: _measured(*columns), return_dtype=pl.Struct(MEASURES), is_elementwise=True)


def _measured(passages: pl.Series, questions: pl.Series) -> pl.Series:
    known = passages.fill_null("")
    is_unusual = known.str.contains(UNUSUAL)
    counts = [*map(_by_bytes, chunks(known.filter(~is_unusual))), _by_patterns(known.filter(is_unusual))]
    places = pl.concat([(~is_unusual).arg_true(), is_unusual.arg_true()])
    counted = pl.concat([one.cast(_COUNTS) for one in counts])[places.arg_sort()]
    equal = _equal(passages, questions, counted["folded_chars"]).alias("passage_equals_question")
    measured = counted.select(*_fractions(), passage_words="n_words", repeated_fraction="repeated").with_columns(equal)
    return measured.select(pl.when(passages.is_not_null()).then(pl.struct(MEASURES.names()))).to_series()


def _fractions() -> list[pl.Expr]:
    """The shares among the characters that are not white space, of _COUNTS."""
    n_chars, n_digits, n_symbols = pl.col("n_chars"), pl.col("n_digits"), pl.col("n_symbols")
    shares = {"letter": 1 - (n_digits + n_symbols) / n_chars, "digit": n_digits / n_chars, "symbol": n_symbols / n_chars}
    return [pl.when(n_chars == 0).then(0.0).otherwise(share).alias(f"{kind}_fraction") for kind, share in shares.items()]


def _equal(passages: pl.Series, questions: pl.Series, folded_chars: pl.Series) -> pl.Series:
    """Whether the texts are equal, folded. A passage whose folded text is longer or shorter need not be folded."""
    asked = folding.folded(questions)
    is_as_long = (asked.str.len_chars() == folded_chars) & passages.is_not_null()
    told = folding.folded(passages.filter(is_as_long))
    equal = pl.select(pl.when(questions.is_not_null()).then(pl.lit(value=False))).to_series()
    return equal.scatter(is_as_long.arg_true(), asked.filter(is_as_long) == told)


def _by_patterns(texts: pl.Series) -> pl.DataFrame:
    """_COUNTS of any texts."""
    text = pl.col("text")
    counts = {
        "n_chars": text.str.len_chars() - text.str.count_matches(r"\s"),
        "n_digits": text.str.count_matches(r"\p{N}"),
        "n_symbols": text.str.count_matches(r"[^\p{L}\p{M}\p{N}\s]"),
        "n_words": text.str.count_matches(r"\S*[\p{L}\p{N}]\S*"),
        "folded_chars": fold(text).str.len_chars(),
    }
    return texts.to_frame("text").select(**counts, repeated=pl.lit(pl.Series(_repeated_fractions(words_of(texts)))))


def _by_bytes(texts: pl.Series) -> pl.DataFrame:
    """_COUNTS of texts of usual characters."""
    raw = joined(texts)
    data = folded_usual(raw)
    separators = np.flatnonzero(data <= SPACE)
    kinds = _kinds(raw, separators)
    ends = np.flatnonzero(kinds == END)[: len(texts)]  # no text at all is one END too
    starts = np.append(0, ends + 1)[:-1]  # of each text, its first and its last separator

    def counted(is_one: NDArray[np.bool_]) -> Integers:
        counts: Integers = np.add.reduceat(is_one, starts, dtype=np.int64)
        return counts

    is_word = np.diff(separators, prepend=-1) > 1
    spans = Spans(data, np.append(0, separators[:-1] + 1)[is_word], separators[is_word], counted(is_word))
    digits = np.flatnonzero(raw - np.uint8(ord("0")) < 10)  # noqa: PLR2004 - bytes below 0 wrap around
    n_chars = texts.str.len_chars().to_numpy() - counted(kinds == _WHITE)
    n_symbols = counted(kinds == _SYMBOL)
    counts = {
        "n_chars": n_chars,
        "n_digits": np.diff(np.searchsorted(digits, separators[ends]), prepend=0),
        "n_symbols": n_symbols,
        "n_words": counted(_is_first(is_word, kinds)),
        "folded_chars": n_chars - n_symbols + np.maximum(spans.counts - 1, 0),
        "repeated": _repeated_fractions(Words(hashes_of(spans), spans.counts)),
    }
    return pl.DataFrame(counts)


_KINDS = np.full(0x100, _INNER, np.uint8)
_KINDS[END] = END
for _byte in range(1, 0x80):
    _KINDS[_byte] = _WHITE if chr(_byte) in "\t\n\v\f\r " else _SYMBOL
_WHITE_MARKS = np.zeros((2, 0x100), bool)  # by the number of bytes, less two, and the last of them
for _mark in MARKS:
    _WHITE_MARKS[len(_mark.encode()) - 2, _mark.encode()[-1]] = _mark.isspace()


def _kinds(raw: Bytes, separators: Integers) -> Bytes:
    """What each separator was: one of the kinds."""
    were = raw[separators]
    kinds = _KINDS[were]
    for n_bytes, first in ((2, 0xC2), (3, 0xE2)):
        marks = np.flatnonzero(were == first)
        kinds[marks] = np.where(_WHITE_MARKS[n_bytes - 2, raw[separators[marks] + n_bytes - 1]], _WHITE, _SYMBOL)
    return kinds


def _is_first(is_word: NDArray[np.bool_], kinds: Bytes) -> NDArray[np.bool_]:
    """Of the folded words, those that are the first between white space; a word by the separator at its end."""
    is_gap = kinds <= _WHITE
    n_gaps_before: Integers = np.cumsum(is_gap) - is_gap
    is_first = is_word.copy()
    is_first[is_word] = np.diff(n_gaps_before[is_word], prepend=-1) > 0
    return is_first


def _repeated_fractions(words: Words) -> NDArray[np.float64]:
    word, n_words = words
    text_of = np.repeat(np.arange(len(n_words)), n_words)
    is_part = np.zeros(len(word), dtype=bool)
    if len(word) >= _NGRAM:
        # Equal 3-grams of one text have equal codes; others share one with a probability of about 1e-19 per pair.
        code = (word[:-2] * np.uint64(3) + word[1:-1]) * np.uint64(5) + word[2:]
        code = of_row(code, text_of[2:])
        is_whole = text_of[:-2] == text_of[2:]
        repeats = np.flatnonzero(is_whole)[~pl.Series(code[is_whole]).is_first_distinct().to_numpy()]
        for offset in range(_NGRAM):
            is_part[repeats + offset] = True
    n_repeated = np.bincount(text_of[is_part], minlength=len(n_words))
    fractions: NDArray[np.float64] = n_repeated / np.maximum(n_words, 1)
    return fractions
