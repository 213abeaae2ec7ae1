"""No negative that anything speaks for."""

from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep import schemas
from dataprep.models.negatives import REASONS, Mined, mine

SUBJECTS = ["zamek", "rzeka", "góra", "król", "ptak"]
SETTINGS: dict[str, Any] = {
    "per_positive": 3,
    "judged": True,
    "bm25": True,
    "max_rank": 50,
    "skip_ranks": 0,
    "max_score_fraction": 1.0,
    "min_passage_jaccard": 0.8,
    "min_passage_cosine": 0.95,
}


def run(
    queries: dict[str, tuple[str, str]],
    passages: dict[str, str],
    grades: list[tuple[str, str, int]],
    links: list[tuple[str, str, str, float]] | None = None,
    **changed: float,
) -> Mined:
    """Mine with short ids. Queries: id -> text, split. Links: passage, other, kind, jaccard."""
    split_queries = pl.DataFrame([(i, t, i, s) for i, (t, s) in queries.items()], schema=schemas.SPLIT_QUERIES, orient="row")
    corpus = pl.DataFrame([(i, "", t) for i, t in passages.items()], schema=schemas.CORPUS, orient="row")
    judgements = pl.DataFrame([(q, p, r, True, f"{q}{p}") for q, p, r in grades], schema=schemas.JUDGEMENTS, orient="row")
    tied = pl.DataFrame([(a, b, kind, j, None, None, False) for a, b, kind, j in links or []], schema=schemas.LINKS, orient="row")
    return mine(split_queries.lazy(), judgements.lazy(), corpus.lazy(), tied.lazy(), **{**SETTINGS, **changed})


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
        ("too_high_a_score", [], [], {}, {"max_score_fraction": 0.2}),
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


def test_a_link_below_the_threshold_does_not_keep_a_candidate_out() -> None:
    assert "p2" in negatives(run(QUERIES, PASSAGES, [("q1", "p1", 1)], [("p2", "p1", "near", 0.79)]))


def test_the_text_of_a_positive_is_no_negative_under_another_id() -> None:
    mined = run(QUERIES, PASSAGES | {"p5": PASSAGES["p1"].upper()}, [("q1", "p1", 1), ("q1", "p5", 0)])
    assert "p5" not in negatives(mined)
    assert mined.report["retrievers"]["judged"]["removed"]["text_of_a_positive"] == 1


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
