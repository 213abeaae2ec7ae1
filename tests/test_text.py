"""Keys and ids of texts."""

import subprocess
import sys
import unicodedata

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataprep.text import digest, fold, passage_id, passage_text, query_id


def folded(text: str | None) -> str | None:
    return pl.DataFrame({"t": [text]}, schema={"t": pl.String}).select(fold(pl.col("t"))).item()


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@given(st.text())
def test_a_folded_text_has_no_case_no_edge_space_and_no_double_space(text: str) -> None:
    key = folded(text) or ""
    assert key == key.strip(" ")
    assert "  " not in key
    assert key == unicodedata.normalize("NFKC", key)


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ("Kto napisał „Lalkę”?", "kto napisał lalkę", True),
        ("Łódź", "łódź", True),
        ("ﬁzyka", "fizyka", True),
        ("Łódź", "Lodz", False),
        ("1849", "1905", False),
        ("ab", "a b", False),
    ],
)
def test_case_and_punctuation_do_not_count_but_letters_and_digits_do(left: str, right: str, *, equal: bool) -> None:
    assert (folded(left) == folded(right)) is equal


def test_null_stays_null_and_a_text_without_letters_folds_to_nothing() -> None:
    assert folded(None) is None
    assert folded(" … !?") == ""


def test_ids_are_those_of_every_release() -> None:
    """A changed id would move every row of every published release: these are golden."""
    frame = pl.DataFrame({"t": ["Kto napisał Lalkę?", None]})
    assert frame.select(query_id(pl.col("t")))["t"].to_list() == ["qbc252b1de6ccdf7d2bb8", None]
    assert frame.select(passage_id(pl.col("t")))["t"].to_list() == ["pbc252b1de6ccdf7d2bb8", None]


def test_parts_of_a_digest_cannot_be_shifted() -> None:
    assert digest("ab", "c", length=16) != digest("a", "bc", length=16)
    assert len(digest("a", length=20)) == 20


def test_a_title_stands_before_its_passage() -> None:
    frame = pl.DataFrame({"title": ["Wisła", "", None], "text": ["Rzeka.", "Rzeka.", "Rzeka."]})
    assert frame.select(read=passage_text(pl.col("title"), pl.col("text")))["read"].to_list() == ["Wisła Rzeka.", "Rzeka.", "Rzeka."]


def test_polars_knows_numpy_before_any_query_runs() -> None:
    """Its lookup fails now and then if two threads of one query do it at once."""
    program = "import dataprep.text, polars._dependencies as found; print(type(found.numpy).__name__)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "module"
