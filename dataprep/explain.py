"""The story of one source row, and the search for rows by text."""

from typing import Any, NamedTuple

import polars as pl

from dataprep import io
from dataprep.build import Build
from dataprep.errors import CallError

_SHOWN = 20


class Story(NamedTuple):
    """One row from its source to its end.

    Attributes:
        row_id: The row.
        source: Its source, with revision and licence.
        read: Question, passage, title and label as they were read; None for a row that could not be.
        events: What happened to it, in order, as ledger rows without their nulls.
        fate: Its terminal action.
        query: The question it stands for, with split and group; None if that is not in the release.
        passage: The passage as released; None if it is not in the release.
        tables: Tables of the release that hold the pair.
        measures: What the filters measured of it, and the names of the rules that it `failed` and of those that only
            `reported` it; None for a row that could not be read.
        contamination: Texts of reference sets that its question or passage matches.
        duplicates: Rows merged into it, and links of its passage to others: `outcome` says whether they were merged, and
            if not, which guard kept them apart.
        conflicts: Opposite labels of its question on this passage, or on one like it.
        group: Texts of the other questions in its group, at most the first 20.
        n_group: How many other questions there are in its group.
    """

    row_id: str
    source: dict[str, Any]
    read: dict[str, Any] | None
    events: list[dict[str, Any]]
    fate: str
    query: dict[str, Any] | None
    passage: dict[str, Any] | None
    tables: list[str]
    measures: dict[str, Any] | None
    contamination: list[dict[str, Any]]
    duplicates: list[dict[str, Any]]
    conflicts: list[dict[str, Any]]
    group: list[str]
    n_group: int


def stories(build: Build, wanted: str) -> list[Story]:
    """The stories of the rows that an id names, at most the first 20.

    Args:
        build: A build whose release is finished.
        wanted: A row_id, a source's own key, or the `_id` of a question or passage of the release;
            also the id of a passage that was merged away.

    Raises:
        CallError: No row has this id, or the build has no ledger yet.
    """
    path = build.folder / "ledger.parquet"
    if not path.is_file():
        raise CallError(f"{build.folder} has no ledger yet; `dataprep run … --until release` writes it")
    ledger = pl.scan_parquet(path)
    names = (pl.col(column) == wanted for column in ("row_id", "source_key", "query_id", "passage_id"))
    rows = ledger.filter(pl.any_horizontal(*names)).select("row_id").unique().sort("row_id").collect()["row_id"]
    if rows.is_empty():
        raise CallError(f"no row, question or passage {wanted!r} in {build.folder}; `dataprep explain --find TEXT` searches by text")
    return [_story(build, ledger, row_id) for row_id in rows.head(_SHOWN)]


def find(build: Build, text: str) -> pl.DataFrame:
    """Rows as they were read whose question, passage or title holds a text, case ignored, at most the first 20.

    Returns:
        row_id, source_key, question, passage and label, sorted by row_id.
    """
    texts = (pl.col(c).str.to_lowercase().str.contains(text.lower(), literal=True) for c in ("question", "passage", "title"))
    found = build.table("ingest", "rows").filter(pl.any_horizontal(*texts)).sort("row_id")
    return found.select("row_id", "source_key", "question", "passage", "label").head(_SHOWN).collect()


def _story(build: Build, ledger: pl.LazyFrame, row_id: str) -> Story:
    events = [_without_nulls(event) for event in ledger.filter(pl.col("row_id") == row_id).collect().to_dicts()]
    end = next(event for event in events if event["action"] in {"rejected", "dropped", "merged", "kept"})
    read = _one(build.table("ingest", "rows"), "row_id", row_id)
    query = _one(build.table("split", "queries"), "query_id", end.get("query_id"))
    passage = _one(build.table("deduplicate", "corpus"), "passage_id", end.get("passage_id"))
    is_kept = end["action"] == "kept"
    group, n_group = _group(build, query) if query else ([], 0)
    return Story(
        row_id=row_id,
        source=_origin(build, str(end["source"])),
        read=read,
        events=events,
        fate=str(end["action"]),
        query=query,
        passage=passage,
        tables=_tables(build, end) if is_kept else [],
        measures=_one(build.table("filter", "measures"), "row_id", row_id),
        contamination=build.table("filter", "contamination").filter(row_id=row_id).drop("row_id").collect().to_dicts(),
        duplicates=_duplicates(build, ledger, row_id, end.get("passage_id")),
        conflicts=_conflicts(build, end.get("query_id"), end.get("passage_id")),
        group=group,
        n_group=n_group,
    )


