"""Nothing leaves the machine: every connection attempt of server, worker and flow is watched by the kernel."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from prefect_case import Site

_ADDRESS = re.compile(r'sin_addr=inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
_WATCHED = "trace=connect,sendto,sendmsg,sendmmsg"


def outside(trace: str) -> list[str]:
    """The calls of a trace that name an address off this machine."""
    named = [(line, found[1] or found[2]) for line in trace.splitlines() if (found := _ADDRESS.search(line))]
    return [line for line, address in named if not address.startswith("127.") and address not in {"::1", "::ffff:127.0.0.1"}]


@pytest.fixture
def strace(tmp_path: Path) -> tuple[str, ...]:
    program = shutil.which("strace")
    if program is None:
        pytest.skip("strace is not installed")
    tried = subprocess.run([program, "-f", "-o", str(tmp_path / "tried"), "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("this machine does not let processes be traced")
    return (program, "-f", "-qq", "--seccomp-bpf", "-s", "64", "-e", _WATCHED, "-o", str(tmp_path / "NAME.strace"))


def test_the_watch_sees_an_attempt_and_lets_loopback_be() -> None:
    away = '12 connect(5, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("192.0.2.1")}, 16) = 0'
    home = '12 connect(5, {sa_family=AF_INET, sin_port=htons(42), sin_addr=inet_addr("127.0.0.1")}, 16) = 0'
    away6 = '12 connect(5, {sa_family=AF_INET6, sin6_port=htons(443), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr)}, 28) = -1'
    assert outside(f"{away}\n{home}\n{away6}") == [away, away6]


@pytest.mark.slow
def test_a_whole_run_with_server_and_workers_tries_no_address_off_this_machine(strace: tuple[str, ...], tmp_path: Path) -> None:
    site = Site(tmp_path, wrapper=strace)
    try:
        site.start_server()
        site.deploy()
        for pool in ("prep", "train"):
            site.start_worker(pool)
        recipe = site.ask("GET", "/deployments/name/release/sample").json()["parameters"]["recipe"]
        recipe |= {"publish": {"to": [str(tmp_path / "out")]}, "train": {"epochs": 1}}
        run = site.ended(site.started("release/sample", {"recipe": recipe, "folder": str(tmp_path / "build")}), timeout_s=500)
        assert run["state"]["name"] == "Completed", site.log_of(run["id"])
    finally:
        site.stop()
    traces = {path.name: path.read_text(encoding="utf-8", errors="replace") for path in tmp_path.glob("*.strace")}
    assert set(traces) == {"server.strace", "prep.strace", "train.strace"}
    assert all("127.0.0.1" in traces[f"{pool}.strace"] for pool in ("prep", "train"))
    assert "sendto(" in traces["server.strace"]
    assert {name: outside(trace)[:5] for name, trace in traces.items()} == {name: [] for name in traces}
