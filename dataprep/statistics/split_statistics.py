"""What each split holds, beside what the recipe aimed at (splits.json)."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from dataprep.schemas import SPLITS


def split_statistics(queries: pl.LazyFrame, judgements: pl.LazyFrame, *, aims: Mapping[str, float]) -> dict[str, Any]:
    """Count questions, positives, judged negatives and groups per split.

    Args:
        queries: SPLIT_QUERIES.
        judgements: JUDGEMENTS.
        aims: Share of the groups that each split should get. Large groups are not divided, so the
            shares of questions and positives may lie off.

    Returns:
        Per split the counts and the shares of all splits' groups, questions and positives. `queries` are
        those with a positive, as in qrels; `unanswered` are those without one.
    """
    relevance = pl.col("relevance")
    judged = judgements.group_by("query_id").agg(positives=(relevance >= 1).sum(), judged_negatives=(relevance == 0).sum())
    per_question = queries.join(judged, on="query_id", how="left").with_columns(pl.col("positives", "judged_negatives").fill_null(0))
    counted = per_question.group_by("split").agg(
        queries=(pl.col("positives") > 0).sum(),
        unanswered=(pl.col("positives") == 0).sum(),
        positives=pl.col("positives").sum(),
        judged_negatives=pl.col("judged_negatives").sum(),
        groups=pl.col("group_id").n_unique(),
    )
    found = {row.pop("split"): row for row in counted.collect().to_dicts()}
    empty = dict.fromkeys(("queries", "unanswered", "positives", "judged_negatives", "groups"), 0)
    splits = {split: found.get(split, empty) for split in SPLITS}
    totals = {name: sum(counts[name] for counts in splits.values()) for name in empty}
    shares = {name: totals[name] or 1 for name in ("groups", "queries", "positives")}
    return {
        split: {
            **counts,
            "aim_fraction": round(aims[split], 6),
            **{f"{name}_fraction": round(counts[name] / total, 6) for name, total in shares.items()},
        }
        for split, counts in splits.items()
    }
