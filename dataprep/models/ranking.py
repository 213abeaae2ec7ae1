"""From scores to ranks, with ties broken the same way everywhere: score descending, then passage_id ascending."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

TIE_RULE = "score descending, rounded to 6 decimals; equal scores by passage_id ascending"
DECIMALS = 6  # float32 carries seven digits: beyond that, the order would depend on the size of a matrix block
TOLERANCE = 1 / 10**DECIMALS  # a score lower by less may still have the higher key
POSITION_BITS = 30  # positions below 10^9; 33 bits are left for scores, so |score| < 8,589

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


def keys_at(scores: npt.NDArray[Any], positions: npt.NDArray[np.integer]) -> Integers:
    """Distinct integers that sort as the tie rule wants: the higher the score, and then the smaller the position, the larger.

    Args:
        scores: Scores of passages.
        positions: Positions of these passages in the corpus, in ascending order of passage_id; of a shape that fits the scores'.

    Returns:
        Keys of the same shape, from which `from_keys` regains score and position.
    """
    rounded = np.rint(scores.astype(np.float64) * 10**DECIMALS).astype(np.int64)
    keys: Integers = (rounded << POSITION_BITS) - positions
    return keys


def from_keys(keys: Integers) -> tuple[npt.NDArray[np.float64], Integers]:
    """Scores and positions behind the keys of `keys_at`."""
    rounded = -((-keys) >> POSITION_BITS)  # ceiling, for positions were subtracted
    return rounded / 10**DECIMALS, (rounded << POSITION_BITS) - keys


def largest(keys: Integers, k: int) -> Integers:
    """The k largest keys along the last axis, descending; all of them where there are fewer."""
    if keys.shape[-1] > k:
        keys = np.partition(keys, keys.shape[-1] - k, axis=-1)[..., -k:]
    descending: Integers = np.sort(keys, axis=-1)[..., ::-1]
    return descending


def run_frame(query_ids: Sequence[str], passage_ids: pl.Series, keys: Sequence[Integers]) -> pl.DataFrame:
    """One row per retrieved passage.

    Args:
        query_ids: One id per query.
        passage_ids: Ids of the corpus, ascending, as text.
        keys: For each query the keys of what was retrieved, best first.

    Returns:
        query_id, passage_id, score and rank (from 1), in the order given.
    """
    lengths = [len(row) for row in keys]
    scores, positions = from_keys(np.concatenate([*keys, np.empty(0, dtype=np.int64)]))
    ranks = np.concatenate([np.arange(1, n + 1, dtype=np.int32) for n in lengths] + [np.empty(0, dtype=np.int32)])
    ids = pl.Series(list(query_ids), dtype=pl.String)
    owners = np.repeat(np.arange(len(lengths)), lengths)
    return pl.DataFrame(
        {
            "query_id": ids.gather(owners),
            "passage_id": passage_ids.gather(positions),
            "score": pl.Series(scores, dtype=pl.Float64),
            "rank": pl.Series(ranks, dtype=pl.Int32),
        }
    )


def matryoshka_dims(wanted: Sequence[int], own: int) -> tuple[int, ...]:
    """Dimensions to train and judge, descending: those wanted that the model has, and its own."""
    return tuple(sorted({own, *(d for d in wanted if d < own)}, reverse=True))
