"""All close pairs of unit vectors, looked for within cells of the space and never among all pairs.

Spherical k-means (Dhillon & Modha 2001) divides the space; a vector lives in the cell of its nearest
centre and is compared with those who live in its few nearest cells, as an inverted file with several
probes does (Jégou, Douze & Schmid 2011). With cells of about the root of the number of vectors, time
grows with its power of 1.5, and memory holds one block of products at a time. Up to a few thousand
vectors are one cell, and then every pair is seen.

A pair is missed only if neither lives among the nearest cells of the other; `tests/bench/bench_semantic.py`
counts how many are.
"""

from collections.abc import Iterator
from itertools import pairwise
from math import isqrt

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Integers = NDArray[np.int64]

_PROBES = 12
_MIN_CELL = 1_024
_SAMPLE_PER_CELL = 48
_ROUNDS = 8
_CROWDED = 4  # a cell with so many times the usual number of vectors is divided again
_BLOCK = 1 << 22  # products held at once: 16 MB
_SLACK = 1e-3  # products of float32 are off by less; what is let through is measured again
_DECIMALS = 6  # a model's float32 numbers carry no more
_SEED = 1
MAX_PAIRS_PER_VECTOR = 50  # on average; more are no duplicates, but a model that takes most texts for alike


class TooManyPairsError(Exception):
    """So many vectors are close to one another that their pairs tell nothing."""


def close_pairs(vectors: Vectors, *, min_cosine: float) -> tuple[Integers, Integers, NDArray[np.float64]]:
    """Find the pairs of vectors whose cosine reaches a threshold.

    Args:
        vectors: Array (n, dims) of unit vectors, or zeros, which are close to nothing; may be memory-mapped.
        min_cosine: Smallest cosine of a pair, above 0 and at most 1.

    Returns:
        Positions left < right, each pair once and in order, and their cosines, computed in float64 and
        rounded to six decimals.

    Raises:
        TooManyPairsError: There are more than MAX_PAIRS_PER_VECTOR x n; memory holds no more.
    """
    n_vectors = len(vectors)
    found, n_found = [np.empty(0, np.int64)], 0
    for visitors, members in _meetings(vectors):
        left, right = _products(vectors, visitors, members, min_cosine=min_cosine)
        pairs = np.minimum(left, right) * n_vectors + np.maximum(left, right)
        found.append(np.unique(pairs[left != right]))
        n_found += len(found[-1])
        if n_found > 2 * MAX_PAIRS_PER_VECTOR * n_vectors:  # two cells may find the same pair
            raise TooManyPairsError
    pairs = np.unique(np.concatenate(found))
    left, right = pairs // max(n_vectors, 1), pairs % max(n_vectors, 1)
    cosines = _cosines(vectors, left, right)
    is_close = cosines >= min_cosine
    return left[is_close], right[is_close], cosines[is_close]


def _meetings(vectors: Vectors) -> Iterator[tuple[Integers, Integers]]:
    """For each cell, who visits it and who lives there; zero vectors stay at home."""
    n_vectors = len(vectors)
    size = max(_MIN_CELL, isqrt(n_vectors))
    if n_vectors <= 2 * size:
        everyone = np.arange(n_vectors)
        yield everyone, everyone
        return
    centres = _centres(vectors, -(-n_vectors // size))
    nearest = np.concatenate([_nearest(vectors[start:stop], centres) for start, stop in _runs(n_vectors, len(centres))])
    order = np.argsort(nearest, axis=None, kind="stable")
    cells, places = nearest.ravel()[order], order // nearest.shape[1]
    lives = order % nearest.shape[1] == 0
    bounds = np.searchsorted(cells, np.arange(len(centres) + 1))
    for start, stop in pairwise(bounds):
        visitors = places[start:stop]
        yield visitors, visitors[lives[start:stop]]


def _centres(vectors: Vectors, n_cells: int) -> Vectors:
    """Centres of the cells, learnt from a sample; where vectors crowd together there are more of them."""
    generator = np.random.default_rng(_SEED)
    n_sample = min(len(vectors), n_cells * _SAMPLE_PER_CELL)
    sample = np.asarray(vectors[np.sort(generator.choice(len(vectors), n_sample, replace=False))])
    centres = _k_means(sample, n_cells, generator)
    home = _nearest(sample, centres)[:, 0]
    counts = np.bincount(home, minlength=n_cells)
    crowded = np.flatnonzero(counts > _CROWDED * n_sample / n_cells)
    parts = [_k_means(sample[home == cell], -(-int(counts[cell]) * n_cells // n_sample), generator) for cell in crowded]
    return np.concatenate([np.delete(centres, crowded, axis=0), *parts])


def _k_means(sample: Vectors, n_cells: int, generator: np.random.Generator) -> Vectors:
    centres = sample[generator.choice(len(sample), min(n_cells, len(sample)), replace=False)].copy()
    for _ in range(_ROUNDS):
        home = np.concatenate([(sample[start:stop] @ centres.T).argmax(axis=1) for start, stop in _runs(len(sample), len(centres))])
        order = np.argsort(home, kind="stable")
        filled, starts = np.unique(home[order], return_index=True)
        centres[filled] = np.add.reduceat(sample[order], starts, axis=0)
        centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return centres


def _nearest(vectors: Vectors, centres: Vectors) -> Integers:
    """The cells nearest to each vector, its own first: array (n, probes)."""
    products = vectors @ centres.T
    n_probes = min(_PROBES, len(centres))
    cells = np.argpartition(-products, n_probes - 1, axis=1)[:, :n_probes]
    by_distance = np.argsort(-np.take_along_axis(products, cells, axis=1), axis=1, kind="stable")
    return np.take_along_axis(cells, by_distance, axis=1).astype(np.int64)


def _products(vectors: Vectors, visitors: Integers, members: Integers, *, min_cosine: float) -> tuple[Integers, Integers]:
    """Pairs of a visitor and a member whose product nearly reaches the threshold, block by block."""
    at_home = np.asarray(vectors[members]).T
    kept = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    for start, stop in _runs(len(visitors), len(members)):
        here = visitors[start:stop]
        rows, columns = np.nonzero(vectors[here] @ at_home >= min_cosine - _SLACK)
        kept.append((here[rows], members[columns]))
    left, right = (np.concatenate(ends) for ends in zip(*kept, strict=True))
    return left, right


def _cosines(vectors: Vectors, left: Integers, right: Integers) -> NDArray[np.float64]:
    """Cosines of pairs, in double precision."""
    parts = [np.empty(0)]
    for start, stop in _runs(len(left), vectors.shape[1]):
        one, other = (np.asarray(vectors[ends[start:stop]], np.float64) for ends in (left, right))
        lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
        parts.append((one * other).sum(axis=1) / np.where(lengths > 0, lengths, 1))
    cosines: NDArray[np.float64] = np.concatenate(parts).round(_DECIMALS)
    return cosines


def _runs(n_rows: int, n_columns: int) -> Iterator[tuple[int, int]]:
    """Starts and ends of runs of rows, so many that a block of them has _BLOCK numbers."""
    step = max(_BLOCK // max(n_columns, 1), 1)
    return ((start, min(start + step, n_rows)) for start in range(0, n_rows, step))
