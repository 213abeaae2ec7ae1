"""One model judged in two ways: row by row without labels, and by questions with labels.

Row by row, each row of the test split is a query of its own, its passage alone is right, and every row's passage
is searched, as the model mmlw-roberta-base-klej-dyk-v0.1 was judged. A question with five rows is then five queries
of which a ranker can get one right at rank 1, whatever it does. Two rankers that see the truth show what a figure
of either way can mean: `perfect` puts the passages judged right first, then the others of the question;
`topic_only` knows which passages belong to the question, and nothing else. The order is random within a class and
the same for all rows of a question; figures are means over draws.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from dataprep.models import metrics
from dataprep.models.bm25 import Index
from dataprep.models.encoder import Encoder
from dataprep.models.evaluation import ALL, model_runs
from dataprep.models.tasks import Task
from dataprep.text import fold, passage_id, query_id

MEASURES = (*metrics.MEASURES, *metrics.MORE_MEASURES)  # 22
ROWS, QUESTIONS = "rows", "questions"
PERFECT, TOPIC_ONLY = "perfect", "topic_only"
_DRAWS = 20


class Judged(NamedTuple):
    """A task, and the passages of each query's topic: query_id, topic, passage_id, is_right."""

    task: Task
    topics: pl.DataFrame


def by_rows(rows: pl.DataFrame, test_rows: pl.DataFrame) -> Judged:
    """Each row of the test split a query, its own passage right, every row's passage searched.

    Args:
        rows: row_id, question, passage, label (1 right, 0 wrong), every row.
        test_rows: row_id of those in the test split.
    """
    named = rows.select("row_id", "label", topic=fold(pl.col("question")), query_id="row_id", passage_id="row_id", text="passage")
    asked = rows.join(test_rows, on="row_id", how="semi").select(query_id="row_id", text="question").sort("query_id")
    own = asked.select("query_id", passage_id="query_id", relevance=pl.lit(1))
    topic_of = named.select("query_id", "topic").join(asked, on="query_id", how="semi")
    topics = topic_of.join(named.select("topic", "passage_id", is_right=pl.col("label") == 1), on="topic").select(_TOPIC)
    return Judged(Task("test", asked, named.select("passage_id", "text").sort("passage_id"), own), topics)


def by_questions(rows: pl.DataFrame) -> Judged:
    """Each question once, the passages labelled 1 right, every distinct passage searched; questions without a right one do not count."""
    named = rows.with_columns(
        topic=fold(pl.col("question")), query_id=query_id(fold(pl.col("question"))), passage_id=passage_id(pl.col("passage"))
    )
    judged = named.group_by("query_id", "topic", "passage_id").agg(is_right=(pl.col("label") == 1).any())
    right = judged.filter("is_right").select("query_id", "passage_id", relevance=pl.lit(1)).sort("query_id", "passage_id")
    texts = named.group_by("query_id").agg(text=pl.col("question").min())
    asked = texts.join(right, on="query_id", how="semi").sort("query_id")
    passages = named.select("passage_id", text="passage").unique("passage_id").sort("passage_id")
    topics = judged.join(asked.select("query_id"), on="query_id", how="semi").select(_TOPIC)
    return Judged(Task("all", asked, passages, right), topics)


_TOPIC = ("query_id", "topic", "passage_id", "is_right")


def compare(
    rows: pl.DataFrame, split_of: pl.DataFrame, encoders: Mapping[str, Encoder], *, dims: Sequence[int], seed: int
) -> dict[str, Any]:
    """Everything as plain values.

    Args:
        rows: row_id, question, passage and label of every row that was split.
        split_of: row_id and split.
        encoders: Models by name.
        dims: Matryoshka dimensions.
        seed: Seed of the rankers' draws.

    Returns:
        `split` (rows per split), `seen_questions_fraction` (of test rows, those whose question stands in train too), and
        per way, `rows` and `questions`: n_queries, n_passages, and system -> dimension -> metric -> mean.
    """
    remembered = {name: _Remembering(encoder) for name, encoder in encoders.items()}
    test = split_of.filter(pl.col("split") == "test").select("row_id")
    ways = {ROWS: by_rows(rows, test), QUESTIONS: by_questions(rows)}
    topics = rows.select("row_id", topic=fold(pl.col("question"))).join(split_of, on="row_id")
    trained = topics.filter(pl.col("split") == "train").select("topic").unique()
    held_out = topics.filter(pl.col("split") == "test")
    seen = held_out.join(trained, on="topic", how="semi").height / max(1, held_out.height)
    counts = dict(split_of.group_by("split").len().sort("split").iter_rows())
    judged = {name: _judge(way, remembered, dims=dims, seed=seed) for name, way in ways.items()}
    return {"split": counts, "seen_questions_fraction": round(seen, 6), **judged}


def _judge(way: Judged, encoders: Mapping[str, Encoder], *, dims: Sequence[int], seed: int) -> dict[str, Any]:
    task = way.task
    systems: dict[str, dict[str, dict[str, float]]] = {
        PERFECT: {ALL: _oracle(way, seed=seed, sees_labels=True)},
        TOPIC_ONLY: {ALL: _oracle(way, seed=seed, sees_labels=False)},
        "bm25": {ALL: _means(Index(task.passages.with_columns(title=pl.lit(""))).search(task.queries, k=metrics.DEPTH), task)},
    }
    for name, encoder in encoders.items():
        systems[name] = {str(dimension): _means(run, task) for dimension, run in model_runs(task, encoder, dims).items()}
    return {"n_queries": task.queries.height, "n_passages": task.passages.height, "systems": systems}


def _oracle(way: Judged, *, seed: int, sees_labels: bool) -> dict[str, float]:
    """Means over draws of a ranker that puts the topic's passages first, the right ones before the others if it sees labels."""
    known = way.topics.sort("topic", "passage_id", "query_id")
    cells = known.select("topic", "passage_id").unique(maintain_order=True)
    rng = np.random.default_rng(seed)
    sums = dict.fromkeys(MEASURES, 0.0)
    for _ in range(_DRAWS):
        drawn = known.join(cells.with_columns(luck=rng.random(cells.height)), on=["topic", "passage_id"])
        bonus = pl.col("is_right").cast(pl.Float64) if sees_labels else pl.lit(0.0)
        run = drawn.select("query_id", "passage_id", score=pl.col("luck") + bonus)
        for name, value in _means(run, way.task).items():
            sums[name] += value
    return {name: round(total / _DRAWS, 6) for name, total in sums.items()}


def _means(run: pl.DataFrame, task: Task) -> dict[str, float]:
    table = metrics.per_query(run, task.qrels, measures=MEASURES)
    return {name: metrics.mean(table, name) for name in MEASURES}


class _Remembering:
    """An encoder that encodes a text once: both ways search nearly the same passages."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._vectors: dict[tuple[str, str], Any] = {}

    def encode_queries(self, texts: Sequence[str]) -> Any:  # noqa: ANN401 - an array
        return self._encode("query", texts, self._encoder.encode_queries)

    def encode_passages(self, texts: Sequence[str]) -> Any:  # noqa: ANN401 - an array
        return self._encode("passage", texts, self._encoder.encode_passages)

    def _encode(self, kind: str, texts: Sequence[str], encode: Any) -> Any:  # noqa: ANN401
        new = sorted({text for text in texts if (kind, text) not in self._vectors})
        if new:
            self._vectors |= {(kind, text): vector for text, vector in zip(new, encode(new), strict=True)}
        return np.array([self._vectors[kind, text] for text in texts], dtype=np.float32)
