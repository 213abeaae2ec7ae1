"""Close pairs of vectors: all of them where one cell holds everything, nearly all elsewhere, and never a wrong one."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dataprep.duplicates import cells


def unit(vectors: NDArray[Any]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def brute(vectors: NDArray[np.float32], min_cosine: float) -> dict[tuple[int, int], float]:
    cosines = (vectors.astype(np.float64) @ vectors.astype(np.float64).T).round(6)
    left, right = np.nonzero(np.triu(cosines >= min_cosine, 1))
    return {(int(i), int(j)): float(cosines[i, j]) for i, j in zip(left, right, strict=True)}


def found(vectors: NDArray[np.float32], min_cosine: float) -> dict[tuple[int, int], float]:
    left, right, cosines = cells.close_pairs(vectors, min_cosine=min_cosine)
    pairs = list(zip(left.tolist(), right.tolist(), strict=True))
    assert pairs == sorted(set(pairs))
    return dict(zip(pairs, cosines.tolist(), strict=True))


def planted(n: int, *, dims: int = 24, seed: int = 3) -> NDArray[np.float32]:
    """Random directions, a third of them a little beside another."""
    random = np.random.default_rng(seed)
    vectors = random.standard_normal((n, dims))
    third = n // 3
    vectors[:third] = vectors[third : 2 * third] + random.standard_normal((third, dims)) * random.uniform(0, 0.6, (third, 1))
    return unit(vectors)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=3, max_size=3), max_size=12),
    st.floats(0.1, 1),
)
def test_few_vectors_give_every_pair_and_zeros_none(rows: list[list[float]], min_cosine: float) -> None:
    vectors = unit(np.array(rows).reshape(-1, 3))
    expected = brute(vectors, min_cosine)
    got = found(vectors, min_cosine)
    assert set(got) == {pair for pair, value in expected.items() if value >= min_cosine}
    assert got == pytest.approx(expected, abs=2e-6)


def test_within_cells_nearly_every_pair_is_found_and_none_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "_MIN_CELL", 32)
    vectors = planted(6_000)
    expected, got = brute(vectors, 0.9), found(vectors, 0.9)
    assert len(expected) > 1_000
    assert got.keys() <= expected.keys()
    assert len(got) >= 0.995 * len(expected)
    assert all(value == pytest.approx(expected[pair], abs=2e-6) for pair, value in got.items())


def test_a_higher_threshold_gives_no_other_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "_MIN_CELL", 32)
    vectors = planted(3_000)
    low, high = found(vectors, 0.85), found(vectors, 0.95)
    assert 0 < len(high) < len(low)
    assert high == {pair: value for pair, value in low.items() if value >= 0.95}


def test_never_all_pairs_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Vectors that crowd in one place are divided further, so that no cell holds a large share of them."""
    monkeypatch.setattr(cells, "_MIN_CELL", 64)
    random = np.random.default_rng(5)
    crowd = random.standard_normal(24) + 0.3 * random.standard_normal((8_000, 24))
    vectors = unit(np.concatenate([crowd, random.standard_normal((2_000, 24))]))
    looked_at = sum(len(visitors) * len(members) for visitors, members in cells._meetings(vectors))
    assert looked_at < 0.2 * len(vectors) ** 2
    assert sum(len(members) for _, members in cells._meetings(vectors)) == len(vectors)
    assert max(len(members) for _, members in cells._meetings(vectors)) < 0.1 * len(vectors)


def test_products_are_made_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = planted(700)
    whole = found(vectors, 0.9)
    monkeypatch.setattr(cells, "_BLOCK", 1_000)
    assert found(vectors, 0.9) == whole
