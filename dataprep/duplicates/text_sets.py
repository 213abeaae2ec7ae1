"""The questions and passages of anything that holds some: a file, a BEIR folder, a release or a build."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import polars as pl

from dataprep.errors import CallError
from dataprep.recipes.sources import Columns, Source
from dataprep.releases import release_files
from dataprep.releases.beir_export import BEIR_SPLITS

TEXTS = pl.Schema({"text": pl.String, "key": pl.String, "split": pl.String})
_KINDS = {
    **dict.fromkeys((".tsv", ".tab", ".txt"), "tsv"),
    **dict.fromkeys((".jsonl", ".ndjson"), "jsonl"),
    ".csv": "csv",
    ".parquet": "parquet",
    ".json": "squad",
}
_PACKED = {".gz", ".zst", ".zip"}
_ROLES = ("id", "question", "passage")


class TextSet(NamedTuple):
    """Texts of one side.

    Attributes:
        name: The path as it was given.
        kind: release, build, or the kind of source that it was read as.
        questions: TEXTS: text, the row's own id or place, and the split; null where there are no splits.
        passages: The same; of a release, the split of the questions that a passage answers, null where it answers none.
        n_unread: Rows that could not be read, and so are not compared.
    """

    name: str
    kind: str
    questions: pl.DataFrame
    passages: pl.DataFrame
    n_unread: int = 0

    def has_splits(self) -> bool:
        """Whether any text has a split."""
        return self.questions["split"].count() + self.passages["split"].count() > 0


def parse_columns(text: str) -> dict[str, str]:
    """Read `question=pytanie,passage=odpowiedz` as role to column.

    Raises:
        CallError: Another form, or another role than id, question and passage.
    """
    found = dict(part.split("=", 1) for part in text.split(",") if part.count("=") == 1)
    if len(found) != text.count(",") + 1 or not all(found.values()) or set(found) - set(_ROLES) or not set(found) - {"id"}:
        raise CallError(f"columns {text!r}: wanted role=column, separated by commas; the roles are {', '.join(_ROLES)}")
    return found


def read_set(path: Path, *, columns: Mapping[str, str]) -> TextSet:
    """Read one side.

    Args:
        path: A release, a build with one, a BEIR folder, or a file whose suffix says its kind: .tsv, .csv, .jsonl,
            .parquet, .json (SQuAD), also packed as .gz, .zst or .zip.
        columns: For files of rows: role to column. A file with questions or passages alone names just these;
            none at all means question and passage.

    Raises:
        CallError: It is none of these, is not there, or lacks a column.
        DataError: It cannot be read.
    """
    release = path / "release" if (path / "release").is_dir() else path
    if (release / "manifest.json").is_file():
        return _of_release(path, release)
    if (path / "corpus.jsonl").is_file():
        return _of_beir(path)
    if path.is_dir():
        raise CallError(f"{path} is no release (manifest.json), no build with one, and no BEIR folder (corpus.jsonl); wanted one or a file")
    plain = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in _PACKED]
    kind = _KINDS.get(plain[-1] if plain else "")
    if not path.exists():
        raise CallError(f"{path}: there is no such file or folder")
    if kind is None:
        raise CallError(f"{path}: the suffix does not say what it is; wanted one of {', '.join(_KINDS)}")
    return _of_file(path, kind, columns)


def _of_release(path: Path, release: Path) -> TextSet:
    if (faults := release_files.unreadable(release)).height:
        raise CallError(f"{release} is not whole: {faults['path'].item(0)}: {faults['found'].item(0)}; `dataprep check` tells more")
    tables = release_files.scan(release)
    answering = tables.qrels.select("corpus-id", "split").unique()
    questions = tables.queries.join(tables.groups, left_on="_id", right_on="query-id", how="left")
    passages = tables.corpus.join(answering, left_on="_id", right_on="corpus-id", how="left")
    asked, told = (_texts(frame.rename({"_id": "key"}).collect()) for frame in (questions, passages))
    return TextSet(str(path), "release" if release == path else "build", asked, told)


def _of_beir(path: Path) -> TextSet:
    names = {name: split for split, name in BEIR_SPLITS.items()}
    splits = [names.get(file.stem, file.stem) for file in sorted(path.glob("qrels/*.tsv"))]
    if not splits:
        raise CallError(f"{path}: a BEIR folder without qrels/*.tsv names no questions")
    parts = [_read(path, "beir", Columns(), split=split) for split in splits]
    rows = pl.concat([rows.with_columns(split=pl.lit(split)) for (rows, _), split in zip(parts, splits, strict=True)])
    return TextSet(str(path), "beir", _column(rows, "question"), _column(rows, "passage"), sum(n_unread for _, n_unread in parts))


def _of_file(path: Path, kind: str, columns: Mapping[str, str]) -> TextSet:
    """A role that is not named reads the other's column again, for a row needs both; its texts are then left out."""
    roles = {role: columns.get(role) for role in ("question", "passage")} if columns else {"question": "question", "passage": "passage"}
    named = {role: name or next(filter(None, roles.values())) for role, name in roles.items()}
    rows, n_unread = _read(path, kind, Columns.model_validate({**named, "id": columns.get("id")}))
    rows = rows.with_columns(split=pl.lit(None, pl.String))
    found = {role: _column(rows, role) if name else pl.DataFrame(schema=TEXTS) for role, name in roles.items()}
    return TextSet(str(path), kind, found["question"], found["passage"], n_unread)


def _read(path: Path, kind: str, columns: Columns, **settings: Any) -> tuple[pl.DataFrame, int]:  # noqa: ANN401 - keys of a source
    """Rows of one source, and how many more could not be read."""
    from dataprep.sources.read import read_source  # noqa: PLC0415 - start-up time: a release needs no reader

    source = Source.model_validate({"name": "set", "kind": kind, "path": str(path), "columns": columns, **settings})
    with TemporaryDirectory() as scratch:
        found = read_source(source, folder=None, scratch=Path(scratch))
        rows = found.rows.collect()
    return rows, found.origin["rows"] - rows.height


def _column(rows: pl.DataFrame, role: str) -> pl.DataFrame:
    return _texts(rows.select(text=role, key="source_key", split="split"))


def _texts(frame: pl.DataFrame) -> pl.DataFrame:
    """Each text once per split, under the first of its keys."""
    sorted_texts = frame.select(TEXTS.names()).cast(TEXTS).sort("text", "split", "key")
    return sorted_texts.unique(["text", "split"], keep="first", maintain_order=True)
