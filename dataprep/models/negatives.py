"""Training pairs and triplets: judged negatives first, then passages that BM25 ranks high.

A mined negative is a passage that looks right and is not; the risk is one that is right and was never
judged. So a candidate falls out by a named rule as soon as anything speaks for it, and the report says how
many fell to which rule. A score is compared as a share of the positive's score by the same retriever, for
margins fit for cosines (5 %) would drop a quarter of the human-judged negatives when put to BM25.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import polars as pl

from dataprep.duplicates.same_texts import close
from dataprep.models.bm25 import K1, B, Index
from dataprep.schemas import PAIRS, TRIPLETS
from dataprep.text import fold

TRAINED_SPLITS = ("train", "validation")
# Whose positives the negatives of a split must not contain: what is measured later is not to be learnt as wrong.
_HELD_OUT = {"train": ("validation", "test"), "validation": ("test",)}
_BLOCK_QUERIES = 10_000  # queries whose candidates are held at once

REASONS = (
    "positive_of_question",  # judged or asserted relevant to the question
    "positive_of_held_out_question",  # relevant to a question of a split that is judged later
    "near_a_positive",  # linked, exact, near or semantic, with a positive of the question
    "text_of_a_positive",  # equal to a positive of the question but for case and punctuation
    "too_early_a_rank",  # among the first ranks, where unjudged right answers are likely
    "too_high_a_score",  # above the allowed share of the positive's score, or the positive was not retrieved
)


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
    max_score_fraction: float,
    min_passage_jaccard: float,
    min_passage_cosine: float,
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
        max_rank: How deep the ranking is looked at.
        skip_ranks: The first ranks are left out.
        max_score_fraction: A mined negative scores at most this share of the positive's score.
        min_passage_jaccard: Links at or above it exclude; exact ones always do.
        min_passage_cosine: The same of links that carry a cosine.
        bm25_k1: BM25's saturation of term frequency.
        bm25_b: BM25's length normalisation.

    Returns:
        PAIRS and TRIPLETS, sorted, and a report: rows per split, and per retriever the candidates, what each
        rule removed (rules in the order they are tried, zeros included) and the rows used.
    """
    queries = split_queries.select("query_id", "text", "split").collect().sort("query_id")
    grades = judgements.select("query_id", "passage_id", "relevance").collect()
    positives = grades.filter(pl.col("relevance") >= 1).select("query_id", positive_id="passage_id")
    pairs = positives.join(queries, on="query_id").filter(pl.col("split").is_in(TRAINED_SPLITS)).select(PAIRS.names()).unique()
    passages = corpus.select("passage_id", "title", "text").collect()
    alike = links.filter(close(min_jaccard=min_passage_jaccard, min_cosine=min_passage_cosine)).collect()
    lookups = _lookups(positives, queries, passages, alike)
    index = Index(passages, k1=bm25_k1, b=bm25_b) if bm25 and pairs.height else None
    tables, tried = [TRIPLETS.to_frame()], [_TRIED.to_frame()]
    for block in _blocks(pairs.sort(pl.all())):
        candidates = [_judged(block, grades if judged else grades.clear())]
        if index is not None:
            ranked = index.search(_questions(block, queries), k=max_rank)
            candidates.append(_ranked(block, ranked, candidates[0].select("query_id", "negative_id")))
        marked = _marked(pl.concat(candidates), lookups, skip_ranks=skip_ranks, max_score_fraction=max_score_fraction)
        tables.append(_first(marked.filter(pl.col("reason").is_null()), per_positive))
        tried.append(marked.group_by("retriever", "reason").agg(pl.len().cast(pl.Int64).alias("rows")))
    triplets = pl.concat(tables).sort(TRIPLETS.names(), nulls_last=True)
    return Mined(pairs.sort(pl.all()), triplets, _report(pairs, triplets, pl.concat(tried)))


_CANDIDATES = pl.Schema({**TRIPLETS, "positive_score": pl.Float64()})
_TRIED = pl.Schema({"retriever": pl.String(), "reason": pl.String(), "rows": pl.Int64()})


class _Lookups(NamedTuple):
    """What speaks against a candidate; each frame has distinct rows."""

    positives: pl.DataFrame  # query_id, negative_id
    held_out: pl.DataFrame  # split, negative_id
    linked: pl.DataFrame  # query_id, negative_id
    keys: pl.DataFrame  # negative_id, key: the folded text
    positive_keys: pl.DataFrame  # query_id, key: the folded texts of the question's positives


def _lookups(positives: pl.DataFrame, queries: pl.DataFrame, passages: pl.DataFrame, alike: pl.DataFrame) -> _Lookups:
    owners = positives.join(queries.select("query_id", owner="split"), on="query_id")
    held_out = [
        owners.filter(pl.col("owner").is_in(later)).select(split=pl.lit(split), negative_id="positive_id")
        for split, later in _HELD_OUT.items()
    ]
    both_ways = pl.concat([alike.select("passage_id", "other_id"), alike.select(passage_id="other_id", other_id="passage_id")])
    linked = positives.join(both_ways, left_on="positive_id", right_on="passage_id").select("query_id", negative_id="other_id")
    keys = passages.select(negative_id="passage_id", key=fold(pl.col("text")))
    right = positives.rename({"positive_id": "negative_id"})
    return _Lookups(
        positives=right.unique(),
        held_out=pl.concat(held_out).unique(),
        linked=linked.unique(),
        keys=keys,
        positive_keys=right.join(keys, on="negative_id").select("query_id", "key").unique(),
    )


