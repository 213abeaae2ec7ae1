"""The words of many texts at once, as 64-bit hashes, read from the texts' bytes.

Words are those of `text.fold`, found in the bytes that `folding` makes of the texts.

A word's hash is a polynomial over its bytes, a difference of two prefix sums (Karp & Rabin 1987), so
no word object is ever made. The base is a constant of this module: hashes are the same in every
version of NumPy, Polars and Python.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataprep.folding import END, SPACE, Bytes, folded_bytes

Hashes = NDArray[np.uint64]
Integers = NDArray[np.int64]

_BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse; 5 modulo 8, so that its powers repeat as late as they can
_MIX = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))  # MurmurHash3's 64-bit finaliser
_SHIFT = np.uint64(33)


class Spans(NamedTuple):
    """Where the words of a run of texts stand: word i is `data[starts[i] : ends[i]]`; `counts` has the number of words of each text."""

    data: Bytes
    starts: Integers
    ends: Integers
    counts: Integers


class Words(NamedTuple):
    """The words of a run of texts: `counts[i]` hashes for text i, one text after the other."""

    hashes: Hashes
    counts: Integers


def words(texts: pl.Series) -> Words:
    """Hash the words of each text.

    Args:
        texts: Texts, folded or not. No nulls.

    Returns:
        Hashes of the words in their order, equal for equal words of `text.fold`.
    """
    found = spans(texts)
    return Words(hashes_of(found), found.counts)


def spans(texts: pl.Series) -> Spans:
    """Find the words of each text; arguments as above."""
    data = folded_bytes(texts)
    separators = np.flatnonzero(data <= SPACE)
    starts, ends = np.append(0, separators[:-1] + 1), separators
    is_word = ends > starts
    words_before = np.cumsum(is_word)[data[separators] == END]
    counts = np.diff(words_before, prepend=0)[: len(texts)]  # no text at all is one END too
    return Spans(data, starts[is_word], ends[is_word], counts)


def hashes_of(found: Spans) -> Hashes:
    """Hash every word."""
    return mix(_polynomials(found.data, found.starts, found.ends))


def keys_of(found: Words) -> Hashes:
    """One number per text, equal for texts whose words are equal one by one: for texts that `text.fold` makes equal."""
    ends = np.cumsum(found.counts)
    return mix(_polynomials(found.hashes, ends - found.counts, ends))


def of_row(hashes: Hashes, rows: Integers) -> Hashes:
    """A hash and the row that it stands in as one number: equal ones are the same word of the same row."""
    numbers: Hashes = hashes + rows.astype(np.uint64) * np.uint64(_BASE)
    return numbers


def mix(hashes: Hashes) -> Hashes:
    """Spread every bit of the hashes over all bits, in place."""
    for factor in _MIX:
        hashes ^= hashes >> _SHIFT
        hashes *= factor
    hashes ^= hashes >> _SHIFT
    return hashes


def _polynomials(data: Bytes | Hashes, starts: Integers, ends: Integers) -> Hashes:
    """Hash of the bytes or hashes [start, end) of each run, equal for equal ones wherever they stand."""
    powers, inverses = _powers(1 << len(data).bit_length())
    sums = np.zeros(len(data) + 1, np.uint64)
    np.cumsum(data * powers[: len(data)], out=sums[1:])
    hashes: Hashes = (sums[ends] - sums[starts]) * inverses[starts]
    return hashes


@lru_cache(maxsize=4)
def _powers(n: int) -> tuple[Hashes, Hashes]:
    """The first n powers of the base, and of its inverse, modulo 2⁶⁴."""
    both = []
    for base in (_BASE, pow(_BASE, -1, 1 << 64)):
        factors = np.full(n, base, np.uint64)
        factors[0] = 1
        both.append(np.multiply.accumulate(factors))
    return both[0], both[1]
