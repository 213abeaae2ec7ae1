"""Parts of a stage on a real Dask cluster: what comes out is the same for any engine, number of workers and shards."""

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest
from distributed import Client, LocalCluster

from dataprep import io
from dataprep.build import finish, opened
from dataprep.errors import RemoteError
from dataprep.parts import paths
from dataprep.pipeline import STAGES
from dataprep.recipes.recipe_file import load
from flows import engines

ROW_STAGES = ("ingest", "clean", "filter")
TABLES = {"ingest": ("rows", "events"), "clean": ("rows", "events"), "filter": ("rows", "events", "measures")}


def carried_out(folder: Path, **run: object) -> Path:
    """The stages that work part by part, on the sample."""
    recipe = load("sample", [f"run.{key}={value!r}".replace("'", '"') for key, value in run.items()])
    with opened(folder, recipe) as build:
        for name in ROW_STAGES:
            with engines.spread(recipe.run, stage=name) as each:
                finish(STAGES[name], build, each)
    return folder


def digests(folder: Path) -> dict[str, str]:
    stages = folder / "stages"
    return {str(path.relative_to(stages)): io.file_sha256(path) for path in io.files_below(stages) if path.name != "stage.json"}


@contextmanager
def cluster(n_workers: int) -> Iterator[Client]:
    """Worker processes of their own; without a dashboard, which a test has no use for."""
    with (
        LocalCluster(n_workers=n_workers, threads_per_worker=1, dashboard_address=None, memory_limit=0) as workers,
        Client(workers, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def in_this_process(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return carried_out(tmp_path_factory.mktemp("local") / "build", shards=5)


def test_the_number_of_shards_does_not_show(in_this_process: Path, tmp_path: Path) -> None:
    whole = carried_out(tmp_path / "build", shards=1)
    assert len(paths(in_this_process / "stages/clean/rows.parquet")) == 5
    for stage, names in TABLES.items():
        for name in names:
            one, five = (pl.read_parquet(place / "stages" / stage / f"{name}.parquet") for place in (whole, in_this_process))
            assert one.equals(five), (stage, name)


class _KillWorker(logging.Handler):
    """Kills one worker process when the first part is done."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self.client, self.killed = client, 0

    def emit(self, record: logging.LogRecord) -> None:
        if not self.killed and getattr(record, "state", None) == "progress":
            (pid, *_) = self.client.run(os.getpid).values()
            os.kill(pid, signal.SIGKILL)
            self.killed = pid


def test_a_cluster_that_loses_a_worker_writes_the_same_bytes(
    in_this_process: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with cluster(2) as client, caplog.at_level(logging.INFO, logger="dataprep"):
        killer = _KillWorker(client)
        logging.getLogger("dataprep").addHandler(killer)
        try:
            spread = carried_out(tmp_path / "build", shards=5, engine="dask", address=str(client.scheduler_info()["address"]))
        finally:
            logging.getLogger("dataprep").removeHandler(killer)
    assert killer.killed
    assert digests(spread) == digests(in_this_process)


def test_a_cluster_out_of_reach_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_TIMEOUT_S", 1)
    with pytest.raises(RemoteError, match=r"scheduler at tcp://127\.0\.0\.1:9 does not answer"):
        carried_out(tmp_path / "build", engine="dask", address="tcp://127.0.0.1:9")
