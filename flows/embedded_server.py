"""Prefect for a single run on one machine: its own server inside this process's life, silent and off the network."""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SETTINGS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "90",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
}


@contextmanager
def embedded_server() -> Iterator[None]:
    """Prefect's settings for a run without a server of one's own; with PREFECT_API_URL set, that server is used.

    Must be entered before prefect is imported, which reads the environment once.
    """
    home = _home()
    own = {"PREFECT_HOME": str(home / "prefect"), "MPLCONFIGDIR": str(home / "matplotlib")}
    for name, value in {**_SETTINGS, **own}.items():
        os.environ.setdefault(name, value)
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings  # noqa: PLC0415 - after the environment

    logging.getLogger("bm25s").propagate = False  # it sets its own level to DEBUG, and Prefect's console shows that
    for name in ("EventsWorker", "APILogWorker"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # they warn of items in flight whenever a short run ends
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):  # a heartbeat thread costs a second per flow
        yield


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
