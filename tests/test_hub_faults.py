"""Publishing to the Hub through random failures, races, kills and thousands of files: always one commit and its tag, or nothing."""

import os
import random
import signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import hub_clients
import pytest
from hub_clients import FILES, NEXT, client, environment, publish_files
from hub_faults import random_faults
from hub_server import Server

from dataprep.errors import RemoteError

TIMEOUT_S = 0.5

pytestmark = pytest.mark.usefixtures("_quiet_hub")


def after_faults(server: Server, pool: ProcessPoolExecutor, seed: int) -> None:
    """One schedule: exactly one commit and a right tag or no change; then a run that mends, then one that does nothing."""
    name = f"alice/faults-{seed}-{len(server.hub.repos)}"
    target, repo_key = f"hf://datasets/{name}", ("dataset", name)
    in_parts = random.Random(seed).randbytes(100_000)
    contents = {**FILES, "seed.txt": str(seed).encode(), "data/seed.parquet": b"PAR1\0%d" % seed, "data/large.parquet": in_parts}
    server.faults[:] = random_faults(seed)
    told = [(fault.path, fault.how, fault.times) for fault in server.faults]
    try:
        pool.submit(publish_files, target, contents, tag="v1", timeout_s=TIMEOUT_S).result()
    except RemoteError:
        repo = server.hub.repos.get(repo_key)
        assert repo is None or (repo.history() == [] and repo.tags == {}), told
    else:
        repo = server.hub.repos[repo_key]
        assert [made.id for made in repo.history()] == list(repo.tags.values()), told
    server.faults.clear()
    commit, *_ = pool.submit(publish_files, target, contents, tag="v1").result()
    assert pool.submit(publish_files, target, contents, tag="v1").result()[::2] == (commit, False), told
    repo = server.hub.repos[repo_key]
    assert [made.id for made in repo.history()] == [commit] == list(repo.tags.values()), told
    assert server.contents(repo) == contents, told


@pytest.mark.parametrize("seeds", [range(start, start + 20) for start in range(0, 60, 20)], ids=str)
def test_random_failures_leave_one_commit_and_its_tag_or_nothing(server: Server, alice: ProcessPoolExecutor, seeds: range) -> None:
    for seed in seeds:
        after_faults(server, alice, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [range(start, start + 40) for start in range(60, 460, 40)], ids=str)
def test_more_random_failures(server: Server, alice: ProcessPoolExecutor, seeds: range) -> None:
    for seed in seeds:
        after_faults(server, alice, seed)


@pytest.mark.slow
def test_random_failures_with_xet(server: Server, tmp_path: Path) -> None:
    with client(environment(server.url, tmp_path, xet=True)) as pool:
        for seed in range(460, 500):
            after_faults(server, pool, seed)


@pytest.mark.parametrize("rounds", [3, pytest.param(30, marks=pytest.mark.slow)])
def test_of_two_publishers_one_wins_and_the_other_is_equal_or_diverged(
    server: Server, alice: ProcessPoolExecutor, tmp_path: Path, rounds: int
) -> None:
    with client(environment(server.url, tmp_path, token="hf_carol")) as carol:  # noqa: S106 - a made-up token
        for n in range(rounds):
            target, repo = f"hf://datasets/acme/race-{rounds}-{n}", server.hub.repo(f"acme/race-{rounds}-{n}")
            theirs = NEXT if n % 3 else FILES
            runs = [alice.submit(publish_files, target, FILES, tag="a"), carol.submit(publish_files, target, theirs, tag="b")]
            failures = [str(error) for run in runs if (error := run.exception())]
            assert all("diverged" in failure for failure in failures)
            assert len(failures) < 2
            assert server.contents(repo) in (FILES, theirs)
            if theirs == FILES:
                assert not failures
                assert len(repo.history()) == 1


def kill_at(server: Server, tmp_path: Path, moment: int, *, before: bool) -> None:
    """Kill a publisher when the server meets its n-th request, carried out or not; then publish again."""
    name = f"alice/killed-{moment}-{before}"
    contents = {**FILES, "moment.parquet": random.Random(f"{moment} {before}").randbytes(100_000)}
    settings = environment(server.url, tmp_path)
    arguments = (settings, f"hf://datasets/{name}", contents, "v1")
    process = get_context("spawn").Process(target=hub_clients.publish_and_die, args=arguments)
    server.log.clear()

    def kill(number: int, _method: str, _path: str) -> None:
        if number >= moment and process.pid:
            os.kill(process.pid, signal.SIGKILL)

    server.before, server.after = (kill, server.after) if before else (server.before, kill)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    server.before = server.after = lambda *_: None
    with client(settings) as pool:
        commit, *_ = pool.submit(publish_files, f"hf://datasets/{name}", contents, tag="v1").result()
    repo = server.hub.repo(name)
    assert [made.id for made in repo.history()] == [commit] == list(repo.tags.values())
    assert server.contents(repo) == contents


@pytest.mark.parametrize(("moment", "before"), [(15, False), (20, True), (20, False)])
def test_a_killed_publisher_is_followed_by_one_that_finishes(server: Server, tmp_path: Path, moment: int, *, before: bool) -> None:
    kill_at(server, tmp_path, moment, before=before)


@pytest.mark.slow
def test_publishers_killed_at_thirty_random_moments(server: Server, tmp_path: Path) -> None:
    rng = random.Random(6)  # a publication of these files is 21 or 22 requests
    for moment, before in rng.sample([(n, b) for n in range(1, 21) for b in (False, True)], 30):
        kill_at(server, tmp_path, moment, before=before)


@pytest.mark.slow
@pytest.mark.parametrize("xet", [False, True])
def test_two_thousand_files_and_a_large_one_are_one_commit_in_little_memory(server: Server, tmp_path: Path, *, xet: bool) -> None:
    hub_clients.write_many(tmp_path / "release")
    server.hub.multipart_bytes, server.hub.part_bytes = 20_000_000, 8_000_000
    name = f"alice/large-{xet}"
    with client(environment(server.url, tmp_path / "home", xet=xet)) as pool:
        commit, peak = pool.submit(hub_clients.publish_folder, f"hf://datasets/{name}", tmp_path / "release", tag="v1").result()
    repo = server.hub.repo(name)
    assert [made.id for made in repo.history()] == [commit]
    assert len(repo.resolve("v1").tree) == 2002
    assert peak < 500_000_000
