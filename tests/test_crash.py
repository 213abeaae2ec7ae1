"""SIGKILL to the flow, the worker or the server at seeded moments: a rerun gives the same release, published once, and nothing is left.

Moments are counted from the second in which the flow takes hold of its folder, for before it nothing can be lost.
"""

import errno
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from forked import PROCESSES
from hub_clients import environment
from hub_server import Server, serving
from prefect_case import Site, wait_for

from dataprep import io
from dataprep.build import finish, opened
from dataprep.pipeline import PREPARE, STAGES
from dataprep.recipes import recipe_file
from dataprep.recipes.recipe import Recipe
from dataprep.recipes.recipe_file import load

_QUESTION = "q{n}\tKto napisał poemat numer {n} o rzece {river}?"
_ROW = _QUESTION + "\tPoemat numer {n} o rzece {river} napisał w roku {year} znany polski poeta z Krakowa.\t{label}\n"
_RIVERS = ("Wisła", "Odra", "Warta", "Bug", "Narew", "San", "Noteć")


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    """A few dozen rows, so that a kill costs a second."""
    folder = tmp_path_factory.mktemp("rows")
    rows = [_ROW.format(n=n, river=_RIVERS[n % 7], year=1800 + n, label=int(n % 3 > 0)) for n in range(60)]
    (folder / "rows.tsv").write_text("id\tquestion\tpassage\tlabel\n" + "".join(rows), encoding="utf-8")
    columns = '{ id = "id", question = "question", passage = "passage", label = "label" }'
    (folder / "r.toml").write_text(
        f'name = "crash"\n[[sources]]\nname = "s"\nkind = "tsv"\npath = "rows.tsv"\ncolumns = {columns}\n', encoding="utf-8"
    )
    return load(str(folder / "r.toml"))


