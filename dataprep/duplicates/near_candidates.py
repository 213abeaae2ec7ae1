"""Candidate pairs: sets that share a shingle of their prefixes, and whose sizes and positions allow the overlap.

Length filter and positional filter as in PPJoin (Xiao, Wang, Lin & Yu 2008). Of two sets the smaller
one shows itself within an even shorter prefix, its index prefix, because its partner is no smaller.

Single words are too common to be looked up one by one: half a million questions share their rarest words
by the hundred. Two sets that have a elements in common, 2 at least, share two elements of prefixes that are
one longer (Wang, Li & Feng 2012), and two words together are rare. A set that need share but one element with
a partner, or whose prefix has too many twos, is looked up by one, and so are all that could be its partners.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from dataprep.duplicates.near_prefix import Rarity, Sets, needed
from dataprep.words import Hashes, Integers, mix

_SLOTS_PER_KEY = 4
_MAX_PAIRED = 32  # shingles of a prefix that are taken in twos: 496 at most
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_BATCH_PAIRS = 1 << 21  # made and judged at once: some 100 MB, however many texts share a shingle


class _Postings(NamedTuple):
    """What sets are looked up by, sorted by key and then by the size of the set."""

    keys: Hashes
    sets: Integers  # position of the set in Sets
    sizes: Integers
    places: Integers  # position of the shingle in its set, rarest first, from 0; of two, that of the second less one


def candidate_batches(sets: Sets, *, by_two: bool, min_jaccard: float) -> Iterator[tuple[Integers, Integers]]:
    """Pairs of positions in `sets`, left < right, each once per batch; every pair that reaches the threshold is among them.

    Args:
        sets: The sets.
        by_two: Whether sets are looked up by two elements together where that is possible.
        min_jaccard: Threshold, above 0.
    """
    if not by_two:
        yield from _batches(_by_one(sets, np.arange(len(sets.texts))), n_sets=len(sets.texts), min_jaccard=min_jaccard)
        return
    least = needed(sets.sizes, min_jaccard)
    is_paired = (least > 1) & (sets.sizes - least + 2 <= _MAX_PAIRED)
    alone = np.unique(sets.sizes[~is_paired])
    low = np.searchsorted(alone, sets.sizes * min_jaccard - 1e-6, "left")
    high = np.searchsorted(alone, sets.sizes / min_jaccard + 1e-6, "right")
    for postings in (_by_two(sets, np.flatnonzero(is_paired)), _by_one(sets, np.flatnonzero(high > low))):
        yield from _batches(postings, n_sets=len(sets.texts), min_jaccard=min_jaccard)


def _batches(postings: _Postings, *, n_sets: int, min_jaccard: float) -> Iterator[tuple[Integers, Integers]]:
    """The pairs that the postings give, some millions at a time."""
    ends = _partner_ends(postings, min_jaccard=min_jaccard)
    n_partners = ends - np.arange(len(ends)) - 1
    totals = np.cumsum(n_partners)
    start = 0
    while start < len(ends):
        done = totals[start] - n_partners[start]
        stop = max(int(np.searchsorted(totals, done + _BATCH_PAIRS, side="right")), start + 1)
        yield _batch(postings, np.arange(start, stop), n_partners[start:stop], n_sets=n_sets, min_jaccard=min_jaccard)
        start = stop


def _by_one(sets: Sets, members: Integers) -> _Postings:
    """Index of the prefixes' shingles, each by itself."""
    starts = np.cumsum(sets.counts) - sets.counts
    owner, places = _spread(members, sets.prefixes[members])
    keys = sets.keys[starts[owner] + places]
    again = _repeated(keys)
    return _postings(sets, keys[again], owner[again], places[again])


def _by_two(sets: Sets, members: Integers) -> _Postings:
    """Index of the twos of shingles in prefixes that are one longer; the place is that of the second, less one."""
    starts = np.cumsum(sets.counts) - sets.counts
    owner, second = _spread(members, np.minimum(sets.prefixes + 1, sets.counts)[members])
    two_of, first = _spread(np.arange(len(owner)), second)
    keys = sets.keys[starts[owner][two_of] + first] * _FACTOR
    del first  # as long as all twos, as are the next two; most go with `again`
    keys = mix(keys + sets.keys[(starts[owner] + second)[two_of]])
    again = _repeated(keys)
    two_of = two_of[again]
    return _postings(sets, keys[again], owner[two_of], second[two_of] - 1)


def _spread(members: Integers, counts: Integers) -> tuple[Integers, Integers]:
    """Each member as often as it counts, and beside it 0, 1, 2 and so on."""
    return np.repeat(members, counts), np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)


def _repeated(keys: Hashes) -> Integers:
    """Where the keys are that stand more than once, and a few others."""
    seen = Rarity(1 << max((_SLOTS_PER_KEY * len(keys)).bit_length(), 16))
    seen.count(keys)
    return np.flatnonzero(seen(keys))


def _postings(sets: Sets, keys: Hashes, owner: Integers, places: Integers) -> _Postings:
    """The postings in order."""
    order = np.lexsort((sets.sizes[owner], keys))
    owner = owner[order]
    n_alone = (sets.sizes - sets.counts)[owner]  # shingles of no other text come before
    return _Postings(keys[order], owner, sets.sizes[owner], places[order] + n_alone)


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
    pairs = np.minimum(one, two) * n_sets + np.maximum(one, two)
    pairs.sort()
    pairs = pairs[np.append(True, pairs[1:] != pairs[:-1])[: len(pairs)]]
    return pairs // max(n_sets, 1), pairs % max(n_sets, 1)
