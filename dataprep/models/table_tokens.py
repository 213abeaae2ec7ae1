"""Exact token statistics of a training table, by the tokenizer of the model in training."""

from collections.abc import Mapping
from typing import Any

import polars as pl
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer

from dataprep.models.token_counts import TokenCounter

Figures = dict[str, float]


def token_statistics(model: SentenceTransformer, table: pl.DataFrame, prompts: Mapping[str, str]) -> dict[str, Figures]:
    """Tokens per text and column, prompts and special tokens counted, before the model cuts what is too long.

    Args:
        model: The model.
        table: anchor, positive and possibly negative; every row counts.
        prompts: Column to the text put before each of its texts.

    Returns:
        Column -> min, mean (two decimals), max and total; nothing where the model has no tokenizer that counts by itself.
    """
    counter = _counter(model)
    if counter is None:
        return {}
    found = {}
    for column in (name for name in table.columns if name != "group"):
        counts = counter.count(pl.select(pl.lit(prompts.get(column, "")) + table[column]).to_series())
        figures: dict[str, Any] = pl.DataFrame({"n": counts.cast(pl.Int64)}).select(
            min=pl.col("n").min(), mean=pl.col("n").mean().round(2), max=pl.col("n").max(), total=pl.col("n").sum()
        ).row(0, named=True)  # fmt: skip
        found[column] = figures
    return found


def _counter(model: SentenceTransformer) -> TokenCounter | None:
    tokenizer = model.tokenizer
    n_special = 0 if isinstance(tokenizer, Tokenizer) else tokenizer.num_special_tokens_to_add()
    backend = tokenizer if isinstance(tokenizer, Tokenizer) else getattr(tokenizer, "backend_tokenizer", None)
    if not isinstance(backend, Tokenizer):
        return None
    whole = Tokenizer.from_str(backend.to_str())
    whole.no_truncation()
    whole.no_padding()
    return TokenCounter(whole, n_special=n_special)
