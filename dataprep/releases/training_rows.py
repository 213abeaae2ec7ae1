"""Training rows with texts in place of ids, put together by ranges of ids: neither the corpus nor the rows need fit in memory.

Some passages at a time, their texts are brought beside the rows that end with them; these wait on disk, sorted by
question. Then, some questions at a time, the rows get what is left: the anchor, and a triplet its positive from the pairs.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from dataprep.parts import IdRange, ranges_of
from dataprep.sorted_parts import SortedParts

TRAINING_SPLITS = ("train", "validation")
_LAST = {"pairs": "positive", "triplets": "negative"}  # whose text is fetched by ranges of passages
_IDS = ("query_id", "positive_id", "negative_id")

Waiting = Mapping[str, SortedParts]  # by config


def training_rows(
    pairs: pl.LazyFrame,
    triplets: pl.LazyFrame,
    queries: pl.LazyFrame,
    corpus: pl.LazyFrame,
    *,
    scratch: Path,
    range_rows: int,
) -> dict[tuple[str, str], Iterator[pl.DataFrame]]:
    """The rows of each config and training split with their texts, sorted by their ids, some at a time.

    Args:
        pairs: PAIRS, with every question and positive of the triplets.
        triplets: TRIPLETS.
        queries: SPLIT_QUERIES.
        corpus: CORPUS.
        scratch: Folder for what waits until the last row is read.
        range_rows: How many passages, or training rows, are looked at together.
    """
    tables = {"pairs": pairs, "triplets": triplets}
    asked = ranges_of("q", pl.concat([rows.select("query_id") for rows in tables.values()]), range_rows)
    starts = pl.Series([ids.first for ids in asked], dtype=pl.String)
    waiting = {
        split: {config: SortedParts(scratch / split / config, _ids(config), starts=starts) for config in tables}
        for split in TRAINING_SPLITS
    }
    for ids in ranges_of("p", corpus, range_rows):
        texts = corpus.filter(ids.holds("passage_id")).select("passage_id", "text").collect()
        for config, rows in tables.items():
            last = _LAST[config]
            some = rows.filter(ids.holds(f"{last}_id")).select(*_ids(config), "split").collect()
            found = some.join(texts.rename({"passage_id": f"{last}_id", "text": last}), on=f"{last}_id")
            for split, parts in waiting.items():
                parts[config].add(found.filter(pl.col("split") == split).drop("split"))
    made = {"pairs": _pairs, "triplets": _triplets}
    return {(config, split): made[config](parts, queries, asked) for split, parts in waiting.items() for config in tables}


def _ids(config: str) -> list[str]:
    return list(_IDS[: 2 if config == "pairs" else 3])


def _pairs(waiting: Waiting, queries: pl.LazyFrame, asked: Sequence[IdRange]) -> Iterator[pl.DataFrame]:
    """PAIRS with texts, by ranges of questions."""
    for ids, pairs in zip(asked, waiting["pairs"].parts(), strict=True):
        yield _with_anchors(pairs, queries, ids).select("anchor", "positive")


def _triplets(waiting: Waiting, queries: pl.LazyFrame, asked: Sequence[IdRange]) -> Iterator[pl.DataFrame]:
    """TRIPLETS with texts, by ranges of questions; the same pairs have the positives."""
    for ids, pairs, triplets in zip(asked, waiting["pairs"].parts(), waiting["triplets"].parts(), strict=True):
        found = triplets.join(pairs, on=_ids("pairs"), how="left", maintain_order="left")
        yield _with_anchors(found, queries, ids).select("anchor", "positive", "negative")


def _with_anchors(rows: pl.DataFrame, queries: pl.LazyFrame, ids: IdRange) -> pl.DataFrame:
    anchors = queries.filter(ids.holds("query_id")).select("query_id", anchor="text").collect()
    return rows.join(anchors, on="query_id", maintain_order="left")
