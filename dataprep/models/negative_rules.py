"""What speaks against a passage as a negative: named rules, each with its count in the report."""

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from dataprep.schemas import TRIPLETS

# Whose positives the negatives of a split must not contain: what is measured later is not to be learnt as wrong.
HELD_OUT = {"train": ("validation", "test"), "validation": ("test",)}
REASONS = (
    "positive_of_question",  # judged or asserted relevant to the question
    "positive_of_held_out_question",  # relevant to a question of a split that is judged later
    # in the cluster of a positive of the question: linked with it (equal but for case and punctuation, near or semantic),
    # directly or through others
    "near_a_positive",
    "too_early_a_rank",  # among the first ranks, where unjudged right answers are likely
    "too_high_a_score",  # above the allowed share of the positive's score, or the positive was not retrieved
    "doubted_by_another_retriever",  # another retriever found it too early or too high
)
_DOUBTS = ("too_early_a_rank", "too_high_a_score")
CANDIDATES = pl.Schema({**TRIPLETS, "positive_score": pl.Float64()})
MARKED = pl.Schema({**CANDIDATES, "reason": pl.String()})
_TRIPLE = ("query_id", "positive_id", "negative_id")


class Lookups(NamedTuple):
    """What speaks against a candidate; each frame has distinct rows."""

    positives: pl.DataFrame  # query_id, negative_id
    held_out: pl.DataFrame  # split, negative_id
    clustered: pl.DataFrame  # query_id, negative_id


def marked(candidates: pl.DataFrame, against: Lookups, *, skip_ranks: int, max_score_fractions: Mapping[str, float]) -> pl.DataFrame:
    """Candidates with the first rule that speaks against each as `reason`; null where none does.

    Args:
        candidates: CANDIDATES; judged ones have no score and no rank.
        against: What the rules look up.
        skip_ranks: The first ranks of a retriever that are left out.
        max_score_fractions: Per retriever the largest share of the positive's score by the same retriever. A positive
            whose score is not above 0 allows nothing.
    """
    flagged = (
        candidates.join(against.positives.with_columns(is_positive=True), on=["query_id", "negative_id"], how="left")
        .join(against.held_out.with_columns(is_held_out=True), on=["split", "negative_id"], how="left")
        .join(against.clustered.with_columns(is_clustered=True), on=["query_id", "negative_id"], how="left")
    )
    fraction = pl.col("retriever").replace_strict(dict(max_score_fractions), default=None, return_dtype=pl.Float64)
    is_low = (pl.col("positive_score") > 0) & (pl.col("score") <= fraction * pl.col("positive_score"))
    is_mined = pl.col("retriever") != "judged"
    reasons = {
        "positive_of_question": pl.col("is_positive"),
        "positive_of_held_out_question": pl.col("is_held_out"),
        "near_a_positive": pl.col("is_clustered"),
        "too_early_a_rank": is_mined & (pl.col("rank") <= skip_ranks),
        "too_high_a_score": is_mined & ~is_low.fill_null(value=False),
    }
    first = pl.coalesce(pl.when(hit.fill_null(value=False)).then(pl.lit(name)) for name, hit in reasons.items())
    return _with_doubts(flagged.select(*CANDIDATES.names(), first.alias("reason")))


def _with_doubts(found: pl.DataFrame) -> pl.DataFrame:
    """What one retriever finds too early or too high is no negative by another's leave."""
    doubted = found.filter(pl.col("reason").is_in(_DOUBTS)).select(_TRIPLE).unique().with_columns(is_doubted=True)
    is_open = pl.col("reason").is_null() & (pl.col("retriever") != "judged") & pl.col("is_doubted").fill_null(value=False)
    reason = pl.when(is_open).then(pl.lit("doubted_by_another_retriever")).otherwise("reason").alias("reason")
    return found.join(doubted, on=_TRIPLE, how="left").select(*CANDIDATES.names(), reason)


def first(candidates: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """The first candidates of each question and positive: judged ones by id, then mined ones by rank, BM25's before the base model's.

    Args:
        candidates: MARKED, those that no rule speaks against.
        wanted: query_id, positive_id and `wanted`, how many at most.

    Returns:
        MARKED, sorted as TRIPLETS are.
    """
    mined_by = pl.col("retriever").replace_strict({"judged": 0, "bm25": 1, "base": 2}, return_dtype=pl.Int8)
    ordered = candidates.sort("query_id", "positive_id", pl.col("retriever") != "judged", pl.col("rank"), mined_by, "negative_id")
    distinct = ordered.unique(["query_id", "positive_id", "negative_id"], keep="first", maintain_order=True)
    placed = distinct.with_columns(place=pl.int_range(pl.len()).over("query_id", "positive_id"))
    used = placed.join(wanted, on=["query_id", "positive_id"], how="left").filter(pl.col("place") < pl.col("wanted"))
    return used.select(MARKED.names()).sort(TRIPLETS.names(), nulls_last=True)
