"""The best passages so far of a block of questions, by NumPy on the processor or by torch on a GPU.

Both give the same: the order keys of `dataprep.models.ranking`. NumPy looks only at scores that can still
be among the best, which is five times as fast on a processor as torch's topk; a GPU sorts all of them sooner.
"""

from typing import Any

import numpy as np
import torch

from dataprep.models.ranking import DECIMALS, POSITION_BITS, TOLERANCE, Floats, Integers, from_keys, keys_at, largest

_CPU_SCORES, _GPU_SCORES = 4_000_000, 64_000_000  # held at once
_EARLY = 8  # times a block's passages: until so many were seen, a bound from the block itself is the sharper one
_NOTHING = np.iinfo(np.int64).min


class BestOnCpu:
    """The best so far, in the processor's memory."""

    def __init__(self, queries: Floats, depth: int) -> None:
        self._queries, self._depth = queries, depth
        self._keys: Integers = np.empty((len(queries), 0), dtype=np.int64)

    def placed(self, vectors: Floats) -> Floats:
        """The vectors where they are compared."""
        return vectors

    def offer(self, passages: Any, first_position: int) -> None:  # noqa: ANN401 - what `placed` gave
        """Compare with further passages, whose positions in the corpus begin at the first."""
        width = max(1, _CPU_SCORES // max(1, len(self._queries)))
        for start in range(0, len(passages), width):
            self._take(self._queries @ passages[start : start + width].T, first_position + start)

    def found(self) -> Integers:
        """Order keys of each question's passages, best first; a row per question."""
        return self._keys

    def _take(self, scores: Floats, first_position: int) -> None:
        n_passages = scores.shape[1]
        least = np.full(len(scores), -np.inf)  # scores below it cannot be among the best
        if self._keys.shape[1] == self._depth:
            least = from_keys(self._keys[:, -1])[0] - TOLERANCE
        if n_passages > self._depth and first_position < _EARLY * n_passages:
            place = n_passages - self._depth
            least = np.maximum(least, np.partition(scores, place, axis=1)[:, place] - TOLERANCE)
        rows, columns = np.divmod(np.flatnonzero(scores >= least.astype(np.float32)[:, None]), n_passages)
        if len(rows):
            new = _side_by_side(keys_at(scores[rows, columns], columns + first_position), rows, len(scores))
            self._keys = largest(np.concatenate([self._keys, new], axis=1), min(self._depth, first_position + n_passages))


def _side_by_side(keys: Integers, rows: Integers, n_rows: int) -> Integers:
    """Keys in the row that each belongs to, shorter rows filled up; the row numbers ascend."""
    counts = np.bincount(rows, minlength=n_rows)
    table = np.full((n_rows, counts.max()), _NOTHING)
    table[rows, np.arange(len(rows)) - (counts.cumsum() - counts)[rows]] = keys
    return table


class BestOnGpu:
    """The best so far, in the memory of a GPU; methods as `BestOnCpu`."""

    def __init__(self, queries: Floats, depth: int) -> None:
        self._queries, self._depth = self.placed(queries), depth
        self._keys = torch.empty((len(queries), 0), dtype=torch.int64, device=self._queries.device)

    def placed(self, vectors: Floats) -> torch.Tensor:
        """The vectors where they are compared."""
        return torch.from_numpy(np.ascontiguousarray(vectors)).to("cuda" if torch.cuda.is_available() else "cpu")

    def offer(self, passages: Any, first_position: int) -> None:  # noqa: ANN401 - what `placed` gave
        """Compare with further passages, whose positions in the corpus begin at the first."""
        width = max(1, _GPU_SCORES // max(1, len(self._queries)))
        for start in range(0, len(passages), width):
            scores = self._queries @ passages[start : start + width].T
            first = first_position + start
            positions = torch.arange(first, first + scores.shape[1], device=scores.device)
            keys = ((scores.double() * 10**DECIMALS).round().long() << POSITION_BITS) - positions
            together = torch.cat([self._keys, keys], dim=1)
            self._keys = together.topk(min(self._depth, together.shape[1]), dim=1).values

    def found(self) -> Integers:
        """Order keys of each question's passages, best first; a row per question."""
        keys: Integers = self._keys.cpu().numpy()
        return keys
