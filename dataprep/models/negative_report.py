"""What was mined, what each rule left out, and examples of both."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from dataprep.models.negative_rules import HELD_OUT, MARKED, REASONS

RETRIEVERS = ("judged", "bm25", "base")
_EXAMPLES = 3  # of each retriever and fate
_EXAMPLE_CHARS = 300
_COUNTS = pl.Schema({"retriever": pl.String(), "reason": pl.String(), "rows": pl.Int64()})
_USED = "used"


class Tried(NamedTuple):
    """Candidates counted by what became of them, and a few of each."""

    counts: pl.DataFrame = _COUNTS.to_frame()  # retriever, reason, rows
    examples: pl.DataFrame = MARKED.to_frame()

    def add(self, found: pl.DataFrame, used: pl.DataFrame) -> "Tried":
        """Count some more.

        Args:
            found: MARKED, every candidate.
            used: MARKED, those that became negatives.
        """
        became = used.with_columns(reason=pl.lit(_USED))
        counts = [rows.group_by("retriever", "reason").agg(rows=pl.len().cast(pl.Int64)) for rows in (found, became)]
        fates = pl.concat([found.filter(pl.col("reason").is_not_null()), became])
        return Tried.united([self, Tried(pl.concat(counts), _first_of_each(fates))])

    @staticmethod
    def united(parts: Sequence["Tried"]) -> "Tried":
        """All of it together."""
        counts = pl.concat(part.counts for part in parts).group_by("retriever", "reason").agg(pl.col("rows").sum())
        return Tried(counts, _first_of_each(pl.concat(part.examples for part in parts)))

    def report(
        self,
        pairs: pl.LazyFrame,
        triplets: pl.LazyFrame,
        queries: pl.LazyFrame,
        passages: pl.LazyFrame,
        *,
        per_positive: int,
        fractions: Mapping[str, float],
    ) -> dict[str, Any]:
        """Everything as plain values.

        Returns:
            `pairs` and `triplets` per split; per retriever `candidates`, `removed` (every rule in the order they
            are tried, zeros included), `used` and `not_needed`; `max_score_fractions`; and `examples` with the texts.
        """
        wanted = [name for name in RETRIEVERS if name != "base" or self.counts.filter(pl.col("retriever") == "base").height]
        return {
            "pairs": _per_split(pairs),
            "triplets": _per_split(triplets),
            "per_positive": per_positive,
            "max_score_fractions": dict(fractions),
            "retrievers": {name: _fate(self.counts.filter(pl.col("retriever") == name)) for name in wanted},
            "examples": self._shown(queries, passages),
        }

    def _shown(self, queries: pl.LazyFrame, passages: pl.LazyFrame) -> list[dict[str, Any]]:
        ids = pl.concat([self.examples["positive_id"], self.examples["negative_id"]]).unique().implode()
        shown = passages.filter(pl.col("passage_id").is_in(ids)).select("passage_id", pl.col("text").str.slice(0, _EXAMPLE_CHARS))
        asked = queries.filter(pl.col("query_id").is_in(self.examples["query_id"].unique().implode())).select("query_id", question="text")
        texts, questions = (frame.collect(engine="streaming") for frame in (shown, asked))
        rows = self.examples.join(questions, on="query_id", maintain_order="left")
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


def _first_of_each(fates: pl.DataFrame) -> pl.DataFrame:
    ordered = fates.sort(MARKED.names(), nulls_last=True)
    return ordered.group_by("retriever", "reason", maintain_order=True).head(_EXAMPLES).select(MARKED.names())


def _fate(counts: pl.DataFrame) -> dict[str, Any]:
    rows = dict(counts.group_by("reason").agg(pl.col("rows").sum()).iter_rows())
    removed = {reason: int(rows.get(reason, 0)) for reason in REASONS}
    used, candidates = int(rows.get(_USED, 0)), sum(int(n) for reason, n in rows.items() if reason != _USED)
    return {"candidates": candidates, "removed": removed, "not_needed": candidates - sum(removed.values()) - used, "used": used}


def _per_split(table: pl.LazyFrame) -> dict[str, int]:
    counts = dict(table.group_by("split").len().collect(engine="streaming").iter_rows())
    return {split: counts.get(split, 0) for split in HELD_OUT}
