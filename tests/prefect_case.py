"""A Prefect server and workers as real processes on a free port, with their own database: what an operator runs."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

ROOT = Path(__file__).parent.parent
_START_S = 120


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def wait_for(what: str, happened: Callable[[], Any], timeout_s: float, poll_s: float = 0.1) -> Any:
    """The first true value of `happened`."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if found := happened():
            return found
        time.sleep(poll_s)
    raise TimeoutError(f"{what}: not within {timeout_s} s")


class Site:
    """An operator's machine: one server, workers, and a folder for all that they write."""

    def __init__(self, home: Path, extra: Mapping[str, str] | None = None, wrapper: tuple[str, ...] = ()) -> None:
        self.home, self.port, self.wrapper = home, free_port(), wrapper
        self.api = f"http://127.0.0.1:{self.port}/api"
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT")}
        self.environment = kept | {
            "PREFECT_API_URL": self.api,
            "PREFECT_HOME": str(home / "prefect"),
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "OMP_NUM_THREADS": "1",
            **(extra or {}),
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.groups: list[int] = []
        self.client = httpx.Client(base_url=self.api, timeout=30)

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """A request, again while the server says that its database is busy, as Prefect's own client does."""

        def answered() -> httpx.Response | None:
            answer = self.client.request(method, path, json=body)
            return answer if answer.status_code != 503 else None

        answer: httpx.Response = wait_for(path, answered, 60, 0.5)
        return answer

    def start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start `prefect ARGUMENTS` under a name, which replaces NAME in the wrapper, in a process group of its own."""
        with (self.home / f"{name}.log").open("ab") as log:
            command = [*(part.replace("NAME", name) for part in self.wrapper), sys.executable, "-m", "prefect", *arguments]
            process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True)
        self.processes[name] = process
        self.groups.append(process.pid)
        return process

    def start_server(self) -> None:
        self.start("server", "server", "start", "--port", str(self.port))
        wait_for("server", self.is_up, _START_S)

    def is_up(self) -> bool:
        try:
            return self.client.get("/health").status_code == 200
        except httpx.TransportError:
            return False

    def start_worker(self, pool: str) -> None:
        self.start(pool, "worker", "start", "--pool", pool)

    def kill(self, name: str) -> None:
        """SIGKILL to one process, as a crash or the out-of-memory killer does; its children stay."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> None:
        """End everything that was started here, children included."""
        self.client.close()
        for group in self.groups:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        for process in self.processes.values():
            process.wait()
        for pid in self.living():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def living(self) -> list[int]:
        """Processes of runs, which workers start in groups of their own: those with this server's address in their environment."""
        mark, found = f"PREFECT_API_URL={self.api}".encode(), []
        for environment in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                if mark in environment.read_bytes().split(b"\0"):
                    found.append(int(environment.parent.name))
        return found

    def deploy(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "flows.deploy", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def submit(self, deployment: str, parameters: Mapping[str, Any]) -> httpx.Response:
        flow, name = deployment.split("/")
        found = self.ask("GET", f"/deployments/name/{flow}/{name}").json()
        return self.ask("POST", f"/deployments/{found['id']}/create_flow_run", {"parameters": parameters})

    def started(self, deployment: str, parameters: Mapping[str, Any]) -> str:
        """The id of a new run."""
        answer = self.submit(deployment, parameters)
        assert answer.status_code == 201, answer.text
        return str(UUID(answer.json()["id"]))

    def run(self, run_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.ask("GET", f"/flow_runs/{run_id}").json()
        return answer

    def ended(self, run_id: str, *wanted: str, timeout_s: float = 240) -> dict[str, Any]:
        """The run once its state has one of the names."""
        names = wanted or ("Completed", "Failed", "Crashed", "Cancelled", "TimedOut")

        def found() -> dict[str, Any] | None:
            run = self.run(run_id)
            return run if run["state"]["name"] in names else None

        try:
            run: dict[str, Any] = wait_for(f"run {run_id} {names}", found, timeout_s, 0.5)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; it is {self.run(run_id)['state']}; {self.log_of(run_id)}") from error
        return run

    def log_of(self, run_id: str) -> str:
        lines = self.ask("POST", "/logs/filter", {"logs": {"flow_run_id": {"any_": [run_id]}}, "sort": "TIMESTAMP_ASC"}).json()
        return "\n".join(line["message"] for line in lines)

    def runs_of(self, flow: str) -> list[dict[str, Any]]:
        """All runs of a flow, oldest first."""
        found: list[dict[str, Any]] = self.ask(
            "POST", "/flow_runs/filter", {"flows": {"name": {"any_": [flow]}}, "sort": "START_TIME_ASC"}
        ).json()
        return found
