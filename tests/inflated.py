"""A finished build made many times as large: every row again and again, each time with ids and texts of its own."""

import shutil
from pathlib import Path
from typing import Any

import polars as pl

from dataprep.io import read_json, write_json

TABLES = ("ingest/rows", "filter/rows", "deduplicate/events", "deduplicate/corpus", "deduplicate/merged_passages")
TABLES += ("deduplicate/links", "deduplicate/conflicts", "deduplicate/near_questions", "split/queries")  # what a report reads
IDS = ("query_id", "passage_id", "other_id", "group_id")
TEXTS = ("question", "passage", "text", "before", "after")
_DIGITS = "0123456789abcdef"


def inflate(build: Path, into: Path, *, times: int) -> Path:
    """Write a build with so many copies of each row; its documents say so many times the counts.

    Only what a report reads is there. Copies keep stages, actions, rules and sources.
    """
    shutil.copytree(build, into, ignore=shutil.ignore_patterns("model", "ledger.parquet", "data"))
    for path in [Path(f"stages/{name}.parquet") for name in TABLES] + [Path("ledger.parquet")]:
        if (into / path).is_dir():  # a table in parts
            shutil.rmtree(into / path)
        copies(pl.scan_parquet(build / path), times).sink_parquet(into / path, compression="lz4")
    for path in ("manifest.json", "statistics/quality.json", "statistics/splits.json"):
        place = into / "release" / path
        write_json(_multiplied(read_json(place), times), place)
    return into


def copies(rows: pl.LazyFrame, times: int) -> pl.LazyFrame:
    """Every row once per copy, under row_ids that are as good as random, other ids and texts with the copy's number."""
    names = rows.collect_schema().names()
    numbered = rows.join(pl.LazyFrame({"copy": range(times)}), how="cross")
    changes = [pl.format("{}-{}", name, "copy").alias(name) for name in names if name in IDS]
    changes += [pl.when(pl.col(name).is_not_null()).then(pl.format("{} {}", name, "copy")).alias(name) for name in names if name in TEXTS]
    changes += [_row_id(name) for name in names if name in {"row_id", "into"}]
    return numbered.with_columns(changes).select(names)


def _row_id(name: str) -> pl.Expr:
    number = pl.struct(name, "copy").hash(seed=1)
    values = [(number // pl.lit(16**i, pl.UInt64)) % 16 for i in range(16)]
    digits = [value.replace_strict(range(16), list(_DIGITS), return_dtype=pl.String) for value in values]
    copied = pl.concat_str(pl.col(name).str.slice(0, pl.col(name).str.len_chars() - 16), *digits)
    return pl.when(pl.col(name).is_not_null()).then(copied).alias(name)


def _multiplied(document: Any, times: int) -> Any:
    """Whole numbers that count something are so many times as large; names, shares and schemas stay."""
    if isinstance(document, dict):
        return {key: value if key in {"recipe", "schema", "examples"} else _multiplied(value, times) for key, value in document.items()}
    if isinstance(document, list):
        return [_multiplied(value, times) for value in document]
    return document * times if isinstance(document, int) and not isinstance(document, bool) else document
