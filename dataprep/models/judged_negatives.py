"""Training pairs, and their judged negatives: some questions at a time, by ids alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import polars as pl

from dataprep import io, parts
from dataprep.models.negative_report import Tried
from dataprep.models.negative_rules import CANDIDATES, HELD_OUT, Lookups, first, marked
from dataprep.parts import IdRange
from dataprep.schemas import PAIRS, TRIPLETS

_ROWS_PER_GROUP = 2_000  # few, for each range of passages reads its rows out of every file
# A pair that judged negatives do not suffice for.
WANTING = pl.Schema(
    {
        **PAIRS,
        "text": pl.String(),  # of the question
        "wanted": pl.Int64(),  # how many negatives it lacks
        "positives": pl.List(pl.String()),  # every positive of the question
        "judged": pl.List(pl.String()),  # every judged negative of it
        "clusters": pl.List(pl.Int32()),  # of its positives
    }
)


class Tables(NamedTuple):
    """What negatives are made from."""

    queries: pl.LazyFrame  # SPLIT_QUERIES
    judgements: pl.LazyFrame  # JUDGEMENTS
    corpus: pl.LazyFrame  # CORPUS
    clusters: pl.LazyFrame  # passage_id and cluster of the passages that are linked, sorted
    held_out: pl.LazyFrame  # negative_id and split of the passages that may not be negatives in the split, sorted


def judge(number: int, ids: IdRange, *, tables: Tables, stage: Path, scratch: Path, per_positive: int, judged: bool) -> Tried:
    """Write the pairs of some questions; in the scratch folder their judged negatives, and the pairs that want more.

    Args:
        number: The range's place among all, from 0.
        ids: A range of query_id.
        tables: The tables.
        stage: Where the pairs are written.
        scratch: Where `judged-<number>.parquet` (TRIPLETS) and `wanting-<number>.parquet` (WANTING) are written.
        per_positive: Most negatives of one pair.
        judged: Whether judged negatives are used.

    Returns:
        What became of the judged negatives.
    """
    trained = tables.queries.filter(ids.holds("query_id"), pl.col("split").is_in(list(HELD_OUT)))
    asked = trained.select("query_id", "text", "split").collect()
    grades = tables.judgements.filter(ids.holds("query_id")).select("query_id", "relevance", negative_id="passage_id").collect()
    right = grades.filter(pl.col("relevance") >= 1).select("query_id", "negative_id").unique()
    zeros = grades.filter(pl.lit(judged) & (pl.col("relevance") == 0)).select("query_id", "negative_id").unique()
    pairs = right.join(asked, on="query_id").select("query_id", "split", positive_id="negative_id").select(PAIRS.names()).sort(pl.all())
    linked = tables.clusters.rename({"passage_id": "negative_id"}).join(grades.lazy(), on="negative_id", how="semi").collect()
    own = right.join(linked, on="negative_id").select("query_id", "cluster").unique()
    clustered = zeros.join(linked, on="negative_id").join(own, on=["query_id", "cluster"], how="semi").select("query_id", "negative_id")
    held_out = tables.held_out.join(zeros.lazy(), on="negative_id", how="semi").collect()
    found = marked(_candidates(pairs, zeros), Lookups(right, held_out, clustered), skip_ranks=0, max_score_fractions={})
    used = first(found.filter(pl.col("reason").is_null()), pairs.select("query_id", "positive_id", wanted=pl.lit(per_positive)))
    known = {"positives": right, "judged": zeros, "clusters": own}
    parts.write_part({stage / "pairs.parquet": (pairs, PAIRS)}, number)
    waiting = {"judged": used.select(TRIPLETS.names()), "wanting": _wanting(pairs, used, asked, known, per_positive)}
    for name, frame in waiting.items():
        io.write_table(frame, scratch / f"{name}-{number:05d}.parquet", compression="lz4", rows_per_group=_ROWS_PER_GROUP)
    return Tried().add(found, used)


def _candidates(pairs: pl.DataFrame, zeros: pl.DataFrame) -> pl.DataFrame:
    """Every judged negative of a question, for each of its positives."""
    rows = pairs.join(zeros, on="query_id").with_columns(pl.lit("judged").alias("retriever"))
    unscored = rows.with_columns(pl.lit(None).alias(name) for name in ("score", "rank", "positive_score"))
    return unscored.select(CANDIDATES.names()).cast(CANDIDATES)


def _wanting(
    pairs: pl.DataFrame, used: pl.DataFrame, asked: pl.DataFrame, known: Mapping[str, pl.DataFrame], per_positive: int
) -> pl.DataFrame:
    """The pairs that have fewer negatives than they may, with what is known of their question."""
    pair = ["query_id", "positive_id"]
    wanted = per_positive - pl.col("n_used").fill_null(0).cast(pl.Int64)
    counted = pairs.join(used.group_by(pair).len("n_used"), on=pair, how="left").with_columns(wanted=wanted)
    wanting = counted.filter(pl.col("wanted") > 0).join(asked.select("query_id", "text"), on="query_id", how="left")
    for name, values in known.items():
        listed = values.group_by("query_id").agg(pl.col(values.columns[-1]).sort().alias(name))
        wanting = wanting.join(listed, on="query_id", how="left")
    return wanting.select(WANTING.names()).cast(WANTING).sort("positive_id", "query_id")
