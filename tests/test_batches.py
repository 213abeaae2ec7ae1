"""Batches hold no false negative, no lone row, and as many of them as promised."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.errors import DataError
from dataprep.models.batches import as_rows, cap_positives, left_out, n_batches, plan

PAIRS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 12), st.integers(0, 12)), min_size=2, max_size=60)


def triplets(numbers: list[tuple[int, int, int]]) -> pl.DataFrame:
    rows = [(f"pytanie {a}", f"odpowiedź {p}", f"odpowiedź {n}") for a, p, n in numbers]
    return pl.DataFrame(rows, schema=dict.fromkeys(["anchor", "positive", "negative"], pl.String), orient="row")


@settings(deadline=None)  # a busy machine is no fault
@given(numbers=PAIRS, batch_size=st.integers(2, 16), seed=st.integers(0, 3), epoch=st.integers(0, 3), with_negatives=st.booleans())
def test_no_passage_counts_as_wrong_for_a_question_that_it_answers(
    numbers: list[tuple[int, int, int]], batch_size: int, seed: int, epoch: int, *, with_negatives: bool
) -> None:
    table = triplets(numbers) if with_negatives else triplets(numbers).drop("negative")
    answers: dict[str, set[str]] = {}
    for anchor, positive in table.select("anchor", "positive").rows():
        answers.setdefault(anchor, set()).add(positive)
    rows = as_rows(table, table.select("anchor", "positive"))
    try:
        batches = plan(rows, batch_size=batch_size, seed=seed, epoch=epoch)
    except DataError:
        return
    assert len(batches) == n_batches(rows, batch_size=batch_size)
    for batch in batches:
        assert 2 <= len(batch) <= batch_size
        members = [table.row(number) for number in batch]
        for anchor, *_ in members:
            others = [text for other, *texts in members if other != anchor for text in texts]
            assert answers[anchor].isdisjoint(others)
        assert len({anchor for anchor, *_ in members}) == len(members)
    assert batches == plan(rows, batch_size=batch_size, seed=seed, epoch=epoch)


def test_every_row_stands_in_one_batch_and_sizes_differ_little_where_nothing_clashes() -> None:
    table = triplets([(i, i, i + 500) for i in range(100)])
    batches = plan(as_rows(table, table), batch_size=32, seed=1, epoch=0)
    assert sorted(number for batch in batches for number in batch) == list(range(100))
    assert sorted(map(len, batches)) == [25, 25, 25, 25]


def test_each_epoch_has_an_order_of_its_own() -> None:
    table = triplets([(i, i, i + 500) for i in range(50)])
    rows = as_rows(table, table)
    assert plan(rows, batch_size=8, seed=1, epoch=0) != plan(rows, batch_size=8, seed=1, epoch=1)
    assert plan(rows, batch_size=8, seed=1, epoch=0) != plan(rows, batch_size=8, seed=2, epoch=0)


def test_a_question_with_many_positives_makes_no_batch_of_one() -> None:
    table = triplets([(0, i, 900) for i in range(62)] + [(i, i + 100, 900 + i) for i in range(1, 400)]).drop("negative")
    batches = plan(as_rows(table, table), batch_size=64, seed=1, epoch=0)
    assert min(map(len, batches)) >= 2
    assert left_out(batches, table.height) == 0


def test_texts_that_differ_in_case_and_punctuation_alone_count_as_one() -> None:
    table = pl.DataFrame({"anchor": ["Kto?", "kto", "gdzie"], "positive": ["Jan.", "Anna", "tu"]})
    batches = plan(as_rows(table, table), batch_size=8, seed=1, epoch=0)
    assert all({0, 1} > set(batch) or 2 in batch for batch in batches)


@pytest.mark.parametrize("numbers", [[], [(1, 1, 2)], [(1, 1, 9), (1, 2, 9), (1, 3, 9)]])
def test_a_table_without_anything_to_contrast_is_refused(numbers: list[tuple[int, int, int]]) -> None:
    table = triplets(numbers)
    with pytest.raises(DataError, match="training table"):
        plan(as_rows(table, table), batch_size=8, seed=1, epoch=0)


@settings(deadline=None)  # a busy machine is no fault
@given(numbers=PAIRS, limit=st.integers(1, 4))
def test_the_cap_leaves_whole_positives_whatever_the_row_order(numbers: list[tuple[int, int, int]], limit: int) -> None:
    table = triplets(numbers)
    capped = cap_positives(table, max_positives=limit)
    assert capped.equals(cap_positives(table.reverse(), max_positives=limit))
    assert capped.group_by("anchor").agg(pl.col("positive").n_unique())["positive"].max() <= limit  # type: ignore[operator]
    cut = table.join(capped, on=["anchor", "positive"], how="anti")
    assert capped.height + cut.height == table.height


def test_rows_of_one_group_keep_apart() -> None:
    table = pl.DataFrame({"anchor": list("abcdef"), "positive": list("ghijkl"), "group": ["x", "x", "y", "y", None, None]})
    batches = plan(as_rows(table, table.select("anchor", "positive")), batch_size=6, seed=1, epoch=0)
    assert all({0, 1} - set(batch) and {2, 3} - set(batch) for batch in batches)
    loose = table.with_columns(group=pl.lit(None, dtype=pl.String))
    assert len(plan(as_rows(loose, loose.select("anchor", "positive")), batch_size=6, seed=1, epoch=0)) == 1
