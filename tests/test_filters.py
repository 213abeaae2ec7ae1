import json
import re
from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep import schemas
from dataprep.filtering import composition, filters, quality
from dataprep.recipes.curation import Filter
from dataprep.text import fold

QUESTION = "Gdzie leży miasto Kraków?"
PASSAGE = "Kraków leży w południowej Polsce nad Wisłą i jest stolicą województwa małopolskiego."
NO_LIMITS: dict[str, Any] = {
    "min_question_chars": 0, "max_question_chars": 10_000, "min_passage_chars": 0, "max_passage_chars": 100_000, "min_passage_words": 0,
    "min_question_tokens": None, "max_question_tokens": None, "min_passage_tokens": None, "max_passage_tokens": None,
    "min_letter_fraction": 0.0, "max_digit_fraction": 1.0, "max_symbol_fraction": 1.0, "max_repeated_fraction": 1.0, "languages": (),
    "min_language_chars": 40, "language_second_opinion": True, "passage_equals_question": False, "question_form": "off",
    "truncated_passage": "off", "personal_data": "off",
}  # fmt: skip

# Each letter or digit a token: what counts real tokens is under test in test_token_lengths.
TOKEN_COUNTS = {column: pl.col(column).str.count_matches(r"\w") for column in ("question", "passage")}


def rows(pairs: Sequence[tuple[str | None, str | None]], titles: Sequence[str] | None = None) -> pl.LazyFrame:
    n = len(pairs)
    return pl.LazyFrame(
        {
            "row_id": [f"s:{i:04}" for i in range(n)],
            "source": ["s"] * n,
            "source_key": [f"k{i}" for i in range(n)],
            "question": [question for question, _ in pairs],
            "passage": [passage for _, passage in pairs],
            "title": titles or [""] * n,
            "label": [1] * n,
        },
        schema=schemas.ROWS,
    )


def keep(frame: pl.LazyFrame, **limits: Any) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    kept = filters.keep(frame, token_counts=TOKEN_COUNTS, **{**NO_LIMITS, **limits})
    rows, events, measures = pl.collect_all([kept.kept, kept.events, kept.measures])
    return rows, events, measures


def event(question: str | None, passage: str | None, **limits: Any) -> dict[str, Any] | None:
    kept, events, _ = keep(rows([(question, passage)]), **limits)
    assert kept.height + events.height == 1
    return events.to_dicts()[0] if events.height else None


# (limit and its value, a row on the right side of the boundary, one on the wrong side, measured value, column)
BOUNDARIES: list[tuple[dict[str, Any], tuple[str, str], tuple[str, str], float, str]] = [
    ({"min_question_chars": 8}, ("ósmyznak", PASSAGE), ("siedem7", PASSAGE), 7, "question"),
    ({"max_question_chars": 8}, ("ósmyznak", PASSAGE), ("dziewięćć", PASSAGE), 9, "question"),
    ({"min_passage_chars": 5}, (QUESTION, "pięćć"), (QUESTION, "cztr"), 4, "passage"),
    ({"max_passage_chars": 5}, (QUESTION, "pięćć"), (QUESTION, "sześć6"), 6, "passage"),
    ({"min_passage_words": 3}, (QUESTION, "raz – dwa, trzy."), (QUESTION, "raz – dwa …"), 2, "passage"),
    ({"min_question_tokens": 4}, ("czte?", PASSAGE), ("trz?", PASSAGE), 3, "question"),
    ({"max_question_tokens": 5}, ("czter?", PASSAGE), ("cztery?", PASSAGE), 6, "question"),
    ({"min_passage_tokens": 4}, (QUESTION, "czte."), (QUESTION, "trz."), 3, "passage"),
    ({"max_passage_tokens": 5}, (QUESTION, "czter."), (QUESTION, "cztery."), 6, "passage"),
    ({"min_letter_fraction": 0.5}, (QUESTION, "ab 1 2"), (QUESTION, "a 1 2 3"), 0.25, "passage"),
    ({"max_digit_fraction": 0.5}, (QUESTION, "ab 1 2"), (QUESTION, "a 1 2 3"), 0.75, "passage"),
    ({"max_symbol_fraction": 0.5}, (QUESTION, "ab = ="), (QUESTION, "a = = {"), 0.75, "passage"),
    ({"max_repeated_fraction": 0.5}, (QUESTION, "a b c A, b c"), (QUESTION, "a b c a b c a"), 4 / 7, "passage"),
    ({"passage_equals_question": True}, (QUESTION, PASSAGE), ("Czy tak?", "czy  TAK"), 1.0, "passage"),
    ({"question_form": "drop"}, (QUESTION, PASSAGE), ("Kraków leży nad Wisłą.", PASSAGE), 1.0, "question"),
    ({"truncated_passage": "drop"}, (QUESTION, PASSAGE), (QUESTION, "Kraków leży nad"), 1.0, "passage"),
    ({"personal_data": "drop"}, (QUESTION, PASSAGE), (QUESTION, "PESEL 44051401359, jan@example.pl"), 2.0, "passage"),
]  # fmt: skip


