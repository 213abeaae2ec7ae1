"""The Hub: out of reach, offline with and without a local copy. Each in a process of its own, for the client reads its settings once."""

import os
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from dataprep.errors import RemoteError, SourceMissingError
from dataprep.sources import hub

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PROGRAM = """
import sys
from pathlib import Path
from dataprep import errors
from dataprep.recipes.sources import Source
from dataprep.sources.read import read_source
for source in sys.argv[2:]:
    section = Source.model_validate_json(source)
    try:
        got = read_source(section, folder=None, scratch=Path(sys.argv[1]))
    except errors.DataprepError as error:
        print(f"{type(error).__name__}: {error}", end="\\x1e")
    else:
        rows = sorted(got.rows.select("source_key", "question", "passage", "label").collect().rows())
        print(got.origin["revision"], got.origin["files"], rows, end="\\x1e")
"""


def read(folder: Path, *sources: str, **environment: str) -> list[str]:
    """What reading sources of the dataset acme/pairs gives, or the error that it raises."""
    settings = {**os.environ, "HF_HOME": str(folder / "home"), "HF_HUB_DISABLE_TELEMETRY": "1", **environment}
    sections = [f'{{"name": "s", "kind": "hub", "repo": "acme/pairs"{source}}}' for source in sources]
    command = [sys.executable, "-c", PROGRAM, str(folder / "scratch"), *sections]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    return done.stdout.split("\x1e")[:-1]


@pytest.fixture
def cached(tmp_path: Path) -> Path:
    """A folder whose local cache holds one dataset."""
    repo = tmp_path / "home" / "hub" / "datasets--acme--pairs"
    data = repo / "snapshots" / COMMIT / "data"
    data.mkdir(parents=True)
    pl.DataFrame({"q": ["Kto?", "Co?"], "answer": ["On.", "To."], "target": [1, 0]}).write_parquet(data / "train-00000-of-00001.parquet")
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text(COMMIT)
    return tmp_path


def test_a_hub_out_of_reach_is_said_within_30_seconds_and_how_to_work_without_it(tmp_path: Path) -> None:
    start = time.monotonic()
    (said,) = read(tmp_path, "", HF_ENDPOINT="http://127.0.0.1:9", HF_HUB_OFFLINE="0")
    assert time.monotonic() - start < 30
    assert said.startswith("RemoteError: acme/pairs: the Hub refused or was out of reach: ConnectError")
    assert "HF_HUB_OFFLINE=1" in said
    assert "hf download" in said
    assert "`path`" in said


def test_offline_the_local_copy_is_read_and_what_it_lacks_is_said_with_what_is_there(cached: Path) -> None:
    right = ', "columns": {"question": "q", "passage": "answer", "label": "target"}'
    no_column, no_split, no_config = ', "columns": {"passage": "answer"}', ', "split": "tset"', ', "config": "x"'
    said = read(cached, right, no_column, no_split, no_config, ', "revision": "v1"', HF_HUB_OFFLINE="1")
    assert said[0] == f"{COMMIT} [] [('acme/pairs:1', 'Kto?', 'On.', 1), ('acme/pairs:2', 'Co?', 'To.', 0)]"
    start = "SourceMissingError: acme/pairs: "
    assert said[1].startswith(f"{start}no column 'question' for the question; found the columns 'q', 'answer', 'target'")
    assert said[2] == f"{start}config None, split 'tset': Bad split: tset. Available splits: ['train']"
    assert said[3].startswith(f"{start}config 'x', split 'train': BuilderConfig 'x' not found. Available: ['default']")
    assert said[4].startswith("RemoteError: acme/pairs: HF_HUB_OFFLINE is set and the local cache has no copy")
    assert "hf download --repo-type dataset acme/pairs --revision v1" in said[4]


def test_a_broken_file_on_the_hub_is_said(cached: Path) -> None:
    (path,) = cached.rglob("*.parquet")
    path.write_bytes(path.read_bytes()[:100])
    (said,) = read(cached, "", HF_HUB_OFFLINE="1")
    assert said.startswith("DataError: acme/pairs")


def test_what_the_client_raises_becomes_an_error_that_says_what_to_do() -> None:
    import httpx2  # noqa: PLC0415 - the client's own
    from huggingface_hub import errors  # noqa: PLC0415 - start-up time

    answer = httpx2.Response(403, request=httpx2.Request("GET", "http://hub"))
    for raised, becomes, said in (
        (errors.GatedRepoError("", response=answer), RemoteError, "gated; ask for access"),
        (errors.RepositoryNotFoundError("", response=answer), SourceMissingError, "no such dataset on the Hub, or it is private"),
        (errors.RevisionNotFoundError("", response=answer), SourceMissingError, "no revision 'v1'"),
        (errors.HFValidationError("bad name"), SourceMissingError, "no such dataset on the Hub"),
        (errors.HfHubHTTPError("Invalid credentials", response=answer), RemoteError, "Invalid credentials"),
        (httpx2.ReadTimeout("slow"), RemoteError, "ReadTimeout"),
        (ConnectionResetError("reset"), RemoteError, "ConnectionResetError"),
    ):
        with pytest.raises(becomes, match=said), hub._explained("acme/pairs", "v1"):
            raise raised
