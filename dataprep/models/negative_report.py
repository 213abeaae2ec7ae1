"""What was mined, what each rule left out, and examples of both."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from dataprep.models.negative_rules import HELD_OUT, MARKED, REASONS

RETRIEVERS = ("judged", "bm25", "base")
_EXAMPLES = 3  # of each retriever and fate
_EXAMPLE_CHARS = 300
_COUNTS = pl.Schema({"retriever": pl.String(), "reason": pl.String(), "rows": pl.Int64()})
_USED = "used"


class Tried:
    """Counts candidates by what became of them, and keeps a few of each."""

    def __init__(self, per_positive: int) -> None:
        self._per_positive = per_positive
        self._counts = [_COUNTS.to_frame()]
        self._examples = [MARKED.to_frame()]

    def add(self, found: pl.DataFrame, used: pl.DataFrame) -> None:
        """Count a block.

        Args:
            found: MARKED, every candidate.
            used: MARKED, those that became negatives.
        """
        fates = pl.concat([found.filter(pl.col("reason").is_not_null()), used.with_columns(reason=pl.lit(_USED))])
        self._counts.append(found.group_by("retriever", "reason").agg(rows=pl.len().cast(pl.Int64)))
        self._counts.append(
            used.group_by("retriever").agg(rows=pl.len().cast(pl.Int64)).select("retriever", pl.lit(_USED).alias("reason"), "rows")
        )
        together = pl.concat([*self._examples, fates]).sort(MARKED.names(), nulls_last=True)
        self._examples = [together.group_by("retriever", "reason", maintain_order=True).head(_EXAMPLES).select(MARKED.names())]

    def report(
        self, pairs: pl.DataFrame, triplets: pl.DataFrame, queries: pl.DataFrame, passages: pl.DataFrame, fractions: Mapping[str, float]
    ) -> dict[str, Any]:
        """Everything as plain values.

        Returns:
            `pairs` and `triplets` per split; per retriever `candidates`, `removed` (every rule in the order they
            are tried, zeros included), `used` and `not_needed`; `max_score_fractions`; and `examples` with the texts.
        """
        counts = pl.concat(self._counts)
        wanted = [name for name in RETRIEVERS if name != "base" or counts.filter(pl.col("retriever") == "base").height]
        return {
            "pairs": _per_split(pairs),
            "triplets": _per_split(triplets),
            "per_positive": self._per_positive,
            "max_score_fractions": dict(fractions),
            "retrievers": {name: _fate(counts.filter(pl.col("retriever") == name)) for name in wanted},
            "examples": self._shown(queries, passages),
        }

    def _shown(self, queries: pl.DataFrame, passages: pl.DataFrame) -> list[dict[str, Any]]:
        texts = passages.select("passage_id", pl.col("text").str.slice(0, _EXAMPLE_CHARS))
        asked = queries.select("query_id", question="text")
        rows = self._examples[0].join(asked, on="query_id", maintain_order="left")
        for column in ("positive", "negative"):
            rows = rows.join(texts.rename({"passage_id": f"{column}_id", "text": column}), on=f"{column}_id", maintain_order="left")
        columns = ("retriever", "reason", "question", "positive", "negative", "score", "positive_score", "rank")
        order = [*REASONS, _USED]
        ordered = rows.sort(
            pl.col("retriever").replace_strict({name: i for i, name in enumerate(RETRIEVERS)}),
            pl.col("reason").replace_strict({name: i for i, name in enumerate(order)}),
            maintain_order=True,
        )
        return ordered.select(columns).to_dicts()


def _fate(counts: pl.DataFrame) -> dict[str, Any]:
    rows = dict(counts.group_by("reason").agg(pl.col("rows").sum()).iter_rows())
    removed = {reason: int(rows.get(reason, 0)) for reason in REASONS}
    used, candidates = int(rows.get(_USED, 0)), sum(int(n) for reason, n in rows.items() if reason != _USED)
    return {"candidates": candidates, "removed": removed, "not_needed": candidates - sum(removed.values()) - used, "used": used}


def _per_split(table: pl.DataFrame) -> dict[str, int]:
    return {split: table.filter(pl.col("split") == split).height for split in HELD_OUT}
