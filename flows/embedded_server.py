"""Prefect for a single run on one machine: its own server inside this process's life, silent and off the network."""

import atexit
import ctypes
import gc
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from dataprep.errors import RemoteError

_START_TIMEOUT_S = 90

_SETTINGS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
}


@contextmanager
def embedded_server() -> Iterator[Callable[[], None]]:
    """A server for this process's life, unless one is named already by PREFECT_API_URL or by settings in force.

    Must be entered before prefect is imported, which reads the environment once. The server is started as a
    process of its own at once and starts while this one imports what it needs: Prefect's own way starts it only
    when the first flow asks for it, and imports the whole server into this process too.

    Yields:
        A function that waits until the server is up, to be called before the first flow; it raises RemoteError
        if the server does not come up.
    """
    home = _home()
    own = {"PREFECT_HOME": str(home / "prefect"), "MPLCONFIGDIR": str(home / "matplotlib")}
    for name, value in {**_SETTINGS, **own}.items():
        os.environ.setdefault(name, value)
    server = None if _has_server() else _start()
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings  # noqa: PLC0415 - after the environment

    logging.getLogger("bm25s").propagate = False  # it sets its own level to DEBUG, and Prefect's console shows that
    for name in ("EventsWorker", "APILogWorker"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # they warn of items in flight whenever a short run ends
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):  # a heartbeat thread costs a second per flow
        yield lambda: _wait_for(server) if server else None


@contextmanager
def imports_kept() -> Iterator[None]:
    """Spare the garbage collector what is imported here, half a second in all: it lives as long as the process."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _has_server() -> bool:
    if "prefect" not in sys.modules:
        return "PREFECT_API_URL" in os.environ
    from prefect.settings import PREFECT_API_URL  # noqa: PLC0415 - it is imported already

    return PREFECT_API_URL.value() is not None


def _start() -> subprocess.Popen[bytes]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
    application = ["--factory", "prefect.server.api.server:create_app", "--host", "127.0.0.1", "--port", port]
    server = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "uvicorn", *application, "--log-level", "critical"],
        env={**os.environ, "PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the run, which then stops its server
        preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - no thread is running yet
    )
    atexit.register(_stop, server)  # runs after Prefect has sent its last events
    return server


def _end_with_parent() -> None:
    """Linux: the server ends even if this process is killed outright (prctl PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _wait_for(server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urlopen(f"{os.environ['PREFECT_API_URL']}/health", timeout=5):  # noqa: S310 - loopback
                return
        except OSError:
            time.sleep(0.05)
    raise RemoteError(f"Prefect's server did not start within {_START_TIMEOUT_S} s; its database is in {os.environ['PREFECT_HOME']}")


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(timeout=5)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _home() -> Path:
    """A folder for Prefect's database that can be written: the user's cache, else the temporary folder."""
    for place in (*_caches(), Path(tempfile.gettempdir()) / f"dataprep-{os.getuid()}"):
        home = place / "dataprep"
        try:
            home.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=home):
                return home
        except OSError:
            continue
    return Path(tempfile.mkdtemp(prefix="dataprep-"))


def _caches() -> list[Path]:
    """The user's cache; none for a user without a home, as containers have them."""
    try:
        return [Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())]
    except RuntimeError:
        return []
