"""The same deployments with PostgreSQL behind the server."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect_case import Site, free_port, wait_for

_DEBIAN = Path("/usr/lib/postgresql")


def program(name: str) -> str:
    found = shutil.which(name) or next((str(path) for path in sorted(_DEBIAN.glob(f"*/bin/{name}"), reverse=True)), None)
    if found is None:
        pytest.skip(f"PostgreSQL is not installed: no {name}")
    return found


@pytest.fixture
def postgres() -> Iterator[str]:
    """The address of an empty database in a folder of its own; PostgreSQL refuses to be root, so it runs as its own user."""
    server, maker, port = program("postgres"), program("initdb"), free_port()
    user = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="dataprep-postgres-", dir="/tmp"))  # a socket's path is short
    try:
        if user:
            shutil.chown(folder, "postgres", "postgres")
        data = str(folder / "data")
        made = subprocess.run(
            [*user, maker, "-D", data, "-U", "prefect", "-A", "trust", "-E", "UTF8"], capture_output=True, text=True, check=False
        )
        assert made.returncode == 0, made.stderr
        command = [*user, server, "-D", data, "-p", str(port), "-k", str(folder), "-c", "fsync=off"]
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("PostgreSQL", (folder / f".s.PGSQL.{port}").exists, 60)
        yield f"postgresql+asyncpg://prefect@127.0.0.1:{port}/postgres"
        running.terminate()
        running.wait(60)
    finally:
        shutil.rmtree(folder)


@pytest.mark.slow
def test_a_run_and_its_history_live_in_postgresql(postgres: str, tmp_path: Path) -> None:
    site = Site(tmp_path, extra={"PREFECT_SERVER_DATABASE_CONNECTION_URL": postgres})
    try:
        site.start_server()
        site.deploy()
        site.deploy()  # twice, as after an upgrade
        site.start_worker("prep")
        recipe = site.ask("GET", "/deployments/name/prepare/sample").json()["parameters"]["recipe"]
        run = site.ended(site.started("prepare/sample", {"recipe": recipe, "folder": str(tmp_path / "build")}))
        assert run["state"]["name"] == "Completed", site.log_of(run["id"])
        assert (tmp_path / "build" / "release" / "manifest.json").is_file()
        site.kill("server")
        site.start_server()
        assert [found["name"] for found in site.runs_of("prepare")] == ["prepare sample"]
        names = [found["name"] for found in site.ask("POST", "/automations/filter", {}).json()]
        assert len(names) == len(set(names)) == 2
        assert not list(site.home.rglob("prefect.db"))
    finally:
        site.stop()
