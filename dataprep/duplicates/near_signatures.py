"""Which of many given pairs of texts can be near at all, told from 36 bytes a text.

A signature says into which of 256 slots a text's word n-grams fall (superimposed coding, Roberts 1979). A slot
that only one of two texts fills is an n-gram that the other has not. So signatures bound the Jaccard similarity
from above, and a pair whose bound lies below a threshold is certainly not near: passages on two subjects are told
apart at once, and only of very long ones, which fill most slots, little is known.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataprep.duplicates.near_shingles import shingles_of
from dataprep.folding import chunks
from dataprep.words import Hashes, Integers, keys_of, words

_SLOTS = 256
_PAIRS = 1 << 18  # judged together: some 16 MB
_ROUNDING = 1e-9


class Signatures(NamedTuple):
    """Texts as numbers.

    Attributes:
        keys: As `words.keys_of` gives them, array (n,).
        sizes: Word n-grams of each text, repeats included, array (n,).
        slots: One bit per slot, array (n, 4) of 64 bits.
    """

    keys: Hashes
    sizes: NDArray[np.uint32]
    slots: NDArray[np.uint64]


def signatures(texts: pl.Series, *, shingle_words: int) -> Signatures:
    """Read the words of each text once; no text may be null."""
    return joined(_signed(chunk, shingle_words) for chunk in chunks(texts))


def joined(parts: Iterable[Signatures]) -> Signatures:
    """Several runs of texts as one; there must be one at least."""
    return Signatures(*map(np.concatenate, zip(*parts, strict=True)))


def _signed(texts: pl.Series, shingle_words: int) -> Signatures:
    found = words(texts)
    grams = shingles_of(found, shingle_words=shingle_words)
    is_filled = np.zeros((len(texts), _SLOTS), bool)
    is_filled[np.repeat(np.arange(len(texts)), grams.counts), (grams.hashes % np.uint64(_SLOTS)).astype(np.int64)] = True
    return Signatures(keys_of(found), grams.counts.astype(np.uint32), np.packbits(is_filled, axis=1).view(np.uint64))


def may_be_near(texts: Signatures, left: Integers, right: Integers, *, min_jaccard: float) -> NDArray[np.bool_]:
    """Whether two texts may reach a Jaccard similarity; never false for two that do.

    Args:
        texts: Their signatures.
        left: Position of one of each pair.
        right: Position of the other.
        min_jaccard: Threshold, above 0.
    """
    parts = (slice(start, start + _PAIRS) for start in range(0, len(left), _PAIRS))
    return np.concatenate([np.empty(0, bool), *(_bounds(texts, left[part], right[part]) >= min_jaccard - _ROUNDING for part in parts)])


def _bounds(texts: Signatures, left: Integers, right: Integers) -> NDArray[np.float64]:
    """Largest Jaccard similarity that each pair may have; 0 for texts without a word."""
    one, other = texts.slots[left], texts.slots[right]
    only_one, only_other = (np.bitwise_count(slots).sum(axis=1).astype(np.int64) for slots in (one & ~other, other & ~one))
    common = np.minimum(texts.sizes[left] - only_one, texts.sizes[right] - only_other)
    bounds: NDArray[np.float64] = common / np.maximum(common + only_one + only_other, 1)
    return bounds