def _origin(build: Build, source: str) -> dict[str, Any]:
    origins = io.read_json(build.folder / "stages" / "ingest" / "origins.json")["sources"]
    wanted = ("name", "kind", "revision", "licence")
    return next({key: origin.get(key) for key in wanted} for origin in origins if origin["name"] == source)


def _tables(build: Build, end: dict[str, Any]) -> list[str]:
    """Tables of the release with the row's question and passage together."""
    query, passage, split = end["query_id"], end["passage_id"], end["split"]
    judgement = build.table("deduplicate", "judgements").filter(query_id=query, passage_id=passage).collect().to_dicts()[0]
    found = ["corpus", "queries"]
    found += [f"judgements/{split}"] * judgement["is_judged"] + [f"qrels/{split}"] * (judgement["relevance"] > 0)
    places = {"pairs": ("positive_id",), "triplets": ("positive_id", "negative_id")}
    for name, columns in places.items():
        table = build.table("negatives", name).filter(query_id=query)
        for column in columns:
            if table.filter(pl.col(column) == passage).select(pl.len()).collect().item():
                found.append(f"{name}/{split} as {column.removesuffix('_id')}")
    return found


def _duplicates(build: Build, ledger: pl.LazyFrame, row_id: str, passage_id: object) -> list[dict[str, Any]]:
    merged = (
        ledger.filter(pl.col("into") == row_id)
        .select(pl.lit("row merged into this one").alias("what"), "row_id", "source_key", "score")
        .collect()
    )
    if passage_id is None:
        return merged.to_dicts()
    links = build.table("deduplicate", "links").filter(_names(passage_id))
    links = links.sort(pl.max_horizontal("jaccard", "cosine"), "passage_id", "other_id", descending=True)
    by_guard = pl.format("kept apart: the {} differs", "guard")
    outcome = (
        pl.when("is_merged").then(pl.lit("merged")).otherwise(pl.coalesce(by_guard, pl.lit("below the threshold, or merged elsewhere")))
    )
    shown = links.head(_SHOWN).select(
        pl.lit("passage").alias("what"), "kind", "jaccard", "cosine", outcome.alias("outcome"), _other_end(passage_id)
    )
    return [*merged.to_dicts(), *_with_text(build, shown)]


def _conflicts(build: Build, query_id: object, passage_id: object) -> list[dict[str, Any]]:
    if query_id is None or passage_id is None:
        return []
    found = build.table("deduplicate", "conflicts").filter(_names(passage_id), query_id=query_id).sort("passage_id", "other_id")
    return _with_text(build, found.head(_SHOWN).select("kind", "jaccard", "cosine", "resolution", _other_end(passage_id)))


def _names(passage_id: object) -> pl.Expr:
    return pl.any_horizontal(pl.col("passage_id", "other_id") == passage_id)


def _other_end(passage_id: object) -> pl.Expr:
    """The passage at the other end of a link; the same one if both ends are."""
    return pl.when(pl.col("passage_id") == passage_id).then("other_id").otherwise("passage_id").alias("passage_id")


def _with_text(build: Build, found: pl.LazyFrame) -> list[dict[str, Any]]:
    """Plain values, with the text of the passage, released or merged away; one whose pairs were all dropped has none."""
    tables = [build.table("deduplicate", name).select("passage_id", "text") for name in ("corpus", "merged_passages")]
    return [
        _without_nulls(row)
        for row in found.join(pl.concat(tables), on="passage_id", how="left", maintain_order="left").collect().to_dicts()
    ]


def _group(build: Build, query: dict[str, Any]) -> tuple[list[str], int]:
    """The first of the other questions in a question's group, and how many there are."""
    others = build.table("split", "queries").filter(pl.col("group_id") == query["group_id"], pl.col("query_id") != query["query_id"])
    return others.sort("query_id").head(_SHOWN).collect()["text"].to_list(), others.select(pl.len()).collect().item()


def _one(table: pl.LazyFrame, column: str, value: object) -> dict[str, Any] | None:
    found = table.filter(pl.col(column) == value).head(1).collect() if value is not None else None
    return found.to_dicts()[0] if found is not None and found.height else None


def _without_nulls(event: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in event.items() if value is not None}
