"""The release's tables: what datasets, mteb, BEIR and sentence-transformers read from one folder.

The spellings of BEIR and mteb (`_id`, `query-id`, `corpus-id`, `score`) appear here and in `beir_export` only.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from dataprep.io import write_json, write_table
from dataprep.releases.beir_export import write_beir
from dataprep.schemas import SPLITS

CORPUS = pl.Schema({"_id": pl.String, "title": pl.String, "text": pl.String})
QUERIES = pl.Schema({"_id": pl.String, "text": pl.String})
QRELS = pl.Schema({"query-id": pl.String, "corpus-id": pl.String, "score": pl.Int64})
PAIRS = pl.Schema({"anchor": pl.String, "positive": pl.String})
TRIPLETS = pl.Schema({"anchor": pl.String, "positive": pl.String, "negative": pl.String})
GROUPS = pl.Schema({"query-id": pl.String, "group-id": pl.String, "split": pl.String})

TRAINING_SPLITS = ("train", "validation")
CONFIGS: Mapping[str, tuple[str, ...]] = {
    "qrels": SPLITS,
    "corpus": ("corpus",),
    "queries": ("queries",),
    "judgements": SPLITS,
    "pairs": TRAINING_SPLITS,
    "triplets": TRAINING_SPLITS,
}
SCHEMAS: Mapping[str, pl.Schema] = {
    "qrels": QRELS,
    "corpus": CORPUS,
    "queries": QUERIES,
    "judgements": QRELS,
    "pairs": PAIRS,
    "triplets": TRIPLETS,
}


class StageTables(NamedTuple):
    """What the stages hand to the release."""

    corpus: pl.LazyFrame
    split_queries: pl.LazyFrame
    judgements: pl.LazyFrame
    pairs: pl.LazyFrame
    triplets: pl.LazyFrame


def table_path(config: str, split: str) -> str:
    """Path below the release of one split's table, as the Hub's globs find it."""
    return f"data/{config}/{split}-00000-of-00001.parquet"


def release_tables(tables: StageTables) -> dict[str, pl.LazyFrame]:
    """The tables under their path below the release, with their published columns, sorted.

    qrels hold the positives alone, because loaders take a row with score 0 for a judgement that counts;
    the judged negatives stand in judgements. queries and corpus are whole: also questions without a
    positive and passages that are only ever wrong.

    Args:
        tables: CORPUS, SPLIT_QUERIES, JUDGEMENTS, PAIRS and TRIPLETS of the stages, each sorted by its ids.

    Returns:
        One frame per split of each config, empty where a split has no row.
    """
    queries = tables.split_queries
    judged = _judgements(tables.judgements, queries)
    by_config = {
        "qrels": judged.filter(pl.col("score") >= 1),
        "judgements": judged,
        "pairs": _texts(tables.pairs, tables, ("positive",)),
        "triplets": _texts(tables.triplets, tables, ("positive", "negative")),
    }
    corpus = tables.corpus.select(pl.col("passage_id").alias("_id"), "title", "text")
    found = {
        table_path("corpus", "corpus"): corpus,
        table_path("queries", "queries"): queries.select(pl.col("query_id").alias("_id"), "text"),
        "statistics/groups.parquet": _groups(queries),
    }
    for config, frame in by_config.items():
        for split in CONFIGS[config]:
            found[table_path(config, split)] = frame.filter(pl.col("split") == split).select(SCHEMAS[config].names())
    return found


def write_release(
    folder: Path, tables: StageTables, *, lengths: pl.LazyFrame | pl.DataFrame, statistics: Mapping[str, Mapping[str, Any]]
) -> None:
    """Write every table and statistic of a release; manifest and card follow from them.

    Args:
        folder: The release's folder, empty or absent.
        tables: The stages' tables.
        lengths: Length statistics, one row per column, split, tokenizer and measure.
        statistics: JSON documents by name: lengths, quality and splits.
    """
    for path, frame in release_tables(tables).items():
        config = path.split("/")[1]
        write_table(frame, folder / path, SCHEMAS.get(config, GROUPS))
    write_beir(folder)
    write_table(lengths, folder / "statistics/lengths.parquet")
    for name, document in statistics.items():
        write_json(document, folder / f"statistics/{name}.json")


def _judgements(judgements: pl.LazyFrame, queries: pl.LazyFrame) -> pl.LazyFrame:
    """Judgements in the spelling of BEIR, with the split of their question, in their order."""
    return judgements.join(queries.select("query_id", "split"), on="query_id", maintain_order="left").select(
        pl.col("query_id").alias("query-id"),
        pl.col("passage_id").alias("corpus-id"),
        pl.col("relevance").cast(pl.Int64).alias("score"),
        "split",
    )


def _texts(rows: pl.LazyFrame, tables: StageTables, columns: tuple[str, ...]) -> pl.LazyFrame:
    """Training rows with texts in place of ids, sorted by the ids."""
    questions = tables.split_queries.select("query_id", pl.col("text").alias("anchor"))
    found = rows.join(questions, on="query_id")
    for column in columns:
        passages = tables.corpus.select(pl.col("passage_id").alias(f"{column}_id"), pl.col("text").alias(column))
        found = found.join(passages, on=f"{column}_id")
    return found.sort("query_id", *(f"{column}_id" for column in columns))


def _groups(queries: pl.LazyFrame) -> pl.LazyFrame:
    """Which questions had to stay together, so that a reader of the release can check it."""
    return queries.select(pl.col("query_id").alias("query-id"), pl.col("group_id").alias("group-id"), pl.col("split"))
