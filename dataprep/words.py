"""The words of many texts at once, as 64-bit hashes, read from the texts' bytes.

Words are those of `text.fold`, found in the bytes that `folding` makes of the texts.

A word's hash is made of its bytes, eight at a time: each eight are added to what those before gave,
and the sum is mixed. So no word object is ever made, and two words of up to eight bytes never have the
same hash. Hashes are the same in every version of NumPy, Polars and Python.
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
_BLOCK = 8  # bytes of a hash
_MASKS = np.array([(1 << 8 * n_bytes) - 1 for n_bytes in range(_BLOCK + 1)], np.uint64)  # of a block's first bytes
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
    data = np.append(found.data, np.zeros(_BLOCK, np.uint8))
    blocks = np.ndarray(len(found.data), "<u8", buffer=data, strides=(1,))  # of the bytes from each place on
    starts, left = found.starts, found.ends - found.starts
    hashes = mix(_read(blocks, starts, left))
    words = np.arange(len(hashes))
    while len(longer := np.flatnonzero(left > _BLOCK)):
        words, starts, left = words[longer], starts[longer] + _BLOCK, left[longer] - _BLOCK
        hashes[words] = mix(hashes[words] + _read(blocks, starts, left))
    return hashes


def _read(blocks: Hashes, starts: Integers, left: Integers) -> Hashes:
    """The blocks at some places, as far as the words reach; zero behind them, which no word holds."""
    read: Hashes = blocks[starts]
    read &= _MASKS.take(left, mode="clip")
    return read


def keys_of(found: Words) -> Hashes:
    """One number per text, equal for texts whose words are equal one by one: for texts that `text.fold` makes equal.

    A polynomial over the words' hashes, a difference of two prefix sums (Karp & Rabin 1987).
    """
    powers, inverses = _powers(1 << len(found.hashes).bit_length())
    sums = np.zeros(len(found.hashes) + 1, np.uint64)
    np.cumsum(found.hashes * powers[: len(found.hashes)], out=sums[1:])
    ends = np.cumsum(found.counts)
    starts = ends - found.counts
    return mix((sums[ends] - sums[starts]) * inverses[starts])


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


@lru_cache(maxsize=4)
def _powers(n: int) -> tuple[Hashes, Hashes]:
    """The first n powers of the base, and of its inverse, modulo 2⁶⁴."""
    both = []
    for base in (_BASE, pow(_BASE, -1, 1 << 64)):
        factors = np.full(n, base, np.uint64)
        factors[0] = 1
        both.append(np.multiply.accumulate(factors))
    return both[0], both[1]
