"""The real stages on planted rows, and what they made of each."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl
from planted import Row

from dataprep.build import Build, finish, opened
from dataprep.pipeline import STAGES
from dataprep.recipes.curation import Decontaminate
from dataprep.recipes.recipe import Recipe
from dataprep.recipes.sources import Columns, Source

RUN = ("ingest", "clean", "filter", "deduplicate", "split")


class Outcome:
    """What the stages made of the rows, by the rows' own keys."""

    def __init__(self, build: Build) -> None:
        """Read the stages' tables.

        Args:
            build: The build, finished up to the split.
        """
        events = pl.concat([build.table(stage, "events").collect() for stage in ("ingest", "clean", "filter", "deduplicate")])
        key_of = dict(build.table("ingest", "rows").select("row_id", "source_key").collect().iter_rows())
        self.touched: dict[str, set[str]] = defaultdict(set)  # rule to keys
        self.by_key: dict[str, list[dict[str, object]]] = defaultdict(list)
        for event in events.to_dicts():
            self.touched[f"{event['stage']}.{event['rule']}"].add(event["source_key"])
            self.by_key[event["source_key"]].append(event)
        cleaned = build.table("clean", "rows").select("source_key", "question", "passage").collect()
        self.cleaned = {key: (question, passage) for key, question, passage in cleaned.iter_rows()}
        measures = build.table("filter", "measures").select("row_id", "reported").collect()
        self.reported: dict[str, set[str]] = {key_of[row_id]: set(names) for row_id, names in measures.iter_rows()}
        judgements = build.table("deduplicate", "judgements").select("row_id", "passage_id", "query_id").collect()
        self.kept = {key_of[row_id]: (passage, query) for row_id, passage, query in judgements.iter_rows()}
        merged = events.filter(action="merged").select("source_key", "passage_id").iter_rows()
        self.passage: dict[str, str] = {key: passage for key, (passage, _) in self.kept.items()} | dict(merged)
        self.split = dict(build.table("split", "queries").select("query_id", "split").collect().iter_rows())

    def is_untouched(self, row: Row) -> bool:
        """Whether a row was kept as it came."""
        return row.key in self.kept and not self.by_key[row.key] and self.cleaned[row.key] == row.sound

    def wrong_merges(self, rows: Iterable[Row]) -> dict[str, int]:
        """By kind: passages that are one now although they were not planted as one."""
        clusters: dict[str, dict[str, Row]] = defaultdict(dict)
        for row in rows:
            if row.key in self.passage:
                clusters[self.passage[row.key]].setdefault(row.cluster, row)
        wrong: dict[str, int] = defaultdict(int)
        for members in clusters.values():
            for kind in {row.kind for row in members.values()} if len(members) > 1 else ():
                wrong[kind] += len(members) - 1
        return wrong


def run(rows: Sequence[Row], references: Sequence[Row], folder: Path) -> Outcome:
    """Write the rows to files and run the real stages on them."""
    sources = []
    for name, table in (("planted", rows), ("reference", references)):
        lines = [json.dumps({"id": r.key, "question": r.question, "passage": r.passage, "label": r.label}) for r in table]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        sources.append(Source(name=name, kind="jsonl", path=str(folder / f"{name}.jsonl"), columns=Columns(id="id")))
    recipe = Recipe(name="quality", sources=(sources[0],), decontaminate=Decontaminate(against=(sources[1],)))
    with opened(folder / "build", recipe) as build:
        for stage in RUN:
            print(f"{stage}: {finish(STAGES[stage], build).summary}", flush=True)
        return Outcome(build)
