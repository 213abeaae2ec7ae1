"""The tables of the stage deduplicate, written from numbers: ids and texts come back here.

Large tables are sorted by id on disk and written in parts; the rows are read once for all of them, a part at a time.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from dataprep import io, parts, schemas
from dataprep.duplicates import row_fates
from dataprep.duplicates.row_texts import RowTexts
from dataprep.duplicates.same_texts import all_links
from dataprep.sorted_parts import SortedParts
from dataprep.text import numbered_id

SCHEMAS = {
    "corpus": schemas.CORPUS,
    "queries": schemas.QUERIES,
    "judgements": schemas.JUDGEMENTS,
    "links": schemas.LINKS,
    "merged_passages": schemas.MERGED_PASSAGES,
    "near_questions": schemas.NEAR_QUESTIONS,
    "conflicts": schemas.CONFLICTS,
    "events": schemas.LEDGER,
}
# Ids by the column that holds the numbers they are made of.
_IDS = {
    "query": numbered_id("q", pl.col("query")).alias("query_id"),
    "passage": numbered_id("p", pl.col("passage")).alias("passage_id"),
    "into": numbered_id("p", pl.col("into")).alias("into_id"),
    "other": numbered_id("p", pl.col("other")).alias("other_id"),
}
_OWN = {"query_text": "question", "passage_text": "passage", "passage_title": "title"}  # what stands in the release, else the row's own


class Texts(NamedTuple):
    """The texts by node.

    Attributes:
        questions: node, id (the number that it is made of) and row (that holds the text), in the order of the nodes.
        passages: The same of the passages.
        titles: Of the passages with several titles: node and the title that stands.
        found_in: The rows.
    """

    questions: pl.DataFrame
    passages: pl.DataFrame
    titles: pl.DataFrame
    found_in: RowTexts


class _Large(NamedTuple):
    """A large table before its ids and texts.

    Attributes:
        known: What is known by `row`, sorted by it; texts as nodes.
        ids: By the columns that hold nodes, the number that the id of each node is made of.
        by: The columns to sort by.
        texts: What is taken from the rows.
    """

    known: pl.DataFrame
    ids: Mapping[str, pl.Series]
    by: Sequence[str]
    texts: Mapping[str, pl.Expr]


def write_links(
    stage: Path, links: pl.DataFrame, told: pl.DataFrame, near_questions: pl.DataFrame, conflicts: pl.DataFrame, texts: Texts
) -> None:
    """Write links, near_questions and conflicts.

    Args:
        stage: Where to.
        links: Links of `same_texts`.
        told: Moves of the passages.
        near_questions: one and other (numbers of ids), jaccard.
        conflicts: As `row_fates` gives them, by node.
        texts: The texts.
    """
    near = near_questions.select(query_id=numbered_id("q", pl.col("one")), other_id=numbered_id("q", pl.col("other")), jaccard="jaccard")
    ends = {"query": texts.questions, "passage": texts.passages, "other": texts.passages}
    numbers = conflicts.with_columns(side["id"].gather(conflicts[end]).alias(end) for end, side in ends.items())
    named = numbers.with_columns(_IDS[end] for end in ends).select(schemas.CONFLICTS.names())
    tables = {
        "links": all_links(links, told, texts.passages["id"]),
        "near_questions": near.sort("query_id", "other_id"),
        "conflicts": named.sort(schemas.CONFLICTS.names()[:4]),
    }
    io.write_tables({stage / f"{name}.parquet": (table, SCHEMAS[name]) for name, table in tables.items()}, compression="lz4")


def write_texts(stage: Path, judgements: pl.DataFrame, told: pl.DataFrame, texts: Texts, *, scratch: Path, n_parts: int) -> None:
    """Write queries, corpus, merged_passages and judgements.

    Args:
        stage: Where to.
        judgements: As `row_fates.Fates` has them.
        told: Moves of the passages.
        texts: The texts.
        scratch: Folder for what waits to be sorted.
        n_parts: How many parts each table is cut into.
    """
    tables, starts = _large(judgements, told, texts), pl.Series(parts.first_numbers(n_parts), dtype=pl.Int128)
    waiting = {name: SortedParts(scratch / name, table.by, starts=starts) for name, table in tables.items()}
    for rows in texts.found_in.parts("row_id", "question", "passage", "title"):
        for name, table in tables.items():
            beside = _beside(table.known, rows.rename({"question": "question_text", "passage": "passage_text"}))
            taken = beside.select(*(column for column in table.known.columns if column != "row"), **table.texts)
            waiting[name].add(taken.with_columns(ids.gather(beside[column]).alias(column) for column, ids in table.ids.items()))
    del tables
    for name, found in waiting.items():
        for number, part in enumerate(found.parts()):
            named = part.with_columns(ids for end, ids in _IDS.items() if end in part.columns)
            parts.write_part({stage / f"{name}.parquet": (named.select(SCHEMAS[name].names()), SCHEMAS[name])}, number)


def write_events(stage: Path, told_of: pl.DataFrame, texts: Texts) -> None:
    """Write the events.

    Args:
        stage: Where to.
        told_of: Settled rows with the measures of their passages' moves, sorted by row.
        texts: The texts.
    """
    known = _with_other_texts(told_of, texts)
    for number, rows in enumerate(texts.found_in.parts("row_id", "source", "source_key", "question", "passage", "title")):
        beside = _beside(known, rows)
        shown = beside.with_columns(pl.coalesce(name, own) for name, own in _OWN.items())
        parts.write_part({stage / "events.parquet": (row_fates.events(shown), SCHEMAS["events"])}, number)


def _large(judgements: pl.DataFrame, told: pl.DataFrame, texts: Texts) -> dict[str, _Large]:
    queries = standing(texts.questions, judgements["query"]).select("row", query="node").sort("row")
    corpus = standing(texts.passages, judgements["passage"]).select("row", passage="node").sort("row")
    merged = told.select("into", passage="node", row=texts.passages["row"].gather(told["node"])).sort("row")
    query, passage = {"query": texts.questions["id"]}, {"passage": texts.passages["id"]}
    first_title = pl.col("passage").replace_strict(*texts.titles, default=None, return_dtype=pl.String)
    of_passage = {"title": pl.coalesce(first_title, "title"), "text": pl.col("passage_text")}
    return {
        "queries": _Large(queries, query, ["query"], {"text": pl.col("question_text")}),
        "corpus": _Large(corpus, passage, ["passage"], of_passage),
        "merged_passages": _Large(merged, passage | {"into": texts.passages["id"]}, ["passage"], of_passage),
        "judgements": _Large(judgements, query | passage, ["query", "passage"], {"row_id": pl.col("row_id")}),
    }


def standing(texts: pl.DataFrame, nodes: pl.Series) -> pl.DataFrame:
    """Of all texts, in the order of their nodes, those that some nodes name."""
    is_standing = np.zeros(texts.height, bool)
    is_standing[nodes.to_numpy()] = True
    return texts.filter(is_standing)


def _with_other_texts(told_of: pl.DataFrame, texts: Texts) -> pl.DataFrame:
    """Add ids, into_id, and the texts that another row gave: query_text, passage_text, passage_title, null where they are its own."""
    asked = told_of.filter(pl.col("own_query") != pl.col("query"))["query"]
    told = told_of.filter(pl.col("own_passage") != pl.col("passage"))["passage"]
    question_of = _texts_of(asked, texts.questions, texts.found_in, query_text="question").rename({"node": "query"})
    passage_of = _texts_of(told, texts.passages, texts.found_in, passage_text="passage", passage_title="title").rename({"node": "passage"})
    row_of = texts.found_in.at(told_of["into"].drop_nulls(), "row_id").rename({"row": "into", "row_id": "into_id"})
    titles = texts.titles.rename({"node": "passage", "title": "first_title"})
    ids = {"query": texts.questions["id"].gather(told_of["query"]), "passage": texts.passages["id"].gather(told_of["passage"])}
    joined = told_of
    for other, on in ((question_of, "query"), (passage_of, "passage"), (titles, "passage"), (row_of, "into")):
        joined = joined.join(other, on=on, how="left", maintain_order="left")
    is_own = pl.col("own_passage") == pl.col("passage")
    shown = joined.with_columns(is_own_passage=is_own, passage_title=pl.coalesce("first_title", "passage_title"))
    return shown.with_columns(**ids).with_columns(_IDS["query"], _IDS["passage"]).drop("query", "passage", "own_query", "own_passage")


def _texts_of(nodes: pl.Series, texts: pl.DataFrame, found_in: RowTexts, **columns: str) -> pl.DataFrame:
    """Some columns of the rows that hold some texts, under new names, by node."""
    wanted = standing(texts, nodes).select("node", "row")
    return wanted.join(found_in.at(wanted["row"], *columns.values()), on="row").select(
        "node", **{name: pl.col(of) for name, of in columns.items()}
    )


def _beside(known: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """What is known of some of the rows, and beside it the rows' columns.

    Args:
        known: Sorted by `row`.
        rows: Consecutive rows, with `row`.
    """
    first = rows.item(0, "row") if rows.height else 0
    start, stop = known["row"].search_sorted(pl.Series([first, first + rows.height], dtype=known["row"].dtype))
    some = known[start:stop]
    return some.hstack(rows.drop("row")[some["row"] - first])