@pytest.mark.parametrize(("limit", "inside", "outside", "value", "column"), BOUNDARIES)
def test_each_limit_keeps_what_reaches_it_and_drops_what_passes_it(
    limit: dict[str, Any], inside: tuple[str, str], outside: tuple[str, str], value: float, column: str
) -> None:
    (rule,) = limit
    assert event(*inside, **limit) is None
    dropped = event(*outside, **limit)
    assert dropped is not None
    assert (dropped["stage"], dropped["action"], dropped["rule"], dropped["column"]) == ("filter", "dropped", rule, column)
    assert dropped["score"] == pytest.approx(value)
    assert dropped["before"] == outside[0 if column == "question" else 1]
    assert list(json.loads(dropped["after"])) == [rule]


def test_every_limit_of_the_recipe_has_a_case() -> None:
    tested = {rule for limit, *_ in BOUNDARIES for rule in limit} | {"languages", "min_language_chars", "language_second_opinion"}
    assert tested == set(Filter.model_fields)


def test_all_failing_rules_are_told_with_value_and_limit_the_first_one_decides() -> None:
    limits = Filter().model_dump() | {"question_form": "drop"}
    dropped = event("tak", "Inês", **limits)
    assert dropped is not None
    assert (dropped["rule"], dropped["column"], dropped["score"], dropped["before"]) == ("min_question_chars", "question", 3, "tak")
    assert json.loads(dropped["after"]) == {
        "min_question_chars": {"value": 3, "limit": 8},
        "min_passage_chars": {"value": 4, "limit": 20},
        "min_passage_words": {"value": 1, "limit": 5},
        "question_form": {"value": True, "limit": False},
    }


def test_the_language_at_fault_is_that_of_the_question_first() -> None:
    limits = {"languages": ("pl",)}
    english = "Marie Curie was born in Warsaw, in what was then the Kingdom of Poland."
    assert event(QUESTION, PASSAGE, **limits) is None
    for question, passage, column in ((english, english, "question"), (english, PASSAGE, "question"), (QUESTION, english, "passage")):
        dropped = event(question, passage, **limits)
        assert dropped is not None
        assert (dropped["rule"], dropped["column"], dropped["before"]) == ("language", column, english)
        assert dropped["score"] < 0.01
        shown = json.loads(dropped["after"])["language"]
        assert shown["limit"] == "pl"
        assert shown["value"].startswith("en ")


def test_what_is_only_reported_drops_nothing() -> None:
    pair = ("Kraków leży nad Wisłą.", "PESEL 44051401359 i Kraków leży nad")
    modes = {"question_form": "report", "truncated_passage": "report", "personal_data": "report"}
    kept, events, measures = keep(rows([pair]), **modes)
    assert (kept.height, events.height) == (1, 0)
    assert measures["reported"].to_list() == [list(modes)]
    assert measures["failed"].to_list() == [[]]
    assert measures["passage_personal_data"].to_list() == [["PESEL"]]


def test_masked_texts_are_kept_and_on_record() -> None:
    frame = rows([("Czyj jest jan@example.pl?", "PESEL 44051401359."), (QUESTION, PASSAGE), (None, PASSAGE)], ["tel. 600 700 800", "", ""])
    kept, events, measures = keep(frame, personal_data="mask", min_question_chars=1)
    assert kept.row(0)[3:6] == ("Czyj jest [EMAIL]?", "PESEL [PESEL].", "tel. [PHONE]")
    assert kept.row(1)[3:5] == (QUESTION, PASSAGE)
    changed = events.filter(pl.col("action") == "changed")
    assert changed.select("row_id", "rule", "column", "before").rows() == [
        ("s:0000", "personal_data", "question", "Czyj jest jan@example.pl?"),
        ("s:0000", "personal_data", "passage", "PESEL 44051401359."),
        ("s:0000", "personal_data", "title", "tel. 600 700 800"),
    ]
    assert changed["after"].to_list() == list(kept.row(0)[3:6])
    assert events.filter(pl.col("action") == "dropped")["row_id"].to_list() == ["s:0002"]
    assert measures.height == 3


