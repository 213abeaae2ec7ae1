"""Mining by ranges of ids: what a range of passages sees, and that nothing else depends on how the work is cut."""

import pickle
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from negatives_case import run

from dataprep.models import mined_negatives, negatives
from dataprep.parts import id_ranges, in_turn
from dataprep.text import digest

SUBJECTS = ["zamek", "rzeka", "góra", "król", "ptak"]


def q(n: int) -> str:
    return "q" + digest("q", str(n), length=20)


def p(n: int) -> str:
    return "p" + digest("p", str(n), length=20)


PASSAGES = {p(n): f"{SUBJECTS[n % 5]} {SUBJECTS[n // 5 % 5]} numer {n}" for n in range(40)}
QUERIES = {q(n): (f"gdzie jest {SUBJECTS[n % 5]} numer {n}", "train" if n % 4 else "test") for n in range(12)}
GRADES = [(q(n), p(3 * n), 1) for n in range(12)] + [(q(n), p(n + 1), 0) for n in range(1, 12) if n + 1 != 3 * n]
LINKS = [(p(1), p(6), "near", 0.9)]


def ranges_of(n: int) -> list[set[str]]:
    return [set(pl.DataFrame({"id": list(PASSAGES)}).filter(ids.holds("id"))["id"]) for ids in id_ranges("p", n)]


@given(ids=st.lists(st.integers(0, 16**20 - 1).map(lambda n: f"p{n:020x}"), min_size=1), n=st.integers(1, 9))
def test_every_id_is_in_one_range_and_ranges_are_in_order(ids: list[str], n: int) -> None:
    frame = pl.DataFrame({"id": ids})
    found = [frame.filter(part.holds("id"))["id"].to_list() for part in id_ranges("p", n)]
    assert sorted(name for part in found for name in part) == sorted(ids)
    assert [name for part in found for name in sorted(part)] == sorted(ids)


def test_where_a_range_ends_the_next_begins() -> None:
    ranges = id_ranges("q", 4)
    edges = pl.DataFrame({"id": [part.first for part in ranges[1:]]})
    assert [edges.filter(part.holds("id")).height for part in ranges] == [0, 1, 1, 1]


def test_negatives_are_mined_among_the_passages_of_the_positives_range() -> None:
    whole, cut = run(QUERIES, PASSAGES, GRADES, LINKS), run(QUERIES, PASSAGES, GRADES, LINKS, max_passages=10)
    place_of = {name: number for number, names in enumerate(ranges_of(4)) for name in names}
    by_bm25 = cut.triplets.filter(pl.col("retriever") == "bm25")
    assert by_bm25.height > 0
    assert all(place_of[right] == place_of[wrong] for right, wrong in by_bm25.select("positive_id", "negative_id").iter_rows())
    assert any(
        place_of[right] != place_of[wrong]
        for right, wrong in whole.triplets.filter(pl.col("retriever") == "bm25").select("positive_id", "negative_id").iter_rows()
    )
    judged = (pl.col("retriever") == "judged",)
    assert cut.triplets.filter(*judged).equals(whole.triplets.filter(*judged))
    assert cut.pairs.equals(whole.pairs)


def test_a_range_alone_is_mined_as_a_corpus_of_its_own() -> None:
    """What holds of one range holds of the whole: its passages, and the pairs whose positive is among them."""
    cut = run(QUERIES, PASSAGES, GRADES, LINKS, max_passages=10, judged=False).triplets
    for names in ranges_of(4):
        passages = {name: PASSAGES[name] for name in names}
        alone = run(QUERIES, passages, [grade for grade in GRADES if grade[1] in names], judged=False).triplets
        assert alone.equals(cut.filter(pl.col("positive_id").is_in(list(names))))


@pytest.mark.parametrize("max_passages", [7, 1_000])
def test_neither_ranges_of_questions_nor_the_order_of_the_work_counts(max_passages: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def backwards(calls: Sequence[Callable[[], Any]]) -> list[Any]:
        return in_turn(calls[::-1])[::-1]

    once = run(QUERIES, PASSAGES, GRADES, LINKS, max_passages=max_passages)
    monkeypatch.setattr(negatives, "_PART_JUDGEMENTS", 5)
    monkeypatch.setattr(mined_negatives, "_BLOCK_QUERIES", 2)
    again = run(QUERIES, PASSAGES, GRADES, LINKS, max_passages=max_passages, each=backwards)
    assert again.triplets.equals(once.triplets)
    assert again.pairs.equals(once.pairs)
    assert again.report == once.report


class Near:
    """Encoder whose vectors are all alike: each passage is as near as any other."""

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        return np.ones((len(texts), 2), dtype=np.float32)

    encode_passages = encode_queries


LOADED: list[Near] = []


def load() -> Near:
    LOADED.append(Near())
    return LOADED[-1]


def test_the_work_can_be_carried_elsewhere_and_a_model_is_loaded_once_here() -> None:
    def carried(calls: Sequence[Callable[[], Any]]) -> list[Any]:
        return [pickle.loads(pickle.dumps(call))() for call in calls]  # noqa: S301 - our own

    changed: dict[str, Any] = {"max_passages": 10, "base": True, "encoder": load}
    LOADED.clear()
    here = run(QUERIES, PASSAGES, GRADES, LINKS, **changed)
    assert len(LOADED) == 1
    assert here.report["retrievers"]["base"]["used"] > 0
    assert run(QUERIES, PASSAGES, GRADES, LINKS, **changed, each=carried).triplets.equals(here.triplets)


TABLES = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 39), st.sampled_from([0, 1])), max_size=40, unique_by=lambda row: row[:2])


@settings(deadline=None)  # a busy machine is no fault
@given(table=TABLES, linked=st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), max_size=6), max_passages=st.integers(5, 60))
def test_whatever_the_cut_no_triplet_breaks_a_rule(
    table: list[tuple[int, int, int]], linked: list[tuple[int, int]], max_passages: int
) -> None:
    grades = [(q(a), p(b), grade) for a, b, grade in table]
    mined = run(QUERIES, PASSAGES, grades, [(p(a), p(b), "near", 0.9) for a, b in linked if a != b], max_passages=max_passages)
    right = {(a, b) for a, b, grade in grades if grade}
    held_out = {b for a, b in right if QUERIES[a][1] == "test"}
    tied = {frozenset((p(a), p(b))) for a, b in linked}
    for query, positive, negative in mined.triplets.select("query_id", "positive_id", "negative_id").iter_rows():
        assert (query, positive) in right
        assert (query, negative) not in right
        assert negative not in held_out
        assert not any(frozenset((negative, other)) in tied for asked, other in right if asked == query)
    assert mined.triplets.equals(mined.triplets.sort(mined.triplets.columns, nulls_last=True))
    assert mined.triplets.select("query_id", "positive_id", "negative_id").is_unique().all()
