"""Waiting for a server that is away: a client that has not met it yet gives up at once, and each flow in a flow brings a new one."""

import logging
import time

from prefect import get_client
from prefect.settings import PREFECT_API_URL

log = logging.getLogger("dataprep")

_PATIENCE_S = 600.0
_POLL_S = 2.0


def wait_for_server() -> None:
    """Wait until the server answers, ten minutes at most; then what comes next fails and says so. To be called before a flow is begun."""
    if PREFECT_API_URL.value() is None:
        return
    began, is_told = time.monotonic(), False
    with get_client(sync_client=True) as client:
        while (error := client.api_healthcheck()) and time.monotonic() - began < _PATIENCE_S:
            if not is_told:
                log.warning("waiting for Prefect's server: %s", error)
            is_told = True
            time.sleep(_POLL_S)
