"""The way in: one source of a recipe to rows, to rejected rows, and to a note of its origin."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from dataprep.errors import DataError
from dataprep.identity import later_occurrences, order_free_digest, repeated
from dataprep.io import full_disk_as_os_error
from dataprep.parts import n_parts
from dataprep.recipes.sources import Source
from dataprep.schemas import LEDGER, ROWS
from dataprep.sources import beir, delimited, hub, jsonl, parquet, rules, squad
from dataprep.sources.columns import wanted
from dataprep.sources.files import File, locate, members
from dataprep.sources.opening import bytes_digest

_ROWS_PER_GROUP = 2_048  # a part is read from the few groups of each chunk that hold its digests

_DELIMITERS = {"tsv": "\t", "csv": ","}
_SUFFIXES = {
    "tsv": (".tsv", ".tab", ".txt"),
    "csv": (".csv", ".txt"),
    "jsonl": (".jsonl", ".ndjson", ".json"),
    "parquet": (".parquet",),
    "squad": (".json",),
}


class Ingested(NamedTuple):
    """What one source gives."""

    rows: pl.LazyFrame
    """The rows that could be read, of schema `ROWS`; backed by `chunks`."""
    chunks: list[Path]
    """Files in the scratch folder, of schema `rules.ROW`, each sorted by digest in small row groups."""
    n_parts: int
    """Into how many parts the rows are best cut, by their bytes."""
    rejected: pl.LazyFrame
    """One `rejected` event per row that could not be read, of schema `LEDGER`."""
    origin: dict[str, Any]
    """name, kind, revision (hub: the commit; else null), sha256, rows (rejected ones included), licence, and
    files: name, sha256 of the bytes and bytes of each. `sha256` is over the sorted content digests of all
    rows, rejected ones included: rows in another order or in other files give the same, and so the same release."""


class _Reading(NamedTuple):
    """Records yet to be read, and where they come from."""

    records: Iterator[pl.DataFrame]
    files: list[File]
    revision: str | None = None


def read_source(source: Source, *, folder: Path | None, scratch: Path) -> Ingested:
    """Read one source, in parts of some ten megabytes that are written to files as they come.

    Args:
        source: The recipe's section.
        folder: The recipe's folder, where relative paths are looked for first.
        scratch: Folder to write to; the result is read from it, so it must outlive the result.

    Returns:
        Rows, rejected rows and origin. The order of rows means nothing.

    Raises:
        SourceMissingError: A file, column, Hub dataset, configuration or split is not there.
        CallError: The path is a URL that needs a package that is not installed.
        DataError: A file cannot be read at all, or the source gives no row.
        RemoteError: A remote refused or was out of reach.
    """
    place = scratch / source.name
    place.mkdir(parents=True, exist_ok=True)
    reading = _reading(source, folder, place)
    chunks, n_bytes = list[Path](), 0
    for frame in reading.records:
        if frame.height:
            chunk = rules.judge(frame).sort("digest", maintain_order=True)
            n_bytes += sum(chunk.select(pl.col("question", "passage").str.len_bytes().sum()).row(0))
            chunks.append(_written(chunk, place / f"chunk-{len(chunks):06d}.parquet"))
    if not chunks:
        raise DataError(_no_row(source, reading.files))
    numbers = pl.scan_parquet(chunks).select("number").collect()["number"].sort()
    _rename_repeats(chunks, repeated(numbers))
    judged = _named(chunks, source.name)
    origin = {
        "name": source.name,
        "kind": source.kind,
        "revision": reading.revision,
        "sha256": order_free_digest(numbers),
        "rows": numbers.len(),
        "licence": source.licence,
        "files": _described(reading.files),
    }
    return Ingested(_rows(judged), chunks, n_parts(n_bytes), _rejected(judged), origin)


def part_of(chunks: Sequence[Path], name: str, part: int, of: int) -> pl.LazyFrame:
    """The rows of one part, sorted: those whose digest falls into the part-th of `of` equal ranges.

    Args:
        chunks: As `read_source` leaves them.
        name: Name of the source.
        part: The part, from 0.
        of: How many there are. All parts in their order are all rows, sorted by row_id.
    """
    first, last = (f"{place * 2**64 // of:016x}" for place in (part, part + 1))
    is_inside = (pl.col("digest") >= first) & (True if part + 1 == of else pl.col("digest") < last)
    return _rows(_named(chunks, name).filter(is_inside)).sort("row_id")


def _named(chunks: Sequence[Path], name: str) -> pl.LazyFrame:
    return pl.scan_parquet(list(chunks)).with_columns(row_id=pl.concat_str([pl.lit(f"{name}:"), "digest"]), source=pl.lit(name))


def _reading(source: Source, folder: Path | None, place: Path) -> _Reading:
    if source.kind == "hub":
        repo = str(source.repo)
        commit = hub.commit(repo, source.revision)
        return _Reading(hub.records(repo, wanted(source.columns), config=source.config, split=source.split, commit=commit), [], commit)
    files = locate(str(source.path), folder=folder, scratch=place)
    if source.kind == "beir":
        parts = [beir.records(file, split=source.split, scratch=place) for file in files]
        return _Reading((frame for _, records in parts for frame in records), [file for used, _ in parts for file in used])
    files = [part for file in files for part in members(file, _SUFFIXES[source.kind])]
    return _Reading((frame for file in files for frame in _records(source, file, place)), files)


def _records(source: Source, file: File, place: Path) -> Iterator[pl.DataFrame]:
    columns = wanted(source.columns)
    match source.kind:
        case "jsonl":
            return jsonl.records(file, columns)
        case "parquet":
            return parquet.records(file, columns, scratch=place)
        case "squad":
            return squad.records(file)
        case kind:
            is_quoted = source.quoting == "standard" or (source.quoting == "auto" and kind == "csv")
            return delimited.records(file, columns, delimiter=_DELIMITERS[kind], is_quoted=is_quoted)


def _written(frame: pl.DataFrame, path: Path) -> Path:
    with full_disk_as_os_error():
        frame.write_parquet(path, compression="lz4", row_group_size=_ROWS_PER_GROUP)
    return path


def _rename_repeats(chunks: list[Path], repeats: pl.Series) -> None:
    """Give all but the first of equal rows an id of their own, in the files where they stand."""
    if repeats.is_empty():
        return
    places = [
        pl.scan_parquet(path, row_index_name="row").select("digest", "number", "row", chunk=pl.lit(n)) for n, path in enumerate(chunks)
    ]
    equal = pl.concat(places).join(repeats.to_frame("number").lazy(), on="number", how="semi")
    later = later_occurrences(equal, order=("chunk", "row")).select("chunk", "row", "renamed").collect()
    for (n, *_), renames in later.partition_by("chunk", as_dict=True, include_key=False).items():
        frame = pl.read_parquet(chunks[n], row_index_name="row").join(renames, on="row", how="left", maintain_order="left")
        renamed = frame.with_columns(digest=pl.coalesce("renamed", "digest")).select(rules.ROW.names())
        _written(renamed, chunks[n].with_suffix(".partial")).replace(chunks[n])  # the file that is being read must not be written


def _rows(judged: pl.LazyFrame) -> pl.LazyFrame:
    return judged.filter(pl.col("rule").is_null()).select(ROWS.names())


def _rejected(judged: pl.LazyFrame) -> pl.LazyFrame:
    event = {"stage": pl.lit("ingest"), "action": pl.lit("rejected")}
    rest = {name: pl.lit(None, dtype) for name, dtype in LEDGER.items() if name not in {*rules.ROW, *event, "row_id", "source"}}
    return judged.filter(pl.col("rule").is_not_null()).with_columns(**event, **rest).select(LEDGER.names())


def _described(files: list[File]) -> list[dict[str, Any]]:
    """Name, digest and size of every file on disk; a .zip stands once, however many of its members were read."""
    whole = {file.path: file.name.split("/")[0] for file in files}
    notes = []
    for path, name in whole.items():
        sha256, n_bytes = bytes_digest(path)
        notes.append({"name": name, "sha256": sha256, "bytes": n_bytes})
    return notes


def _no_row(source: Source, files: list[File]) -> str:
    read = ", ".join(file.shown for file in files[:5]) or str(source.repo)
    more = f" and {len(files) - 5} more" if len(files) > 5 else ""  # noqa: PLR2004 - as many as are shown
    empty = " (0 bytes)" if files and not any(file.path.stat().st_size for file in files) else ""
    return f"source {source.name!r} gives no row: found {read}{more}{empty} with nothing to read; wanted at least one row below the header"
