"""How much the rows repeat each other as they were read, before any rule."""

import polars as pl

from dataprep.statistics.row_keys import text_key


def repetition(keys: pl.DataFrame) -> dict[str, int]:
    """Count rows that say again what another row says, and passages that stand with several questions.

    Args:
        keys: As `row_keys` gives them.

    Returns:
        `equal_pairs` and `folded_pairs`: rows beyond the first with the same question and passage, letter for letter,
        and but for case, punctuation and white space; `shared_passages`: folded passages of several folded questions.
    """
    n_equal, n_folded = keys.select(
        text_key(pl.struct("question", "passage")).n_unique(),
        text_key(pl.struct("folded_question", "folded_passage")).n_unique().alias("folded"),
    ).row(0)
    question = pl.col("folded_question")
    passages = keys.lazy().group_by("folded_passage").agg(is_shared=question.min() != question.max())
    n_shared = passages.select(pl.col("is_shared").sum()).collect().item()
    return {"equal_pairs": keys.height - n_equal, "folded_pairs": keys.height - n_folded, "shared_passages": n_shared}
