"""How many words two texts have in common, for many pairs of texts at once."""

import numpy as np
import polars as pl

from dataprep.folding import chunks
from dataprep.words import of_row, words

COUNTS = pl.Schema({"words": pl.UInt32, "distinct": pl.UInt32, "shared": pl.UInt32})


def shared_words(question: str, passage: str) -> pl.Expr:
    """Count the words of two columns; words are those of `text.fold`.

    Args:
        question: Name of the column whose words are looked for; a null counts as "".
        passage: Name of the column in which they are looked for; a null counts as "".

    Returns:
        Struct expression, COUNTS: the passage's `words`, the question's `distinct` words, and how many of
        those are `shared`. Words are compared by 64-bit hashes.
    """
    return pl.struct(question=pl.col(question).fill_null(""), passage=pl.col(passage).fill_null("")).map_batches(
        _counted, return_dtype=pl.Struct(COUNTS), is_elementwise=True
    )


def _counted(pairs: pl.Series) -> pl.Series:
    questions, done, parts = pairs.struct.field("question"), 0, []
    for passages in chunks(pairs.struct.field("passage")):
        parts.append(_count(questions.slice(done, len(passages)), passages))
        done += len(passages)
    return pl.concat(parts).cast(COUNTS).to_struct(pairs.name)


def _count(questions: pl.Series, passages: pl.Series) -> pl.DataFrame:
    asked, told = words(questions), words(passages)
    n = len(questions)
    asked_in, told_in = (np.repeat(np.arange(n), found.counts) for found in (asked, told))
    keys, places = np.unique(of_row(asked.hashes, asked_in), return_index=True)
    row = asked_in[places]
    is_shared = pl.Series(keys).is_in(pl.Series(of_row(told.hashes, told_in)).implode()).to_numpy()
    return pl.DataFrame(
        {"words": told.counts, "distinct": np.bincount(row, minlength=n), "shared": np.bincount(row[is_shared], minlength=n)}
    )
