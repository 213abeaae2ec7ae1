"""The rules of the filter stage: which measure each looks at, and when it fails."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypedDict

import polars as pl

TEXT_COLUMNS = ("question", "passage", "title")


class Limits(TypedDict):
    """The limits, by the names that they have in the recipe; recipes.curation.Filter says what each means."""

    min_question_chars: int
    max_question_chars: int
    min_passage_chars: int
    max_passage_chars: int
    min_passage_words: int
    min_question_tokens: int | None
    max_question_tokens: int | None
    min_passage_tokens: int | None
    max_passage_tokens: int | None
    min_letter_fraction: float
    max_digit_fraction: float
    max_symbol_fraction: float
    max_repeated_fraction: float
    languages: Sequence[str]
    min_language_chars: int
    language_second_opinion: bool
    passage_equals_question: bool
    question_form: Literal["off", "report", "drop"]
    truncated_passage: Literal["off", "report", "drop"]
    personal_data: Literal["off", "report", "mask", "drop"]


class Rule(NamedTuple):
    """One limit over measured columns.

    Attributes:
        name: Its name in recipe and ledger.
        drops: Whether rows leave by it; otherwise they are only reported.
        fails: Boolean over the measures; null counts as failing.
        value: What was measured, as a number.
        shown: What was measured, as JSON.
        limit: What was wanted, as JSON.
        column: Name of the column that is at fault.
    """

    name: str
    drops: bool
    fails: pl.Expr
    value: pl.Expr
    shown: pl.Expr
    limit: str
    column: pl.Expr


def rules(limits: Limits) -> list[Rule]:
    """The rules that are on, in the order of the recipe."""
    rules = [
        _at_least("min_question_chars", "question_chars", limits["min_question_chars"], "question"),
        _at_most("max_question_chars", "question_chars", limits["max_question_chars"], "question"),
        _at_least("min_passage_chars", "passage_chars", limits["min_passage_chars"], "passage"),
        _at_most("max_passage_chars", "passage_chars", limits["max_passage_chars"], "passage"),
        _at_least("min_passage_words", "passage_words", limits["min_passage_words"], "passage"),
        *_tokens(limits),
        _at_least("min_letter_fraction", "letter_fraction", limits["min_letter_fraction"], "passage"),
        _at_most("max_digit_fraction", "digit_fraction", limits["max_digit_fraction"], "passage"),
        _at_most("max_symbol_fraction", "symbol_fraction", limits["max_symbol_fraction"], "passage"),
        _at_most("max_repeated_fraction", "repeated_fraction", limits["max_repeated_fraction"], "passage"),
    ]
    if limits["languages"]:
        rules.append(_language(limits["languages"]))
    if limits["passage_equals_question"]:
        rules.append(_never("passage_equals_question", "passage_equals_question", "passage", drops=True))
    if limits["question_form"] != "off":
        rules.append(_never("question_form", "question_is_statement", "question", drops=limits["question_form"] == "drop"))
    if limits["truncated_passage"] != "off":
        rules.append(_never("truncated_passage", "passage_is_truncated", "passage", drops=limits["truncated_passage"] == "drop"))
    if limits["personal_data"] != "off":
        rules.append(_personal_data(drops=limits["personal_data"] == "drop"))
    return rules


def _tokens(limits: Limits) -> list[Rule]:
    """The limits in tokens that are set."""
    rules = []
    for column in ("question", "passage"):
        for bound, rule in (("min", _at_least), ("max", _at_most)):
            limit = limits[f"{bound}_{column}_tokens"]  # type: ignore[literal-required]
            if limit is not None:
                rules.append(rule(f"{bound}_{column}_tokens", f"{column}_tokens", limit, column))
    return rules


def _at_least(name: str, measure: str, limit: float, column: str) -> Rule:
    value = pl.col(measure)
    return Rule(name, True, value < limit, value, _number(value), str(limit), pl.lit(column))  # noqa: FBT003  # drops, see Rule


def _at_most(name: str, measure: str, limit: float, column: str) -> Rule:
    value = pl.col(measure)
    return Rule(name, True, value > limit, value, _number(value), str(limit), pl.lit(column))  # noqa: FBT003  # drops, see Rule


def _never(name: str, measure: str, column: str, *, drops: bool) -> Rule:
    value = pl.col(measure)
    return Rule(name, drops, value, value.cast(pl.Float64), value.cast(pl.String), "false", pl.lit(column))


def _language(languages: Sequence[str]) -> Rule:
    """Both texts must be in a wanted language; the question is at fault if it is not, otherwise the passage."""
    asks_well, tells_well = (pl.col(f"{column}_language_is_kept").fill_null(value=False) for column in ("question", "passage"))

    def at_fault(field: str) -> pl.Expr:
        return pl.when(~asks_well).then(pl.col(f"question_{field}")).otherwise(pl.col(f"passage_{field}"))

    value, language = at_fault("language_probability"), at_fault("language")
    words = pl.when(~at_fault("language_second_opinion")).then(pl.lit(", nor Polish word by word"))
    shown = pl.concat_str(pl.lit('"'), language, pl.lit(" "), _number(value), words, pl.lit('"'), ignore_nulls=True)
    column = pl.when(~asks_well).then(pl.lit("question")).otherwise(pl.lit("passage"))
    return Rule("language", True, ~(asks_well & tells_well), value, shown, f'"{" ".join(languages)}"', column)  # noqa: FBT003  # drops


def _personal_data(*, drops: bool) -> Rule:
    kinds = [pl.col(f"{column}_personal_data").fill_null([]) for column in TEXT_COLUMNS]
    found = pl.concat_list(kinds).list.unique().list.sort()
    column = pl.coalesce(pl.when(of.list.len() > 0).then(pl.lit(name)) for name, of in zip(TEXT_COLUMNS, kinds, strict=True))
    shown = pl.concat_str(pl.lit('"'), found.list.join(" "), pl.lit('"'))
    return Rule("personal_data", drops, found.list.len() > 0, found.list.len(), shown, '""', column)


def _number(value: pl.Expr) -> pl.Expr:
    return value.cast(pl.Float64).round(5).cast(pl.String).str.replace(r"\.0$", "")
