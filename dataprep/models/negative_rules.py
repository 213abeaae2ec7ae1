"""What speaks against a passage as a negative: named rules, each with its count in the report."""

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from dataprep.duplicates.clusters import clusters
from dataprep.schemas import TRIPLETS
from dataprep.text import fold

# Whose positives the negatives of a split must not contain: what is measured later is not to be learnt as wrong.
HELD_OUT = {"train": ("validation", "test"), "validation": ("test",)}
REASONS = (
    "positive_of_question",  # judged or asserted relevant to the question
    "positive_of_held_out_question",  # relevant to a question of a split that is judged later
    "near_a_positive",  # in the cluster of a positive of the question: linked with it (exact, near or semantic) directly or through others
    "text_of_a_positive",  # equal to a positive of the question but for case and punctuation
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
    passages: pl.DataFrame  # passage_id, text


def lookups(positives: pl.DataFrame, queries: pl.DataFrame, passages: pl.DataFrame, alike: pl.DataFrame) -> Lookups:
    """Prepare the rules.

    Args:
        positives: query_id, positive_id.
        queries: query_id, split.
        passages: passage_id, text.
        alike: LINKS so close that one of its passages counts as the other.
    """
    owners = positives.join(queries.select("query_id", owner="split"), on="query_id")
    held_out = [
        owners.filter(pl.col("owner").is_in(later)).select(split=pl.lit(split), negative_id="positive_id")
        for split, later in HELD_OUT.items()
    ]
    cluster_of = clusters(alike.select("passage_id", "other_id"))
    own = positives.join(cluster_of, left_on="positive_id", right_on="passage_id").select("query_id", "cluster").unique()
    clustered = own.join(cluster_of, on="cluster").select("query_id", negative_id="passage_id")
    right = positives.rename({"positive_id": "negative_id"})
    return Lookups(right.unique(), pl.concat(held_out).unique(), clustered.unique(), passages.select("passage_id", "text"))


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
        .join(_same_texts(candidates, against).with_columns(is_same_text=True), on=["query_id", "negative_id"], how="left")
    )
    fraction = pl.col("retriever").replace_strict(dict(max_score_fractions), default=None, return_dtype=pl.Float64)
    is_low = (pl.col("positive_score") > 0) & (pl.col("score") <= fraction * pl.col("positive_score"))
    is_mined = pl.col("retriever") != "judged"
    reasons = {
        "positive_of_question": pl.col("is_positive"),
        "positive_of_held_out_question": pl.col("is_held_out"),
        "near_a_positive": pl.col("is_clustered"),
        "text_of_a_positive": pl.col("is_same_text"),
        "too_early_a_rank": is_mined & (pl.col("rank") <= skip_ranks),
        "too_high_a_score": is_mined & ~is_low.fill_null(value=False),
    }
    first = pl.coalesce(pl.when(hit.fill_null(value=False)).then(pl.lit(name)) for name, hit in reasons.items())
    return _with_doubts(flagged.select(*CANDIDATES.names(), first.alias("reason")))


def _same_texts(candidates: pl.DataFrame, against: Lookups) -> pl.DataFrame:
    """query_id and negative_id of candidates with the folded text of a positive; only texts that are asked for are folded."""
    asked = candidates.select("query_id", "negative_id").unique()
    right = against.positives.join(asked.select("query_id").unique(), on="query_id", how="semi")
    wanted = pl.concat([asked["negative_id"], right["negative_id"]]).unique()
    texts = against.passages.filter(pl.col("passage_id").is_in(wanted.implode()))
    keys = texts.select(negative_id="passage_id", key=fold(pl.col("text")))
    positive_keys = right.join(keys, on="negative_id").select("query_id", "key").unique()
    return asked.join(keys, on="negative_id").join(positive_keys, on=["query_id", "key"], how="semi").select("query_id", "negative_id")


def _with_doubts(found: pl.DataFrame) -> pl.DataFrame:
    """What one retriever finds too early or too high is no negative by another's leave."""
    doubted = found.filter(pl.col("reason").is_in(_DOUBTS)).select(_TRIPLE).unique().with_columns(is_doubted=True)
    is_open = pl.col("reason").is_null() & (pl.col("retriever") != "judged") & pl.col("is_doubted").fill_null(value=False)
    reason = pl.when(is_open).then(pl.lit("doubted_by_another_retriever")).otherwise("reason").alias("reason")
    return found.join(doubted, on=_TRIPLE, how="left").select(*CANDIDATES.names(), reason)
