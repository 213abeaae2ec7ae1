"""Candidate pairs: sets that share a shingle of their prefixes, and whose sizes and positions allow the overlap.

Length filter and positional filter as in PPJoin (Xiao, Wang, Lin & Yu 2008). Of two sets the smaller
one shows itself within an even shorter prefix, its index prefix, because its partner is no smaller.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from dataprep.duplicates.near_prefix import Rarity, Sets, needed
from dataprep.words import Hashes, Integers

_SLOTS_PER_KEY = 4
_BATCH_PAIRS = 1 << 21  # made and judged at once: some 100 MB, however many texts share a shingle


class _Postings(NamedTuple):
    """Prefix shingles, sorted by shingle and then by the size of the set."""

    keys: Hashes
    sets: Integers  # position of the set in Sets
    sizes: Integers
    places: Integers  # position of the shingle in its set, rarest first, from 0


def candidate_batches(sets: Sets, *, min_jaccard: float) -> Iterator[tuple[Integers, Integers]]:
    """Pairs of positions in `sets`, left < right, each once per batch; every pair that reaches the threshold is among them."""
    postings = _postings(sets)
    ends = _partner_ends(postings, min_jaccard=min_jaccard)
    n_partners = ends - np.arange(len(ends)) - 1
    totals = np.cumsum(n_partners)
    start = 0
    while start < len(ends):
        done = totals[start] - n_partners[start]
        stop = max(int(np.searchsorted(totals, done + _BATCH_PAIRS, side="right")), start + 1)
        yield _batch(postings, np.arange(start, stop), n_partners[start:stop], n_sets=len(sets.texts), min_jaccard=min_jaccard)
        start = stop


def _postings(sets: Sets) -> _Postings:
    """Index of the prefixes' shingles, most of those that stand in one prefix only left out."""
    starts = np.cumsum(sets.counts) - sets.counts
    owner = np.repeat(np.arange(len(sets.texts)), sets.prefixes)
    places = np.arange(len(owner)) - np.repeat(np.cumsum(sets.prefixes) - sets.prefixes, sets.prefixes)
    keys = sets.keys[starts[owner] + places]
    seen = Rarity(1 << max((_SLOTS_PER_KEY * len(keys)).bit_length(), 16))
    seen.count(keys)
    shared = np.flatnonzero(seen(keys))
    shared = shared[np.lexsort((sets.sizes[owner[shared]], keys[shared]))]
    owner = owner[shared]
    n_alone = (sets.sizes - sets.counts)[owner]  # shingles of no other text come before
    return _Postings(keys[shared], owner, sets.sizes[owner], places[shared] + n_alone)


def _partner_ends(postings: _Postings, *, min_jaccard: float) -> Integers:
    """For each posting, where its partners end: the later ones of the same shingle whose sets are not too large.

    A posting outside its set's index prefix has none: the smaller set of a pair shows itself within it.
    """
    keys, _, sizes, places = postings
    groups = np.cumsum(np.append(False, keys[1:] != keys[:-1])[: len(keys)])
    span = int(sizes.max(initial=0)) + 1
    largest = np.minimum(np.floor(sizes / min_jaccard + 1e-6).astype(np.int64), span - 1)
    ends = np.searchsorted(groups * span + sizes, groups * span + largest, side="right")
    in_index = places < sizes - needed(sizes, 2 * min_jaccard / (1 + min_jaccard)) + 1
    return np.where(in_index, ends, np.arange(len(ends)) + 1)


def _batch(postings: _Postings, firsts: Integers, n_partners: Integers, *, n_sets: int, min_jaccard: float) -> tuple[Integers, Integers]:
    """The pairs of some postings with their partners that pass the positional filter."""
    one = np.repeat(firsts, n_partners)
    two = np.arange(len(one)) - np.repeat(np.cumsum(n_partners) - n_partners, n_partners) + one + 1
    overlap = needed(postings.sizes[one] + postings.sizes[two], min_jaccard / (1 + min_jaccard))
    # Holds where this is the pair's first common shingle, and every true pair passes there.
    rest = np.minimum(postings.sizes[one] - postings.places[one], postings.sizes[two] - postings.places[two])
    one, two = postings.sets[one[rest >= overlap]], postings.sets[two[rest >= overlap]]
    pairs = np.unique(np.minimum(one, two) * n_sets + np.maximum(one, two))
    return pairs // max(n_sets, 1), pairs % max(n_sets, 1)
