"""Metrics agree with their definitions, written out."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.models.metrics import MEASURES, difference, per_query, summary

PASSAGES = [f"p{i:02}" for i in range(12)]


def by_definition(ranked: list[str], positives: set[str]) -> dict[str, float]:
    hits = [passage in positives for passage in ranked]
    figures = {}
    for k in (1, 3, 5, 10):
        figures[f"accuracy@{k}"] = float(any(hits[:k]))
        figures[f"precision@{k}"] = sum(hits[:k]) / k
        figures[f"recall@{k}"] = sum(hits[:k]) / len(positives)
    gain = sum(hit / math.log2(rank + 1) for rank, hit in enumerate(hits[:10], 1))
    figures["ndcg@10"] = gain / sum(1 / math.log2(rank + 1) for rank in range(1, min(10, len(positives)) + 1))
    figures["mrr@10"] = next((1 / rank for rank, hit in enumerate(hits[:10], 1) if hit), 0.0)
    figures["map@100"] = sum(sum(hits[:rank]) / rank for rank, hit in enumerate(hits[:100], 1) if hit) / len(positives)
    return figures


def frames(scores: dict[str, float], positives: set[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    run = pl.DataFrame(
        {"query_id": ["q"] * len(scores), "passage_id": list(scores), "score": list(scores.values())},
        schema={"query_id": pl.String, "passage_id": pl.String, "score": pl.Float64},
    )
    qrels = pl.DataFrame({"query_id": "q", "passage_id": sorted(positives), "relevance": [1] * len(positives)})
    return run, qrels


@settings(deadline=None)  # a busy machine is no fault
@given(
    scores=st.dictionaries(st.sampled_from(PASSAGES), st.sampled_from([0.0, 0.5, 0.5, 1.0])),
    positives=st.sets(st.sampled_from(PASSAGES), min_size=1),
)
def test_every_metric_is_its_definition_ties_included(scores: dict[str, float], positives: set[str]) -> None:
    ranked = sorted(scores, key=lambda passage: (-scores[passage], passage))
    found = per_query(*frames(scores, positives)).drop("query_id").row(0, named=True)
    assert found == pytest.approx(by_definition(ranked, positives))
    assert all(0 <= value <= 1 for value in found.values())


@settings(deadline=None)  # a busy machine is no fault
@given(positives=st.sets(st.sampled_from(PASSAGES), min_size=1, max_size=10))
def test_a_perfect_ranking_has_one_everywhere_that_one_can_be_reached(positives: set[str]) -> None:
    found = per_query(*frames({p: 2.0 if p in positives else 1.0 for p in PASSAGES}, positives)).row(0, named=True)
    reachable = [name for name in MEASURES if not name.startswith(("precision", "recall"))]
    assert [found[name] for name in (*reachable, "precision@1", "recall@10")] == pytest.approx([1.0] * (len(reachable) + 2))


def test_a_question_for_which_nothing_was_found_counts_as_zero() -> None:
    run, qrels = frames({"p00": 1.0}, {"p00"})
    unanswered = pl.DataFrame({"query_id": ["z"], "passage_id": ["p01"], "relevance": [1]})
    found = per_query(run, pl.concat([qrels, unanswered]))
    assert found["query_id"].to_list() == ["q", "z"]
    assert found.row(1)[1:] == (0.0,) * len(MEASURES)
    assert summary(found, samples=10, seed=1)["ndcg@10"]["value"] == 0.5


def test_a_question_judged_negative_throughout_does_not_count() -> None:
    run, qrels = frames({"p00": 1.0}, {"p00"})
    zeros = pl.DataFrame({"query_id": ["z"], "passage_id": ["p01"], "relevance": [0]})
    assert per_query(run, pl.concat([qrels, zeros]))["query_id"].to_list() == ["q"]


def test_a_run_in_another_row_order_has_the_same_figures() -> None:
    run, qrels = frames({p: float(i % 3) for i, p in enumerate(PASSAGES)}, {"p03", "p07"})
    assert per_query(run.reverse(), qrels).equals(per_query(run, qrels))


def table(values: list[float]) -> pl.DataFrame:
    return pl.DataFrame({"query_id": [f"q{i:04}" for i in range(len(values))], **dict.fromkeys(MEASURES, values)})


@settings(deadline=None)  # a busy machine is no fault
@given(values=st.lists(st.floats(0, 1), min_size=1, max_size=30), seed=st.integers(0, 5))
def test_the_interval_lies_between_the_extremes_and_is_repeatable(values: list[float], seed: int) -> None:
    figure = summary(table(values), samples=50, seed=seed)["ndcg@10"]
    assert min(values) - 1e-6 <= figure["low"] <= figure["high"] <= max(values) + 1e-6
    assert figure == summary(table(values), samples=50, seed=seed)["ndcg@10"]


def test_the_interval_is_that_of_the_normal_approximation_for_many_queries() -> None:
    values = np.random.default_rng(3).random(2_000)
    figure = summary(table(values.tolist()), samples=2_000, seed=1)["ndcg@10"]
    half = 1.96 * values.std() / len(values) ** 0.5
    assert figure["low"] == pytest.approx(values.mean() - half, abs=half / 10)
    assert figure["high"] == pytest.approx(values.mean() + half, abs=half / 10)


def test_a_constant_gain_on_every_query_has_an_interval_without_width() -> None:
    base = [0.1, 0.5, 0.3]
    gain = difference(table([v + 0.25 for v in base]), table(base), samples=100, seed=1)["map@100"]
    assert gain == {"value": 0.25, "low": 0.25, "high": 0.25}
