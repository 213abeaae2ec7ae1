"""Rows that stand in a reference set: what a model will be judged on must not be trained on.

A question counts as contaminated if it is, or nearly is, a question of a reference set; a passage if it
is, or nearly is, a passage that answers a question there. What a reference set judges not relevant is a
mere distractor: it gives no answer away. No guard is asked, as it is before a merge: a question that
differs from an evaluation's in one number costs one training row, but training on its answer's text
costs the evaluation.
"""

from typing import NamedTuple

import polars as pl

from dataprep.duplicates.cross_matches import best_matches, cross_matches
from dataprep.events import as_ledger
from dataprep.schemas import CONTAMINATION, LEDGER
from dataprep.text import fold

_BEFORE_CHARS = 2_000


class Decontaminated(NamedTuple):
    """Rows that stand in no reference set, and what became of the others.

    Attributes:
        kept: ROWS in the order they came.
        events: LEDGER by row_id: a `dropped` event per row that left, by the question if that matches, else
            by the passage; `after` holds the reference's text.
        matches: CONTAMINATION, the best match of each question and passage that has one, by row_id and column.
    """

    kept: pl.LazyFrame
    events: pl.LazyFrame
    matches: pl.LazyFrame


def decontaminate(
    rows: pl.LazyFrame,
    references: pl.LazyFrame,
    *,
    min_question_jaccard: float,
    min_passage_jaccard: float,
    shingle_words: int,
) -> Decontaminated:
    """Drop the rows whose question or passage stands in a reference set.

    Args:
        rows: ROWS, cleaned; texts are not null.
        references: ROWS of all reference sets, cleaned by the same rules; `source` names the set.
        min_question_jaccard: Smallest Jaccard similarity of the word sets of nearly equal questions.
        min_passage_jaccard: Smallest Jaccard similarity of the word n-gram sets of nearly equal passages.
        shingle_words: n of the passages' word n-grams.

    Returns:
        The rows that are left, the events of the others, and what matched what.
    """
    answers = references.filter(pl.col("label").fill_null(1) >= 1)
    found = [
        _matches(rows, references, "question", shingle_words=1, min_jaccard=min_question_jaccard),
        _matches(rows, answers, "passage", shingle_words=shingle_words, min_jaccard=min_passage_jaccard),
    ]
    matches = pl.concat(found).sort("row_id", pl.col("column") == "passage")
    contaminated = matches["row_id"].unique().implode()
    return Decontaminated(
        kept=rows.filter(~pl.col("row_id").is_in(contaminated)),
        events=_events(rows, matches.unique("row_id", keep="first", maintain_order=True)),
        matches=matches.lazy(),
    )


def _matches(rows: pl.LazyFrame, references: pl.LazyFrame, column: str, *, shingle_words: int, min_jaccard: float) -> pl.DataFrame:
    """CONTAMINATION of one column; of equal reference texts the first by set and key is named."""
    ours = rows.select("row_id", text=column, one=fold(pl.col(column))).collect()
    theirs = references.select(reference="source", reference_key="source_key", reference_text=column, other=fold(pl.col(column))).collect()
    theirs = theirs.sort("reference", "reference_key").unique("other", keep="first", maintain_order=True)
    best = best_matches(cross_matches(ours["one"], theirs["other"], shingle_words=shingle_words, min_jaccard=min_jaccard))
    found = ours.join(best, on="one").join(theirs, on="other").with_columns(column=pl.lit(column))
    return found.select(CONTAMINATION.names()).cast(CONTAMINATION)


def _events(rows: pl.LazyFrame, first: pl.DataFrame) -> pl.LazyFrame:
    """One `dropped` event per row, for its first match."""
    told = first.select(
        "row_id",
        "column",
        rule=pl.format("contaminated_{}", "column"),
        before=pl.col("text").str.head(_BEFORE_CHARS),
        after=pl.col("reference_text").str.head(_BEFORE_CHARS),
        score="jaccard",
    )
    dropped = rows.select("row_id", "source", "source_key").join(told.lazy(), on="row_id")
    marked = dropped.with_columns(stage=pl.lit("filter"), action=pl.lit("dropped"))
    return as_ledger(marked).sort("row_id").select(LEDGER.names())
