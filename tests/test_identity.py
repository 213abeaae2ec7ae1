"""Row ids: content alone decides, and equal rows are told apart by number."""

from hashlib import sha256

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from dataprep.identity import as_number, content_digest, later_occurrences, order_free_digest, repeated

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.lists(st.integers(0, 2**64 - 1), max_size=30)


def digests(rows: list[tuple[str | None, str | None]]) -> list[str]:
    frame = pl.DataFrame(rows, schema={"a": pl.String, "b": pl.String}, orient="row")
    return frame.select(content_digest(pl.col("a"), pl.col("b")))["a"].to_list()


def test_the_digest_is_the_sha256_of_the_parts_each_led_by_its_length_in_bytes() -> None:
    assert digests([("zażółć", "x")]) == [sha256("10:zażółć1:x".encode()).hexdigest()[:16]]


@given(first=st.tuples(TEXTS, TEXTS), second=st.tuples(TEXTS, TEXTS))
def test_other_parts_have_another_digest(first: tuple[str, str], second: tuple[str, str]) -> None:
    one, other = digests([first, second])
    assert (one == other) == (first == second)


def test_text_that_moves_from_one_part_to_the_next_changes_the_digest() -> None:
    assert len(set(digests([("ab", "c"), ("a", "bc"), ("", "abc"), ("a1:b", ""), ("a", "1:b")]))) == 5


def test_null_counts_as_empty() -> None:
    assert digests([(None, "x")]) == digests([("", "x")])


def test_a_digest_and_its_number_are_the_same_thing() -> None:
    numbers = pl.DataFrame({"d": ["00000000000000ff", "ffffffffffffffff"]}).select(as_number(pl.col("d")))["d"]
    assert numbers.to_list() == [255, 2**64 - 1]


@given(numbers=NUMBERS)
def test_the_digest_of_all_rows_is_the_sha256_of_the_sorted_numbers_as_bytes(numbers: list[int]) -> None:
    series = pl.Series(numbers, dtype=pl.UInt64).sort()
    assert order_free_digest(series) == sha256(b"".join(n.to_bytes(8, "big") for n in sorted(numbers))).hexdigest()


@given(numbers=NUMBERS.flatmap(lambda some: st.lists(st.sampled_from(some or [0]), max_size=30)))
def test_repeated_numbers_are_those_that_stand_twice(numbers: list[int]) -> None:
    series = pl.Series(numbers, dtype=pl.UInt64).sort()
    assert repeated(series).to_list() == sorted({n for n in numbers if numbers.count(n) > 1})


def test_only_later_occurrences_are_renamed_each_in_its_own_way() -> None:
    rows = pl.LazyFrame({"digest": ["b", "a", "a", "a"], "number": [2, 1, 1, 1], "row": [0, 3, 1, 2]})
    renamed = later_occurrences(rows, order=("row",)).select("row", "renamed").sort("row").collect().rows()
    assert renamed == [(2, sha256(b"a:1").hexdigest()[:16]), (3, sha256(b"a:2").hexdigest()[:16])]
