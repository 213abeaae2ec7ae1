"""Mined negatives: for the pairs whose positive is among some passages, those of these passages that retrievers rank high."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import polars as pl

from dataprep import io
from dataprep.models.encoder import Encoder
from dataprep.models.judged_negatives import Tables
from dataprep.models.negative_report import Tried
from dataprep.models.negative_rules import CANDIDATES, Lookups, first, marked
from dataprep.models.rankers import Dense, Lexical, Ranker
from dataprep.parts import IdRange
from dataprep.schemas import PAIRS, TRIPLETS

_BLOCK_QUERIES = 2_000  # questions whose candidates are held at once


class Mining(NamedTuple):
    """How negatives are mined; see `negatives.mine`."""

    bm25: bool
    encoder: Callable[[], Encoder] | None  # None mines without the base model
    max_rank: int
    skip_ranks: int
    max_score_fractions: Mapping[str, float]
    bm25_k1: float
    bm25_b: float


def mine_range(number: int, ids: IdRange, *, tables: Tables, scratch: Path, how: Mining) -> Tried:
    """Mine for the pairs whose positive is in a range, among the passages of the range.

    Args:
        number: The range's place among all, from 0.
        ids: A range of passage_id.
        tables: The tables.
        scratch: Where the files `wanting-*.parquet` are, and `mined-<number>.parquet` (TRIPLETS) is written.
        how: How it is done.

    Returns:
        What became of the candidates.
    """
    wanting = pl.scan_parquet(sorted(scratch.glob("wanting-*.parquet"))).filter(ids.holds("positive_id")).collect()
    tried, found_in = Tried(), [TRIPLETS.to_frame()]
    if wanting.height:
        passages = tables.corpus.filter(ids.holds("passage_id")).collect()
        asked = wanting.select("query_id", "text").unique().sort("query_id")
        rankers = _rankers(passages, asked, how)
        against = _lookups(wanting, tables, ids)
        listed = _exploded(wanting, "judged", "negative_id")
        for found in _candidates(wanting, asked, listed, rankers):
            judged = marked(found, against, skip_ranks=how.skip_ranks, max_score_fractions=how.max_score_fractions)
            used = first(judged.filter(pl.col("reason").is_null()), wanting.select("query_id", "positive_id", "wanted"))
            tried = tried.add(judged, used)
            found_in.append(used.select(TRIPLETS.names()))
    io.write_table(pl.concat(found_in), scratch / f"mined-{number:05d}.parquet", TRIPLETS, compression="lz4")
    return tried


def _rankers(passages: pl.DataFrame, asked: pl.DataFrame, how: Mining) -> dict[str, Ranker]:
    rankers: dict[str, Ranker] = {}
    if how.bm25:
        rankers["bm25"] = Lexical(passages, k1=how.bm25_k1, b=how.bm25_b, max_rank=how.max_rank)
    if how.encoder:
        rankers["base"] = Dense(how.encoder(), passages, asked, max_rank=how.max_rank)
    return rankers


def _lookups(wanting: pl.DataFrame, tables: Tables, ids: IdRange) -> Lookups:
    """What speaks against a passage of the range."""
    linked = tables.clusters.filter(ids.holds("passage_id")).collect()
    clustered = _exploded(wanting, "clusters", "cluster").join(linked, on="cluster").select("query_id", negative_id="passage_id")
    held_out = tables.held_out.filter(ids.holds("negative_id")).collect()
    return Lookups(_exploded(wanting, "positives", "negative_id"), held_out, clustered.unique())


def _exploded(wanting: pl.DataFrame, column: str, name: str) -> pl.DataFrame:
    """query_id and one entry of a list, distinct."""
    return wanting.select("query_id", pl.col(column).alias(name)).explode(name, empty_as_null=True).drop_nulls().unique()


def _candidates(wanting: pl.DataFrame, asked: pl.DataFrame, listed: pl.DataFrame, rankers: Mapping[str, Ranker]) -> Iterator[pl.DataFrame]:
    """Everything that was retrieved, some questions at a time."""
    pairs = wanting.select(PAIRS.names())
    for start in range(0, asked.height, _BLOCK_QUERIES):
        block = asked.slice(start, _BLOCK_QUERIES)
        own = pairs.join(block.select("query_id"), on="query_id", how="semi")
        yield pl.concat([_ranked(own, ranker.search(block), listed, name) for name, ranker in rankers.items()])


def _ranked(pairs: pl.DataFrame, ranked: pl.DataFrame, listed: pl.DataFrame, retriever: str) -> pl.DataFrame:
    """Everything retrieved for the question, for each of its positives, except what is listed as a judged negative already.

    A positive that was not retrieved scores less than all that was, so its score need not be known.
    """
    scores = ranked.select("query_id", positive_id="passage_id", positive_score="score")
    found = ranked.rename({"passage_id": "negative_id"}).join(listed, on=["query_id", "negative_id"], how="anti")
    rows = pairs.join(scores, on=["query_id", "positive_id"], how="left").join(found, on="query_id")
    return rows.with_columns(pl.lit(retriever).alias("retriever")).select(CANDIDATES.names())
