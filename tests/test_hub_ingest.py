"""Reading a source of kind "hub" with the real client: what is there, what is closed, what is missing, what has moved."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hub_clients import client, environment
from hub_faults import Fault
from hub_server import Server, serving
from hub_state import Blob, Repo

from dataprep.errors import RemoteError, SourceMissingError

# the shape of allegro/klej-dyk: one configuration, train and test as parquet, the label in `target`
COLUMNS = {"id": "q_id", "question": "question", "passage": "answer", "label": "target"}
ROWS = [
    ("train1", "Kto napisał Lalkę?", "Bolesław Prus napisał powieść Lalka.", 1),
    ("train2", "Ile nóg ma pająk?", "Giewont leży w Tatrach.", 0),
]
CARD = """---
language:
- pl
configs:
- config_name: default
  data_files:
  - {split: train, path: data/train-*}
  - {split: test, path: data/test-*}
---
"""


def parquet(rows: list[tuple[Any, ...]]) -> bytes:
    buffer = BytesIO()
    pl.DataFrame(rows, schema=["q_id", "question", "answer", "target"], orient="row").write_parquet(buffer)
    return buffer.getvalue()


def fill(repo: Repo) -> str:
    """Commit a card and two splits of one row each more."""
    head = repo.branches["main"]
    files = {"README.md": CARD.encode(), "data/train-00000.parquet": parquet(ROWS), "data/test-00000.parquet": parquet(ROWS[:1])}
    return repo.commit("main", repo.commits[head].tree | {path: Blob(data) for path, data in files.items()}, "data", "allegro", head)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("hub")) as running:
        fill(running.hub.repo("allegro/klej-dyk"))
        for name in ("acme/closed", "acme/gated"):
            fill(running.hub.repo(name))
        running.hub.repo("acme/closed").private = True
        running.hub.repo("acme/gated").gated = True
        yield running


@pytest.fixture(scope="module")
def reader(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessPoolExecutor]:
    with client(environment(server.url, tmp_path_factory.mktemp("eve"), token="hf_eve")) as pool:  # noqa: S106 - a made-up token
        yield pool


def read(scratch: Path, repo: str, **source: Any) -> tuple[str, list[tuple[Any, ...]]]:
    """Revision and rows of a source."""
    from dataprep.recipes.sources import Source  # noqa: PLC0415 - in the client's process
    from dataprep.sources import hub  # noqa: PLC0415
    from dataprep.sources.read import read_source  # noqa: PLC0415

    hub._TIMEOUT_S = 1.0
    section = Source.model_validate({"name": "dyk", "kind": "hub", "repo": repo, "columns": COLUMNS, **source})
    got = read_source(section, folder=None, scratch=scratch)
    return str(got.origin["revision"]), got.rows.select("source_key", "question", "passage", "label").collect().rows()


def test_a_dataset_is_read_at_the_commit_that_the_manifest_then_names(server: Server, reader: ProcessPoolExecutor, tmp_path: Path) -> None:
    revision, rows = reader.submit(read, tmp_path, "allegro/klej-dyk").result()
    assert revision == server.hub.repo("allegro/klej-dyk").branches["main"]
    assert rows == ROWS
    assert reader.submit(read, tmp_path / "test", "allegro/klej-dyk", split="test").result()[1] == ROWS[:1]


def test_a_revision_stays_what_it_was_when_the_branch_moves(server: Server, reader: ProcessPoolExecutor, tmp_path: Path) -> None:
    repo = server.hub.repo("acme/moving")
    first = fill(repo)
    repo.tags["v1"] = first
    repo.edit("data/train-00000.parquet", parquet(ROWS[:1]))
    assert reader.submit(read, tmp_path / "tag", "acme/moving", revision="v1").result() == (first, ROWS)
    assert reader.submit(read, tmp_path / "commit", "acme/moving", revision=first).result() == (first, ROWS)
    assert reader.submit(read, tmp_path / "head", "acme/moving").result() == (repo.branches["main"], ROWS[:1])


def test_a_private_dataset_is_read_by_its_owners_alone(server: Server, reader: ProcessPoolExecutor, tmp_path: Path) -> None:
    with client(environment(server.url, tmp_path / "alice")) as alice:
        assert alice.submit(read, tmp_path / "scratch", "acme/closed").result()[1] == ROWS
    with pytest.raises(SourceMissingError, match="no such dataset on the Hub, or it is private"):
        reader.submit(read, tmp_path, "acme/closed").result()


@pytest.mark.parametrize(
    ("repo", "source", "error", "said"),
    [
        ("acme/gated", {}, RemoteError, "the dataset is gated; ask for access on its page"),
        ("acme/nowhere", {}, SourceMissingError, "no such dataset on the Hub"),
        ("allegro/klej-dyk", {"split": "tset"}, SourceMissingError, r"split 'tset'.*\['test', 'train'\]|Available splits"),
        ("allegro/klej-dyk", {"config": "x"}, SourceMissingError, "config 'x'"),
        ("allegro/klej-dyk", {"revision": "v9"}, SourceMissingError, "no revision 'v9'"),
        ("allegro/klej-dyk", {"columns": {"passage": "text"}}, SourceMissingError, "no column 'text'"),
    ],
)
def test_what_is_missing_or_closed_is_said(
    reader: ProcessPoolExecutor, tmp_path: Path, repo: str, source: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        reader.submit(read, tmp_path, repo, **source).result()


def test_a_hub_that_is_busy_says_so(server: Server, reader: ProcessPoolExecutor, tmp_path: Path) -> None:
    server.faults.append(Fault("/revision/|/datasets/allegro", 503, "", 1000))
    with pytest.raises(RemoteError, match="the Hub refused or was out of reach"):
        reader.submit(read, tmp_path, "allegro/klej-dyk").result()
    server.faults.clear()


def test_a_hub_that_does_not_answer_is_not_waited_for(server: Server, reader: ProcessPoolExecutor, tmp_path: Path) -> None:
    fill(server.hub.repo("acme/silent"))
    server.faults.append(Fault("/tree/", "hang", "", 1000))
    with pytest.raises(RemoteError, match="the Hub refused or was out of reach"):
        reader.submit(read, tmp_path, "acme/silent").result()
    server.faults.clear()
    assert server.waited_for == []
