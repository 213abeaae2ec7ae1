"""Word n-grams of texts as 64-bit hashes, computed on the bytes of many texts at once.

A folded text is words joined by single spaces, so a word n-gram is a run of its bytes, and a
polynomial hash of any run is a difference of two prefix sums (Karp & Rabin 1987). That hashes every
n-gram of a chunk without making a single word object. The base is a constant of this module, so
the hashes are the same in every version of numpy, Polars and Python.

How often can two different n-grams get one hash? With 64 bits, 50 million distinct n-grams give
7·10⁻⁵ expected colliding pairs, and one such pair adds one common n-gram to two texts that
share no other: it cannot make a link.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Integers = NDArray[np.int64]

_BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse; 5 modulo 8, so that its powers repeat as late as they can
_MIX = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))  # MurmurHash3's 64-bit finaliser
_SHIFT = np.uint64(33)
_SPACE, _NEWLINE = 32, 10


class Shingles(NamedTuple):
    """The n-grams of a run of texts: `counts[i]` hashes for text i, one text after the other, repeats included."""

    hashes: Hashes
    counts: Integers


def shingles(folded: pl.Series, *, shingle_words: int) -> Shingles:
    """Hash the word n-grams of each text.

    Args:
        folded: Texts as `text.fold` gives them: words joined by single spaces. No nulls.
        shingle_words: n. A text with fewer words has one shingle, the whole text.

    Returns:
        The hashes in the texts' order. A text without a word has none.
    """
    data = np.frombuffer(folded.str.join("\n").cast(pl.Binary).item(), np.uint8)
    ends = np.append(np.flatnonzero(data <= _SPACE), len(data))  # of words; separators are the only bytes so small
    starts = np.append(0, ends[:-1] + 1)
    last_words = np.append(np.flatnonzero(data[ends[:-1]] == _NEWLINE), len(ends) - 1)
    n_words = np.diff(last_words, prepend=-1)
    from_words, to_words = _spans(last_words, n_words, shingle_words)
    hashes = _hash_runs(data, starts[from_words], ends[to_words])
    has_word = ends[last_words] > starts[last_words]
    counts = np.where(has_word, np.maximum(n_words - shingle_words + 1, 1), 0)
    return Shingles(hashes[starts[from_words] < ends[to_words]], counts)


def _spans(last_words: Integers, n_words: Integers, shingle_words: int) -> tuple[Integers, Integers]:
    """First and last word of every n-gram, as positions among all words of the chunk."""
    first = np.arange(int(n_words.sum()))
    last_of_text = np.repeat(last_words, n_words)
    first_of_text = np.repeat(last_words - n_words + 1, n_words)
    is_whole = (first + shingle_words - 1 <= last_of_text) | (first == first_of_text)
    return first[is_whole], np.minimum(first + shingle_words - 1, last_of_text)[is_whole]


def _hash_runs(data: NDArray[np.uint8], starts: Integers, ends: Integers) -> Hashes:
    """Hash of the bytes [start, end) of each run, equal for equal bytes wherever they stand."""
    powers, inverses = _powers(1 << max(len(data), 1).bit_length())
    sums = np.zeros(len(data) + 1, np.uint64)
    np.cumsum(data * powers[: len(data)], out=sums[1:])
    hashes = (sums[ends] - sums[starts]) * inverses[starts]
    for factor in _MIX:
        hashes ^= hashes >> _SHIFT
        hashes *= factor
    hashes ^= hashes >> _SHIFT
    return hashes


@lru_cache(maxsize=2)
def _powers(n: int) -> tuple[Hashes, Hashes]:
    """The first n powers of the base, and of its inverse, modulo 2⁶⁴."""
    both = []
    for base in (_BASE, pow(_BASE, -1, 1 << 64)):
        factors = np.full(n, base, np.uint64)
        factors[0] = 1
        both.append(np.multiply.accumulate(factors))
    return both[0], both[1]
