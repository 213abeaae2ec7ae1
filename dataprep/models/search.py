"""The passages of highest cosine for each question, exact, at every Matryoshka dimension, in one pass over the corpus.

Passages are encoded block by block, and a block is forgotten once it was compared: the memory holds the
questions' vectors, their best passages so far and one block of scores, whatever the size of the corpus. The
products are made on a GPU if there is one.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import polars as pl
import torch

from dataprep.models.best import BestOnCpu, BestOnGpu
from dataprep.models.encoder import Encoder
from dataprep.models.ranking import Floats, Integers, matryoshka_dims

_BLOCK_PASSAGES = 16_384  # encoded at once
_BLOCK_QUERIES = 1_000


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
        Dimension, descending -> for each question the order keys (`ranking.keys_at`) of its passages, best first.
    """
    best_of = BestOnGpu if torch.cuda.is_available() else BestOnCpu
    asked = encoder.encode_queries(queries.to_list())
    blocks = [asked[start : start + _BLOCK_QUERIES] for start in range(0, len(asked), _BLOCK_QUERIES)]
    best = {d: [best_of(unit(block[:, :d]), depth) for block in blocks] for d in matryoshka_dims(dims or (), asked.shape[1])}
    for start, vectors in _encoded(encoder, passages):
        for dimension, parts in best.items():
            prefixes = parts[0].placed(unit(vectors[:, :dimension])) if parts else None
            for part in parts:
                part.offer(prefixes, start)
    return {dimension: [keys for part in parts for keys in part.found()] for dimension, parts in best.items()}


def _encoded(encoder: Encoder, passages: pl.Series) -> Iterator[tuple[int, Floats]]:
    for start in range(0, len(passages), _BLOCK_PASSAGES):
        yield start, encoder.encode_passages(passages.slice(start, _BLOCK_PASSAGES).to_list())


def unit(vectors: Floats) -> Floats:
    """Rows scaled to length one, as 32-bit floats; zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)
