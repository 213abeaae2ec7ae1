"""All pairs of texts whose word n-gram sets have at least a given Jaccard similarity, found exactly.

A set-similarity join: no sampling, no missed pair, and each pair carries its exact similarity.
The steps, each in a module of its own (words in the package above):

    words            texts -> hashes of their words
    near_shingles    words -> hashes of n-grams
    near_spill       n-grams wait in memory, on larger inputs in a file, until all are counted
    near_prefix      which texts can have a partner at all, and by which shingles it must show
    near_candidates  pairs that share such a shingle and whose sizes and positions allow the overlap
    here             the exact similarity of every candidate
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from typing import NamedTuple, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataprep.duplicates.near_candidates import candidate_batches
from dataprep.duplicates.near_prefix import KEY_BITS, MAX_PACKED, Rarity, Sets, possible_sets
from dataprep.duplicates.near_shingles import shingles
from dataprep.duplicates.near_spill import Waiting
from dataprep.folding import chunks
from dataprep.words import Integers

_CHUNK_PAIRS = 1 << 10  # at most MAX_PACKED
_CHUNK_SHINGLES = 1 << 20  # of a chunk's texts: long texts come in chunks of fewer pairs
_MAX_THREADS = 8  # each holds some 60 MB
_BYTES_PER_SLOT = 4  # a word of Polish has about seven bytes, the space after it included
_SHINGLE_BITS = 30  # at most 2³⁰ slots: 1 GB
_WORD_BITS = 26  # words are a vocabulary, however much text there is, and common ones must be told apart: finer counts in fewer slots
_AHEAD = 4  # results per thread that may wait to be asked for
_T = TypeVar("_T")
_R = TypeVar("_R")
PAIRS = pl.Schema({"left": pl.String, "right": pl.String, "jaccard": pl.Float64})


class Pairs(NamedTuple):
    """Pairs of positions with their Jaccard similarity."""

    left: Integers
    right: Integers
    jaccard: NDArray[np.float64]


def near_pairs(texts: pl.DataFrame | pl.LazyFrame, *, shingle_words: int, min_jaccard: float) -> pl.LazyFrame:
    """Find every pair of texts that are nearly equal; as `near_positions`, by ids.

    Args:
        texts: Columns id (String, unique) and text (String, no nulls).
        shingle_words: n. A text with fewer words has one shingle, the whole of its words.
        min_jaccard: Smallest similarity of a pair, above 0 and at most 1.

    Returns:
        left, right (ids, left > right as text) and jaccard, sorted by left and right.
    """
    frame = texts.lazy().select("id", "text").collect()
    n_bytes = int(frame["text"].str.len_bytes().sum())
    found = near_positions([frame["text"]], n_bytes=n_bytes, shingle_words=shingle_words, min_jaccard=min_jaccard)
    ids = frame["id"]
    pairs = pl.LazyFrame({"one": ids.gather(found.left), "two": ids.gather(found.right), "jaccard": found.jaccard})
    left, right = pl.max_horizontal("one", "two").alias("left"), pl.min_horizontal("one", "two").alias("right")
    return pairs.select(left, right, "jaccard").cast(PAIRS).sort("left", "right")


def near_positions(runs: Iterable[pl.Series], *, n_bytes: int, shingle_words: int, min_jaccard: float) -> Pairs:
    """Find every pair of texts that are nearly equal.

    The similarity of two texts is the Jaccard similarity of their sets of word n-grams, over the
    words of `text.fold`. Nothing is ever skipped. A shingle that very many texts share costs nothing
    as long as each of these has enough of its own; where thousands of texts are all similar to one
    another to about the threshold, each pair of them is looked at, in batches of bounded memory.

    Args:
        runs: Texts, none null; asked for once and in order, so that no more than one run need be in memory.
        n_bytes: Bytes of all texts together, about; it sizes a table and changes no result.
        shingle_words: n. A text with fewer words has one shingle, the whole of its words.
        min_jaccard: Smallest similarity of a pair, above 0 and at most 1.

    Returns:
        Pairs of positions in the runs, counted through, left < right, each once. A text without a word is near to nothing.
    """
    sets = _sets(runs, n_bytes=n_bytes, shingle_words=shingle_words, min_jaccard=min_jaccard)
    found = _verified(sets, by_two=shingle_words == 1, min_jaccard=min_jaccard)
    return Pairs(sets.texts[found.left], sets.texts[found.right], found.jaccard)


def _sets(runs: Iterable[pl.Series], *, n_bytes: int, shingle_words: int, min_jaccard: float) -> Sets:
    """Sets of the texts that can have a partner."""
    columns = deque(zip(*_possible(runs, n_bytes=n_bytes, shingle_words=shingle_words, min_jaccard=min_jaccard), strict=True))
    return Sets(*(np.concatenate(columns.popleft()) for _ in Sets._fields))  # a column's pieces go when it is whole


def _possible(runs: Iterable[pl.Series], *, n_bytes: int, shingle_words: int, min_jaccard: float) -> list[Sets]:
    """The same in pieces."""
    rare = Rarity(1 << min(max((n_bytes // _BYTES_PER_SLOT).bit_length(), 16), _WORD_BITS if shingle_words == 1 else _SHINGLE_BITS))
    nothing = pl.Series(dtype=pl.String)  # so that there is one run at least
    pieces = (piece for run in chain([nothing], runs) for piece in chunks(run, max_texts=MAX_PACKED))
    with Waiting() as waiting:
        for part in _in_threads(lambda chunk: shingles(chunk, shingle_words=shingle_words), pieces):
            rare.count(part.hashes)
            waiting.add(part)

        def possible(run: tuple[int, int]) -> Sets:
            return possible_sets(waiting.take(run[0]), rare, first_text=run[1], min_jaccard=min_jaccard)

        return list(_in_threads(possible, waiting.numbers()))


def _verified(sets: Sets, *, by_two: bool, min_jaccard: float) -> Pairs:
    """Pairs that reach the threshold, each once."""
    kept = []
    for left, right in candidate_batches(sets, by_two=by_two, min_jaccard=min_jaccard):
        jaccard = _jaccard(sets, left, right)
        is_near = jaccard >= min_jaccard
        kept.append(Pairs(left[is_near], right[is_near], jaccard[is_near]))
    if not kept:
        return Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    left, right, jaccard = (np.concatenate(columns) for columns in zip(*kept, strict=True))
    _, once = np.unique(left * len(sets.texts) + right, return_index=True)
    return Pairs(left[once], right[once], jaccard[once])


def _jaccard(sets: Sets, left: Integers, right: Integers) -> NDArray[np.float64]:
    """Exact similarity of pairs of positions in `sets`. Only shingles that occur elsewhere can be common to two."""
    starts = np.cumsum(sets.counts) - sets.counts
    is_first = np.diff(np.cumsum(sets.counts[left] + sets.counts[right]) // _CHUNK_SHINGLES, prepend=0) > 0
    is_first[::_CHUNK_PAIRS] = True
    cuts = np.append(np.flatnonzero(is_first), len(left)).tolist()

    def common(pairs: slice) -> Integers:
        members = np.concatenate([left[pairs], right[pairs]])
        n_pairs, counts = len(members) // 2, sets.counts[members]
        places = np.arange(int(counts.sum())) + np.repeat(starts[members] - np.cumsum(counts) + counts, counts)
        numbers = np.repeat(np.tile(np.arange(n_pairs, dtype=np.uint64), 2), counts)
        packed = (numbers << np.uint64(KEY_BITS)) | sets.keys[places]
        packed.sort()
        twice = packed[1:][packed[1:] == packed[:-1]] >> np.uint64(KEY_BITS)
        return np.bincount(twice.astype(np.int64), minlength=n_pairs)

    overlap = np.concatenate([np.empty(0, np.int64), *_in_threads(common, map(slice, cuts, cuts[1:]))])
    jaccard: NDArray[np.float64] = overlap / (sets.sizes[left] + sets.sizes[right] - overlap)
    return jaccard


def _in_threads(function: Callable[[_T], _R], items: Iterable[_T]) -> Iterator[_R]:
    """The function's results in the items' order, a few at a time. Numpy lets other threads run while it computes."""
    n_threads = min(os.cpu_count() or 1, _MAX_THREADS)
    begun: deque[Future[_R]] = deque()
    with ThreadPoolExecutor(n_threads) as pool:
        for item in items:
            begun.append(pool.submit(function, item))
            if len(begun) > _AHEAD * n_threads:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
