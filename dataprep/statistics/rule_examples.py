"""What every rule did, with a few rows before and after: the part of quality.json that is read rule by rule."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from dataprep.filtering.personal_data import mask
from dataprep.reports.marking import compare, excerpt
from dataprep.statistics.row_keys import text_key

_EXAMPLES = 3
_CHARS = 240
_BATCH_ROWS = 100_000
_TEXT_CHANGES = ("changed", "relabelled")


def rule_counts(ledger: pl.LazyFrame, rules: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Rows that each rule touched, with a few of them as examples; a rule that touched none is there with 0.

    Args:
        ledger: LEDGER.
        rules: Names of the rules of each stage.

    Returns:
        One entry per rule, in the order of `rules`, then those that only the ledger names. An example has
        its row_id, column, `before` and `after`, cut to what changed and its surroundings; personal data
        in it is masked, for these texts are published. Of rejected rows only `before` is told.
    """
    key = pl.concat_str("stage", "rule", separator=".").alias("rule")
    events = ledger.filter(pl.col("action") != "read").with_columns(key)
    touched = events.group_by("rule").agg(n_rows=text_key("row_id").n_unique())
    acted = events.select("rule", "action").unique()
    counts, actions = pl.collect_all([touched, acted])
    counted = counts.join(actions.group_by("rule").agg(actions=pl.col("action").sort()), on="rule").sort("rule")
    found = {row["rule"]: row | {"examples": []} for row in counted.to_dicts()}
    for event in _first_events(events, _first_rows(events)):
        found[event["rule"]]["examples"].append(_example(event))
    named = [f"{stage}.{rule}" for stage, names in rules.items() for rule in names]
    order = [*named, *(rule for rule in found if rule not in set(named))]
    return [found.get(rule, {"rule": rule, "n_rows": 0, "actions": [], "examples": []}) for rule in order]


def _first_rows(events: pl.LazyFrame) -> pl.DataFrame:
    """`rule` and `row_id` of the rows of each rule that come first by their ids."""
    found = pl.DataFrame(schema={"rule": pl.String, "row_id": pl.String})
    for batch in events.select("rule", "row_id").collect_batches(chunk_size=_BATCH_ROWS, maintain_order=False):
        first = pl.concat([found, batch]).unique().group_by("rule").agg(pl.col("row_id").bottom_k(_EXAMPLES))
        found = first.explode("row_id", empty_as_null=False, keep_nulls=False)
    return found


def _first_events(events: pl.LazyFrame, wanted: pl.DataFrame) -> list[dict[str, Any]]:
    """The first event of each wanted row, by rule and row."""
    chosen = events.join(wanted.lazy(), on=["rule", "row_id"], how="semi").select("rule", "row_id", "action", "column", "before", "after")
    first = chosen.collect(engine="streaming").sort("rule", "row_id", "column", "before", "after", nulls_last=True)
    return first.unique(["rule", "row_id"], keep="first", maintain_order=True).to_dicts()


def _example(event: Mapping[str, Any]) -> dict[str, Any]:
    before, after = (None if text is None else mask(text) for text in (event["before"], event["after"]))
    if event["action"] == "rejected":
        after = None  # why it could not be read names a place in the file, and a release must not depend on the order of rows
    if event["action"] in _TEXT_CHANGES and before is not None and after is not None:
        runs = excerpt(compare(before, after, by="characters"), limit=_CHARS)
        before, after = ("".join(run.text for run in runs if run.kind != other) for other in ("added", "removed"))
    return {"row_id": event["row_id"], "column": event["column"], "before": _opening(before), "after": _opening(after)}


def _opening(text: str | None) -> str | None:
    return text if text is None or len(text) <= _CHARS else f"{text[:_CHARS]}…"
