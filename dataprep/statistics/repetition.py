"""How much the rows repeat each other as they were read, before any rule."""

import polars as pl


def repetition(keys: pl.DataFrame) -> dict[str, int]:
    """Count rows that say again what another row says, and passages that stand with several questions.

    Args:
        keys: As `row_keys` gives them.

    Returns:
        `equal_pairs` and `folded_pairs`: rows beyond the first with the same question and passage, letter for letter,
        and but for case, punctuation and white space; `shared_passages`: folded passages of several folded questions.
    """
    n_equal = keys.select(pl.struct("question", "passage").n_unique()).item()
    folded = keys.select("folded_question", "folded_passage").unique()
    n_shared = folded.filter(pl.col("folded_passage").is_duplicated())["folded_passage"].n_unique()
    return {"equal_pairs": keys.height - n_equal, "folded_pairs": keys.height - folded.height, "shared_passages": n_shared}
