"""No negative that anything speaks for."""

from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep import schemas
from dataprep.models.negative_rules import REASONS
from tests.negatives_case import Mined, run

SUBJECTS = ["zamek", "rzeka", "góra", "król", "ptak"]
QUERIES = {"q1": ("zamek krzyżacki nad rzeką", "train")}
PASSAGES = {
    "p1": "Zamek krzyżacki nad rzeką stoi od wieków.",
    "p2": "Zamek krzyżacki spłonął podczas wojny z sąsiadami.",
    "p3": "Zamek zbudowano z cegły i kamienia polnego.",
    "p4": "Ptaki odlatują jesienią do krajów ciepłych.",
}


def negatives(mined: Mined) -> list[str]:
    return mined.triplets["negative_id"].to_list()


def test_judged_negatives_come_first_and_bm25_fills_up_by_rank() -> None:
    mined = run(QUERIES, PASSAGES, [("q1", "p1", 1), ("q1", "p4", 0)], per_positive=2)
    assert mined.triplets.select("negative_id", "retriever", "rank").rows() == [("p2", "bm25", 2), ("p4", "judged", None)]
    assert negatives(run(QUERIES, PASSAGES, [("q1", "p1", 1), ("q1", "p4", 0)], per_positive=1)) == ["p4"]


def test_nothing_is_mined_for_pairs_that_judged_negatives_suffice_for() -> None:
    mined = run(QUERIES, PASSAGES, [("q1", "p1", 1), ("q1", "p4", 0)], per_positive=1)
    assert mined.report["retrievers"]["bm25"]["candidates"] == 0


def test_each_kind_can_be_switched_off() -> None:
    judged = [("q1", "p1", 1), ("q1", "p4", 0)]
    assert negatives(run(QUERIES, PASSAGES, judged, bm25=False)) == ["p4"]
    assert negatives(run(QUERIES, PASSAGES, judged, judged=False)) == ["p2", "p3"]
    assert negatives(run(QUERIES, PASSAGES, judged, per_positive=0)) == []


@pytest.mark.parametrize(
    ("reason", "judged", "links", "queries", "changed"),
    [
        ("positive_of_question", [("q1", "p2", 1)], [], {}, {}),
        ("positive_of_held_out_question", [("q2", "p2", 1)], [], {"q2": ("co spłonęło?", "test")}, {}),
        ("positive_of_held_out_question", [("q2", "p2", 1)], [], {"q2": ("co spłonęło?", "validation")}, {}),
        ("near_a_positive", [], [("p2", "p1", "near", 0.8)], {}, {}),
        ("near_a_positive", [], [("p1", "p2", "exact", 0.1)], {}, {}),
        ("too_early_a_rank", [], [], {}, {"skip_ranks": 2}),
        ("too_high_a_score", [], [], {}, {"max_bm25_score_fraction": 0.2}),
    ],
)
def test_each_rule_keeps_a_candidate_out_and_is_counted(
    reason: str, judged: list[Any], links: list[Any], queries: dict[str, Any], changed: dict[str, Any]
) -> None:
    assert "p2" in negatives(run(QUERIES, PASSAGES, [("q1", "p1", 1)]))
    mined = run(QUERIES | queries, PASSAGES, [("q1", "p1", 1), *judged], links, **changed)
    of_p1 = mined.triplets.filter((pl.col("query_id") == "q1") & (pl.col("positive_id") == "p1"))
    assert "p2" not in of_p1["negative_id"]
    assert mined.report["retrievers"]["bm25"]["removed"][reason] >= 1


class Angles:
    """Encoder that turns a text's number into the angle of its vector, in degrees from the questions' vector."""

    def __init__(self, degrees: dict[str, float]) -> None:
        self._degrees = degrees

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([[1.0, 0.0]] * len(texts), dtype=np.float32)

    def encode_passages(self, texts: Sequence[str]) -> np.ndarray:
        angles = np.radians([self._degrees[text] for text in texts])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def by_angle(*degrees: float, **changed: Any) -> Mined:
    """Mine p2, p3 and so on by the base model for a question whose positive p1 is the first."""
    passages = {f"p{i}": f"zdanie numer {i}" for i in range(1, len(degrees) + 1)}
    encoder = Angles(dict(zip(passages.values(), degrees, strict=True)))
    return run(QUERIES, passages, [("q1", "p1", 1)], **{"bm25": False, "base": True, "encoder": lambda: encoder, **changed})


