"""How good the weights in training are: one named metric at one named dimension, on the validation split and never on test."""

from collections.abc import Callable, Mapping, Sequence

from sentence_transformers import SentenceTransformer

from dataprep.models import metrics
from dataprep.models.course import SCORE
from dataprep.models.encoder import Encoder
from dataprep.models.ranking import Integers, run_frame
from dataprep.models.search import search
from dataprep.models.tasks import Task


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
        self._task, self._encoder, self._metric = task, encoder, metric
        self._dims = [dimension] if dimension else []

    def __call__(self, model: SentenceTransformer) -> Mapping[str, float]:
        """ndcg@10 at the model's own dimension, and `score`: the chosen metric at the chosen dimension."""
        found = search(self._encoder(model), self._task.queries["text"], self._task.passages["text"], dims=self._dims, depth=metrics.DEPTH)
        own = max(found)
        wanted = next((dimension for dimension in self._dims if dimension in found), own)
        return {metrics.PRIMARY: self._mean(found[own], metrics.PRIMARY), SCORE: self._mean(found[wanted], self._metric)}

    def _mean(self, keys: Sequence[Integers], metric: str) -> float:
        run = run_frame(self._task.queries["query_id"].to_list(), self._task.passages["passage_id"], keys)
        return metrics.mean(metrics.per_query(run, self._task.qrels, measures=[metric]), metric)
