"""Sources behind s3://, read from a real S3 server on loopback."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from bucket_case import served_bucket

from dataprep.errors import SourceMissingError
from dataprep.recipes.sources import Source
from dataprep.sources.read import read_source

SAMPLE = Path(__file__).parents[1] / "data/sample/pairs.tsv"
COLUMNS = {"id": "id", "question": "question", "passage": "passage", "label": "label"}


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """A bucket that holds the sample."""
    with served_bucket() as url:
        boto3.client("s3").upload_file(str(SAMPLE), "pairs", "raw/pairs.tsv")
        yield url


def source(path: str) -> Source:
    return Source.model_validate({"name": "sample", "kind": "tsv", "path": path, "columns": COLUMNS})


@pytest.mark.parametrize("pattern", ["raw/pairs.tsv", "raw/*.tsv"])
def test_a_source_in_a_bucket_gives_what_the_file_gives(bucket: str, pattern: str, tmp_path: Path) -> None:
    there = read_source(source(f"{bucket}/{pattern}"), folder=None, scratch=tmp_path / "there")
    here = read_source(source(str(SAMPLE)), folder=None, scratch=tmp_path / "here")
    assert there.origin == here.origin
    assert there.rows.collect().equals(here.rows.collect())
    assert there.rejected.collect().equals(here.rejected.collect())


def test_a_key_that_is_not_there_is_missing(bucket: str, tmp_path: Path) -> None:
    with pytest.raises(SourceMissingError, match="none"):
        read_source(source(f"{bucket}/raw/none.tsv"), folder=None, scratch=tmp_path)
