"""How many tokens the base model reads of a row's texts, for the limits in tokens.

A text is counted as the model reads it: behind the recipe's prompt, with the special tokens, a passage
behind its title, and before any truncation. The embedded model's tokenizer is made of training passages,
which nobody knows before rows are filtered; here it is made of all passages that were read.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from dataprep.recipes.curation import Filter
from dataprep.recipes.recipe import Recipe
from dataprep.text import passage_text

if TYPE_CHECKING:
    from dataprep.models.base_tokenizer import BaseTokenizer


def limited(settings: Filter) -> list[str]:
    """The columns whose tokens a recipe sets a limit on: question, passage."""
    bounds = {
        "question": (settings.min_question_tokens, settings.max_question_tokens),
        "passage": (settings.min_passage_tokens, settings.max_passage_tokens),
    }
    return [column for column, limits in bounds.items() if any(limit is not None for limit in limits)]


def tokenizer(rows: pl.LazyFrame, recipe: Recipe) -> "BaseTokenizer | None":
    """The tokenizer that limits in tokens go by: that of `[lengths] tokenizer`, else of the base model; None without such limits.

    Args:
        rows: ROWS, all of them: the embedded model's tokenizer is made of their passages.
        recipe: The recipe.

    Raises:
        CallError: There is no such model, or it has no fast tokenizer.
        RemoteError: The Hub is out of reach or has no such model.
    """
    if not limited(recipe.filter):
        return None
    from dataprep.models import base_tokenizer  # noqa: PLC0415 - late: most recipes set no limit in tokens

    passages = rows.select(pl.col("passage").unique()).collect()["passage"]
    return base_tokenizer.find(recipe.lengths.tokenizer or recipe.train.base_model, passages=passages, revision=recipe.train.base_revision)


def token_counts(found: "BaseTokenizer", recipe: Recipe) -> Mapping[str, pl.Expr]:
    """Expressions over ROWS, under the columns whose tokens are limited: number of tokens. Null where the text is null."""
    from dataprep.models.token_counts import TokenCounter  # noqa: PLC0415 - late: most recipes set no limit in tokens

    counter = TokenCounter(found.tokenizer, n_special=found.n_special)

    def counted(text: pl.Expr, prompt: str) -> pl.Expr:
        prompted = pl.concat_str(pl.lit(prompt), text)
        return prompted.map_batches(counter.count, return_dtype=pl.UInt32, is_elementwise=True)

    passage = passage_text(pl.col("title"), pl.col("passage"))
    prompts = recipe.train
    expressions = {"question": counted(pl.col("question"), prompts.query_prompt), "passage": counted(passage, prompts.passage_prompt)}
    return {column: expressions[column] for column in limited(recipe.filter)}
