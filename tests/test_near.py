"""Laws of the near join: it is brute force, only faster."""

import os
import tracemalloc
from collections.abc import Sequence
from random import Random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep import folding, usual
from dataprep.duplicates import near, near_candidates, near_spill
from dataprep.duplicates.near import near_pairs
from dataprep.duplicates.near_shingles import Shingles, shingles
from dataprep.text import fold

WORDS = st.sampled_from(["a", "b", "aa", "ab", "ż", "ą,", "B."])
TEXTS = st.lists(st.lists(WORDS, max_size=14).map(" ".join), max_size=14)
THRESHOLDS = st.sampled_from([0.3, 0.5, 2 / 3, 0.7, 0.75, 0.8, 0.9, 1.0]) | st.floats(0.3, 1.0)
SHINGLE_WORDS = st.integers(1, 4)
Pair = tuple[str, str, float]


def corpus(texts: Sequence[str]) -> pl.DataFrame:
    ids = [f"t{number:03}" for number in range(len(texts))]
    return pl.DataFrame({"id": ids, "text": texts}, schema={"id": pl.String, "text": pl.String})


def brute_force(texts: pl.DataFrame, *, shingle_words: int, min_jaccard: float) -> list[Pair]:
    sets = {}
    for name, text in texts.with_columns(fold(pl.col("text"))).iter_rows():
        words = text.split()
        starts = range(max(1, len(words) - shingle_words + 1)) if words else ()
        sets[name] = {tuple(words[start : start + shingle_words]) for start in starts}
    return [
        (one, two, len(sets[one] & sets[two]) / len(sets[one] | sets[two]))
        for one in sorted(sets)
        for two in sorted(sets)
        if one > two and sets[one] | sets[two] and len(sets[one] & sets[two]) / len(sets[one] | sets[two]) >= min_jaccard
    ]


def found(texts: pl.DataFrame, *, shingle_words: int = 3, min_jaccard: float = 0.8) -> list[Pair]:
    rows: list[Pair] = near_pairs(texts, shingle_words=shingle_words, min_jaccard=min_jaccard).collect().rows()
    return rows


@settings(max_examples=200, deadline=None)
@given(texts=TEXTS, shingle_words=SHINGLE_WORDS, min_jaccard=THRESHOLDS)
def test_the_join_finds_what_brute_force_finds(texts: list[str], shingle_words: int, min_jaccard: float) -> None:
    table = corpus(texts)
    wanted = brute_force(table, shingle_words=shingle_words, min_jaccard=min_jaccard)
    assert found(table, shingle_words=shingle_words, min_jaccard=min_jaccard) == wanted


@settings(max_examples=100, deadline=None)
@given(
    base=st.lists(WORDS, min_size=20, max_size=60), edits=st.lists(st.tuples(st.integers(0, 19), WORDS), max_size=12), threshold=THRESHOLDS
)
def test_edited_copies_are_found_as_brute_force_finds_them(base: list[str], edits: list[tuple[int, str]], threshold: float) -> None:
    texts = [" ".join(base)]
    for place, word in edits:
        base = [*base[:place], word, *base[place + 1 :]]
        texts.append(" ".join(base))
    assert found(corpus(texts), min_jaccard=threshold) == brute_force(corpus(texts), shingle_words=3, min_jaccard=threshold)


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(st.text(max_size=30), max_size=8), shingle_words=SHINGLE_WORDS)
def test_any_unicode_is_read_as_fold_reads_it(texts: list[str], shingle_words: int) -> None:
    table = corpus(texts)
    assert found(table, shingle_words=shingle_words, min_jaccard=0.5) == brute_force(table, shingle_words=shingle_words, min_jaccard=0.5)


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(st.none() | st.text(max_size=30) | st.text("aAżŻß İſ²½…„„ µﬁÆ×\u0301\0_", max_size=8)))
def test_fold_leaves_out_only_what_changes_nothing(texts: list[str | None]) -> None:
    text = pl.Series("text", texts, dtype=pl.String)
    lower = text.str.normalize("NFKC").str.to_lowercase().str.normalize("NFKC")
    wanted = lower.str.replace_all(r"[^\p{L}\p{M}\p{N}]+", " ").str.strip_chars(" ")
    assert text.to_frame().select(fold(pl.col("text"))).to_series().to_list() == wanted.to_list()


def test_every_usual_character_folds_as_it_would_normalised() -> None:
    text = pl.Series([one + other for one in usual.LETTERS + usual.MARKS for other in ("", "a", "Ż")])
    wanted = (
        text.str.normalize("NFKC")
        .str.to_lowercase()
        .str.normalize("NFKC")
        .str.replace_all(r"[^\p{L}\p{M}\p{N}]+", " ")
        .str.strip_chars(" ")
    )
    assert text.to_frame("text").select(fold(pl.col("text"))).to_series().to_list() == wanted.to_list()


@settings(max_examples=60, deadline=None)
@given(texts=TEXTS, lower=THRESHOLDS, higher=THRESHOLDS)
def test_a_higher_threshold_only_removes_pairs(texts: list[str], lower: float, higher: float) -> None:
    lower, higher = sorted((lower, higher))
    assert [pair for pair in found(corpus(texts), min_jaccard=lower) if pair[2] >= higher] == found(corpus(texts), min_jaccard=higher)


@settings(max_examples=60, deadline=None)
@given(texts=TEXTS, order=st.randoms(use_true_random=False))
def test_the_order_of_texts_does_not_matter(texts: list[str], order: Random) -> None:
    table = corpus(texts)
    places = list(range(len(texts)))
    order.shuffle(places)
    assert found(table[places], min_jaccard=0.5) == found(table, min_jaccard=0.5)


