import json
from itertools import combinations, pairwise
from math import ceil
from statistics import fmean, pstdev

import polars as pl
import pytest
import release_case
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from dataprep import schemas
from dataprep.models.base_tokenizer import BaseTokenizer
from dataprep.statistics import lengths, spacy_counts, words_and_sentences
from dataprep.statistics.length_statistics import histogram, summarise, truncation
from dataprep.statistics.lengths import Measured, measure
from dataprep.statistics.training_cost import epoch_cost, expected_longest
from dataprep.statistics.words_and_sentences import n_sentences, n_words
from dataprep.text import digest, fold

LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=30)


def distribution(lengths: list[int]) -> pl.DataFrame:
    counted = pl.DataFrame({"value": lengths}, schema={"value": pl.Int64}).group_by("value").agg(n_texts=pl.len().cast(pl.Int64))
    return counted.sort("value")


@given(LENGTHS)
def test_statistics_are_those_of_the_single_lengths(lengths: list[int]) -> None:
    found = summarise(distribution(lengths))
    assert found["n_texts"] == len(lengths)
    assert found["total"] == sum(lengths)
    assert (found["min"], found["max"]) == (min(lengths), max(lengths))
    assert found["mean"] == pytest.approx(fmean(lengths), abs=0.001)
    assert found["sd"] == pytest.approx(pstdev(lengths), abs=0.001)


@given(LENGTHS)
def test_a_percentile_occurs_and_is_the_smallest_that_enough_texts_do_not_exceed(lengths: list[int]) -> None:
    ordered = sorted(lengths)
    found = summarise(distribution(lengths))
    for name, per_cent in (("p50", 50), ("p90", 90), ("p95", 95), ("p99", 99)):
        assert found[name] == ordered[ceil(per_cent * len(ordered) / 100) - 1]


@given(LENGTHS, st.integers(1, 60))
def test_truncation_counts_the_texts_and_the_tokens_beyond_the_limit(lengths: list[int], limit: int) -> None:
    found = truncation(distribution(lengths), limit)
    assert found["lost"] == sum(max(0, n - limit) for n in lengths)
    assert found["truncated_fraction"] == pytest.approx(sum(n > limit for n in lengths) / len(lengths), abs=1e-6)


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=40))
def test_histograms_hold_every_text_in_adjoining_bins(lengths: list[int]) -> None:
    bins = histogram(distribution(lengths))
    assert sum(b["n_texts"] for b in bins) == len(lengths)
    assert all(left["to"] + 1 == right["from"] for left, right in pairwise(bins))
    assert bins[0]["from"] <= min(lengths)
    assert bins[-1]["to"] >= max(lengths)
    assert len(bins) <= 52
    for b in bins:
        assert b["n_texts"] == sum(b["from"] <= n <= b["to"] for n in lengths)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=7), st.integers(1, 7))
def test_the_expected_longest_is_the_mean_over_all_draws(lengths: list[int], size: int) -> None:
    size = min(size, len(lengths))
    draws = [max(draw) for draw in combinations(lengths, size)]
    assert expected_longest(distribution(lengths), size) == pytest.approx(fmean(draws))


def test_padding_is_counted_per_column_with_the_last_batch_smaller() -> None:
    column = distribution([2, 4, 4])
    cost = epoch_cost([column], max_tokens=3, batch_size=2)
    longest_of_two, longest_of_one = 3.0, (2 + 3 + 3) / 3
    assert cost["tokens"] == 8
    assert cost["steps"] == 2
    assert cost["padded_tokens"] == round(2 * longest_of_two + longest_of_one)
    assert cost["padding_fraction"] == pytest.approx(1 - 8 / (2 * longest_of_two + longest_of_one), abs=1e-4)
    assert epoch_cost([column], max_tokens=None, batch_size=3)["tokens"] == 10
    assert epoch_cost([], max_tokens=3, batch_size=2)["padding_fraction"] is None


