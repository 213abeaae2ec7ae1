"""Retrieval evaluation: every question of a split against the whole corpus, BM25 and a hybrid beside the models.

The corpus is encoded once per model; each Matryoshka dimension is a prefix of the same vectors, scaled to
length one again. Only questions with a positive count: one without could be right nowhere.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from dataprep.models import metrics
from dataprep.models.encoder import Encoder
from dataprep.models.fusion import RRF_K, fuse
from dataprep.models.lexical import baseline
from dataprep.models.ranking import TIE_RULE, run_frame
from dataprep.models.search import search
from dataprep.models.tasks import Task
from dataprep.schemas import RUN

ALL = "all"  # stands for the dimension of systems without vectors
FINETUNED, HYBRID, BM25 = "finetuned", "hybrid", "bm25"
_COMPARISONS = ((FINETUNED, "base"), (FINETUNED, BM25), (HYBRID, BM25), (HYBRID, FINETUNED))


class Evaluation(NamedTuple):
    """The figures, and what they were made from."""

    summary: dict[str, Any]
    runs: pl.DataFrame  # RUN
    per_query: pl.DataFrame  # system, dimension, query_id and a column per metric


def evaluate(  # noqa: PLR0913 - one keyword per setting of the recipe
    task: Task,
    encoders: Mapping[str, Encoder],
    *,
    dims: Sequence[int],
    bootstrap_samples: int,
    seed: int,
    validation: Task | None = None,
    k1: float | None = None,
    b: float | None = None,
    rrf_k: int = RRF_K,
) -> Evaluation:
    """BM25, every model, and the fusion of BM25 and the fine-tuned model on the task.

    Args:
        task: What `tasks.retrieval_task` gives.
        encoders: Models by name: base, finetuned.
        dims: Matryoshka dimensions wanted; those a model does not have are left out, and its own is added.
        bootstrap_samples: Resamplings of the queries for the intervals.
        seed: Seed of the resamplings.
        validation: The validation split's task, on which BM25's k1 and b are chosen where they are None.
        k1: BM25's saturation of term frequency.
        b: BM25's length normalisation.
        rrf_k: Constant of the fusion.
    """
    lexical, chosen = baseline(task, validation, k1=k1, b=b)
    runs = {(BM25, ALL): lexical}
    for name, encoder in encoders.items():
        runs |= {(name, str(dimension)): run for dimension, run in model_runs(task, encoder, dims).items()}
    hybrid = {d: fuse(lexical, run, depth=metrics.DEPTH, k=rrf_k) for (name, d), run in runs.items() if name == FINETUNED}
    runs |= {(HYBRID, dimension): run for dimension, run in hybrid.items()}
    figures = {key: metrics.per_query(run, task.qrels) for key, run in runs.items()}
    summary = {
        "split": task.split,
        "n_queries": task.queries.height,
        "n_passages": task.passages.height,
        "tie_rule": TIE_RULE,
        "bootstrap_samples": bootstrap_samples,
        "bm25": chosen,
        "hybrid": {"of": [BM25, FINETUNED], "method": "reciprocal rank fusion", "k": rrf_k, "depth": metrics.DEPTH},
        "systems": _nested({key: metrics.summary(table, samples=bootstrap_samples, seed=seed) for key, table in figures.items()}),
        "differences": _nested(_differences(figures, samples=bootstrap_samples, seed=seed)),
    }
    return Evaluation(summary, _stacked(runs).select(RUN.names()).cast(RUN), _stacked(figures))


def model_runs(task: Task, encoder: Encoder, dims: Sequence[int]) -> dict[int, pl.DataFrame]:
    """Per dimension, descending, what the model retrieves."""
    found = search(encoder, task.queries["text"], task.passages["text"], dims=dims, depth=metrics.DEPTH)
    ids = task.queries["query_id"].to_list()
    return {dimension: run_frame(ids, task.passages["passage_id"], keys) for dimension, keys in found.items()}


_Key = tuple[str, str]  # system, dimension


def _differences(figures: Mapping[_Key, pl.DataFrame], *, samples: int, seed: int) -> dict[_Key, dict[str, metrics.Interval]]:
    """Paired differences per dimension; a system without dimensions is compared with each of the other's."""
    found = {}
    for (system, dimension), table in figures.items():
        for name in (b for a, b in _COMPARISONS if a == system):
            other = figures.get((name, dimension), figures.get((name, ALL)))
            if other is not None:
                found[f"{system}-{name}", dimension] = metrics.difference(table, other, samples=samples, seed=seed)
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
