"""How much the rows repeat each other as they were read, before any rule."""

import polars as pl

from dataprep.text import fold


def repetition(rows: pl.LazyFrame) -> dict[str, int]:
    """Count rows that say again what another row says, and passages that stand with several questions.

    Args:
        rows: `question` and `passage`.

    Returns:
        `equal_pairs` and `folded_pairs`: rows beyond the first with the same question and passage, letter for letter,
        and but for case, punctuation and white space; `shared_passages`: folded passages of several folded questions.
    """
    question, passage = fold(pl.col("question")), fold(pl.col("passage"))
    per_passage = rows.group_by(passage).agg(n=question.n_unique())
    n_rows, n_equal, n_folded, n_shared = (
        int(frame.item())
        for frame in pl.collect_all(
            [
                rows.select(pl.len()),
                rows.select("question", "passage").unique().select(pl.len()),
                rows.select(question, passage).unique().select(pl.len()),
                per_passage.select((pl.col("n") > 1).sum()),
            ]
        )
    )
    return {"equal_pairs": n_rows - n_equal, "folded_pairs": n_rows - n_folded, "shared_passages": n_shared}
