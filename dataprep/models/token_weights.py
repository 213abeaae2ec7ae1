"""Static base models whose tokens weigh the more, the rarer they are.

A static model's vector of a text is the mean of its tokens' vectors. General-purpose ones are made for other
texts, often another language, whose frequent tokens are not those of the passages to be searched: word
pieces that stand in every passage then drown those that say what one is about. So each vector is multiplied by
its token's inverse document frequency before training (by frequency: Arora, Liang and Ma 2017, "A Simple
but Tough-to-Beat Baseline for Sentence Embeddings"). No question and no judgement is looked at.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import torch
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer

from dataprep.models.encode import is_static

_BATCH = 10_000  # passages tokenised at once


def weigh(model: SentenceTransformer, passages: pl.Series) -> dict[str, int] | None:
    """Multiply each token's vector by its inverse document frequency, in place.

    The vectors' mean length stays what it was, for learning rates are steps of absolute size. Tokens that stand in
    no passage weigh most: whatever text has one is told apart by it.

    Args:
        model: The base model.
        passages: Texts that the frequencies are counted in, each distinct one once; nulls are left out.

    Returns:
        How many passages were counted and tokens found in them; None where the model is not static and stays as it is.
    """
    if not is_static(model):
        return None
    static: Any = model[0]
    vectors: torch.Tensor = static.embedding.weight.data
    distinct = passages.drop_nulls().unique()
    found = document_frequencies(distinct, static.tokenizer, n_tokens=len(vectors))
    weighted = vectors * torch.from_numpy(inverse(found, n_passages=len(distinct))).to(vectors)[:, None]
    vectors.copy_(weighted * (vectors.norm(dim=1).mean() / weighted.norm(dim=1).mean().clamp_min(torch.finfo(vectors.dtype).tiny)))
    return {"passages": len(distinct), "tokens": int((found > 0).sum())}


def document_frequencies(passages: pl.Series, tokenizer: Tokenizer, *, n_tokens: int) -> npt.NDArray[np.int64]:
    """In how many passages each token of the vocabulary stands."""
    found = np.zeros(n_tokens, dtype=np.int64)
    for block in passages.to_frame().iter_slices(_BATCH):
        for encoding in tokenizer.encode_batch_fast(block.to_series().to_list(), add_special_tokens=False):
            found[np.unique(np.asarray(encoding.ids, dtype=np.int64))] += 1
    return found


def inverse(frequencies: npt.NDArray[np.int64], *, n_passages: int) -> npt.NDArray[np.float64]:
    """ln(1 + (N - df + 0.5) / (df + 0.5)), as Lucene's BM25 has it."""
    found: npt.NDArray[np.float64] = np.log1p((n_passages - frequencies + 0.5) / (frequencies + 0.5))
    return found
