"""Sources behind s3://, read from a real S3 server on loopback."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from dataprep.errors import SourceMissingError
from dataprep.recipe import Source
from dataprep.sources.read import read_source

SAMPLE = Path(__file__).parents[1] / "data/sample/pairs.tsv"
COLUMNS = {"id": "id", "question": "question", "passage": "passage", "label": "label"}


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """A bucket `pairs` that holds the sample; fsspec finds its server through the environment, as with any other."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    server = subprocess.Popen([sys.executable, "-m", "moto.server", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with pytest.MonkeyPatch.context() as env:
        settings = {"ENDPOINT_URL": endpoint, "ACCESS_KEY_ID": "k", "SECRET_ACCESS_KEY": "s", "DEFAULT_REGION": "eu-west-1"}
        for name, value in settings.items():
            env.setenv(f"AWS_{name}", value)
        try:
            _wait_for(port)
            client = boto3.client("s3")
            client.create_bucket(Bucket="pairs", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
            client.upload_file(str(SAMPLE), "pairs", "raw/pairs.tsv")
            yield "s3://pairs"
        finally:
            server.kill()
            server.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the S3 server did not start within a minute")


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
