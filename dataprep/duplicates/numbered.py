"""Rows and their texts as numbers: what deduplication needs to know of ten million rows fits in a gigabyte.

A part of the rows becomes three tables of numbers beside it; no text is among them. All parts together
give each distinct text a number, its node: its rank among those that may stand for others. What is said
of texts is said of nodes from there on; `row_texts` reads the texts themselves again where they are shown.
"""

from collections.abc import Collection, Sequence
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import polars as pl

from dataprep import io
from dataprep.duplicates.guards import Guard, strict_fold
from dataprep.parts import Each
from dataprep.text import fold, number

# One row per row: its own texts (by number), its label, and its title (by hash).
_ROWS = pl.Schema({"question": pl.Int128, "passage": pl.Int128, "label": pl.Int8, "title": pl.UInt64})
# One row per distinct text of a part; `row` is the first row that holds it.
_TEXTS = pl.Schema(
    {"id": pl.Int128, "folded": pl.Int128, "key": pl.Int128, "n_chars": pl.UInt32, "is_positive": pl.Boolean, "row": pl.UInt32}
)
SIDES = ("question", "passage")


class Numbered(NamedTuple):
    """The rows and texts of a table in parts.

    Attributes:
        rows: One row per row, in order: question and passage (nodes), label, title (a hash of it).
        questions: One row per distinct question, in the order of its node: id (the number of `text.number`), folded
            and key (numbers of the folded text, null without a word, and of the key of sameness), row that holds the text.
        passages: The same of the passages.
    """

    rows: pl.DataFrame
    questions: pl.DataFrame
    passages: pl.DataFrame


def numbered(rows: Sequence[pl.LazyFrame], *, each_row_asks: bool, kinds: Collection[Guard], scratch: Path, each: Each) -> Numbered:
    """Number the rows and the texts of a table.

    Texts are ranked by what may stand for others: judged relevant in some row, then longer, then of smaller id.

    Args:
        rows: Parts of schemas.ROWS; texts are not null.
        each_row_asks: Whether each row is a query of its own, however equal the questions are.
        kinds: With "symbol" among them, texts that differ in a symbol have different keys. A text without
            letters and digits is its own key.
        scratch: Folder for the numbers of the parts.
        each: Carries out the calls, a part each.
    """
    number_part = partial(_number_part, scratch=scratch, each_row_asks=each_row_asks, kinds=tuple(kinds))
    each([partial(number_part, part, frame) for part, frame in enumerate(rows)])
    firsts = [0, *accumulate(io.height(pl.scan_parquet(_path(scratch, "rows", part))) for part in range(len(rows) - 1))]
    sides = {side: _ranked([_texts(scratch, side, part, first) for part, first in enumerate(firsts)]) for side in SIDES}
    frame = pl.concat([pl.read_parquet(_path(scratch, "rows", part)) for part in range(len(rows))])
    for side, texts in sides.items():
        nodes = texts.select(pl.col("id").alias(side), pl.col("node").alias(f"{side}_node"))
        frame = frame.join(nodes, on=side, maintain_order="left").drop(side).rename({f"{side}_node": side})
    return Numbered(frame.select("question", "passage", "label", "title"), sides["question"], sides["passage"])


def keyed(texts: pl.LazyFrame, *, kinds: Collection[Guard]) -> pl.LazyFrame:
    """Add to texts the numbers of their folded text, null without a word, and of the key under which they are the same."""
    folded = texts.with_columns(_folded=fold(pl.col("text")))
    strict = folded.with_columns(_strict=strict_fold(pl.col("text"), folded=pl.col("_folded")) if "symbol" in kinds else pl.col("_folded"))
    has_words = pl.col("_folded") != ""
    differs = has_words & (pl.col("_strict") != pl.col("_folded"))
    numbers = strict.with_columns(folded=number(pl.when(has_words).then("_folded")), _key=number(pl.when(differs).then("_strict")))
    return numbers.with_columns(key=pl.coalesce("_key", "folded", "id")).drop("_folded", "_strict", "_key")


def ranked(texts: pl.DataFrame) -> pl.DataFrame:
    """Sort texts by what may stand for others, and number them: `node`, from 0."""
    order = ["is_positive", "n_chars", "id"]
    return texts.sort(order, descending=[True, True, False]).with_row_index("node")


def _number_part(part: int, rows: pl.LazyFrame, *, scratch: Path, each_row_asks: bool, kinds: Collection[Guard]) -> None:
    """Write the numbers of one part."""
    frame = rows.select("row_id", "question", "passage", "title", "label").collect().with_row_index("row")
    asked = ["question", "row_id"] if each_row_asks else ["question"]
    ids = frame.select(question=number(*map(pl.col, asked)), passage=number(pl.col("passage")))
    title = pl.when(pl.col("title") != "").then(pl.col("title").hash()).otherwise(0)
    _write(frame.lazy().select(*ids, "label", title=title), _ROWS, scratch, "rows", part)
    for side in SIDES:
        is_positive = (pl.col("label") == 1).fill_null(value=False)
        rows_of = frame.lazy().select("row", text=side, is_positive=is_positive, id=pl.lit(ids[side]))
        texts = rows_of.group_by("id").agg(pl.col("text").first(), pl.col("is_positive").any(), pl.col("row").min())
        numbers = keyed(texts, kinds=kinds).with_columns(n_chars=pl.col("text").str.len_chars()).select(_TEXTS.names())
        _write(numbers, _TEXTS, scratch, side, part)


def _write(frame: pl.LazyFrame, schema: pl.Schema, scratch: Path, name: str, part: int) -> None:
    io.write_table(frame.cast(schema), _path(scratch, name, part), schema, compression="lz4")


def _path(scratch: Path, name: str, part: int) -> Path:
    return scratch / f"{name}-{part:05d}.parquet"


def _texts(scratch: Path, side: str, part: int, first_row: int) -> pl.LazyFrame:
    return pl.scan_parquet(_path(scratch, side, part)).with_columns(row=(pl.col("row") + first_row).cast(pl.UInt32))


def _ranked(parts: Sequence[pl.LazyFrame]) -> pl.DataFrame:
    """The distinct texts of all parts, ranked. Most stand in one part; only the others are grouped, for groups are dear."""
    texts = pl.concat(parts).collect().sort("id")
    again = pl.col("id") == pl.col("id").shift()
    shared = texts.select(again.fill_null(value=False) | again.shift(-1).fill_null(value=False)).to_series()
    same = (pl.col(name).first() for name in ("folded", "key", "n_chars"))
    united = texts.filter(shared).group_by("id").agg(*same, pl.col("is_positive").any(), pl.col("row").min())
    texts = pl.concat([texts.filter(~shared), united.select(texts.columns)])
    return ranked(texts).drop("is_positive", "n_chars")