def test_the_base_model_fills_up_with_score_and_rank() -> None:
    mined = by_angle(10, 60, 20, 120)
    rows = mined.triplets.select("negative_id", "retriever", "rank", "score").rows()
    assert [row[:3] for row in rows] == [("p2", "base", 3), ("p3", "base", 2), ("p4", "base", 4)]
    assert [row[3] for row in rows] == pytest.approx([0.5, 0.939693, -0.5], abs=1e-6)
    assert mined.report["retrievers"]["base"]["used"] == 3
    assert "base" not in run(QUERIES, PASSAGES, [("q1", "p1", 1)]).report["retrievers"]


@pytest.mark.parametrize(("fraction", "wanted"), [(0.95, ["p2"]), (0.99, ["p2", "p3"]), (0.1, [])])
def test_the_base_model_has_a_margin_of_its_own(fraction: float, wanted: list[str]) -> None:
    mined = by_angle(10, 60, 15, max_base_score_fraction=fraction, max_bm25_score_fraction=0.01)
    assert negatives(mined) == wanted
    assert mined.report["retrievers"]["base"]["removed"]["too_high_a_score"] == 2 - len(wanted)


def test_a_positive_of_a_negative_cosine_allows_nothing() -> None:
    assert negatives(by_angle(100, 120, 170)) == []


def test_what_one_retriever_doubts_is_no_negative_by_anothers_leave() -> None:
    degrees = dict(zip(PASSAGES.values(), (10, 11, 60, 70), strict=True))
    both = {"base": True, "encoder": lambda: Angles(degrees), "max_base_score_fraction": 0.9}
    assert "p2" in negatives(run(QUERIES, PASSAGES, [("q1", "p1", 1)]))
    mined = run(QUERIES, PASSAGES, [("q1", "p1", 1)], **both)
    assert negatives(mined) == ["p3", "p4"]
    assert mined.report["retrievers"]["bm25"]["removed"]["doubted_by_another_retriever"] == 1
    assert mined.report["retrievers"]["base"]["removed"]["too_high_a_score"] == 1


def test_a_passage_that_both_retrievers_rank_is_used_once() -> None:
    degrees = dict(zip(PASSAGES.values(), (10, 50, 60, 70), strict=True))
    mined = run(QUERIES, PASSAGES, [("q1", "p1", 1)], base=True, encoder=lambda: Angles(degrees))
    assert mined.triplets.select("negative_id", "retriever").rows() == [("p2", "bm25"), ("p3", "bm25"), ("p4", "base")]


def test_judged_negatives_are_used_however_high_they_are_ranked() -> None:
    passages = {f"p{i}": f"zdanie numer {i}" for i in (1, 2)}
    encoder = Angles(dict(zip(passages.values(), (10, 5), strict=True)))
    changed = {"bm25": False, "base": True, "encoder": lambda: encoder, "max_base_score_fraction": 0.5}
    assert negatives(run(QUERIES, passages, [("q1", "p1", 1), ("q1", "p2", 0)], **changed)) == ["p2"]


def test_a_cluster_keeps_out_what_is_linked_through_others() -> None:
    links = [("p2", "p1", "near", 0.9), ("p3", "p2", "near", 0.9)]
    assert {"p2", "p3"} <= set(negatives(run(QUERIES, PASSAGES, [("q1", "p1", 1)])))
    mined = run(QUERIES, PASSAGES, [("q1", "p1", 1)], links)
    assert negatives(mined) == []
    assert mined.report["retrievers"]["bm25"]["removed"]["near_a_positive"] == 2


def test_a_judged_negative_in_the_cluster_of_a_positive_is_left_out() -> None:
    judged = [("q1", "p1", 1), ("q1", "p4", 0), ("q1", "p2", 0)]
    mined = run(QUERIES, PASSAGES, judged, [("p4", "p3", "near", 0.9), ("p3", "p1", "near", 0.9)], bm25=False)
    assert negatives(mined) == ["p2"]
    assert mined.report["retrievers"]["judged"]["removed"]["near_a_positive"] == 1