@pytest.fixture(scope="module")
def undisturbed(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The release's bytes where nothing was killed."""
    return _undisturbed(recipe, tmp_path_factory.mktemp("undisturbed"))


def _undisturbed(recipe: Recipe, folder: Path) -> dict[str, str]:
    with opened(folder, recipe) as build:
        for name in PREPARE:
            finish(STAGES[name], build)
    return digests(folder)


def digests(build: Path) -> dict[str, str]:
    files = [*io.files_below(build / "release"), build / "ledger.parquet"]
    return {str(path.relative_to(build)): io.file_sha256(path) for path in files}


def leftovers(build: Path) -> list[str]:
    """What a killed run left half written."""
    hidden = [path.name for path in build.iterdir() if path.name.startswith(".") and path.name not in {".lock", ".scratch"}]
    return hidden + [path.name for path in (build / ".scratch").glob("*")]


def _prepare_and_publish(recipe: str, build: str, api: str, home: str, hub: dict[str, str]) -> None:
    """The flows in a process of their own, against a server and the test Hub."""
    os.environ |= {"PREFECT_HOME": home, **hub}
    from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings  # noqa: PLC0415 - in the child

    from flows.prepare import prepare  # noqa: PLC0415
    from flows.publish import publish  # noqa: PLC0415
    from flows.waiting import wait_for_server  # noqa: PLC0415

    made = Recipe.model_validate_json(recipe)
    with temporary_settings({PREFECT_API_URL: api, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        prepare(made, Path(build))
        if made.publish.to:
            wait_for_server()
            publish(made, Path(build))


def run(recipe: Recipe, build: Path, site: Site, hub: dict[str, str] | None = None) -> Any:
    arguments = (recipe.model_dump_json(), str(build), site.api, str(site.home / "prefect"), hub or {})
    process = PROCESSES.Process(target=_prepare_and_publish, args=arguments)
    process.start()
    return process


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture
def published(recipe: Recipe, hub: Server, undisturbed: dict[str, str], tmp_path: Path) -> Iterator["Published"]:
    """A recipe that is published, and afterwards the proof that it was published once."""
    name = f"alice/{tmp_path.name}"
    settings = recipe.publish.model_copy(update={"to": (f"hf://datasets/{name}",), "what": ("dataset",), "tag": "v1"})
    yield Published(recipe.model_copy(update={"publish": settings}), environment(hub.url, tmp_path / "home"))
    repo = hub.hub.repo(name)
    assert [commit.id for commit in repo.history()] == list(repo.tags.values())
    sent = {f"release/{path}": sha256(data).hexdigest() for path, data in hub.contents(repo).items() if path != "README.md"}
    assert sent == {path: digest for path, digest in undisturbed.items() if path.startswith("release/") and not path.endswith("/README.md")}
    assert loaders(hub) == []


class Published(NamedTuple):
    """A recipe with a target, and the environment in which the Hub's client finds the test Hub."""

    recipe: Recipe
    hub: dict[str, str]


def loaders(hub: Server) -> list[int]:
    """Processes that load what was published, and outlive a publisher that was killed."""
    mark, found = f"HF_ENDPOINT={hub.url}".encode(), []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark in environ.read_bytes().split(b"\0") and b"hub.loading" in environ.with_name("cmdline").read_bytes():
                found.append(int(environ.parent.name))
    return found


def is_held_or_over(build: Path, process: Any) -> bool:
    return (build / ".holder").is_file() or not process.is_alive()


def finished(recipe: Recipe, build: Path, site: Site, hub: dict[str, str] | None = None) -> None:
    process = run(recipe, build, site, hub)
    process.join(240)
    assert process.exitcode == 0


@pytest.fixture(scope="module")
def seconds_held(recipe: Recipe, site: Site, tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long an undisturbed flow holds its folder."""
    return _seconds(recipe, tmp_path_factory.mktemp("timed") / "build", site, {})


@pytest.fixture(scope="module")
def seconds_published(recipe: Recipe, site: Site, hub: Server, tmp_path_factory: pytest.TempPathFactory) -> float:
    """The same of one that publishes too."""
    folder = tmp_path_factory.mktemp("timed")
    settings = recipe.publish.model_copy(update={"to": ("hf://datasets/alice/timed",), "what": ("dataset",)})
    return _seconds(recipe.model_copy(update={"publish": settings}), folder / "build", site, environment(hub.url, folder))


def _seconds(recipe: Recipe, build: Path, site: Site, hub: dict[str, str]) -> float:
    process = run(recipe, build, site, hub)
    wait_for("the flow", lambda: is_held_or_over(build, process), 120, 0.01)
    start = time.monotonic()
    process.join(240)
    assert process.exitcode == 0
    return time.monotonic() - start


def moments(name: str, count: int, seconds: float) -> Iterator[float]:
    seeded = random.Random(name)
    return (seeded.uniform(0, seconds) for _ in range(count))


def kill_flows(recipe: Recipe, build: Path, site: Site, shares: Iterator[float], seconds: float, hub: dict[str, str] | None = None) -> int:
    """Kill one run after the other on one folder; the number of those that were still alive.

    The moments are shares of what a run takes: `seconds`, or as long as the last one that was over before its moment came,
    for a run that finds stages finished is shorter.
    """
    n_killed = 0
    for share in shares:
        process = run(recipe, build, site, hub)
        wait_for("the flow", lambda running=process: is_held_or_over(build, running), 120, 0.01)
        begun = time.monotonic()
        process.join(share * seconds)
        if process.is_alive():
            n_killed += 1
        else:
            seconds = time.monotonic() - begun
        process.kill()
        process.join()
    return n_killed


@pytest.mark.parametrize(("kills", "seed"), [(6, "a"), *(pytest.param(7, seed, marks=pytest.mark.slow) for seed in "bcdefghi")])
def test_a_killed_flow_goes_on_to_the_same_bytes(
    kills: int, seed: str, published: Published, undisturbed: dict[str, str], seconds_published: float, site: Site, tmp_path: Path
) -> None:
    build = tmp_path / "build"
    shares = moments(f"flow {seed}", kills, 1)
    assert kill_flows(published.recipe, build, site, shares, seconds_published, published.hub) >= kills // 2
    finished(published.recipe, build, site, published.hub)
    assert digests(build) == undisturbed
    assert leftovers(build) == []


@pytest.mark.parametrize("seed", ["a", "b", *(pytest.param(str(n), marks=pytest.mark.slow) for n in range(15))])
def test_a_flow_outlives_a_killed_server(
    seed: str, published: Published, undisturbed: dict[str, str], seconds_published: float, site: Site, tmp_path: Path
) -> None:
    build = tmp_path / "build"
    process = run(published.recipe, build, site, published.hub)
    wait_for("the flow", lambda: is_held_or_over(build, process), 120, 0.01)
    time.sleep(next(moments(f"server {seed}", 1, seconds_published)))
    site.kill("server")
    site.start_server()
    process.join(240)
    assert process.exitcode == 0
    assert digests(build) == undisturbed
    assert leftovers(build) == []


@pytest.mark.parametrize("seed", ["a", "b", *(pytest.param(str(n), marks=pytest.mark.slow) for n in range(17))])
def test_a_run_outlives_its_killed_worker_and_the_next_worker_takes_the_next_run(
    seed: str, recipe: Recipe, undisturbed: dict[str, str], seconds_held: float, site: Site, tmp_path: Path
) -> None:
    """Every second time the flow dies with its worker, as when the power fails."""
    build, takes_the_flow_along = tmp_path / "build", seed in "b13579"
    parameters = {"recipe": recipe.model_dump(mode="json"), "folder": str(build)}
    run_id = site.started("prepare/sample", parameters)
    wait_for("the flow", (build / ".holder").is_file, 120, 0.01)
    flow = int(re.findall(r"\d+", (build / ".holder").read_text(encoding="utf-8"))[0])
    time.sleep(next(moments(f"worker {seed}", 1, seconds_held)))
    site.kill("prep")
    if takes_the_flow_along and Path(f"/proc/{flow}").exists():
        os.kill(flow, signal.SIGKILL)
    site.start_worker("prep")
    wait_for("the end of the flow's process", lambda: not Path(f"/proc/{flow}").exists(), 120)
    if site.run(run_id)["state"]["name"] == "Running":  # the watch over dead runs would do it after 90 seconds
        site.ask("POST", f"/flow_runs/{run_id}/set_state", {"state": {"type": "CRASHED"}, "force": True})
    again = site.ended(site.started("prepare/sample", parameters))
    assert again["state"]["name"] == "Completed", site.log_of(again["id"])
    assert digests(build) == undisturbed
    assert leftovers(build) == []


@pytest.mark.slow
def test_the_whole_sample_killed_in_turn_gives_the_same_bytes(site: Site, tmp_path: Path) -> None:
    sample, build = load("sample"), tmp_path / "build"
    expected = _undisturbed(sample, tmp_path / "undisturbed")
    assert kill_flows(sample, build, site, moments("sample", 10, 1), 3.0) >= 5
    finished(sample, build, site)
    assert digests(build) == expected


@pytest.mark.slow
def test_a_run_without_a_heartbeat_is_marked_as_crashed_and_frees_its_place(site: Site, recipe: Recipe, tmp_path: Path) -> None:
    """Flow and worker die in training, which goes on for ever; the deployment's one place is taken until then."""
    build = tmp_path / "build"
    endless = recipe.model_copy(update={"train": recipe.train.model_copy(update={"epochs": 1_000_000})})
    finished(endless, build, site)
    run_id = site.started("fine-tune/sample", {"folder": str(build)})
    wait_for("training", (build / ".holder").is_file, 120)
    flow = int(re.findall(r"\d+", (build / ".holder").read_text(encoding="utf-8"))[0])
    time.sleep(35)  # a heartbeat has been sent
    site.kill("train")
    os.kill(flow, signal.SIGKILL)
    site.start_worker("train")
    run = site.ended(run_id, timeout_s=300)
    assert run["state"]["name"] == "Crashed"
    assert "No heartbeat" in run["state"]["message"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[tuple[Path, Callable[[int], None]]]:
    """A file system of its own, and how to make it larger, in KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()

    def sized(kib: int, how: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(["mount", "-t", "tmpfs", "-o", f"{how}size={kib}k", "tmpfs", str(disk)], capture_output=True, check=False)

    if shutil.which("mount") is None or sized(64, "").returncode:
        pytest.skip("this user may not mount a file system")
    try:
        yield disk, lambda kib: sized(kib, "remount,").check_returncode()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_disk_that_is_full_again_and_again_leaves_whole_stages(
    recipe: Recipe, undisturbed: dict[str, str], small_disk: tuple[Path, Callable[[int], None]]
) -> None:
    disk, enlarge = small_disk
    n_full = 0
    for kib in range(100, 20_000, 100):
        enlarge(kib)
        try:
            found = _undisturbed(recipe, disk / "build")
        except OSError as error:
            assert error.errno == errno.ENOSPC  # noqa: PT017 - it may also succeed
            n_full += 1
        else:
            break
    assert n_full > 3
    assert found == undisturbed
    assert leftovers(disk / "build") == []


def test_a_run_that_is_interrupted_goes_on_to_the_same_bytes(recipe: Recipe, undisturbed: dict[str, str], tmp_path: Path) -> None:
    io.write_text(recipe_file.dump(recipe), tmp_path / "r.toml")
    command = [sys.executable, "-m", "flows.cli", "run", str(tmp_path / "r.toml"), "--until", "release", "--build", str(tmp_path / "build")]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    codes = []
    for stage in ("split", None):
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        if stage:
            done = tmp_path / "build" / "stages" / stage / "stage.json"
            wait_for(stage, lambda done=done: done.is_file(), 120, 0.005)
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does it
        codes.append(process.wait(120))
    assert codes == [130, 0]
    assert digests(tmp_path / "build") == undisturbed
    assert leftovers(tmp_path / "build") == []
