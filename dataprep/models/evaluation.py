"""Retrieval evaluation: every question of a split against the whole corpus, BM25 beside the models.

The corpus is encoded once per model; each Matryoshka dimension is a prefix of the same vectors, scaled to
length one again. Only questions with a positive count: one without could be right nowhere.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import polars as pl

from dataprep.errors import DataError
from dataprep.models import metrics
from dataprep.models.bm25 import Index
from dataprep.models.ranking import TIE_RULE, Floats, Integers, largest, matryoshka_dims, order_keys, run_frame
from dataprep.schemas import RUN
from dataprep.text import passage_text

ALL = "all"  # stands for the dimension of systems without vectors
_COMPARISONS = (("finetuned", "base"), ("finetuned", "bm25"))
_BLOCK_SCORES = 4_000_000  # scores held at once
_MAX_BLOCK_QUERIES = 1_000


class Encoder(Protocol):
    """What is asked of a model."""

    def encode_queries(self, texts: Sequence[str]) -> Floats:
        """One vector per question."""

    def encode_passages(self, texts: Sequence[str]) -> Floats:
        """One vector per passage."""


class Task(NamedTuple):
    """What is searched, and what is right."""

    split: str
    queries: pl.DataFrame  # query_id, text; sorted by id, each with a positive
    passages: pl.DataFrame  # passage_id, text as models read it; sorted by id
    qrels: pl.DataFrame  # query_id, passage_id, relevance of 1 or more


class Evaluation(NamedTuple):
    """The figures, and what they were made from."""

    summary: dict[str, Any]
    runs: pl.DataFrame  # RUN
    per_query: pl.DataFrame  # system, dimension, query_id and a column per metric


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
    positives = judgements.filter(pl.col("relevance") >= 1).select("query_id", "passage_id", "relevance")
    queries = split_queries.filter(pl.col("split") == split).join(positives, on="query_id", how="semi")
    found = queries.select("query_id", "text").collect().sort("query_id")
    if not found.height:
        raise DataError(f"split {split}: found no question with a positive passage, wanted one at least; give it a larger share")
    qrels = positives.join(found.lazy().select("query_id"), on="query_id", how="semi").collect().sort("query_id", "passage_id")
    passages = corpus.select("passage_id", passage_text(pl.col("title"), pl.col("text")).alias("text")).collect().sort("passage_id")
    return Task(split, found, passages, qrels)


def evaluate(
    task: Task, encoders: Mapping[str, Encoder], *, dims: Sequence[int], bootstrap_samples: int, seed: int, k1: float = 0.9, b: float = 0.4
) -> Evaluation:
    """BM25 and every model on the task.

    Args:
        task: What `retrieval_task` gives.
        encoders: Models by name: base, finetuned.
        dims: Matryoshka dimensions wanted; those a model does not have are left out, and its own is added.
        bootstrap_samples: Resamplings of the queries for the intervals.
        seed: Seed of the resamplings.
        k1: BM25's saturation of term frequency.
        b: BM25's length normalisation.
    """
    index = Index(task.passages.with_columns(title=pl.lit("")), k1=k1, b=b)
    runs = {("bm25", ALL): index.search(task.queries, k=metrics.DEPTH)}
    for name, encoder in encoders.items():
        vectors = Vectors.of(task, encoder)
        for dimension in matryoshka_dims(dims, vectors.queries.shape[1]):
            runs[name, str(dimension)] = vectors.search(task, dimension)
    figures = {key: metrics.per_query(run, task.qrels) for key, run in runs.items()}
    summary = {
        "split": task.split,
        "n_queries": task.queries.height,
        "n_passages": task.passages.height,
        "tie_rule": TIE_RULE,
        "bootstrap_samples": bootstrap_samples,
        "systems": _nested({key: metrics.summary(table, samples=bootstrap_samples, seed=seed) for key, table in figures.items()}),
        "differences": _nested(_differences(figures, samples=bootstrap_samples, seed=seed)),
    }
    return Evaluation(summary, _stacked(runs).select(RUN.names()).cast(RUN), _stacked(figures))


def primary_score(task: Task, encoder: Encoder) -> float:
    """ndcg@10 at the model's own dimension: the one number that training's checkpoints are chosen by."""
    vectors = Vectors.of(task, encoder)
    found = vectors.search(task, vectors.queries.shape[1])
    mean = metrics.per_query(found, task.qrels)[metrics.PRIMARY].mean()
    return float(mean) if isinstance(mean, float) else 0.0


class Vectors(NamedTuple):
    """Vectors of a task's questions and passages, in the task's order."""

    queries: Floats
    passages: Floats

    @classmethod
    def of(cls, task: Task, encoder: Encoder) -> "Vectors":
        """Encode the questions and, once, the corpus."""
        return cls(encoder.encode_queries(task.queries["text"].to_list()), encoder.encode_passages(task.passages["text"].to_list()))

    def search(self, task: Task, dimension: int) -> pl.DataFrame:
        """The hundred passages of highest cosine for each question, by the first `dimension` numbers of each vector.

        The score matrix is made block by block, so memory does not grow with the corpus.

        Returns:
            query_id, passage_id, score, rank.
        """
        found: list[Integers] = []
        for start in range(0, len(self.queries), _MAX_BLOCK_QUERIES):
            found += list(self._best(_unit(self.queries[start : start + _MAX_BLOCK_QUERIES, :dimension]), dimension))
        return run_frame(task.queries["query_id"].to_list(), task.passages["passage_id"], found)

    def _best(self, queries: Floats, dimension: int) -> Integers:
        best: Integers = np.empty((len(queries), 0), dtype=np.int64)
        width = max(1, _BLOCK_SCORES // len(queries))
        for start in range(0, len(self.passages), width):
            scores = queries @ _unit(self.passages[start : start + width, :dimension]).T
            best = largest(np.concatenate([best, largest(order_keys(scores, start), metrics.DEPTH)], axis=1), metrics.DEPTH)
        return best


def _unit(vectors: Floats) -> Floats:
    """Rows scaled to length one; zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)


_Key = tuple[str, str]  # system, dimension


def _differences(figures: Mapping[_Key, pl.DataFrame], *, samples: int, seed: int) -> dict[_Key, dict[str, metrics.Interval]]:
    """Paired differences per dimension; a system without dimensions is compared with each of the other's."""
    found = {}
    for (system, dimension), table in figures.items():
        for baseline in (b for a, b in _COMPARISONS if a == system):
            other = figures.get((baseline, dimension), figures.get((baseline, ALL)))
            if other is not None:
                found[f"{system}-{baseline}", dimension] = metrics.difference(table, other, samples=samples, seed=seed)
    return found


def _nested(by_key: Mapping[_Key, Any]) -> dict[str, dict[str, Any]]:
    """System -> dimension -> figures."""
    found: dict[str, dict[str, Any]] = {}
    for (system, dimension), value in by_key.items():
        found.setdefault(system, {})[dimension] = value
    return found


def _stacked(tables: Mapping[_Key, pl.DataFrame]) -> pl.DataFrame:
    """All tables below each other, with their system and dimension (null where it has none) in front."""
    return pl.concat(
        table.select(pl.lit(system).alias("system"), pl.lit(None if d == ALL else int(d), dtype=pl.Int32).alias("dimension"), pl.all())
        for (system, d), table in tables.items()
    )