def test_the_report_shows_examples_of_what_was_used_and_of_each_rule() -> None:
    report = run(QUERIES, PASSAGES, [("q1", "p1", 1), ("q1", "p4", 0)], max_bm25_score_fraction=0.4).report
    shown = {(e["retriever"], e["reason"]): e for e in report["examples"]}
    assert set(shown) == {("judged", "used"), ("bm25", "positive_of_question"), ("bm25", "too_high_a_score"), ("bm25", "used")}
    used = shown["bm25", "used"]
    assert (used["question"], used["positive"], used["negative"]) == (QUERIES["q1"][0], PASSAGES["p1"], PASSAGES["p3"])
    assert 0 < used["score"] <= 0.4 * used["positive_score"]
    assert report["max_score_fractions"] == {"bm25": 0.4, "base": 1.0}


def test_a_link_below_the_threshold_does_not_keep_a_candidate_out() -> None:
    assert "p2" in negatives(run(QUERIES, PASSAGES, [("q1", "p1", 1)], [("p2", "p1", "near", 0.79)]))


def test_nothing_is_mined_where_bm25_did_not_find_the_positive() -> None:
    mined = run(QUERIES, PASSAGES, [("q1", "p4", 1)])
    assert negatives(mined) == []
    assert mined.report["retrievers"]["bm25"]["removed"]["too_high_a_score"] == 3


def test_validation_has_triplets_and_test_has_none() -> None:
    queries = {s: (f"zamek krzyżacki {s}", s) for s in schemas.SPLITS}
    mined = run(queries, PASSAGES, [(s, p, 1) for s, p in zip(schemas.SPLITS, ("p1", "p2", "p3"), strict=True)])
    assert set(mined.pairs["split"]) == {"train", "validation"}
    assert mined.report["pairs"] == {"train": 1, "validation": 1}


def test_questions_without_a_positive_give_no_row() -> None:
    mined = run(QUERIES, PASSAGES, [("q1", "p1", 0)])
    assert mined.pairs.height == mined.triplets.height == 0
    assert mined.pairs.schema == schemas.PAIRS
    assert mined.triplets.schema == schemas.TRIPLETS


TABLES = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 9), st.sampled_from([0, 1])), min_size=1, max_size=25, unique_by=lambda row: row[:2]
)


@settings(deadline=None)  # a busy machine is no fault
@given(table=TABLES, splits=st.lists(st.sampled_from(schemas.SPLITS), min_size=6, max_size=6), order=st.randoms(use_true_random=False))
def test_whatever_the_judgements_no_triplet_breaks_a_rule_and_row_order_does_not_count(
    table: list[tuple[int, int, int]], splits: list[str], order: Random
) -> None:
    queries = {f"q{i}": (f"gdzie jest {SUBJECTS[i % 5]} {i}", split) for i, split in enumerate(splits)}
    passages = {f"p{i}": f"{SUBJECTS[i % 5]} {SUBJECTS[i // 2]} numer {i}" for i in range(10)}
    judged = [(f"q{q}", f"p{p}", r) for q, p, r in table]
    mined = run(queries, passages, judged)
    positives = {(q, p) for q, p, r in judged if r}
    held_out = {p for q, p, r in judged if r and queries[q][1] != "train"}
    for q, p, n, split in mined.triplets.select("query_id", "positive_id", "negative_id", "split").rows():
        assert (q, p) in positives
        assert (q, n) not in positives
        assert split != "train" or n not in held_out
    assert mined.triplets.group_by("query_id", "positive_id").len()["len"].max() in {None, 1, 2, 3}
    for retriever in mined.report["retrievers"].values():
        assert set(retriever["removed"]) == set(REASONS)
        assert retriever["candidates"] == sum(retriever["removed"].values()) + retriever["not_needed"] + retriever["used"]
    order.shuffle(judged)
    again = run(dict(reversed(queries.items())), dict(reversed(passages.items())), judged)
    assert again.triplets.equals(mined.triplets)
    assert again.pairs.equals(mined.pairs)
