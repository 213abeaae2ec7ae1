"""A release whose files have another shape than they were written in is reported as broken: `check` neither fails nor calls it met."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from dataprep.io import read_json, write_json
from dataprep.releases import contracts

MANIFEST_KEYS = ("schema", "recipe", "recipe_sha256", "dataprep_version", "sources", "counts", "tables", "splits")


@pytest.fixture
def build(sound_build: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound_build, tmp_path / "build"))


def broken(path: Path) -> dict[str, contracts.Result]:
    return {result.name: result for result in contracts.check(path) if result.is_broken}


@pytest.mark.parametrize(
    ("contract", "file", "content"),
    [
        ("every file of a release is there and has its columns", "release/manifest.json", json.dumps({key: [] for key in MANIFEST_KEYS})),
        ("every file has the checksum and the rows of the manifest", "release/statistics/lengths.parquet", "PAR1"),
        ("the statistics are those of the release's tables", "release/statistics/lengths.json", "{}"),
        ("card and task class are what manifest and statistics say", "release/README.md", "\xff"),
        ("BEIR's files hold the rows of the tables", "release/corpus.jsonl", "{"),
        ("BEIR's files hold the rows of the tables", "release/qrels/test.tsv", ""),
        ("every row that was read ends exactly once", "ledger.parquet", ""),
        ("quality.json is what the build's tables give", "stages/ingest/origins.json", "{}"),
    ],
)
def test_a_file_that_cannot_be_read_breaks_its_contract(build: Path, contract: str, file: str, content: str) -> None:
    (build / file).write_bytes(content.encode("latin-1"))
    assert contract in broken(build)


def test_a_threshold_that_cannot_be_breaks_the_contract_that_needs_it(build: Path) -> None:
    path = build / "release/manifest.json"
    manifest = read_json(path)
    manifest["recipe"]["deduplicate"]["shingle_words"] = 0
    write_json(manifest, path)
    assert "no negative is a near-duplicate of a positive of its anchor" in broken(build)


@pytest.mark.parametrize("config", ["corpus", "queries"])
@pytest.mark.parametrize("n_null", [1, 5])
def test_texts_that_are_null_are_told_and_leave_the_leaks_to_be_looked_for(build: Path, config: str, n_null: int) -> None:
    path = build / f"release/data/{config}/{config}-00000-of-00001.parquet"
    pl.read_parquet(path).with_columns(pl.when(pl.int_range(pl.len()) >= n_null).then("text").alias("text")).write_parquet(path)
    found = broken(build)
    assert found["no text is empty and no title is null"].n_offenders == n_null
    assert not [name for name, result in found.items() if "trained on" in name and "fault" in result.sample.columns]
