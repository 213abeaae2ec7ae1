"""Prefix filter: which texts can have a near partner at all, and by which of their shingles it must show.

If two sets overlap in at least a elements and both are sorted in one global order, their first
|x| - a + 1 and |y| - a + 1 elements share one (Chaudhuri, Ganti & Kaushik 2006; Bayardo, Ma &
Srikant 2007). With the rarest shingles first, those prefixes are small and hit little: a shingle
that stands in one text only can match nothing, and one that stands in 100,000 texts is reached last.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataprep.duplicates.near_shingles import Shingles
from dataprep.words import Hashes, Integers

Levels = NDArray[np.uint8]

KEY_BITS = 52  # of a shingle's key: 4 of rarity, then 48 of its hash; 12 bits are left to number texts or pairs
MAX_PACKED = 1 << (64 - KEY_BITS)
_HASH_BITS = 48
_FINE_SLOTS = 1 << 26  # up to so many, a slot counts to 65,535: 128 MB; beyond that to 255
_LEVELS = np.log2(np.maximum(np.arange(1 << 16), 1)).astype(np.uint8)
_KEY_BITS = np.uint64(KEY_BITS)
_KEY_MASK = np.uint64((1 << KEY_BITS) - 1)
_ROUNDING = 1e-9  # a product of floats may lie this far above the whole number that is meant


class Rarity:
    """How common shingles are, counted in slots of their hash. Sharing a slot can only make one look more common."""

    def __init__(self, n_slots: int) -> None:
        """Begin with no shingle seen.

        Args:
            n_slots: A power of two; better several times the number of distinct shingles.
        """
        self._counts: NDArray[np.uint8] | NDArray[np.uint16]
        self._counts, self._most = (np.zeros(n_slots, np.uint16), 65_535) if n_slots <= _FINE_SLOTS else (np.zeros(n_slots, np.uint8), 255)
        self._mask = np.uint64(n_slots - 1)

    def count(self, hashes: Hashes) -> None:
        """Count some shingles, up to what a slot holds. Repeats within a text count too."""
        slots = (hashes & self._mask).astype(np.uint32)
        slots.sort()
        firsts = np.flatnonzero(np.append(True, slots[1:] != slots[:-1])[: len(slots)])
        slots, times = slots[firsts], np.diff(firsts, append=len(slots))
        self._counts[slots] = np.minimum(self._counts[slots] + times, self._most)

    def __call__(self, hashes: Hashes) -> Levels:
        """0 for shingles that occur once, else the floor of log2 of their count."""
        levels: Levels = _LEVELS[self._counts[hashes & self._mask]]
        return levels


class Sets(NamedTuple):
    """Texts that can have a partner, each with its shingles that occur elsewhere too, rarest first."""

    texts: Integers  # their numbers
    sizes: Integers  # distinct shingles, those that occur nowhere else included
    counts: Integers  # distinct shingles that occur elsewhere: so many keys
    keys: Hashes  # rarity and hash
    prefixes: Integers  # how many of the keys belong to the prefix


def needed(sizes: Integers, share: float) -> Integers:
    """Smallest whole number that is at least `share` of each size."""
    return np.ceil(sizes * share - _ROUNDING * np.maximum(sizes, 1)).astype(np.int64)


def possible_sets(found: Shingles, rare: Rarity, *, first_text: int, min_jaccard: float) -> Sets:
    """Keep the texts whose prefix holds a shingle that occurs elsewhere.

    Args:
        found: Shingles of at most MAX_PACKED texts.
        rare: Rarity of the shingles of all texts.
        first_text: Number of the first of these texts.
        min_jaccard: Threshold, above 0.
    """
    n_texts = len(found.counts)
    owner = np.repeat(np.arange(n_texts), found.counts)
    levels = rare(found.hashes)
    is_common = levels > 0
    n_once = found.counts - np.bincount(owner[is_common], minlength=n_texts)
    can_match = found.counts - needed(found.counts, min_jaccard) + 1 > n_once  # counts are at least the sizes
    chosen = is_common & can_match[owner]
    packed = (owner[chosen].astype(np.uint64) << _KEY_BITS) | _keys(found.hashes[chosen], levels[chosen])
    packed.sort()
    packed = packed[np.append(True, packed[1:] != packed[:-1])[: len(packed)]]
    counts = np.bincount((packed >> _KEY_BITS).astype(np.int64), minlength=n_texts)
    sizes = n_once + counts
    prefixes = np.minimum(sizes - needed(sizes, min_jaccard) + 1 - n_once, counts)
    keep = can_match & (prefixes > 0)
    keys = packed[np.repeat(keep, counts)] & _KEY_MASK
    return Sets(np.flatnonzero(keep) + first_text, sizes[keep], counts[keep], keys, prefixes[keep])


def _keys(hashes: Hashes, levels: Levels) -> Hashes:
    """Rarity first, so that sorting puts rare shingles first; then the hash bits that do not choose the slot."""
    return (levels.astype(np.uint64) << np.uint64(_HASH_BITS)) | (hashes >> np.uint64(64 - _HASH_BITS))
