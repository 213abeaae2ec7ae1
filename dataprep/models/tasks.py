"""A retrieval task: what is searched, and what is right."""

from typing import NamedTuple

import polars as pl

from dataprep.errors import DataError
from dataprep.text import passage_text


class Task(NamedTuple):
    """What is searched, and what is right."""

    split: str
    queries: pl.DataFrame  # query_id, text; sorted by id, each with a positive
    passages: pl.DataFrame  # passage_id, text as models read it; sorted by id
    qrels: pl.DataFrame  # query_id, passage_id, relevance of 1 or more


def retrieval_task(split_queries: pl.LazyFrame, judgements: pl.LazyFrame, corpus: pl.LazyFrame, *, split: str) -> Task:
    """The questions of a split that have a positive, and the whole corpus.

    Args:
        split_queries: SPLIT_QUERIES.
        judgements: JUDGEMENTS.
        corpus: CORPUS.
        split: The split that is judged.

    Raises:
        DataError: No question of the split has a positive.
    """
    passages = corpus.select("passage_id", passage_text(pl.col("title"), pl.col("text")).alias("text")).collect().sort("passage_id")
    task = same_corpus(passages, split_queries, judgements, split=split)
    if task is None:
        raise DataError(f"split {split}: found no question with a positive passage, wanted one at least; give it a larger share")
    return task


def same_corpus(passages: pl.DataFrame, split_queries: pl.LazyFrame, judgements: pl.LazyFrame, *, split: str) -> Task | None:
    """The task of a split over the passages of another task; None where no question of the split has a positive."""
    positives = judgements.filter(pl.col("relevance") >= 1).select("query_id", "passage_id", "relevance")
    queries = split_queries.filter(pl.col("split") == split).join(positives, on="query_id", how="semi")
    found = queries.select("query_id", "text").collect().sort("query_id")
    qrels = positives.join(found.lazy().select("query_id"), on="query_id", how="semi").collect().sort("query_id", "passage_id")
    return Task(split, found, passages, qrels) if found.height else None