def _blocks(pairs: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The pairs of ten thousand questions at a time."""
    numbered = pairs.with_columns(block=(pl.col("query_id").rank("dense") - 1) // _BLOCK_QUERIES)
    for block in numbered.partition_by("block", maintain_order=True):
        yield block.drop("block")


def _questions(pairs: pl.DataFrame, queries: pl.DataFrame) -> pl.DataFrame:
    return queries.join(pairs.select("query_id").unique(), on="query_id", how="semi").sort("query_id").select("query_id", "text")


def _judged(pairs: pl.DataFrame, grades: pl.DataFrame) -> pl.DataFrame:
    """Every judged negative of the question, for each of its positives."""
    zeros = grades.filter(pl.col("relevance") == 0).select("query_id", negative_id="passage_id").unique()
    rows = pairs.join(zeros, on="query_id").with_columns(pl.lit("judged").alias("retriever"))
    unscored = rows.with_columns(pl.lit(None).alias(name) for name in ("score", "rank", "positive_score"))
    return unscored.select(_CANDIDATES.names()).cast(_CANDIDATES)


def _ranked(pairs: pl.DataFrame, ranked: pl.DataFrame, listed: pl.DataFrame) -> pl.DataFrame:
    """Everything retrieved for the question, for each of its positives, except what is listed as a judged negative already."""
    scores = ranked.select("query_id", positive_id="passage_id", positive_score="score")
    found = ranked.rename({"passage_id": "negative_id"}).join(listed, on=["query_id", "negative_id"], how="anti")
    rows = pairs.join(scores, on=["query_id", "positive_id"], how="left").join(found, on="query_id")
    return rows.with_columns(pl.lit("bm25").alias("retriever")).select(_CANDIDATES.names())


def _marked(candidates: pl.DataFrame, against: _Lookups, *, skip_ranks: int, max_score_fraction: float) -> pl.DataFrame:
    """Candidates with the first rule that speaks against each as `reason`; null where none does."""
    flagged = (
        candidates.join(against.positives.with_columns(is_positive=True), on=["query_id", "negative_id"], how="left")
        .join(against.held_out.with_columns(is_held_out=True), on=["split", "negative_id"], how="left")
        .join(against.linked.with_columns(is_linked=True), on=["query_id", "negative_id"], how="left")
        .join(against.keys, on="negative_id", how="left")
        .join(against.positive_keys.with_columns(is_same_text=True), on=["query_id", "key"], how="left")
    )
    is_mined = pl.col("retriever") != "judged"
    is_low = pl.col("score") <= max_score_fraction * pl.col("positive_score")
    reasons = {
        "positive_of_question": pl.col("is_positive"),
        "positive_of_held_out_question": pl.col("is_held_out"),
        "near_a_positive": pl.col("is_linked"),
        "text_of_a_positive": pl.col("is_same_text"),
        "too_early_a_rank": is_mined & (pl.col("rank") <= skip_ranks),
        "too_high_a_score": is_mined & ~is_low.fill_null(value=False),
    }
    first = pl.coalesce(pl.when(hit.fill_null(value=False)).then(pl.lit(name)) for name, hit in reasons.items())
    return flagged.select(*TRIPLETS.names(), first.alias("reason"))


def _first(candidates: pl.DataFrame, per_positive: int) -> pl.DataFrame:
    """The first candidates of each question and positive: judged ones, by id, then mined ones by rank."""
    ordered = candidates.sort("query_id", "positive_id", pl.col("retriever") != "judged", pl.col("rank"), "negative_id")
    return ordered.filter(pl.int_range(pl.len()).over("query_id", "positive_id") < per_positive).select(TRIPLETS.names())


def _report(pairs: pl.DataFrame, triplets: pl.DataFrame, tried: pl.DataFrame) -> dict[str, Any]:
    """Counts of pairs and triplets per split, and of each retriever's candidates."""
    return {
        "pairs": _per_split(pairs),
        "triplets": _per_split(triplets),
        "retrievers": {name: _fate(tried.filter(pl.col("retriever") == name), triplets, name) for name in ("judged", "bm25")},
    }


def _fate(tried: pl.DataFrame, triplets: pl.DataFrame, retriever: str) -> dict[str, Any]:
    removed = {reason: int(tried.filter(pl.col("reason") == reason)["rows"].sum()) for reason in REASONS}
    candidates = int(tried["rows"].sum())
    used = triplets.filter(pl.col("retriever") == retriever).height
    return {"candidates": candidates, "removed": removed, "not_needed": candidates - sum(removed.values()) - used, "used": used}


def _per_split(table: pl.DataFrame) -> Mapping[str, int]:
    return {split: table.filter(pl.col("split") == split).height for split in TRAINED_SPLITS}
