"""The lexical baseline: BM25, with k1 and b chosen on validation so that it is no straw man."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import polars as pl

from dataprep.models import metrics
from dataprep.models.bm25 import K1, B, Index
from dataprep.models.tasks import Task

K1_TRIED: Sequence[float] = (0.4, 0.6, 0.9, 1.2, 1.6)
B_TRIED: Sequence[float] = (0.2, 0.3, 0.4, 0.6, 0.75)
_JUDGED = 10  # ranks that ndcg@10 looks at
_MAX_QUERIES = 500  # questions that a grid is tried on


def baseline(task: Task, validation: Task | None, *, k1: float | None, b: float | None) -> tuple[pl.DataFrame, Mapping[str, Any]]:
    """What BM25 retrieves, and with which k1 and b.

    Args:
        task: What is judged.
        validation: Questions of the validation split over the same passages, by which k1 and b are chosen where
            they are None; without any, the usual ones of `bm25` are taken.
        k1: Saturation of term frequency.
        b: Length normalisation.

    Returns:
        The run, and k1, b, and how they were chosen: `chosen_on`, `n_queries` and `tried`, each with its ndcg@10.
    """
    index = Index(task.passages.with_columns(title=pl.lit("")))
    grid = [(x, y) for x, y in product(K1_TRIED if k1 is None else [k1], B_TRIED if b is None else [b])]
    if len(grid) > 1 and validation is None:
        grid = [(K1 if k1 is None else k1, B if b is None else b)]
    tried = [{"k1": x, "b": y, metrics.PRIMARY: _score(index, validation, x, y)} for x, y in grid] if validation and len(grid) > 1 else []
    # the first of the best in the order of the grid, so that ties are broken the same way everywhere
    best = max(tried, key=lambda point: point[metrics.PRIMARY]) if tried else {"k1": grid[0][0], "b": grid[0][1]}
    index.reweight(k1=best["k1"], b=best["b"])
    n_queries = min(validation.queries.height, _MAX_QUERIES) if tried and validation else 0
    chosen = {"k1": best["k1"], "b": best["b"], "chosen_on": "validation" if tried else None, "n_queries": n_queries, "tried": tried}
    return index.search(task.queries, k=metrics.DEPTH), chosen


def _score(index: Index, validation: Task, k1: float, b: float) -> float:
    """ndcg@10 on the first 500 questions by id, which is a random choice, for ids are hashes."""
    index.reweight(k1=k1, b=b)
    queries = validation.queries.head(_MAX_QUERIES)
    qrels = validation.qrels.join(queries.select("query_id"), on="query_id", how="semi")
    return metrics.mean(metrics.per_query(index.search(queries, k=_JUDGED), qrels, measures=(metrics.PRIMARY,)))
