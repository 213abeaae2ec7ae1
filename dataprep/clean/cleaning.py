"""Cleaning: text to text rules, each with a name, and what every one of them did to every text.

The rules run in the order of the recipe, and again until nothing changes, because one rule can lay bare
work for another: an entity decodes to a tag, or a removed character brings a letter and its accent
together. So cleaning a cleaned text changes nothing. A text that has not settled after `_MAX_PASSES`
(made-up texts can nest an entity ten times) is left as it was read, which keeps that law.

Every rule first looks, with one cheap expression over all texts, which texts it may concern at all, and
works on those alone: cleaning costs little where little is damaged. Rules about characters that a plain
Polish text does not have look at the other texts only.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import polars as pl

from dataprep.clean import characters, markup, mojibake, remnants
from dataprep.clean.rules import Rule
from dataprep.events import as_ledger

TEXT_COLUMNS = ("question", "passage", "title")

_MAX_PASSES = 8
_STEP = pl.Struct({"rule": pl.String, "before": pl.String, "after": pl.String})
_TRACED = pl.Struct({"text": pl.String, "steps": pl.List(_STEP)})

# The names and the order are those of recipes.curation.Clean.
_RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "mojibake": mojibake.MOJIBAKE,
        "unicode_nfc": characters.UNICODE_NFC,
        "control_characters": characters.CONTROL_CHARACTERS,
        "csv_quotes": remnants.CSV_QUOTES,
        "html": markup.HTML,
        "wiki_markup": markup.WIKI_MARKUP,
        "doubled_title": remnants.DOUBLED_TITLE,
        "empty_parentheses": remnants.EMPTY_PARENTHESES,
        "space_before_punctuation": characters.SPACE_BEFORE_PUNCTUATION,
        "white_space": characters.WHITE_SPACE,
    }
)


class Cleaned(NamedTuple):
    """Rows with cleaned texts, and what was changed in them.

    Attributes:
        rows: ROWS in the order they came; a text of which nothing is left is "".
        events: LEDGER, one `changed` event per row, column and rule that changed the text, by row_id; the
            events of one row follow the columns and then the order in which the rules ran. A rule that
            had work again in a later pass has a further event.
    """

    rows: pl.LazyFrame
    events: pl.LazyFrame


def clean(rows: pl.LazyFrame, *, rules: Sequence[str]) -> Cleaned:
    """Clean question, passage and title.

    Collect both results in one `pl.collect_all`: they share the work.

    Args:
        rows: ROWS. A null text stays null.
        rules: Names of the rules that are on; they run in the recipe's order, whatever the order here.

    Returns:
        The cleaned rows and the events. Cleaning the rows again with the same rules gives no event.
    """
    chain = tuple(name for name in _RULES if name in set(rules))
    traced = rows.with_columns(_traced(pl.col(column), chain) for column in TEXT_COLUMNS)
    cleaned = traced.with_columns(pl.col(column).struct.field("text").alias(column) for column in TEXT_COLUMNS)
    events = pl.concat([_events(traced, column) for column in TEXT_COLUMNS])
    return Cleaned(cleaned.select(rows.collect_schema().names()), events.sort("row_id", maintain_order=True))


def _traced(text: pl.Expr, chain: Sequence[str]) -> pl.Expr:
    return text.map_batches(partial(trace, chain=chain), return_dtype=_TRACED, is_elementwise=True)


def _events(traced: pl.LazyFrame, column: str) -> pl.LazyFrame:
    steps = pl.col(column).struct.field("steps")
    changed = traced.filter(steps.is_not_null()).select("row_id", "source", "source_key", step=steps)
    return as_ledger(
        changed.explode("step").unnest("step").with_columns(stage=pl.lit("clean"), action=pl.lit("changed"), column=pl.lit(column))
    )


def trace(texts: pl.Series, chain: Sequence[str]) -> pl.Series:
    """Clean texts and tell each step.

    Args:
        texts: One text per row; null stays null.
        chain: Names of rules, in the order in which they run.

    Returns:
        Struct of `text`, the cleaned text, and `steps`, what each rule changed; null where nothing was changed.
    """
    settled = pl.DataFrame({"at": pl.arange(len(texts), dtype=pl.UInt32, eager=True), "text": texts.cast(pl.String)})
    moving, steps = settled.filter(pl.col("text") != "").with_columns(_is_odd("text")), list[pl.DataFrame]()
    for _ in range(_MAX_PASSES):
        moving, taken = _one_pass(moving, chain)
        if moving.is_empty():
            break
        settled, steps = settled.update(moving.drop("is_odd"), on="at"), [*steps, *taken]
    else:
        original = pl.DataFrame({"at": settled["at"], "text": texts})
        settled = settled.update(original.join(moving, on="at", how="semi"), on="at")
        steps = [step.join(moving, on="at", how="anti") for step in steps]
    return _with_steps(settled, steps)


def _one_pass(texts: pl.DataFrame, chain: Sequence[str]) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Run every rule once; the texts that came out different, and what each rule changed."""
    after, taken = texts, list[pl.DataFrame]()
    for name in chain:
        changed = _changed_by(_RULES[name], after)
        if not changed.is_empty():
            taken.append(changed.with_columns(rule=pl.lit(name)))
            after = after.update(changed.select("at", _is_odd("after"), text="after"), on="at")
    if not taken:
        return texts.clear(), taken
    touched = after.join(pl.concat(taken).select("at"), on="at", how="semi")
    return touched.join(texts, on=["at", "text"], how="anti"), taken


def _is_odd(column: str) -> pl.Expr:
    return pl.col(column).str.contains(mojibake.ODD).alias("is_odd")


def _changed_by(rule: Rule, texts: pl.DataFrame) -> pl.DataFrame:
    looked_at = texts.filter("is_odd") if rule.spares_plain else texts
    concerned = looked_at.filter(rule.concerns(pl.col("text"))).select("at", before="text")
    if concerned.is_empty():
        return concerned.with_columns(after="before")
    return concerned.with_columns(after=rule.mend(pl.col("before"))).filter(pl.col("after") != pl.col("before"))


def _with_steps(settled: pl.DataFrame, steps: Sequence[pl.DataFrame]) -> pl.Series:
    if not steps:
        return settled.select(pl.struct("text", pl.lit(None, pl.List(_STEP)).alias("steps"))).to_series()
    told = pl.concat(steps).group_by("at", maintain_order=True).agg(steps=pl.struct("rule", "before", "after"))
    joined = settled.join(told, on="at", how="left", maintain_order="left")
    return joined.select(pl.struct("text", "steps")).to_series()


def _alone(name: str, text: pl.Expr) -> pl.Expr:
    return _traced(text, (name,)).struct.field("text")


RULES: Mapping[str, Callable[[pl.Expr], pl.Expr]] = MappingProxyType({name: partial(_alone, name) for name in _RULES})
"""Each rule by its name: text to text, run until nothing changes. Null in, null out."""
