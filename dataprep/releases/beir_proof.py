"""Whether BEIR's files hold the rows of the tables. Both are read some rows at a time, and compared as numbers first."""

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from dataprep.releases.beir_export import BEIR_SPLITS
from dataprep.releases.numbers import row_number
from dataprep.releases.release import CORPUS, QRELS, QUERIES, table_path

_FAULTS = pl.Schema({"file": pl.String, "key": pl.String, "fault": pl.String})
_BLOCK_BYTES = 1 << 26
_BATCH_ROWS = 100_000

Frames = Callable[[], Iterator[pl.DataFrame]]


def beir_unlike_tables(release: Path) -> pl.DataFrame:
    """Rows that stand more often in BEIR's files or more often in the tables, and files that cannot be read.

    Returns:
        `file`, `key` (the row's ids, or why the file cannot be read) and `fault`, sorted.
    """
    faults = [_FAULTS.to_frame()]
    for config, schema in (("corpus", CORPUS), ("queries", QUERIES)):
        faults.append(_surplus(release, table_path(config, config), f"{config}.jsonl", schema, keys=["_id"]))
    for split, name in BEIR_SPLITS.items():
        faults.append(_surplus(release, table_path("qrels", split), f"qrels/{name}.tsv", QRELS, keys=["query-id", "corpus-id"]))
    return pl.concat(faults).sort(_FAULTS.names())


def _surplus(release: Path, table: str, file: str, schema: pl.Schema, *, keys: list[str]) -> pl.DataFrame:
    """The faults of one file."""
    reader = _json_lines if file.endswith(".jsonl") else _tsv_lines

    def of_table() -> Iterator[pl.DataFrame]:
        yield schema.to_frame()  # a table without a row has no batch
        yield from pl.scan_parquet(release / table).collect_batches(chunk_size=_BATCH_ROWS)

    def of_file() -> Iterator[pl.DataFrame]:
        yield schema.to_frame()
        yield from reader(release / file, schema)

    try:
        found = _more_often(of_table, of_file, schema.names())
    except pl.exceptions.PolarsError as error:
        return pl.DataFrame([(file, str(error), "cannot be read")], schema=_FAULTS, orient="row")
    key = pl.concat_str(keys, separator=" ", ignore_nulls=True)
    return found.select(file=pl.lit(file), key=key, fault=pl.format("missing in the {}", "side"))


def _more_often(of_table: Frames, of_file: Frames, columns: list[str]) -> pl.DataFrame:
    """Rows that stand on one side more often than on the other, and in `side` on which they are missing.

    Only those whose number does so are compared by their texts.
    """
    number = row_number(*columns)
    table, file = (pl.concat(frame.select(n=number) for frame in frames()) for frames in (of_table, of_file))
    if table["n"].sort().equals(file["n"].sort()):
        return pl.DataFrame(schema=dict.fromkeys([*columns, "side"], pl.String))
    counted = [numbers.group_by("n").len() for numbers in (table, file)]
    unequal = pl.concat([one.join(other, on=["n", "len"], how="anti")["n"] for one, other in (counted, counted[::-1])])
    rows = [
        pl.concat(frame.filter(number.is_in(unequal.implode())) for frame in frames()).group_by(columns).len()
        for frames in (of_table, of_file)
    ]
    more = []
    for one, other, side in ((rows[0], rows[1], "file"), (rows[1], rows[0], "table")):
        times = one.join(other, on=columns, how="left", nulls_equal=True)
        more.append(times.filter(pl.col("len") > pl.col("len_right").fill_null(0)).select(*columns, side=pl.lit(side)))
    return pl.concat(more)


def _json_lines(file: Path, schema: pl.Schema) -> Iterator[pl.DataFrame]:
    with file.open("rb") as lines:
        while block := lines.read(_BLOCK_BYTES):
            yield pl.read_ndjson(block + lines.readline(), schema=schema)


def _tsv_lines(file: Path, schema: pl.Schema) -> Iterator[pl.DataFrame]:
    yield from pl.scan_csv(file, separator="\t", schema=schema, quote_char=None).collect_batches(chunk_size=_BATCH_ROWS)
