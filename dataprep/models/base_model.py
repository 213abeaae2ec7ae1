"""The recipe's base model: the one that is trained, and by which passages are compared."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import polars as pl

from dataprep.duplicates.semantic import Encode
from dataprep.recipes.recipe import Recipe

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from dataprep.models.encode import ModelEncoder


def load_base_model(recipe: Recipe, *, passages: Callable[[], pl.Series]) -> "SentenceTransformer":
    """Load the base model, or make the embedded one.

    Args:
        recipe: Names the model, its revision and its length, and seeds the embedded one.
        passages: Texts that the embedded model is made of; not asked for any other.

    Raises:
        CallError: There is no such model, or it cannot be loaded.
        RemoteError: The Hub is out of reach or has no such model.
    """
    from dataprep.models import base_tokenizer, embedded, encode  # noqa: PLC0415 - late: these bring torch

    settings = recipe.train
    if settings.base_model == embedded.EMBEDDED:
        texts = passages()
        return embedded.build_base_model(texts, embedded.train_tokenizer(texts), seed=recipe.seed)
    return encode.load(base_tokenizer.fetch(settings.base_model, revision=settings.base_revision), max_tokens=settings.max_tokens)


def passage_encoder(recipe: Recipe, *, passages: Callable[[], pl.Series]) -> Encode:
    """What turns passages into the base model's vectors, behind the recipe's prompt; arguments as above."""
    return load_encoder(recipe, passages=passages).encode_passages


def load_encoder(recipe: Recipe, *, passages: Callable[[], pl.Series]) -> "ModelEncoder":
    """The base model with the recipe's prompts; arguments as above."""
    from dataprep.models.encode import ModelEncoder  # noqa: PLC0415 - late: brings torch

    model = load_base_model(recipe, passages=passages)
    return ModelEncoder(model, query_prompt=recipe.train.query_prompt, passage_prompt=recipe.train.passage_prompt)
