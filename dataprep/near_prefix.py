"""Prefix filter: which texts can have a near partner at all, and by which of their shingles it must show.

If two sets overlap in at least a elements and both are sorted in one global order, their first
|x| - a + 1 and |y| - a + 1 elements share one (Chaudhuri, Ganti & Kaushik 2006; Bayardo, Ma &
Srikant 2007). With the rarest shingles first, those prefixes are small and hit little: a shingle
that stands in one text only can match nothing, and one that stands in 100,000 texts is reached last.
"""

from typing import NamedTuple

import numpy as np

from dataprep.near_shingles import Hashes, Integers, Shingles

KEY_BITS = 52  # of a shingle's key: 4 of rarity, then 48 of its hash; 12 bits are left to number texts or pairs
MAX_PACKED = 1 << (64 - KEY_BITS)
_HASH_BITS = 48
_MAX_RARITY = 15
_KEY_BITS = np.uint64(KEY_BITS)
_KEY_MASK = np.uint64((1 << KEY_BITS) - 1)
_ROUNDING = 1e-9  # a product of floats may lie this far above the whole number that is meant


class Rarity(NamedTuple):
    """Slot of a hash -> 0 where it occurs once, else the floor of log2 of its count. Sharing a slot can only raise it."""

    table: np.ndarray[tuple[int], np.dtype[np.uint8]]

    def __call__(self, hashes: Hashes) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
        """Rarity of each hash."""
        return self.table[hashes & np.uint64(len(self.table) - 1)]


class Sets(NamedTuple):
    """Texts that can have a partner, each with its shingles that occur elsewhere too, rarest first."""

    texts: Integers  # their numbers
    sizes: Integers  # distinct shingles, those that occur nowhere else included
    counts: Integers  # distinct shingles that occur elsewhere: so many keys
    keys: Hashes  # rarity and hash
    prefixes: Integers  # how many of the keys belong to the prefix


def rarity(hashes: Hashes) -> Rarity:
    """Count how often each hash occurs.

    Args:
        hashes: Shingles of all texts. Repeats within a text count too, which only makes a shingle
            look more common than it is, and any order is a right one.
    """
    ordered = np.sort(hashes)
    firsts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])
    counts = np.diff(firsts, append=len(ordered))
    repeated = counts > 1
    classes = np.minimum(np.log2(counts[repeated]).astype(np.uint8), _MAX_RARITY)
    table = np.zeros(1 << max(16, (2 * len(hashes)).bit_length()), np.uint8)
    slots = ordered[firsts[repeated]] & np.uint64(len(table) - 1)
    for value in range(1, _MAX_RARITY + 1):  # ascending, so that the larger stays where two share a slot
        table[slots[classes == value]] = value
    return Rarity(table)


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
    classes = rare(found.hashes)
    is_common = classes > 0
    n_once = found.counts - np.bincount(owner[is_common], minlength=n_texts)
    can_match = found.counts - needed(found.counts, min_jaccard) + 1 > n_once  # counts are at least the sizes
    chosen = is_common & can_match[owner]
    packed = (owner[chosen].astype(np.uint64) << _KEY_BITS) | _keys(found.hashes[chosen], classes[chosen])
    packed.sort()
    packed = packed[np.append(True, packed[1:] != packed[:-1])[: len(packed)]]
    counts = np.bincount((packed >> _KEY_BITS).astype(np.int64), minlength=n_texts)
    sizes = n_once + counts
    prefixes = np.minimum(sizes - needed(sizes, min_jaccard) + 1 - n_once, counts)
    keep = can_match & (prefixes > 0)
    keys = packed[np.repeat(keep, counts)] & _KEY_MASK
    return Sets(np.flatnonzero(keep) + first_text, sizes[keep], counts[keep], keys, prefixes[keep])


def _keys(hashes: Hashes, classes: np.ndarray[tuple[int], np.dtype[np.uint8]]) -> Hashes:
    """Rarity first, so that sorting puts rare shingles first; then the hash bits that do not choose the slot."""
    return (classes.astype(np.uint64) << np.uint64(_HASH_BITS)) | (hashes >> np.uint64(64 - _HASH_BITS))
