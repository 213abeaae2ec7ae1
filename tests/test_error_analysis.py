"""Better and worse questions, and what stands above the right passage, on a run that can be read at a glance."""

import polars as pl

from dataprep import schemas
from dataprep.models.error_analysis import compare_systems, ranked_above
from dataprep.reports.marked_html import listing, marked
from dataprep.reports.marking import Run

PER_QUERY = pl.LazyFrame(
    [
        ("base", 64, "q1", 1.0),
        ("base", 32, "q1", 0.0),
        ("base", 64, "q2", 0.5),
        ("bm25", None, "q1", 0.2),
        ("bm25", None, "q2", 0.2),
        ("finetuned", 64, "q1", 0.5),
        ("finetuned", 64, "q2", 1.0),
        ("finetuned", 32, "q1", 0.9),
    ],
    schema={"system": pl.String, "dimension": pl.Int32, "query_id": pl.String, "ndcg@10": pl.Float64},
    orient="row",
)
RUN = pl.LazyFrame(
    [
        ("base", 64, "q1", "p1", 0.9, 1),
        ("base", 64, "q1", "p2", 0.8, 2),
        ("base", 64, "q1", "p3", 0.7, 3),
        ("base", 64, "q2", "p2", 0.9, 1),
        ("base", 64, "q3", "p1", 0.9, 1),
        ("base", 64, "q3", "p2", 0.8, 2),
        ("base", 32, "q2", "p9", 0.9, 1),
    ],
    schema=schemas.RUN,
    orient="row",
)
RIGHT = pl.LazyFrame({"query_id": ["q1", "q2", "q3"], "passage_id": ["p3", "p2", "p7"]})


def test_questions_that_lost_most_come_first_at_the_largest_dimension() -> None:
    found = compare_systems(PER_QUERY, system="finetuned", baseline="base").collect()
    assert found.rows() == [("q1", 1.0, 0.5, -0.5), ("q2", 0.5, 1.0, 0.5)]


def test_a_system_without_vectors_compares_with_any_dimension() -> None:
    found = compare_systems(PER_QUERY, system="finetuned", baseline="bm25", dimension=32).collect()
    assert found.rows() == [("q1", 0.2, 0.9, 0.9 - 0.2)]


def test_above_the_first_right_passage_stand_only_wrong_ones() -> None:
    found = ranked_above(RUN, RIGHT, system="base").collect()
    assert found.select("query_id", "passage_id", "rank", "right_rank").rows() == [
        ("q1", "p1", 1, 3),
        ("q1", "p2", 2, 3),
        ("q3", "p1", 1, None),
        ("q3", "p2", 2, None),
    ]
    assert ranked_above(RUN, RIGHT, system="base", limit=1).collect()["rank"].to_list() == [1, 1]


def test_marked_texts_are_escaped() -> None:
    shown = marked([Run("same", "a <script> "), Run("removed", "<b>"), Run("added", "&"), Run("gap", "…")])
    assert "<script>" not in shown
    assert "<b>" not in shown
    assert "&lt;b&gt;</del>" in shown
    assert "&amp;</ins>…" in shown
    listed = listing([{"runs": [Run("same", "x")], "kind": "<i>", "jaccard": 0.876, "guard": None}], head=["kind", "jaccard", "guard"])
    assert "&lt;i&gt; · 0.88</b>" in listed
    assert "Nothing" in listing([], head=[])
