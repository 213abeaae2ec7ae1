"""How many tokens the base model reads of a row's texts, for the limits in tokens.

A text is counted as the model reads it: behind the recipe's prompt, with the special tokens, a passage
behind its title, and before any truncation. The embedded model's tokenizer is made of training passages,
which nobody knows before rows are filtered; here it is made of all passages that were read.
"""

from collections.abc import Mapping

import polars as pl

from dataprep.recipe import Filter, Recipe
from dataprep.text import passage_text


def limited(settings: Filter) -> list[str]:
    """The columns whose tokens a recipe sets a limit on: question, passage."""
    bounds = {
        "question": (settings.min_question_tokens, settings.max_question_tokens),
        "passage": (settings.min_passage_tokens, settings.max_passage_tokens),
    }
    return [column for column, limits in bounds.items() if any(limit is not None for limit in limits)]


def token_counts(rows: pl.LazyFrame, recipe: Recipe) -> Mapping[str, pl.Expr]:
    """Expressions over ROWS, under the columns whose tokens are limited: number of tokens. Null where the text is null.

    The tokenizer is that of `[lengths] tokenizer`, else of the base model.

    Raises:
        CallError: There is no such model, or it has no fast tokenizer.
        RemoteError: The Hub is out of reach or has no such model.
    """
    if not limited(recipe.filter):
        return {}
    from dataprep.models import base_tokenizer  # noqa: PLC0415 - late: most recipes set no limit in tokens
    from dataprep.models.token_counts import TokenCounter  # noqa: PLC0415

    settings = recipe.train
    passages = rows.select(pl.col("passage").unique()).collect()["passage"]
    found = base_tokenizer.find(recipe.lengths.tokenizer or settings.base_model, passages=passages, revision=settings.base_revision)

    counter = TokenCounter(found.tokenizer, n_special=found.n_special)

    def counted(text: pl.Expr, prompt: str) -> pl.Expr:
        prompted = pl.concat_str(pl.lit(prompt), text)
        return prompted.map_batches(counter.count, return_dtype=pl.UInt32, is_elementwise=True)

    passage = passage_text(pl.col("title"), pl.col("passage"))
    expressions = {"question": counted(pl.col("question"), settings.query_prompt), "passage": counted(passage, settings.passage_prompt)}
    return {column: expressions[column] for column in limited(recipe.filter)}
