"""What every test shares: no network, no telemetry, quiet libraries."""

import gc
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import hypothesis
import pytest
import release_case
from browser_case import opened_browser
from hub_clients import client, environment
from hub_server import Server, serving
from prefect_case import Site
from workers import WholeFiles, place

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

hypothesis.settings.register_profile("patient", deadline=None)  # laws are no benchmarks, and machines are shared
hypothesis.settings.load_profile("patient")

ROOT = Path(__file__).parent.parent


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """What test is whose with `--dist loadfile`."""
    return WholeFiles(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first."""
    items.sort(key=place)


def pytest_collection_finish() -> None:
    """What all test files import is spared the garbage collector: every training of a test looks through it, for half a second."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def sound_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small build that meets every contract; whoever changes one takes a copy."""
    return release_case.write_build(tmp_path_factory.mktemp("sound") / "build")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real data; tests that need it are skipped, with the reason, where it is missing."""
    folder = Path(os.environ.get("DATAPREP_REAL_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no real data: DATAPREP_REAL_DATA names no folder")
    return folder


JUDGED = ("train.epochs=1", 'train.query_prompt="zapytanie: "')


@pytest.fixture(scope="session")
def judged_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A judged build of the sample, made once for all of xdist's workers; a test that changes it copies it."""
    from dataprep.build import finish, opened  # noqa: PLC0415
    from dataprep.pipeline import FINE_TUNE, PREPARE, STAGES  # noqa: PLC0415
    from dataprep.recipes.recipe_file import load  # noqa: PLC0415

    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    with opened(shared / "judged_sample", load("sample", JUDGED), wait_s=600) as build:
        for name in (*PREPARE, *FINE_TUNE):
            finish(STAGES[name], build)
    return build.folder


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A real headless Chromium; tests that need it are skipped, with the reason, where it is missing."""
    yield from opened_browser(tmp_path_factory.mktemp("profile"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A test Hub, which wants what is larger than 60 kB in parts."""
    with serving(tmp_path_factory.mktemp("hub")) as running:
        running.hub.multipart_bytes, running.hub.part_bytes = 60_000, 25_000
        yield running


@pytest.fixture(scope="module")
def alice(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessPoolExecutor]:
    """Her process, with the real client in it."""
    with client(environment(server.url, tmp_path_factory.mktemp("alice"))) as pool:
        yield pool


@pytest.fixture
def _quiet_hub(server: Server) -> Iterator[None]:
    """After a test the faults and the log are gone, and no client waited longer than it was told to."""
    yield
    server.faults.clear()
    server.log.clear()
    assert server.waited_for == []


@pytest.fixture(scope="session")
def prefect() -> Iterator[None]:
    """A real Prefect server for the whole session, on a database of its own."""
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, PREFECT_LOGGING_LEVEL, temporary_settings  # noqa: PLC0415 - slow
    from prefect.testing.utilities import prefect_test_harness  # noqa: PLC0415

    with warnings.catch_warnings(), prefect_test_harness(server_startup_timeout=90):
        warnings.simplefilter("ignore")
        with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None, PREFECT_LOGGING_LEVEL: "CRITICAL"}):
            yield


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An operator's server with a worker in each pool and the sample's deployments."""
    running = Site(tmp_path_factory.mktemp("site"))
    try:
        running.start_server()
        running.deploy()
        for pool in ("prep", "train"):
            running.start_worker(pool)
        yield running
    finally:
        running.stop()


class Outcome(NamedTuple):
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str


@pytest.fixture
def dataprep(prefect: None, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:  # noqa: ARG001 - the server must run
    """The command in this process, as the console script calls it, against the session's server."""
    from flows.cli import main  # noqa: PLC0415

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["dataprep", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        printed = capfd.readouterr()
        return Outcome(code, printed.out, printed.err)

    return run
