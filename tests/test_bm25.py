"""BM25 for Polish."""

import math

import bm25s
import numpy as np
import polars as pl
import pytest
import Stemmer
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.models import bm25
from dataprep.models.bm25 import Index
from dataprep.models.stems import STOP_WORDS, Vocabulary
from dataprep.text import fold

CORPUS = pl.DataFrame(
    {
        "passage_id": ["p1", "p2", "p3", "p4"],
        "title": ["", "Wawel", "", ""],
        "text": [
            "Zamki krzyżackie stoją nad rzekami.",
            "Smok mieszkał w jaskini.",
            "Rzeka płynie do morza, morza zimnego.",
            "I w na do się.",
        ],
    }
)


def search(*questions: str, corpus: pl.DataFrame = CORPUS, k: int = 10, **settings: float) -> list[tuple[str, str, float, int]]:
    queries = pl.DataFrame({"query_id": [f"q{i}" for i in range(len(questions))], "text": list(questions)})
    return Index(corpus, **settings).search(queries, k=k).rows()


def stems(text: str | None) -> list[str]:
    vocabulary = Vocabulary()
    return [vocabulary.stems[number] for number in vocabulary.read(pl.Series([text], dtype=pl.String)).numbers]


def test_inflected_forms_find_each_other() -> None:
    assert {row[1] for row in search("rzeką")} == {"p1", "p3"}


def test_a_form_that_no_passage_has_finds_the_others() -> None:
    assert not CORPUS["text"].str.contains("smokiem").any()
    assert {row[1] for row in search("smokiem")} == {"p2"}


WORDS = st.sampled_from(["zamek", "Zamku", "rzeka", "rzeką", "i", "do", "ﬁlm", "X²", "—", "żółć", ""])


@settings(deadline=None)
@given(texts=st.lists(st.lists(WORDS, max_size=8).map(" ".join), max_size=6))
def test_the_stems_of_texts_are_those_of_each_text_however_they_are_read(texts: list[str]) -> None:
    vocabulary = Vocabulary()
    first, second = (vocabulary.read(pl.Series(texts, dtype=pl.String)) for _ in range(2))
    assert np.array_equal(first.numbers, second.numbers)
    assert np.array_equal(first.texts, second.texts)
    stemmer = Stemmer.Stemmer("polish")
    for number, text in enumerate(texts):
        folded = pl.select(fold(pl.lit(text))).item().split()
        wanted = [stemmer.stemWord(word) for word in folded if word not in STOP_WORDS]
        assert [vocabulary.stems[i] for i in first.numbers[first.texts == number]] == wanted


def test_titles_are_searched_too() -> None:
    assert [row[1] for row in search("Wawel")] == ["p2"]


@pytest.mark.parametrize("question", ["w na do", "", "?!", "nieobecność"])
def test_questions_that_share_no_word_retrieve_nothing(question: str) -> None:
    assert search(question) == []


def test_an_empty_corpus_and_one_of_stop_words_retrieve_nothing() -> None:
    assert search("rzeka", corpus=CORPUS.clear()) == []
    assert search("do", corpus=CORPUS.filter(pl.col("passage_id") == "p4")) == []


def test_scores_are_those_of_lucenes_formula() -> None:
    corpus = pl.DataFrame({"passage_id": ["a", "b", "c"], "title": "", "text": ["kot kot pies", "pies", "ptak ptak"]})
    k1, b, length, mean = 0.9, 0.4, 3, 2.0
    idf = math.log(1 + (3 - 1 + 0.5) / (1 + 0.5))
    expected = idf * 2 / (2 + k1 * (1 - b + b * length / mean))
    [(_, passage_id, score, _)] = search("kot", corpus=corpus)
    assert passage_id == "a"
    assert score == pytest.approx(expected, abs=1e-6)


def test_equal_scores_are_ranked_by_id_and_cut_there() -> None:
    corpus = pl.DataFrame({"passage_id": ["c", "a", "b"], "title": "", "text": "zielony kot"})
    assert [row[1] for row in search("kot", corpus=corpus, k=2)] == ["a", "b"]


@settings(deadline=None)  # a busy machine is no fault
@given(order=st.permutations(range(4)))
def test_the_row_order_of_the_corpus_does_not_count(order: list[int]) -> None:
    assert search("rzeka", "smok z Wawelu", corpus=CORPUS[order]) == search("rzeka", "smok z Wawelu")


def test_stop_words_are_written_as_folding_leaves_them() -> None:
    listed = pl.DataFrame({"word": sorted(STOP_WORDS)})
    assert listed.select(fold(pl.col("word")))["word"].to_list() == sorted(STOP_WORDS)
    assert stems("Jak to jest, że nie ma go tam?") == stems(None) == []


def test_scores_are_those_of_bm25s_whatever_k1_and_b() -> None:
    rng = np.random.default_rng(5)
    drawn = ["zamek", "rzeka", "smok", "morze", "ptak", "król", "miasto", "wojna"]
    texts = [" ".join(rng.choice(drawn, rng.integers(1, 12))) for _ in range(60)]
    corpus = pl.DataFrame({"passage_id": [f"p{i:02}" for i in range(60)], "title": "", "text": texts})
    index = Index(corpus)
    indexed = [stems(text) for text in texts]
    for k1, b in ((0.9, 0.4), (1.6, 0.75), (0.0, 0.0), (1.2, 1.0)):
        index.reweight(k1=k1, b=b)
        reference = bm25s.BM25(k1=k1, b=b, method="lucene", dtype="float64")
        reference.index(indexed, show_progress=False)
        for question in ("zamek nad morzem", "smok smok wojna"):
            wanted = reference.get_scores(stems(question))
            found = index.search(pl.DataFrame({"query_id": ["q"], "text": [question]}), k=100)
            assert dict(found.select("passage_id", "score").iter_rows()) == pytest.approx(
                {f"p{i:02}": score for i, score in enumerate(wanted) if score > 0}, abs=2e-6
            )


def test_the_best_of_many_are_those_of_a_full_sort() -> None:
    rng = np.random.default_rng(6)
    texts = [" ".join(rng.choice(["zamek", "rzeka", "smok", "morze"], rng.integers(1, 6))) for _ in range(400)]
    corpus = pl.DataFrame({"passage_id": [f"p{i:03}" for i in range(400)], "title": "", "text": texts})
    everything = search("zamek nad rzeką i smok", corpus=corpus, k=400)
    for k in (1, 3, 50):
        assert search("zamek nad rzeką i smok", corpus=corpus, k=k) == everything[:k]


def test_an_index_read_in_blocks_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = search("rzeka", "smok z Wawelu")
    monkeypatch.setattr(bm25, "_BLOCK_PASSAGES", 1)
    assert search("rzeka", "smok z Wawelu") == whole