@pytest.mark.parametrize(
    ("text", "words", "sentences"),
    [
        ("Ala ma kota.", 3, 1),
        ("Ala ma kota. Kot ma Alę!", 6, 2),
        ("Urodził się ok. 1900 r. w Łodzi.", 7, 1),
        ("Św. Jan i prof. Nowak, np. A. Mickiewicz.", 8, 1),
        ("Czy to on? „Tak”. Nie…", 5, 3),
        ("nagłówek", 1, 1),
        ("W 1410 r. bitwa. 15 lipca.", 6, 2),
        ("biało-czerwona", 2, 1),
        ("…", 0, 1),
    ],
)
def test_words_and_sentences_of_polish_texts(text: str, words: int, sentences: int) -> None:
    found = pl.select(words=n_words(pl.lit(text)), sentences=n_sentences(pl.lit(text)))
    assert found.row(0) == (words, sentences)


PIECES = st.sampled_from(
    ["m.in.", "A.B. ", "Św. ", "św", "ą.", "_a. ", "łac", "dr.", ". Dom", "12", "? ", "… ", ".” ", "\n", "-", "é", "ﬁ"]
)
TEXTS = st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=12)


@given(st.lists(TEXTS | st.none(), max_size=5))
def test_sentences_are_counted_as_if_every_abbreviation_left_at_once(texts: list[str | None]) -> None:
    at_a_boundary = words_and_sentences._ABBREVIATION.replace(r"(^|\W)", r"\b")
    text = pl.col("text")
    expected = text.str.replace_all(at_a_boundary, "").str.count_matches(words_and_sentences._SENTENCE_BREAK) + 1
    found = pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(n_sentences(text).alias("found"), expected.alias("expected"))
    assert found["found"].equals(found["expected"])


@given(st.lists(TEXTS | st.none(), max_size=5))
def test_words_are_those_of_the_folded_text(texts: list[str | None]) -> None:
    text = pl.col("text")
    found = pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(n_words(text).alias("found"), words=fold(text).str.split(" "))
    expected = [words if words is None else len(list(filter(None, words))) for words in found["words"].to_list()]
    assert found["found"].to_list() == expected


def measured(**settings: object) -> Measured:
    case = release_case.case()
    tables = [frame.lazy() for frame in (case.split_queries, case.corpus, case.pairs, case.triplets)]
    return measure(*tables, **{"tokenizers": {"words": release_case.word_tokenizer()}, "batch_size": 2, **settings})  # type: ignore[arg-type]


def figure(found: Measured, column: str, split: str, measure_name: str = "tokens") -> dict[str, object]:
    wanted = (pl.col("column") == column) & (pl.col("split") == split) & (pl.col("measure") == measure_name)
    return found.table.filter(wanted).row(0, named=True)


def test_every_column_counts_its_rows_not_its_distinct_texts() -> None:
    case = release_case.case()
    twice = measure(
        *(frame.lazy() for frame in (case.split_queries, case.corpus, case.pairs, pl.concat([case.triplets] * 2))),
        tokenizers={"words": release_case.word_tokenizer()}, batch_size=2,
    )  # fmt: skip
    assert figure(twice, "negative", "train")["n_texts"] == 6
    assert figure(twice, "negative", "train")["mean"] == figure(measured(), "negative", "train")["mean"]


def test_tokens_are_those_of_the_tokenizer_whatever_limits_it_has_set() -> None:
    plain = release_case.word_tokenizer()
    limited = Tokenizer.from_str(plain.tokenizer.to_str())
    limited.enable_truncation(2)
    limited.enable_padding(length=50)
    found = measured(tokenizers={"words": plain._replace(tokenizer=limited)})
    assert found.table.equals(measured().table)
    assert figure(found, "question", "validation")["max"] == len(plain.tokenizer.encode("Gdzie leży Giewont?").ids)
    assert limited.truncation is not None
    assert limited.truncation["max_length"] == 2


