"""Batches for contrastive training in which no passage counts as wrong for a question that it answers.

With in-batch negatives every passage of a batch counts as wrong for every other question of it. So a row
stays out of a batch that holds one of its texts already, or a passage that answers its question, or a
question that one of its passages answers. sentence-transformers' NO_DUPLICATES sampler avoids equal texts
alone, and where one question has many positives it ends in dozens of batches of a single row (whose loss
is 0) and states a length that the learning-rate schedule then misses. Here the number of batches is fixed
beforehand, their sizes differ little, and none has fewer than two rows.
"""

from collections import Counter, deque
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import polars as pl

from dataprep.errors import DataError
from dataprep.text import fold

_GROUP_MARK = "\x00"  # no folded text has it


class Row(NamedTuple):
    """One training row as numbers of its texts, equal but for case and punctuation being the same number."""

    anchor: int
    passages: frozenset[int]  # its positive, its negatives and its group
    answers: frozenset[int]  # every positive of its question in the table


class Batch:
    """Rows that may stand together."""

    def __init__(self) -> None:
        """Hold no row yet."""
        self.rows: list[int] = []
        self._anchors: set[int] = set()
        self._passages: set[int] = set()
        self._answers: set[int] = set()

    def admits(self, row: Row) -> bool:
        """Whether no passage would count as wrong for a question that it answers, and no text stand twice."""
        return (
            row.anchor not in self._anchors
            and self._passages.isdisjoint(row.passages)
            and self._passages.isdisjoint(row.answers)
            and self._answers.isdisjoint(row.passages)
        )

    def add(self, number: int, row: Row) -> None:
        """Take the row in."""
        self.rows.append(number)
        self._anchors.add(row.anchor)
        self._passages |= row.passages
        self._answers |= row.answers


def cap_positives(table: pl.DataFrame, *, max_positives: int) -> pl.DataFrame:
    """Rows of at most so many positives of each anchor: the first in the order of the text, so that the choice does not hang on row order.

    Args:
        table: anchor, positive and possibly negatives.
        max_positives: Most distinct positives of one anchor.
    """
    ordered = table.sort(pl.all())
    place = pl.col("positive").rank("dense").over("anchor")
    return ordered.filter(place <= max_positives)


def as_rows(table: pl.DataFrame, answers: pl.DataFrame) -> list[Row]:
    """The table's rows as numbers.

    Args:
        table: anchor, positive, possibly negatives, and possibly group: rows of one group keep apart as if they had a text in common.
        answers: anchor, positive: all that is known to answer, also what was capped.
    """
    columns = table.columns[1:]
    group = [(pl.lit(_GROUP_MARK) + pl.col("group")).alias("group")] if "group" in columns else []
    folded = table.select(fold(pl.exclude("group")), *group)
    known = answers.select(fold(pl.col("anchor", "positive"))).unique()
    texts = pl.concat([folded.unpivot()["value"], known.unpivot()["value"]]).drop_nulls().unique().sort()
    number = {text: i for i, text in enumerate(texts)}
    of_anchor: dict[str, frozenset[int]] = {
        anchor: frozenset(number[p] for p in positives) for anchor, positives in known.group_by("anchor").agg("positive").iter_rows()
    }
    rows = folded.select("anchor", pl.concat_list(columns)).iter_rows()
    return [Row(number[a], frozenset(number[p] for p in passages if p is not None), of_anchor.get(a, frozenset())) for a, passages in rows]


def n_batches(rows: Sequence[Row], *, batch_size: int) -> int:
    """Batches of one pass: enough for the rows and for every row of the most frequent question, but none of one row alone."""
    if len(rows) < 2:  # noqa: PLR2004 - a question needs another question's passage to be told from
        raise DataError(f"training table: found {len(rows)} rows, wanted at least 2; more data or a larger train share is needed")
    most = max(Counter(row.anchor for row in rows).values())
    return min(len(rows) // 2, max(-(-len(rows) // batch_size), most))


def plan(rows: Sequence[Row], *, batch_size: int, seed: int, epoch: int) -> list[list[int]]:
    """The batches of one pass over the table.

    Rows of frequent questions are placed first, each in the emptiest batch that admits it. A row that no
    batch admits sits this pass out; a batch left with one row takes a second that stands elsewhere too.

    Args:
        rows: What `as_rows` gives.
        batch_size: Most rows of a batch.
        seed: Seed of the order.
        epoch: Number of the pass; each has an order of its own.

    Returns:
        Row numbers of each batch: always `n_batches` batches of two rows or more.

    Raises:
        DataError: No two rows can stand together.
    """
    rng = Random(f"{seed}:{epoch}")  # noqa: S311 - an order for training is no secret
    order = list(range(len(rows)))
    rng.shuffle(order)
    frequency = Counter(row.anchor for row in rows)
    open_batches = deque(Batch() for _ in range(n_batches(rows, batch_size=batch_size)))
    every = list(open_batches)
    for number in sorted(order, key=lambda n: -frequency[rows[n].anchor]):
        _place(number, rows[number], open_batches, batch_size)
    for batch in every:
        if len(batch.rows) == 1:
            _fill(batch, rows, order, every)
    rng.shuffle(every)
    return [batch.rows for batch in every]


def _place(number: int, row: Row, open_batches: "deque[Batch]", batch_size: int) -> None:
    """Add the row to the first batch that admits it. The deque keeps batches by size, for the one added to goes to its end."""
    refused = []
    while open_batches:
        batch = open_batches.popleft()
        if batch.admits(row):
            batch.add(number, row)
            if len(batch.rows) < batch_size:
                open_batches.append(batch)
            break
        refused.append(batch)
    open_batches.extendleft(reversed(refused))


def _fill(batch: Batch, rows: Sequence[Row], order: Sequence[int], every: Sequence[Batch]) -> None:
    """Give a batch of one row a second: any row that it admits, or else the first two rows of another batch in place of its own."""
    for number in order:
        if batch.admits(rows[number]):
            batch.add(number, rows[number])
            return
    donor = next((other for other in every if len(other.rows) > 1), None)
    if donor is None:
        raise DataError(f"training table: of {len(rows)} rows no two fit in one batch; wanted two questions with passages of their own")
    batch.rows = donor.rows[:2]


def left_out(batches: Sequence[Sequence[int]], n_rows: int) -> int:
    """Rows that no batch holds."""
    return n_rows - len({number for batch in batches for number in batch})