@settings(max_examples=60, deadline=None)
@given(texts=TEXTS, shingle_words=st.sampled_from([1, 3]))
def test_chunks_and_batches_do_not_show(texts: list[str], shingle_words: int) -> None:
    with pytest.MonkeyPatch.context() as small:
        small.setattr(folding, "_CHUNK_BYTES", 8)
        small.setattr(near, "MAX_PACKED", 3)
        small.setattr(near, "_CHUNK_PAIRS", 3)
        small.setattr(near, "_CHUNK_SHINGLES", 20)
        small.setattr(near_candidates, "_BATCH_PAIRS", 2)
        small.setattr(near_candidates, "_MAX_PAIRED", 3)
        small.setattr(near_spill, "_MAX_HELD", 7)
        pieces = found(corpus(texts), shingle_words=shingle_words, min_jaccard=0.5)
    assert pieces == found(corpus(texts), shingle_words=shingle_words, min_jaccard=0.5)


@settings(max_examples=30, deadline=None)
@given(runs=st.lists(st.lists(st.integers(0, 2**64 - 1), max_size=9), max_size=8), max_held=st.integers(0, 20))
def test_shingles_come_back_as_they_were_from_memory_and_from_the_file(runs: list[list[int]], max_held: int) -> None:
    given_in = [Shingles(np.array(run, np.uint64), np.array([len(run), 0])) for run in runs]
    with pytest.MonkeyPatch.context() as small, near_spill.Waiting() as waiting:
        small.setattr(near_spill, "_MAX_HELD", max_held)
        for run in given_in:
            waiting.add(run)
        assert list(waiting.numbers()) == [(i, 2 * i) for i in range(len(runs))]
        for i in reversed(range(len(runs))):
            taken = waiting.take(i)
            assert taken.hashes.tolist() == runs[i]
            assert taken.counts.tolist() == [len(runs[i]), 0]
        held = sum(len(run) for run, _ in waiting._runs if not isinstance(run, near_spill._Place))
        assert held <= max_held
        assert os.fstat(waiting._file.fileno()).st_size == 8 * (sum(map(len, runs)) - held)


@pytest.mark.parametrize(
    ("one", "two", "min_jaccard", "is_found"),
    [
        ("a b c d e f g", "a b c d e f x", 4 / 6, True),  # 4 of 6 trigrams are common: on the boundary
        ("a b c d e f g", "a b c d e f x", 4 / 6 + 1e-9, False),
        ("Ala, ma kota!", "ala MA  kota", 1.0, True),  # case, punctuation and white space do not count
        ("„Żółta” – łódź «Ćma»… płynie", "ŻÓŁTA\u00a0ŁÓDŹ ćma płynie", 1.0, True),  # typographic marks, diacritics in either case
        ("½ ﬁrmy jest", "1 2 FIRMY jest", 1.0, True),  # and whatever NFKC makes equal
        ("dwa słowa", "dwa słowa", 1.0, True),  # shorter than a shingle: the text is its own shingle
        ("dwa słowa", "dwa", 0.01, False),
        ("a b", "a b c", 0.01, False),  # a whole short text is no part of a longer one
        ("ab c d", "a bc d", 0.01, False),  # words do not run together
        ("a b c d a b c", "a b c d a b", 1.0, True),  # sets: a repeated shingle counts once
        ("!!!", "!!!", 0.01, False),  # no word, near to nothing
    ],
)
def test_golden_pairs(one: str, two: str, min_jaccard: float, is_found: bool) -> None:  # noqa: FBT001 - a case of the table
    assert bool(found(corpus([one, two]), min_jaccard=min_jaccard)) is is_found


def test_nothing_to_compare_gives_an_empty_table_of_the_same_columns() -> None:
    empty = near_pairs(corpus([]), shingle_words=3, min_jaccard=0.8).collect()
    assert empty.schema == near.PAIRS
    assert empty.is_empty()


def test_text_that_stands_in_every_passage_does_not_make_the_join_quadratic() -> None:
    template = " ".join(f"wzór{number}" for number in range(20))
    rng = np.random.default_rng(7)
    own = rng.integers(0, 10**9, (3_000, 12)).astype(str)
    texts = corpus([f"{template} {' '.join(words)}" for words in own])
    assert found(texts, min_jaccard=0.8) == []
    sets = near._sets([texts["text"]], n_bytes=1_000_000, shingle_words=3, min_jaccard=0.8)
    assert sum(len(left) for left, _ in near_candidates.candidate_batches(sets, by_two=False, min_jaccard=0.8)) == 0


def test_near_copies_of_a_long_text_do_not_stand_in_memory_with_each_pair() -> None:
    words, rng = np.arange(4_000).astype(str).astype(object), np.random.default_rng(7)
    copies = np.tile(words, (40, 1))
    for copy in copies:
        copy[rng.integers(0, len(words), 20)] = "x"
    sets = near._sets([pl.Series(map(" ".join, copies))], n_bytes=1_000_000, shingle_words=3, min_jaccard=0.8)
    left, right = np.triu_indices(len(copies), 1)
    with pytest.MonkeyPatch.context() as small:
        small.setattr(near, "_CHUNK_SHINGLES", 1 << 16)
        small.setattr(near, "_MAX_THREADS", 1)
        tracemalloc.start()
        jaccard = near._jaccard(sets, left, right)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert jaccard.min() > 0.9
    assert most < 10_000_000  # all pairs at once take 200 MB


def test_hashes_stay_the_same_in_every_version() -> None:
    assert shingles(pl.Series(["zażółć gęślą jaźń"]), shingle_words=3).hashes.tolist() == [12733973461570958508]
