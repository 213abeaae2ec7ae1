"""The passages of highest cosine for each question, exact, at every Matryoshka dimension, in one pass over the corpus.

Passages are encoded block by block, and a block is forgotten once it was compared: the memory holds the
questions' vectors, their best passages so far and one block of scores, whatever the size of the corpus. The
products are made where torch computes fastest, on a GPU if there is one.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
import polars as pl
import torch

from dataprep.models.ranking import DECIMALS, POSITION_BITS, TOLERANCE, Floats, Integers, matryoshka_dims

_BLOCK_PASSAGES = 16_384  # encoded at once
_BLOCK_QUERIES = 1_000
_BLOCK_SCORES = 4_000_000  # scores held at once
_NOTHING = torch.iinfo(torch.int64).min


class Encoder(Protocol):
    """What is asked of a model."""

    def encode_queries(self, texts: Sequence[str]) -> Floats:
        """One vector per question."""

    def encode_passages(self, texts: Sequence[str]) -> Floats:
        """One vector per passage."""


def search(
    encoder: Encoder, queries: pl.Series, passages: pl.Series, *, dims: Sequence[int] | None, depth: int
) -> Mapping[int, list[Integers]]:
    """The nearest passages of each question, by the first numbers of each vector, for several numbers of numbers.

    Args:
        encoder: The model.
        queries: Questions.
        passages: Passages, in ascending order of their ids; each is encoded once.
        dims: Lengths of the prefixes that are compared; those above the model's own are left out, and its own
            is added. None takes the model's own alone.
        depth: Passages per question; fewer where there are fewer.

    Returns:
        Dimension, descending -> for each question the order keys (`ranking.order_keys`) of its passages, best first.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    asked = torch.from_numpy(np.ascontiguousarray(encoder.encode_queries(queries.to_list()))).to(device)
    blocks = [asked[start : start + _BLOCK_QUERIES] for start in range(0, len(asked), _BLOCK_QUERIES)]
    best = {
        dimension: [_Best(block[:, :dimension], depth) for block in blocks] for dimension in matryoshka_dims(dims or (), asked.shape[1])
    }
    for start, vectors in _encoded(encoder, passages):
        on_device = torch.from_numpy(vectors).to(device)
        for dimension, parts in best.items():
            prefixes = unit(on_device[:, :dimension])
            for part in parts:
                part.offer(prefixes, start)
    return {dimension: [keys for part in parts for keys in part.found()] for dimension, parts in best.items()}


def _encoded(encoder: Encoder, passages: pl.Series) -> Iterator[tuple[int, Floats]]:
    for start in range(0, len(passages), _BLOCK_PASSAGES):
        yield start, np.ascontiguousarray(encoder.encode_passages(passages.slice(start, _BLOCK_PASSAGES).to_list()))


class _Best:
    """The best passages so far of a block of questions."""

    def __init__(self, queries: torch.Tensor, depth: int) -> None:
        self._queries, self._depth = unit(queries), depth
        self._keys = torch.empty((len(queries), 0), dtype=torch.int64, device=queries.device)
        self._least: torch.Tensor | None = None  # scores below this cannot be among the best any more

    def offer(self, passages: torch.Tensor, first_position: int) -> None:
        """Compare with further passages, whose positions in the corpus begin at the first."""
        width = max(1, _BLOCK_SCORES // max(1, len(self._queries)))
        for start in range(0, len(passages), width):
            self._take(self._queries @ passages[start : start + width].T, first_position + start)

    def found(self) -> Integers:
        """Order keys of each question's passages, best first."""
        rows: Integers = self._keys.cpu().numpy()
        return rows

    def _take(self, scores: torch.Tensor, first_position: int) -> None:
        if self._least is None:
            new = _order_keys(scores, torch.arange(first_position, first_position + scores.shape[1], device=scores.device))
        else:
            rows, columns = (scores >= self._least[:, None]).nonzero(as_tuple=True)
            if not len(rows):
                return
            new = _in_rows(_order_keys(scores[rows, columns], columns + first_position), rows, len(scores))
        together = torch.cat([self._keys, new], dim=1)
        self._keys = together.topk(min(self._depth, together.shape[1]), dim=1).values
        if self._keys.shape[1] == self._depth:
            self._least = _lowest_score(self._keys[:, -1]) - TOLERANCE


def _in_rows(keys: torch.Tensor, rows: torch.Tensor, n_rows: int) -> torch.Tensor:
    """Keys side by side in the row that each belongs to; shorter rows are filled up. The row numbers ascend."""
    counts = torch.bincount(rows, minlength=n_rows)
    first = counts.cumsum(0) - counts
    places = torch.arange(len(rows), device=rows.device) - first[rows]
    table = torch.full((n_rows, int(counts.max())), _NOTHING, dtype=torch.int64, device=rows.device)
    table[rows, places] = keys
    return table


def _order_keys(scores: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """`ranking.order_keys` on tensors."""
    keys: torch.Tensor = ((scores.double() * 10**DECIMALS).round().long() << POSITION_BITS) - positions
    return keys


def _lowest_score(keys: torch.Tensor) -> torch.Tensor:
    scores: torch.Tensor = (-((-keys) >> POSITION_BITS)).float() / 10**DECIMALS
    return scores


def unit(vectors: torch.Tensor) -> torch.Tensor:
    """Rows scaled to length one, as 32-bit floats; zeros stay."""
    lengths = torch.linalg.vector_norm(vectors, dim=1, keepdim=True)
    return (vectors / torch.where(lengths > 0, lengths, torch.ones_like(lengths))).float()