def test_a_text_that_is_missing_fails_every_rule_about_it() -> None:
    dropped = event(None, None, **Filter().model_dump())
    assert dropped is not None
    assert (dropped["rule"], dropped["score"], dropped["before"]) == ("min_question_chars", None, None)
    assert set(json.loads(dropped["after"])) == {
        "min_question_chars", "max_question_chars", "min_passage_chars", "max_passage_chars", "min_passage_words",
        "min_letter_fraction", "max_digit_fraction", "max_symbol_fraction", "max_repeated_fraction", "language", "passage_equals_question",
    }  # fmt: skip


def test_only_the_beginning_of_a_long_text_is_put_on_record() -> None:
    dropped = event(QUESTION, "a" * 3_000, max_passage_chars=2_500)
    assert dropped is not None
    assert dropped["before"] == "a" * 2_000


def test_no_rows_are_no_events() -> None:
    kept, events, measures = keep(rows([]), **Filter().model_dump())
    assert kept.schema == schemas.ROWS
    assert events.schema == schemas.LEDGER
    assert measures.is_empty()


TEXT = st.one_of(st.none(), st.text(max_size=30), st.text("ab .?\n1", max_size=40))
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=12)


@settings(max_examples=40, deadline=None)
@given(PAIRS, st.integers(0, 20), st.integers(0, 5), st.floats(0, 1))
def test_kept_and_dropped_rows_are_all_rows_in_any_order(
    pairs: list[tuple[str | None, str | None]], chars: int, words: int, fraction: float
) -> None:
    limits = {"min_passage_chars": chars, "min_passage_words": words, "min_letter_fraction": fraction, "max_repeated_fraction": fraction}
    frame = rows(pairs)
    kept, events, measures = keep(frame, **limits)
    assert kept.schema == schemas.ROWS
    assert events.schema == schemas.LEDGER
    assert sorted([*kept["row_id"], *events["row_id"]]) == frame.collect()["row_id"].to_list()
    assert measures.filter(pl.col("failed").list.len() > 0)["row_id"].to_list() == events["row_id"].to_list()
    assert measures["failed"].list.first().drop_nulls().to_list() == events["rule"].to_list()
    again = keep(frame.reverse(), **limits)
    assert again[1].equals(events)
    assert again[0].sort("row_id").equals(kept.sort("row_id"))


@settings(max_examples=20, deadline=None)
@given(PAIRS, st.lists(st.floats(0, 1), min_size=2, max_size=2).map(sorted))
def test_a_stricter_limit_keeps_no_row_more(pairs: list[tuple[str | None, str | None]], thresholds: list[float]) -> None:
    loose, strict = (set(keep(rows(pairs), min_letter_fraction=threshold)[0]["row_id"]) for threshold in thresholds)
    assert strict <= loose


def repeated(text: str) -> float:
    """What repeated_fraction says, word by word."""
    words = pl.select(fold(pl.lit(text))).item().split(" ")
    seen, part = set[tuple[str, ...]](), set[int]()
    for start in range(len(words) - 2):
        gram = tuple(words[start : start + 3])
        part |= {start, start + 1, start + 2} if gram in seen else set()
        seen.add(gram)
    return len(part) / len(words)


def composed(pairs: Sequence[tuple[str | None, str | None]]) -> pl.DataFrame:
    frame = pl.DataFrame({"passage": [passage for passage, _ in pairs], "question": [question for _, question in pairs]}, schema=SIDES)
    return frame.select(composition.measures(pl.col("passage"), pl.col("question")).alias("all")).unnest("all")


