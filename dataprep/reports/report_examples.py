"""Examples for the report page: the ledger's sample, changes by rule, duplicates, conflicts, near questions."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from dataprep.build import Build
from dataprep.pipeline import PREPARE
from dataprep.releases import release_files
from dataprep.reports import report_samples as samples
from dataprep.reports.marking import Run, compare, excerpt, printable, visible
from dataprep.reports.notes import in_words

MAX_EVENTS = 2_000
_PER_RULE = 3
_N_CLUSTERS, _N_MEMBERS = 12, 4
_PER_GUARD = 3
_N_CONFLICTS = 12
_N_NEAR = 12
_N_GROUP = 5
_IDS = ("into_id", "passage_id", "other_id", "query_id")
_CODES = {"same": "=", "removed": "-", "added": "+", "gap": "…"}
_LEDGER_COLUMNS = (
    *("row_id", "source_key", "source", "stage", "action", "rule", "column", "runs", "note"),
    *("into", "score", "split", "query_id", "passage_id", "question", "passage"),
)
_MAX_CHARS = 120  # of a row's own question and passage in the ledger's sample
_MAX_BEFORE_CHARS = 300


def examples(build: Build) -> dict[str, Any]:
    """Everything that the page shows of rows. The release of the build is finished.

    Returns:
        `ledger` (columns, rows, groups with their size in the whole ledger), `changes` and rows that `left` by rule,
        `clusters`, `kept_apart`, `conflicts`, `near_questions`, and questions of the `largest_group`.
        Whatever these name by an id has its events in the ledger's sample.
    """
    names = ("corpus", "merged_passages", "links", "conflicts", "near_questions")
    corpus, merged, links, conflicts, near = (build.table("deduplicate", name) for name in names)
    queries, statistics = build.table("split", "queries"), release_files.statistics(build.release)
    clusters = samples.merged_passages(links, corpus, merged, n_clusters=_N_CLUSTERS, n_members=_N_MEMBERS)
    shown = {
        "clusters": [_cluster(cluster) for cluster in clusters],
        "kept_apart": _pairs(samples.kept_apart(links, corpus, merged, per_guard=_PER_GUARD)),
        "conflicts": _pairs(samples.label_conflicts(conflicts, queries, corpus, merged, _driven_out(build), limit=_N_CONFLICTS)),
        "near_questions": _pairs(samples.near_questions(near, queries, limit=_N_NEAR)),
        "largest_group": samples.members(queries, statistics["quality"]["largest_group"].get("group_id"), limit=_N_GROUP),
    }
    sample = samples.ledger_sample(
        pl.scan_parquet(build.folder / "ledger.parquet"),
        build.table("ingest", "rows"),
        limit=MAX_EVENTS,
        max_chars=_MAX_CHARS,
        named=[*_named(shown), *(longest["id"] for longest in statistics["lengths"]["longest"])],
    )
    return {"ledger": ledger_of(sample), "changes": _changes(sample), "left": _left(sample), **shown}


def _named(shown: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """The ids of questions and passages that the page links to."""
    entries = [entry for part in shown.values() for entry in part]
    entries += [member for cluster in shown["clusters"] for member in cluster["members"]]
    return [entry[name] for entry in entries for name in _IDS if entry.get(name)]


def _driven_out(build: Build) -> pl.LazyFrame:
    """Texts and ids of the rows that a label conflict drove out."""
    events = build.table("deduplicate", "events").filter(pl.col("action") == "dropped").select("row_id", "query_id", "passage_id")
    return build.table("filter", "rows").select("row_id", "question", "passage").join(events, on="row_id")


def marked(before: str | None, after: str | None, *, by: Any) -> list[Run]:  # noqa: ANN401 - the unit of marking.compare
    """What changed, cut to a few words around each change, ready to be shown; a text that is not there counts as empty."""
    return [visible(run) for run in excerpt(compare(before or "", after or "", by=by))]


def ledger_of(sample: pl.DataFrame) -> dict[str, Any]:
    """The sample as the page's table reads it: one list per event, and the size of each group in the whole ledger."""
    events = [_event(event) for event in sample.to_dicts()]
    groups = sample.select("stage", "action", "rule", "source", n="n_group").unique(maintain_order=True)
    return {
        "columns": _LEDGER_COLUMNS,
        "rows": [[event[name] for name in _LEDGER_COLUMNS] for event in events],
        "groups": groups.to_dicts(),
        "n_events": groups["n"].sum(),
    }


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event with what it did to the text as runs, and beside them what it says in plain words."""
    is_change = event["action"] in {"changed", "relabelled"}
    before = printable(event["before"] or "")
    plain = [Run("same", before if len(before) <= _MAX_BEFORE_CHARS else f"{before[:_MAX_BEFORE_CHARS]}…")] if before else []
    runs = marked(event["before"], event["after"], by="characters") if is_change else plain
    return {
        **event,
        "runs": [[_CODES[run.kind], run.text] for run in runs],
        "note": None if is_change else _note(event["after"]),
        **{name: _opening(event[name]) for name in ("question", "passage")},
    }


def _note(after: str | None) -> str | None:
    return printable(in_words(after or ""))[:_MAX_BEFORE_CHARS] or None


def _opening(text: str | None) -> str | None:
    """The beginning of a text, which the sample cut."""
    return printable(text) + ("…" if len(text) == _MAX_CHARS else "") if text is not None else None


def _changes(sample: pl.DataFrame) -> list[dict[str, Any]]:
    """Before and after of a few rows per rule, in the order of stages and rules."""
    changed = sample.filter(pl.col("action").is_in(["changed", "relabelled"]))
    found = []
    for (stage, rule), events in changed.group_by("stage", "rule", maintain_order=True):
        shown = events.unique(["column", "before", "after"], keep="first", maintain_order=True).head(_PER_RULE).to_dicts()
        found.append(
            {"stage": stage, "rule": rule, "examples": [{**e, "runs": marked(e["before"], e["after"], by="characters")} for e in shown]}
        )
    return found


def _left(sample: pl.DataFrame) -> list[dict[str, Any]]:
    """A few rows that each rule dropped or rejected, with what was measured, in the order of stages and rules."""
    gone = sample.filter(pl.col("action").is_in(["dropped", "rejected"]))
    groups = [
        {"stage": stage, "rule": rule, "examples": [_event(event) for event in events.head(_PER_RULE).to_dicts()]}
        for (stage, rule), events in gone.group_by("stage", "rule", maintain_order=True)
    ]
    return sorted(groups, key=lambda group: PREPARE.index(group["stage"]))


def _cluster(cluster: Mapping[str, Any]) -> dict[str, Any]:
    """A cluster whose merged texts are compared with the one that stayed."""
    members = [{**member, "runs": marked(member["text"], cluster["text"], by="words")} for member in cluster["members"]]
    return {**cluster, "members": members, "text": printable(cluster["text"])}


def _pairs(pairs: Iterable[Mapping[str, Any]]) -> Sequence[dict[str, Any]]:
    """Pairs of texts with what differs."""
    return [{**pair, "runs": marked(pair["text"], pair["other_text"], by="words")} for pair in pairs]
