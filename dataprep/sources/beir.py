"""BEIR folders and .zip files as frames of records: one per judgement (line of qrels/<split>.tsv).

A score of at least 1 is label 1, a score of 0 is label 0. A judgement has the key
`<query-id>/<corpus-id>`.

Rules found here, besides those of `lines` and `jsonl` for lines of corpus.jsonl and queries.jsonl:
    dangling: the judgement names a query or passage that is not there, or is there with different texts.
    columns, utf8, nul: as in `delimited`, for lines of the qrels.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import polars as pl

from dataprep.errors import DataError, SourceMissingError
from dataprep.sources import delimited, jsonl
from dataprep.sources.columns import Wanted
from dataprep.sources.files import File, member, zip_names

_NAMES = {"validation": "dev"}  # BEIR's own name for our split
_QRELS = Wanted({"query": "query-id", "corpus": "corpus-id", "score": "score"}, {})
_TEXTS = Wanted({"key": "_id", "body": "text"}, {"heading": "title"})
_TEXT_ROLES = ("key", "body", "heading")
_OUTCOME = ("position", "raw", "rule", "found")


def records(source: File, *, split: str, scratch: Path) -> tuple[list[File], Iterator[pl.DataFrame]]:
    """Read a BEIR folder or .zip.

    Args:
        source: The folder or .zip.
        split: train, validation (BEIR calls it dev), test, or another name of a file in qrels/.
        scratch: Folder for the texts as parquet files.

    Returns:
        The files read, and frames of `position`, `raw`, `rule`, `found`, `id`, `question`, `passage`, `title` and `label`.

    Raises:
        SourceMissingError: corpus.jsonl, queries.jsonl or the split is not there.
        DataError: It is neither a folder nor a .zip, or cannot be read.
    """
    parts = _parts(source)
    names = {"corpus": "corpus.jsonl", "queries": "queries.jsonl", "qrels": f"qrels/{_NAMES.get(split, split)}.tsv"}
    for name in names.values():
        if name not in parts:
            raise SourceMissingError(
                f"{source.shown}: no {name}; found {', '.join(sorted(parts)[:20]) or 'nothing'}; wanted a BEIR dataset"
            )
    files = {role: parts[name] for role, name in names.items()}
    return list(files.values()), _joined(files["corpus"], files["queries"], files["qrels"], scratch)


def _parts(source: File) -> dict[str, File]:
    """Files of the dataset by their name below the folder that holds corpus.jsonl."""
    if source.path.is_dir():
        found = [p for p in sorted(source.path.rglob("*")) if p.is_file() and p.suffix in {".jsonl", ".tsv"}]
        files = {p.relative_to(source.path).as_posix(): File(p, p.name, f"{source.shown}/{p.relative_to(source.path)}") for p in found}
    elif source.name.endswith(".zip"):
        files = {name: member(source, name) for name in zip_names(source)}
    else:
        raise DataError(f"{source.shown}: this is a file; wanted a BEIR folder or a .zip of one")
    top = min((n.removesuffix("corpus.jsonl") for n in files if n.endswith("corpus.jsonl")), key=len, default="")
    return {name.removeprefix(top): file for name, file in files.items() if name.startswith(top)}


def _joined(corpus: File, queries: File, qrels: File, scratch: Path) -> Iterator[pl.DataFrame]:
    folders = {role: Path(mkdtemp(prefix=f"{role}-", dir=scratch)) for role in ("corpus", "query")}
    for role, file in (("corpus", corpus), ("query", queries)):
        yield from _stored(file, folders[role])
    for judgements in delimited.records(qrels, _QRELS, delimiter="\t", is_quoted=False):
        passages = _looked_up(judgements["corpus"], folders["corpus"])
        questions = _looked_up(judgements["query"], folders["query"])
        yield (
            judgements.join(questions.select("key", question="body", n_query="n"), left_on="query", right_on="key", how="left")
            .join(passages.select("key", passage="body", title="heading", n_corpus="n"), left_on="corpus", right_on="key", how="left")
            .with_columns(_fault().struct.unnest(), id=pl.concat_str("query", "corpus", separator="/"), label=_label())
            .select(*_OUTCOME, "id", "question", "passage", "title", "label")
        )


def _stored(file: File, folder: Path) -> Iterator[pl.DataFrame]:
    """Write the texts of corpus.jsonl or queries.jsonl to parquet files; give the lines that cannot be read."""
    pl.DataFrame(schema=dict.fromkeys(_TEXT_ROLES, pl.String)).write_parquet(folder / "00000.parquet")
    for number, frame in enumerate(jsonl.records(file, _TEXTS, needed=("key", "body")), start=1):
        lacks_key = pl.col("rule").is_null() & pl.col("key").is_null()
        judged = frame.with_columns(
            rule=pl.when(lacks_key).then(pl.lit("columns")).otherwise("rule"),
            found=pl.when(lacks_key).then(pl.lit("'_id' is null; wanted text")).otherwise("found"),
        )
        is_read = pl.col("rule").is_null()
        judged.filter(is_read).select(_TEXT_ROLES).with_columns(pl.col("heading", "body").fill_null("")).write_parquet(
            folder / f"{number:05d}.parquet"
        )
        yield judged.filter(~is_read).select(_OUTCOME)


def _looked_up(keys: pl.Series, folder: Path) -> pl.DataFrame:
    """Texts of the keys, and how many different ones each key has (`n`)."""
    wanted = keys.drop_nulls().unique().to_frame("key").lazy()
    texts = pl.scan_parquet(sorted(folder.glob("*.parquet"))).join(wanted, on="key", how="semi").unique()
    return texts.group_by("key").agg(pl.col("heading", "body").min(), n=pl.len()).collect()


def _fault() -> pl.Expr:
    """Rule and finding of a judgement: the reader's own, else whether its query or passage is missing or ambiguous."""
    fault = pl.struct("rule", "found")
    is_readable = pl.col("rule").is_null()
    for role, file in (("corpus", "corpus.jsonl"), ("query", "queries.jsonl")):
        n_texts = pl.col(f"n_{role}")
        for condition, what in (
            (n_texts.is_null(), f"is not in {file}; wanted it there"),
            (n_texts > 1, f"stands in {file} with different texts; wanted one text"),
        ):
            found = pl.concat_str([pl.lit(f"the {role}-id '"), role, pl.lit(f"' {what}")])
            fault = pl.when(is_readable & condition).then(pl.struct(rule=pl.lit("dangling"), found=found)).otherwise(fault)
    return fault


def _label() -> pl.Expr:
    score = pl.col("score").cast(pl.Float64, strict=False)
    is_relevant = score.is_finite() & (score >= 1)
    return pl.when(is_relevant).then(pl.lit("1")).when(score == 0).then(pl.lit("0")).otherwise("score")
