"""Filters: named limits that a row must keep, every one measured on every row.

A row that fails a rule leaves with one event: the first failing rule in the order of the recipe, its
measured value, and, as JSON, every failing rule with value and limit. Rules that only report never drop
a row; what they saw stands in the measures.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Unpack

import polars as pl

from dataprep.events import as_ledger
from dataprep.filtering import composition, language, personal_data, quality
from dataprep.filtering.limits import TEXT_COLUMNS, Limits, Rule, rules

_BEFORE_CHARS = 2_000
_JUDGED_COLUMNS = ("question", "passage")
_STRUCTS = ("passage_composition", *(f"{column}_verdict" for column in _JUDGED_COLUMNS))
_FIRST = ("question_chars", "passage_chars", *composition.MEASURES)  # of the measures


class Kept(NamedTuple):
    """Rows inside the limits, what was done to the others, and what was measured.

    Attributes:
        kept: ROWS in the order they came, personal data masked if the recipe says so.
        events: LEDGER by row_id: a `dropped` event per row that left, with the first 2,000 characters of
            the text at fault; a `changed` event per text that was masked.
        measures: A row per row that came in: row_id, the measured values, the names of the rules that it
            failed (`failed`), and of those that only reported it (`reported`).
    """

    kept: pl.LazyFrame
    events: pl.LazyFrame
    measures: pl.LazyFrame


def keep(rows: pl.LazyFrame, *, token_counts: Mapping[str, pl.Expr] | None = None, **limits: Unpack[Limits]) -> Kept:
    """Drop the rows that are outside a limit.

    Collect the three results in one `pl.collect_all`: they share the measuring, which is most of the work.

    Args:
        rows: ROWS, cleaned. A text that is null fails the rules about it.
        token_counts: Under "question" and "passage", how many tokens the base model reads; needed where a
            limit in tokens is set, see `token_lengths`.
        **limits: The limits of the recipe. A rule that is "off" or false is not measured, nor are
            languages if none is named.

    Returns:
        What was kept, what happened to the rest, and the measures. Kept and dropped rows are all rows.

    Raises:
        CallError: A language is not known to the identifier.
    """
    applied = rules(limits)
    dropping, reporting = ([rule for rule in applied if rule.drops is drops] for drops in (True, False))
    measured = (
        rows.with_columns(_measures(limits, token_counts or {}))
        .with_columns(_fields(limits))
        .with_columns(failed=_failing(dropping), reported=_failing(reporting))
    )
    is_kept, columns = pl.col("failed").list.len() == 0, rows.collect_schema().names()
    kept, events = measured.filter(is_kept), [_drops(measured.filter(~is_kept), dropping)]
    if limits["personal_data"] == "mask":
        events += [_masks(kept, column) for column in TEXT_COLUMNS]
        kept = kept.with_columns(personal_data.masked(pl.col(column)) for column in TEXT_COLUMNS)
    measures = measured.select("row_id", *_FIRST, pl.exclude(*columns, *_FIRST, *_STRUCTS))
    return Kept(kept.select(columns), pl.concat(events).sort("row_id", maintain_order=True), measures)


def _measures(limits: Limits, token_counts: Mapping[str, pl.Expr]) -> list[pl.Expr]:
    question, passage = pl.col("question"), pl.col("passage")
    measures = [
        question.str.len_chars().alias("question_chars"),
        passage.str.len_chars().alias("passage_chars"),
        composition.measures(passage, question).alias("passage_composition"),
        quality.is_statement(question).alias("question_is_statement"),
        quality.is_truncated(passage).alias("passage_is_truncated"),
        *(count.alias(f"{column}_tokens") for column, count in token_counts.items()),
    ]
    if limits["languages"]:
        measures += [
            language.judge(
                pl.col(column),
                languages=limits["languages"],
                min_language_chars=limits["min_language_chars"],
                second_opinion=limits["language_second_opinion"],
            ).alias(f"{column}_verdict")
            for column in _JUDGED_COLUMNS
        ]
    if limits["personal_data"] != "off":
        measures += [personal_data.kinds(pl.col(column)).alias(f"{column}_personal_data") for column in TEXT_COLUMNS]
    return measures


def _fields(limits: Limits) -> list[pl.Expr]:
    """What is measured together, in a step of its own, so that each text is looked at once."""
    composed = pl.col("passage_composition").struct
    names = {"language": "language"} | {name: f"language_{name}" for name in ("probability", "second_opinion", "is_kept")}
    verdicts = [
        pl.col(f"{column}_verdict").struct.field(field).alias(f"{column}_{name}")
        for column in (_JUDGED_COLUMNS if limits["languages"] else ())
        for field, name in names.items()
    ]
    return [*map(composed.field, composition.MEASURES), *verdicts]


def _fails(rule: Rule) -> pl.Expr:
    """Whether a row fails a rule; not being able to tell is failing."""
    return rule.fails.fill_null(value=True)


def _failing(applied: Iterable[Rule]) -> pl.Expr:
    names = [pl.when(_fails(rule)).then(pl.lit(rule.name)) for rule in applied]
    return pl.concat_list(names).list.drop_nulls() if names else pl.lit([], dtype=pl.List(pl.String))


def _drops(dropped: pl.LazyFrame, applied: Sequence[Rule]) -> pl.LazyFrame:
    def of_first(what: Sequence[pl.Expr]) -> pl.Expr:
        """The expression that belongs to the first failing rule."""
        first, choice = pl.col("failed").list.first(), pl.lit(None)
        for rule, expression in zip(applied, what, strict=True):
            choice = pl.when(first == rule.name).then(expression).otherwise(choice)
        return choice

    shown = [
        pl.when(_fails(rule)).then(
            pl.concat_str(pl.lit(f'"{rule.name}": {{"value": '), rule.shown.fill_null("null"), pl.lit(f', "limit": {rule.limit}}}'))
        )
        for rule in applied
    ]
    column = of_first([rule.column for rule in applied])
    text = pl.coalesce(pl.when(pl.col("column") == name).then(pl.col(name)) for name in TEXT_COLUMNS)
    return as_ledger(
        dropped.with_columns(
            stage=pl.lit("filter"),
            action=pl.lit("dropped"),
            rule=pl.col("failed").list.first(),
            column=column,
            score=of_first([rule.value.cast(pl.Float64) for rule in applied]),
            after=pl.concat_str(pl.lit("{"), pl.concat_str(shown, separator=", ", ignore_nulls=True), pl.lit("}")),
        ).with_columns(before=text.str.head(_BEFORE_CHARS))
    )


def _masks(kept: pl.LazyFrame, column: str) -> pl.LazyFrame:
    found = pl.col(f"{column}_personal_data")
    return as_ledger(
        kept.filter(found.list.len() > 0).with_columns(
            stage=pl.lit("filter"),
            action=pl.lit("changed"),
            rule=pl.lit("personal_data"),
            column=pl.lit(column),
            before=pl.col(column),
            after=personal_data.masked(pl.col(column)),
            score=found.list.len().cast(pl.Float64),
        )
    )
