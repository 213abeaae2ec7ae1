"""Evaluation searches the whole corpus once per model, and judges only what can be right."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep import schemas
from dataprep.errors import DataError
from dataprep.models import best
from dataprep.models import search as blocks
from dataprep.models.evaluation import evaluate
from dataprep.models.metrics import MEASURES
from dataprep.models.ranking import run_frame
from dataprep.models.tasks import Task, retrieval_task


class Stub:
    """Encoder whose vector of a text is drawn by a seed made of the text; a prefix tells questions apart where wanted."""

    def __init__(self, dims: int = 8) -> None:
        self.dims, self.encoded = dims, 0

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([self._vector(text.removeprefix("o co chodzi: ")) for text in texts], dtype=np.float32)

    def encode_passages(self, texts: Sequence[str]) -> np.ndarray:
        self.encoded += len(texts)
        return np.array([self._vector(text) for text in texts], dtype=np.float32)

    def _vector(self, text: str) -> np.ndarray:
        return np.random.default_rng(list(text.encode())).standard_normal(self.dims)


def task(n_passages: int = 30, n_queries: int = 6) -> Task:
    passages = {f"p{i:03}": f"passage {i}" for i in range(n_passages)}
    queries = [(f"q{i}", f"o co chodzi: passage {i}", f"q{i}", "test") for i in range(n_queries)]
    judged = [(f"q{i}", f"p{i:03}", 1, True, "r") for i in range(n_queries)] + [("q0", "p005", 0, True, "r")]
    return retrieval_task(
        pl.DataFrame(queries, schema=schemas.SPLIT_QUERIES, orient="row").lazy(),
        pl.DataFrame(judged, schema=schemas.JUDGEMENTS, orient="row").lazy(),
        pl.DataFrame([(i, "", t) for i, t in passages.items()], schema=schemas.CORPUS, orient="row").lazy(),
        split="test",
    )


def test_only_questions_of_the_split_with_a_positive_are_judged_against_every_passage() -> None:
    queries = pl.DataFrame(
        [("a", "x", "a", "test"), ("b", "y", "b", "test"), ("c", "z", "c", "train")], schema=schemas.SPLIT_QUERIES, orient="row"
    )
    judged = pl.DataFrame(
        [("a", "p1", 1, True, "r"), ("b", "p1", 0, True, "r"), ("c", "p2", 1, True, "r")], schema=schemas.JUDGEMENTS, orient="row"
    )
    corpus = pl.DataFrame([("p2", "T", "two"), ("p1", "", "one")], schema=schemas.CORPUS, orient="row")
    found = retrieval_task(queries.lazy(), judged.lazy(), corpus.lazy(), split="test")
    assert found.queries["query_id"].to_list() == ["a"]
    assert found.passages.rows() == [("p1", "one"), ("p2", "T two")]
    assert found.qrels.select("query_id", "passage_id").rows() == [("a", "p1")]
    with pytest.raises(DataError, match="split validation: found no question"):
        retrieval_task(queries.lazy(), judged.lazy(), corpus.lazy(), split="validation")


def test_the_corpus_is_encoded_once_for_all_dimensions() -> None:
    encoder = Stub(dims=8)
    found = evaluate(task(), {"finetuned": encoder}, dims=(16, 4, 2), bootstrap_samples=10, seed=1)
    assert encoder.encoded == 30
    assert list(found.summary["systems"]["finetuned"]) == ["8", "4", "2"]


def test_a_perfect_encoder_has_one_and_its_gain_has_an_interval() -> None:
    found = evaluate(task(), {"base": Stub(2), "finetuned": Stub(8)}, dims=(2,), bootstrap_samples=50, seed=1).summary
    assert found["systems"]["finetuned"]["8"]["ndcg@10"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert set(found["differences"]) == {"finetuned-base", "finetuned-bm25", "hybrid-bm25", "hybrid-finetuned"}
    assert set(found["differences"]["finetuned-base"]) == {"2"}
    assert set(found["differences"]["finetuned-bm25"]) == {"8", "2"}
    assert (found["n_queries"], found["n_passages"], found["split"]) == (6, 30, "test")
    assert set(found["systems"]["bm25"]["all"]) == set(MEASURES)


def test_runs_and_figures_per_query_are_kept_for_every_system() -> None:
    found = evaluate(task(), {"base": Stub(8)}, dims=(4,), bootstrap_samples=10, seed=1)
    assert found.runs.schema == schemas.RUN
    assert found.runs.select("system", "dimension").unique().sort("system", "dimension").rows() == [
        ("base", 4),
        ("base", 8),
        ("bm25", None),
    ]
    assert found.per_query.height == 3 * 6
    means = found.per_query.filter(pl.col("dimension") == 4)["ndcg@10"].mean()
    assert found.summary["systems"]["base"]["4"]["ndcg@10"]["value"] == pytest.approx(means, abs=1e-6)


def searched(wanted: Task, encoder: Any, dims: Sequence[int] = (), depth: int = 100) -> dict[int, pl.DataFrame]:
    found = blocks.search(encoder, wanted.queries["text"], wanted.passages["text"], dims=dims, depth=depth)
    return {d: run_frame(wanted.queries["query_id"].to_list(), wanted.passages["passage_id"], keys) for d, keys in found.items()}


class Given:
    """Encoder with the vectors that it is given."""

    def __init__(self, queries: list[list[float]], passages: list[list[float]]) -> None:
        self._queries, self._passages = queries, iter(passages)

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:  # noqa: ARG002
        return np.array(self._queries, dtype=np.float32)

    def encode_passages(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([next(self._passages) for _ in texts], dtype=np.float32)


@settings(deadline=None)  # a busy machine is no fault
@given(
    n_passages=st.integers(1, 150),
    dimension=st.integers(1, 8),
    scores=st.sampled_from([1, 7, 64, 10_000]),
    passages=st.sampled_from([1, 13, 10_000]),
    depth=st.sampled_from([1, 10, 100]),
    way=st.sampled_from([best.BestOnCpu, best.BestOnGpu]),
)
def test_search_in_blocks_is_the_full_ranking_by_cosine(
    n_passages: int, dimension: int, scores: int, passages: int, depth: int, way: type
) -> None:
    wanted = task(n_passages, n_queries=min(3, n_passages))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(best, "_CPU_SCORES", scores)
        patch.setattr(best, "_GPU_SCORES", scores)
        patch.setattr(blocks, "BestOnCpu", way)
        patch.setattr(blocks, "_BLOCK_PASSAGES", passages)
        patch.setattr(blocks, "_BLOCK_QUERIES", 2)
        found = searched(wanted, Stub(8), (dimension,), depth)[dimension]
    texts = wanted.queries["text"], wanted.passages["text"]
    vectors = Stub(8).encode_queries(texts[0].to_list()), Stub(8).encode_passages(texts[1].to_list())
    q, p = (v[:, :dimension] / np.linalg.norm(v[:, :dimension], axis=1, keepdims=True) for v in vectors)
    for number, row in enumerate((q @ p.T).tolist()):
        ranked = np.lexsort((np.arange(n_passages), -np.round(row, 6)))[:depth]
        mine = found.filter(pl.col("query_id") == f"q{number}")
        assert mine["score"].to_list() == pytest.approx([row[i] for i in ranked], abs=2e-6)
        assert mine["score"].to_list() == pytest.approx([row[int(p[1:])] for p in mine["passage_id"]], abs=2e-6)
        assert mine["passage_id"].is_unique().all()
        assert mine["rank"].to_list() == list(range(1, len(ranked) + 1))


def test_equal_vectors_are_ranked_by_passage_id_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "_BLOCK_PASSAGES", 2)
    found = searched(task(9, 1), Given([[1.0] * 4], [[1.0] * 4] * 9), depth=5)[4]
    assert found["passage_id"].to_list() == ["p000", "p001", "p002", "p003", "p004"]


def test_vectors_of_zeros_are_found_last_and_break_nothing() -> None:
    found = searched(task(3, 1), Given([[1, 0]], [[0, 0], [1, 0], [-1, 0]]))[2]
    assert found["passage_id"].to_list() == ["p001", "p000", "p002"]


def test_bm25_is_tuned_on_validation_alone_and_says_so() -> None:
    wanted = task()
    found = evaluate(wanted, {}, dims=(), bootstrap_samples=10, seed=1, validation=wanted._replace(split="validation")).summary["bm25"]
    assert found["chosen_on"] == "validation"
    assert found["n_queries"] == 6
    assert len(found["tried"]) == 25
    best = max(point["ndcg@10"] for point in found["tried"])
    assert {"k1": found["k1"], "b": found["b"], "ndcg@10": best} in found["tried"]
    for given_ in ({"k1": 1.2, "b": 0.75}, {"k1": 1.2, "b": 0.75, "validation": wanted}):
        fixed = evaluate(wanted, {}, dims=(), bootstrap_samples=10, seed=1, **given_).summary["bm25"]
        assert fixed == {"k1": 1.2, "b": 0.75, "chosen_on": None, "n_queries": 0, "tried": []}
    usual = evaluate(wanted, {}, dims=(), bootstrap_samples=10, seed=1).summary["bm25"]
    assert (usual["k1"], usual["b"], usual["chosen_on"]) == (0.9, 0.4, None)


def test_the_hybrid_is_the_fusion_of_bm25_and_each_dimension() -> None:
    found = evaluate(task(), {"finetuned": Stub(8)}, dims=(4,), bootstrap_samples=10, seed=1)
    assert list(found.summary["systems"]["hybrid"]) == ["8", "4"]
    rows = {
        key[0] if key[1] is None else f"{key[0]}-{key[1]}": dict(run.select("passage_id", "rank").iter_rows())
        for key, run in found.runs.filter(pl.col("query_id") == "q1").group_by("system", "dimension")
    }
    expected = {p: sum(1 / (60 + run[p]) for run in (rows["bm25"], rows["finetuned-4"]) if p in run) for p in rows["finetuned-4"]}
    ranked = sorted(expected, key=lambda p: (-round(expected[p], 6), p))
    assert sorted(rows["hybrid-4"], key=rows["hybrid-4"].__getitem__) == ranked
