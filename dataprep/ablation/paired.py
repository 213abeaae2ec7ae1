"""Means and differences over seeds and queries, with intervals that know of both.

The figures are crossed: a query is judged under every seed that puts it into the split, and every seed judges
many queries. So both are resampled, each by itself, and a cell counts as often as its seed times its query was
drawn: the pigeonhole bootstrap (Owen 2007, "The pigeonhole bootstrap"), whose intervals are rather too wide
than too narrow.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_CONFIDENCE = 0.95
Floats = npt.NDArray[np.float64]


class Interval(NamedTuple):
    """A mean over seeds of the mean over queries, with its 95 % interval."""

    value: float
    low: float
    high: float


def crossed_mean(values: Floats, *, samples: int, seed: int) -> Interval:
    """Mean over seeds of the means over queries.

    Args:
        values: One row per seed, one column per query; NaN where a seed does not judge a query. Each seed judges one at least.
        samples: Resamplings.
        seed: Seed of the resamplings. Equal shapes draw equally, so differences are paired.
    """
    is_there = (~np.isnan(values)).astype(np.float64)
    filled = np.nan_to_num(values)
    n_seeds, n_queries = values.shape
    rng = np.random.default_rng(seed)
    queries = rng.multinomial(n_queries, np.full(n_queries, 1 / n_queries), size=samples).astype(np.float64)
    seeds = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=samples).astype(np.float64)
    counts = is_there @ queries.T
    means = np.divide(filled @ queries.T, counts, out=np.zeros_like(counts), where=counts > 0)
    weights = seeds.T * (counts > 0)
    resampled = (means * weights).sum(axis=0) / np.maximum(weights.sum(axis=0), 1)
    tail = (1 - _CONFIDENCE) / 2
    low, high = np.quantile(resampled, (tail, 1 - tail))
    return Interval(*(round(float(x), 6) for x in ((filled.sum(axis=1) / is_there.sum(axis=1)).mean(), low, high)))