def test_special_tokens_are_counted_where_the_model_adds_them() -> None:
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "<s>": 1, "</s>": 2}, unk_token="[UNK]"))  # noqa: S106 - a token of text
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)])
    both = {"adds": BaseTokenizer(tokenizer, 8, 2), "static": BaseTokenizer(tokenizer, None, 0)}
    found = measured(tokenizers=both)
    questions = found.table.filter((pl.col("column") == "question") & (pl.col("split") == "test"))
    longest = dict(questions.filter(pl.col("measure") == "tokens").select("tokenizer", "max").iter_rows())
    assert longest == {"adds": 9, "static": 7}
    assert found.document["tokenizers"]["adds"]["special_tokens_per_text"] == 2
    assert questions.filter(pl.col("tokenizer") == "static")["truncated_fraction"].to_list() == [None]


def test_prompts_count_as_tokens_but_not_as_words() -> None:
    plain, prompted = measured(), measured(query_prompt="zapytanie: ")
    for name, longer in (("tokens", 2), ("words", 0)):
        assert figure(prompted, "question", "test", name)["max"] == figure(plain, "question", "test", name)["max"] + longer  # type: ignore[operator]
    assert figure(prompted, "passage", "corpus") == figure(plain, "passage", "corpus")


def test_the_longest_texts_are_named_by_id_and_the_document_is_json() -> None:
    document = json.loads(json.dumps(measured().document))
    assert document["longest"][0]["id"] == "q6" or document["longest"][0]["id"] == "q5"
    passages = [entry["id"] for entry in document["longest"] if entry["column"] == "passage"]
    assert passages[0] == "p1"
    assert len(passages) == 5


def test_ranges_of_texts_together_are_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {f"p{digest(str(n), length=20)}": " ".join("słowo" for _ in range(1 + n * 7 % 13)) + "." for n in range(30)}
    asked = {f"q{digest(str(n), length=20)}": " ".join("co" for _ in range(1 + n * 5 % 7)) + "?" for n in range(9)}
    split_of = {name: ("train", "validation", "test")[n % 3] for n, name in enumerate(asked)}
    pairs = [(q, list(texts)[n], split_of[q]) for n, q in enumerate(asked)]
    triplets = [(q, p, list(texts)[-1 - n], "bm25", 1.0, 1, split) for n, (q, p, split) in enumerate(pairs)]
    rows = {
        "SPLIT_QUERIES": [(q, text, q, split_of[q]) for q, text in asked.items()],
        "CORPUS": [(p, "", text) for p, text in texts.items()],
        "PAIRS": pairs,
        "TRIPLETS": triplets,
    }
    tables = [pl.LazyFrame(some, schema=getattr(schemas, name), orient="row") for name, some in rows.items()]
    tokenizers = {"words": release_case.word_tokenizer()}
    whole = measure(*tables, tokenizers=tokenizers, batch_size=2)
    monkeypatch.setattr(lengths, "_RANGE_TEXTS", 4)
    cut = measure(*tables, tokenizers=tokenizers, batch_size=2)
    assert cut.table.equals(whole.table)
    assert cut.document == whole.document


def test_tables_without_a_row_have_no_figures_but_do_no_harm() -> None:
    case = release_case.case()
    found = measure(
        *(frame.lazy() for frame in (case.split_queries, case.corpus, case.pairs.head(0), case.triplets.head(0))),
        tokenizers={"words": release_case.word_tokenizer()}, batch_size=2,
    )  # fmt: skip
    assert set(found.table["table"]) == {"queries", "corpus"}
    assert [cost["rows"] for cost in found.document["training"]] == [0, 0]


def test_words_and_sentences_are_spacys_where_the_recipe_says_so() -> None:
    """The sentencizer breaks after every full stop; punctuation is no word."""
    texts = ["Kto napisał „Lalkę”?", "Mieszko I zm. 992. Był księciem Polan.", ""]
    words, sentences = spacy_counts.counts(texts)
    assert words.to_list() == [3, 7, 0]
    assert sentences.to_list() == [1, 3, 0]
