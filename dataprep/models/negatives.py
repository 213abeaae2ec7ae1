"""Training pairs and triplets: judged negatives first, then passages that BM25 and the base model rank high.

A mined negative is a passage that looks right and is not; the risk is one that is right and was never
judged. So a candidate falls out by a named rule as soon as anything speaks for it, and the report says how
many fell to which rule. A score is compared as a share of the positive's score by the same retriever, and
each retriever has a share of its own, for scores of BM25 spread wider than cosines (docs/decisions/0012).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import polars as pl

from dataprep.duplicates.same_texts import close
from dataprep.models import negative_report
from dataprep.models.bm25 import K1, B
from dataprep.models.encoder import Encoder
from dataprep.models.negative_rules import CANDIDATES, HELD_OUT, MARKED, Lookups, lookups, marked
from dataprep.models.rankers import Dense, Lexical, Ranker
from dataprep.schemas import PAIRS, TRIPLETS

TRAINED_SPLITS = tuple(HELD_OUT)
_BLOCK_QUERIES = 2_000  # questions whose candidates are held at once


class Mined(NamedTuple):
    """Pairs, triplets and what became of the candidates."""

    pairs: pl.DataFrame
    triplets: pl.DataFrame
    report: dict[str, Any]


def mine(  # noqa: PLR0913 - one keyword per setting of the recipe
    split_queries: pl.LazyFrame,
    judgements: pl.LazyFrame,
    corpus: pl.LazyFrame,
    links: pl.LazyFrame,
    *,
    per_positive: int,
    judged: bool,
    bm25: bool,
    max_rank: int,
    skip_ranks: int,
    min_passage_jaccard: float,
    min_passage_cosine: float,
    base: bool = False,
    max_bm25_score_fraction: float = 0.8,
    max_base_score_fraction: float = 0.95,
    encoder: Callable[[], Encoder] | None = None,
    bm25_k1: float = K1,
    bm25_b: float = B,
) -> Mined:
    """Training rows of train and validation.

    Args:
        split_queries: SPLIT_QUERIES.
        judgements: JUDGEMENTS; relevance 0 is a judged negative.
        corpus: CORPUS; every passage of it may become a negative.
        links: LINKS; passages that resemble each other.
        per_positive: Most negatives of one question and positive.
        judged: Whether judged negatives are used; they come first.
        bm25: Whether passages that BM25 ranks high fill up.
        base: Whether passages that the base model ranks high fill up.
        max_rank: How deep a ranking is looked at.
        skip_ranks: The first ranks are left out.
        max_bm25_score_fraction: A mined negative scores at most this share of the positive's score, by BM25.
        max_base_score_fraction: The same by the base model.
        min_passage_jaccard: Links at or above it exclude; exact ones always do.
        min_passage_cosine: The same of links that carry a cosine.
        encoder: Gives the base model; asked only if it is needed.
        bm25_k1: BM25's saturation of term frequency.
        bm25_b: BM25's length normalisation.

    Returns:
        PAIRS and TRIPLETS, sorted, and the report of `negative_report`.
    """
    queries = split_queries.select("query_id", "text", "split").collect().sort("query_id")
    grades = judgements.select("query_id", "passage_id", "relevance").collect()
    positives = grades.filter(pl.col("relevance") >= 1).select("query_id", positive_id="passage_id")
    pairs = positives.join(queries, on="query_id").filter(pl.col("split").is_in(TRAINED_SPLITS)).select(PAIRS.names()).unique()
    passages = corpus.select("passage_id", "title", "text").collect()
    alike = links.filter(close(min_jaccard=min_passage_jaccard, min_cosine=min_passage_cosine)).collect()
    against = lookups(positives, queries, passages, alike)
    fractions = {"bm25": max_bm25_score_fraction, "base": max_base_score_fraction}
    zeros = grades.filter(pl.lit(judged) & (pl.col("relevance") == 0)).select("query_id", negative_id="passage_id").unique()
    asked = _questions(pairs, queries)
    rankers: dict[str, Ranker] = {}
    if bm25 and asked.height and per_positive:
        rankers["bm25"] = Lexical(passages, k1=bm25_k1, b=bm25_b, max_rank=max_rank)
    if base and encoder and asked.height and per_positive:
        rankers["base"] = Dense(encoder(), passages, asked, max_rank=max_rank)
    tables, tried = [TRIPLETS.to_frame()], negative_report.Tried(per_positive)
    for found in _candidates(pairs, asked, zeros, rankers, against, skip_ranks=skip_ranks, fractions=fractions):
        used = _first(found.filter(pl.col("reason").is_null()), per_positive)
        tables.append(used.select(TRIPLETS.names()))
        tried.add(found, used)
    triplets = pl.concat(tables).sort(TRIPLETS.names(), nulls_last=True)
    return Mined(pairs.sort(pl.all()), triplets, tried.report(pairs, triplets, queries, passages, fractions))


def _candidates(
    pairs: pl.DataFrame,
    asked: pl.DataFrame,
    zeros: pl.DataFrame,
    rankers: Mapping[str, Ranker],
    against: Lookups,
    *,
    skip_ranks: int,
    fractions: Mapping[str, float],
) -> Iterator[pl.DataFrame]:
    """Every candidate, marked, some questions at a time."""
    for start in range(0, asked.height, _BLOCK_QUERIES):
        block = asked.slice(start, _BLOCK_QUERIES)
        own = pairs.join(block.select("query_id"), on="query_id", how="semi")
        found = [_judged(own, zeros)]
        for name, ranker in rankers.items():
            found.append(_ranked(own, ranker.search(block), found[0].select("query_id", "negative_id").unique(), name))
        yield marked(pl.concat(found), against, skip_ranks=skip_ranks, max_score_fractions=fractions)


def _questions(pairs: pl.DataFrame, queries: pl.DataFrame) -> pl.DataFrame:
    return queries.join(pairs.select("query_id").unique(), on="query_id", how="semi").sort("query_id").select("query_id", "text")


def _judged(pairs: pl.DataFrame, zeros: pl.DataFrame) -> pl.DataFrame:
    """Every judged negative of the question, for each of its positives."""
    rows = pairs.join(zeros, on="query_id").with_columns(pl.lit("judged").alias("retriever"))
    unscored = rows.with_columns(pl.lit(None).alias(name) for name in ("score", "rank", "positive_score"))
    return unscored.select(CANDIDATES.names()).cast(CANDIDATES)


def _ranked(pairs: pl.DataFrame, ranked: pl.DataFrame, listed: pl.DataFrame, retriever: str) -> pl.DataFrame:
    """Everything retrieved for the question, for each of its positives, except what is listed as a judged negative already.

    A positive that was not retrieved scores less than all that was, so its score need not be known.
    """
    scores = ranked.select("query_id", positive_id="passage_id", positive_score="score")
    found = ranked.rename({"passage_id": "negative_id"}).join(listed, on=["query_id", "negative_id"], how="anti")
    rows = pairs.join(scores, on=["query_id", "positive_id"], how="left").join(found, on="query_id")
    return rows.with_columns(pl.lit(retriever).alias("retriever")).select(CANDIDATES.names())


def _first(candidates: pl.DataFrame, per_positive: int) -> pl.DataFrame:
    """The first candidates of each question and positive: judged ones by id, then mined ones by rank, BM25's before the base model's."""
    mined_by = pl.col("retriever").replace_strict({"judged": 0, "bm25": 1, "base": 2}, return_dtype=pl.Int8)
    ordered = candidates.sort("query_id", "positive_id", pl.col("retriever") != "judged", pl.col("rank"), mined_by, "negative_id")
    distinct = ordered.unique(["query_id", "positive_id", "negative_id"], keep="first", maintain_order=True)
    return distinct.filter(pl.int_range(pl.len()).over("query_id", "positive_id") < per_positive).select(MARKED.names())
