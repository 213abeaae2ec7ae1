"""The release's tables: what datasets, mteb, BEIR and sentence-transformers read from one folder.

The spellings of BEIR and mteb (`_id`, `query-id`, `corpus-id`, `score`) appear here and in `beir_export` only.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from dataprep.io import write_frames, write_json, write_table
from dataprep.parts import ranges_of
from dataprep.releases.beir_export import write_beir
from dataprep.releases.training_rows import TRAINING_SPLITS, training_rows
from dataprep.schemas import SPLITS

CORPUS = pl.Schema({"_id": pl.String, "title": pl.String, "text": pl.String})
QUERIES = pl.Schema({"_id": pl.String, "text": pl.String})
QRELS = pl.Schema({"query-id": pl.String, "corpus-id": pl.String, "score": pl.Int64})
PAIRS = pl.Schema({"anchor": pl.String, "positive": pl.String})
TRIPLETS = pl.Schema({"anchor": pl.String, "positive": pl.String, "negative": pl.String})
GROUPS = pl.Schema({"query-id": pl.String, "group-id": pl.String, "split": pl.String})

_RANGE_ROWS = 400_000
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


def write_release(
    folder: Path,
    tables: StageTables,
    *,
    lengths: pl.LazyFrame | pl.DataFrame,
    statistics: Mapping[str, Mapping[str, Any]],
    scratch: Path,
    range_rows: int = _RANGE_ROWS,
) -> None:
    """Write every table and statistic of a release; manifest and card follow from them.

    qrels hold the positives alone, because loaders take a row with score 0 for a judgement that counts;
    the judged negatives stand in judgements. queries and corpus are whole: also questions without a
    positive and passages that are only ever wrong. A split without a row has an empty table.

    Args:
        folder: The release's folder, empty or absent.
        tables: The stages' tables, each sorted by its ids.
        lengths: Length statistics, one row per column, split, tokenizer and measure.
        statistics: JSON documents by name: lengths, quality and splits.
        scratch: Folder for what waits.
        range_rows: How many rows of a table are looked at together.
    """
    corpus = tables.corpus.select(pl.col("passage_id").alias("_id"), "title", "text")
    queries = tables.split_queries.select(pl.col("query_id").alias("_id"), "text")
    write_table(corpus, folder / table_path("corpus", "corpus"), CORPUS)
    write_table(queries, folder / table_path("queries", "queries"), QUERIES)
    write_table(_groups(tables.split_queries), folder / "statistics/groups.parquet", GROUPS)
    for split in SPLITS:
        judgements, qrels = (folder / table_path(config, split) for config in ("judgements", "qrels"))
        write_frames(_judgements(tables, split, range_rows), judgements, QRELS)
        write_table(pl.scan_parquet(judgements).filter(pl.col("score") >= 1), qrels, QRELS)
    trained = training_rows(tables.pairs, tables.triplets, tables.split_queries, tables.corpus, scratch=scratch, range_rows=range_rows)
    for (config, split), rows in trained.items():
        write_frames(rows, folder / table_path(config, split), SCHEMAS[config])
    write_beir(folder)
    write_table(lengths, folder / "statistics/lengths.parquet")
    for name, document in statistics.items():
        write_json(document, folder / f"statistics/{name}.json")


def _judgements(tables: StageTables, split: str, range_rows: int) -> Iterator[pl.DataFrame]:
    """A split's judgements in the spelling of BEIR, in their order, by ranges of questions."""
    spelled = {"query-id": pl.col("query_id"), "corpus-id": pl.col("passage_id"), "score": pl.col("relevance").cast(pl.Int64)}
    for ids in ranges_of("q", tables.judgements, range_rows):
        inside = ids.holds("query_id")
        asked = tables.split_queries.filter(inside, pl.col("split") == split).select("query_id")
        yield tables.judgements.filter(inside).join(asked, on="query_id", maintain_order="left").select(**spelled).collect()


def _groups(queries: pl.LazyFrame) -> pl.LazyFrame:
    """Which questions had to stay together, so that a reader of the release can check it."""
    return queries.select(pl.col("query_id").alias("query-id"), pl.col("group_id").alias("group-id"), pl.col("split"))
