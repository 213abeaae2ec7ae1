"""Ranks follow the tie rule."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dataprep.models.ranking import Integers, from_keys, keys_at, largest, matryoshka_dims, run_frame

SCORES = arrays.arrays(np.float32, st.integers(1, 30), elements=st.sampled_from([-1.0, -0.25, 0.0, 0.5, 0.5000001, 0.75, 1.0]))


def keys(scores: np.ndarray, first_position: int = 0) -> Integers:
    return keys_at(scores, np.arange(first_position, first_position + len(scores)))


@settings(deadline=None)  # a busy machine is no fault
@given(scores=SCORES, k=st.integers(1, 40))
def test_the_best_are_those_of_a_full_sort_ties_by_position(scores: np.ndarray, k: int) -> None:
    expected = sorted(range(len(scores)), key=lambda i: (-round(float(scores[i]), 6), i))[:k]
    _, positions = from_keys(largest(keys(scores), k))
    assert positions.tolist() == expected


@settings(deadline=None)  # a busy machine is no fault
@given(scores=SCORES, cut=st.integers(0, 30), k=st.integers(1, 10))
def test_ranking_block_by_block_equals_ranking_at_once(scores: np.ndarray, cut: int, k: int) -> None:
    blocks = [largest(keys(scores[:cut]), k), largest(keys(scores[cut:], cut), k)]
    assert largest(np.concatenate(blocks), k).tolist() == largest(keys(scores), k).tolist()


@settings(deadline=None)  # a busy machine is no fault
@given(scores=SCORES)
def test_keys_give_score_and_position_back(scores: np.ndarray) -> None:
    found, positions = from_keys(keys(scores, 7))
    assert positions.tolist() == list(range(7, 7 + len(scores)))
    assert np.allclose(found, scores, atol=1e-6)


def test_a_run_counts_ranks_from_one_and_leaves_out_queries_without_a_passage() -> None:
    run = run_frame(
        ["a", "b", "c"],
        pl.Series(["p", "q"]),
        [keys(np.array([0.5, 0.25])), np.empty(0, dtype=np.int64), keys(np.array([1.0]))],
    )
    assert run.rows() == [("a", "p", 0.5, 1), ("a", "q", 0.25, 2), ("c", "p", 1.0, 1)]


def test_dimensions_are_those_the_model_has_and_its_own() -> None:
    assert matryoshka_dims((256, 128, 64), 128) == (128, 64)
    assert matryoshka_dims((256, 128, 64), 300) == (300, 256, 128, 64)
    assert matryoshka_dims((), 32) == (32,)
