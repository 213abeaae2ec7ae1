"""Who proposes hard negatives: BM25, and the base model. Both rank the whole corpus for some questions at a time."""

from typing import Protocol

import polars as pl

from dataprep.models.bm25 import Index
from dataprep.models.encoder import Encoder
from dataprep.models.ranking import run_frame
from dataprep.text import passage_text


class Ranker(Protocol):
    """What is asked of a retriever."""

    def search(self, queries: pl.DataFrame) -> pl.DataFrame:
        """The best passages of some questions (query_id, text): query_id, passage_id, score, rank."""


class Lexical:
    """BM25."""

    def __init__(self, passages: pl.DataFrame, *, k1: float, b: float, max_rank: int) -> None:
        self._index, self._max_rank = Index(passages, k1=k1, b=b), max_rank

    def search(self, queries: pl.DataFrame) -> pl.DataFrame:
        """As `Ranker`."""
        return self._index.search(queries, k=self._max_rank)


class Dense:
    """A model's cosines. The corpus is encoded once, for all questions; of what was retrieved, numbers alone are kept."""

    def __init__(self, encoder: Encoder, passages: pl.DataFrame, queries: pl.DataFrame, *, max_rank: int) -> None:
        from dataprep.models.search import search  # noqa: PLC0415 - late: brings torch

        ordered = passages.select("passage_id", text=passage_text(pl.col("title"), pl.col("text"))).sort("passage_id")
        self._passage_ids = ordered["passage_id"]
        [self._keys] = search(encoder, queries["text"], ordered["text"], dims=None, depth=max_rank).values()
        self._rows = dict(zip(queries["query_id"], range(queries.height), strict=True))

    def search(self, queries: pl.DataFrame) -> pl.DataFrame:
        """As `Ranker`; the questions are some of those given at first."""
        ids = queries["query_id"].to_list()
        return run_frame(ids, self._passage_ids, [self._keys[self._rows[name]] for name in ids])