SIDES = {"passage": pl.String, "question": pl.String}
USUAL = st.sampled_from(
    ["ala", "Żółw", "7", " ", " ", "\n", "\x1c", "\xa0", "\u2003", "\u2028", "\u200b", ".", "”", "–", "§", "\x85", "\x01"]
)
COMPOSED = st.one_of(st.none(), st.text("ab  \n", max_size=40), st.text(max_size=10), st.lists(USUAL, max_size=12).map("".join))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(COMPOSED, COMPOSED), max_size=10))
def test_passages_are_counted_as_patterns_count_them(pairs: list[tuple[str | None, str | None]]) -> None:
    text = pl.col("passage")
    n_chars = text.str.len_chars() - text.str.count_matches(r"\s")
    expected = {
        "passage_words": text.str.count_matches(r"\S*[\p{L}\p{N}]\S*"),
        "letter_fraction": 1 - text.str.count_matches(r"[^\p{L}\p{M}\s]") / n_chars,
        "digit_fraction": text.str.count_matches(r"\p{N}") / n_chars,
        "symbol_fraction": text.str.count_matches(r"[^\p{L}\p{M}\p{N}\s]") / n_chars,
    }
    texts = pl.DataFrame({"passage": [passage for passage, _ in pairs]}, schema={"passage": pl.String})
    assert composed(pairs).select(*expected).equals(texts.select(**expected).fill_nan(0))


@settings(max_examples=60, deadline=None)
@given(st.lists(COMPOSED, max_size=10))
def test_repetition_is_what_counting_word_by_word_gives(texts: list[str | None]) -> None:
    got = composed([(text, "") for text in texts])["repeated_fraction"].to_list()
    assert got == [None if text is None else pytest.approx(repeated(text)) for text in texts]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(COMPOSED, COMPOSED, st.booleans()), max_size=10))
def test_a_passage_equals_its_question_if_both_fold_to_one_text(triples: list[tuple[str | None, str | None, bool]]) -> None:
    pairs = [(passage, f"- {passage} !" if repeats else question) for passage, question, repeats in triples]
    texts = pl.DataFrame({"passage": [passage for passage, _ in pairs], "question": [question for _, question in pairs]}, schema=SIDES)
    expected = texts.select(passage_equals_question=fold(pl.col("passage")) == fold(pl.col("question")))
    assert composed(pairs).select("passage_equals_question").equals(expected)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=10))
def test_letters_digits_and_symbols_make_up_the_text(texts: list[str]) -> None:
    shares = composed([(text, "") for text in texts]).select(
        sum=pl.col("letter_fraction") + pl.col("digit_fraction") + pl.col("symbol_fraction")
    )
    white = [not re.sub(r"[\s\x1c-\x1f]", "", item) for item in texts]
    assert [share == pytest.approx(1) or blank for share, blank in zip(shares["sum"], white, strict=True)] == [True] * len(texts)


@pytest.mark.parametrize(
    ("question", "is_statement"),
    [
        ("Gdzie leży Kraków?", False),
        ("kto podrzucał fałszywe skamieliny", False),
        ("w którym roku powstała Legia", False),
        ("czyim bratem był Bolesław?", False),
        ("zwycięstwa w jakiej bitwie świętowano?", False),
        ("podaj nazwę stolicy Polski", False),
        ("Według niektórych źródeł, w jakie uzbrojenie wyposażono okręt?", False),
        ("Zdaniem historyków, kto zbudował zamek?", False),
        ("Według historyków powstało wtedy opactwo, które spłonęło?", True),
        ("Giles Hart działał w Londynie, w ruchu, który zbierał fundusze?", True),
        ("Kraków leży nad Wisłą.", True),
        ("Kraków, który leży nad Wisłą", True),
        ("Kraków?", True),
    ],
)
def test_a_question_asks(question: str, is_statement: bool) -> None:  # noqa: FBT001 - a case
    assert pl.select(quality.is_statement(pl.lit(question))).item() is is_statement


@pytest.mark.parametrize(
    ("passage", "is_truncated"),
    [
        ("Kraków leży nad Wisłą.", False),
        ("Zapytał: „Dokąd idziesz?”", False),
        ("Kraków (stolica województwa)", False),
        ("I tak dalej…", False),
        ("Grał w filmach (Rok spokojnego słońca (1984), Lejdis (2008). Potem w teatrze.", False),
        ("Kraków leży nad", True),
        ("Kraków leży nad Wisłą,", True),
        ("Historia kobiety czystej (oryg.", True),
    ],
)
def test_a_passage_ends(passage: str, is_truncated: bool) -> None:  # noqa: FBT001 - a case
    assert pl.select(quality.is_truncated(pl.lit(passage))).item() is is_truncated
