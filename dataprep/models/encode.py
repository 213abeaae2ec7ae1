"""Texts to vectors: the one module that imports sentence_transformers for inference."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")  # without it the tokenizer warns after each fork

import torch
import transformers
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding

from dataprep.errors import CallError

QUERY, PASSAGE = "query", "document"  # the prompt names that sentence-transformers' encode_query and encode_document look for
_STATIC_BATCH, _BATCH = 1_024, 32


class ModelEncoder:
    """A sentence-transformers model with the prompts of its questions and passages; an Encoder of `dataprep.models.evaluation`."""

    def __init__(self, model: SentenceTransformer, *, query_prompt: str = "", passage_prompt: str = "") -> None:
        """Keep the model; texts are encoded behind the prompts, whatever the model's own settings say."""
        self._model, self._query_prompt, self._passage_prompt = model, query_prompt, passage_prompt

    def encode_queries(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One vector per question, as the model gives it (not normalised here)."""
        return self._encode(texts, self._query_prompt)

    def encode_passages(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One vector per passage, as the model gives it (not normalised here)."""
        return self._encode(texts, self._passage_prompt)

    def _encode(self, texts: Sequence[str], prompt: str) -> npt.NDArray[np.float32]:
        batch_size = _STATIC_BATCH if is_static(self._model) else _BATCH
        vectors: Any = self._model.encode(list(texts), prompt=prompt, batch_size=batch_size, show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(vectors, dtype=np.float32).reshape(len(texts), -1)


def load(folder: Path, *, max_tokens: int | None = None, device: str | None = None) -> SentenceTransformer:
    """A model from a folder; nothing is asked of the network.

    Args:
        folder: A sentence-transformers or transformers model.
        max_tokens: Length at which texts are truncated; None takes the model's own.
        device: "cpu", "cuda" …; None takes what there is.

    Raises:
        CallError: The folder holds no such model.
    """
    quiet()
    try:
        model = SentenceTransformer(str(folder), device=device, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0][:200]
        raise CallError(f"base model {folder}: could not be loaded ({reason}); wanted a sentence-transformers model") from error
    if max_tokens is not None and not is_static(model):
        model.max_seq_length = max_tokens
    return model


def is_static(model: SentenceTransformer) -> bool:
    """Whether the model looks vectors up instead of computing them from context."""
    return isinstance(model[0], StaticEmbedding)


def quiet() -> None:
    """No progress bars and no advice from the libraries: what matters reaches the user through errors and reports."""
    transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.getLogger("sentence_transformers").setLevel(logging.ERROR)


def has_cuda_bf16() -> bool:
    """Whether there is a GPU that computes in bfloat16."""
    return torch.cuda.is_available() and torch.cuda.is_bf16_supported()
