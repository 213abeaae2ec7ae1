"""How good the weights in training are: one named metric at one named dimension, on the validation split and never on test."""

from collections.abc import Callable, Mapping

import polars as pl
from sentence_transformers import SentenceTransformer

from dataprep.models import metrics
from dataprep.models.course import SCORE
from dataprep.models.evaluation import Encoder, Task, Vectors


class Validation:
    """Judges a model on a task."""

    def __init__(
        self, task: Task, encoder: Callable[[SentenceTransformer], Encoder], *, metric: str = metrics.PRIMARY, dimension: int | None = None
    ) -> None:
        """Keep what is asked and how.

        Args:
            task: The questions of validation and the corpus.
            encoder: Gives a model its prompts.
            metric: The metric that checkpoints are chosen by.
            dimension: The dimension that it is taken at; None, or one above the model's own, takes the model's own.
        """
        self._task, self._encoder, self._metric, self._dimension = task, encoder, metric, dimension

    def __call__(self, model: SentenceTransformer) -> Mapping[str, float]:
        """ndcg@10 at the model's own dimension, and `score`: the chosen metric at the chosen dimension."""
        vectors = Vectors.of(self._task, self._encoder(model))
        own = int(vectors.queries.shape[1])
        wanted = min(self._dimension or own, own)
        figures = {dimension: metrics.per_query(vectors.search(self._task, dimension), self._task.qrels) for dimension in {own, wanted}}
        return {metrics.PRIMARY: _mean(figures[own], metrics.PRIMARY), SCORE: _mean(figures[wanted], self._metric)}


def _mean(figures: pl.DataFrame, metric: str) -> float:
    return float(figures.select(pl.col(metric).mean()).item() or 0.0)
