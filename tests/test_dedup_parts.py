"""However rows are cut, and however many texts are looked at together, the tables of deduplication are the same."""

from itertools import product
from typing import Any

import polars as pl
import pytest
from dedup_case import BASE, PASSAGES, QUESTIONS, ROWS, SETTINGS, Row, rows
from dedup_case import deduplicated as run
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.duplicates import same_texts
from dataprep.duplicates.guards import guards


@settings(max_examples=20, deadline=None)
@given(triples=ROWS, choice=SETTINGS, cuts=st.lists(st.integers(0, 14), max_size=3))
def test_how_the_rows_are_cut_into_parts_does_not_matter(triples: list[Row], choice: dict[str, Any], cuts: list[int]) -> None:
    whole, cut = run(rows(triples), **choice), run(rows(triples), cuts=cuts, **choice)
    assert all(whole[name].equals(cut[name]) for name in whole)


def test_how_many_texts_are_compared_at_once_does_not_matter() -> None:
    told = rows([("Kto?", passage, 1) for passage in PASSAGES])
    whole = run(told)["links"]
    with pytest.MonkeyPatch.context() as small:
        small.setattr(same_texts, "_MAX_BYTES", 300)
        small.setattr(same_texts, "_MAX_COMPARED", 5)
        assert run(told)["links"].equals(whole)
    assert {"number", "name", "symbol"} <= {*whole["guard"]}


def test_long_texts_are_compared_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[int]()

    def counted(left: pl.Series, right: pl.Series, **kinds: Any) -> pl.Series:
        asked.append(int((left.str.len_bytes() + right.str.len_bytes()).sum()))
        return guards(left, right, **kinds)

    monkeypatch.setattr(same_texts, "guards", counted)
    monkeypatch.setattr(same_texts, "_MAX_BYTES", 3_000)
    run(rows([("Kto?", f"{BASE} {BASE} {BASE} z {number} roku", 1) for number in range(1900, 1920)]))
    assert sum(asked) > 50_000
    assert max(asked) < 4_000


@pytest.mark.parametrize("on_conflict", ["drop", "relevant"])
def test_each_row_in_a_part_of_its_own_gives_the_same_tables(on_conflict: str) -> None:
    triples: list[Row] = [(q, p, [None, 0, 1][(i + i // 12) % 3]) for i, (q, p) in enumerate(product(QUESTIONS, PASSAGES))]
    table = rows(triples, titles=[f"T{i % 4}"[: i % 3] for i in range(len(triples))])
    whole, cut = run(table, on_conflict=on_conflict), run(table, on_conflict=on_conflict, cuts=range(1, len(triples)))
    assert whole["merged_passages"].height > 3
    assert all(whole[name].equals(cut[name]) for name in whole)


def test_a_passage_that_is_relevant_in_one_part_is_so_in_all() -> None:
    triples: list[Row] = [*((f"Pytanie {n}?", BASE, int(n == 7)) for n in range(12)), ("Inne?", f"{BASE} murowany", 0)]
    tables = run(rows(triples), cuts=range(1, 13))
    assert tables["corpus"]["text"].to_list() == [BASE]
