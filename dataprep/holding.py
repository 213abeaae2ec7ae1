"""One process at a time on a folder; the others wait, or learn who holds it."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from dataprep import io
from dataprep.errors import BusyError

log = logging.getLogger("dataprep")


@contextmanager
def held(folder: Path, wait_s: float) -> Iterator[None]:
    """Hold a folder's lock, which the system takes back from a process that dies; `.holder` says whose it is.

    Args:
        folder: An existing folder.
        wait_s: How long to wait for another holder, in seconds; 0 asks once.

    Raises:
        BusyError: Another process holds the folder still.
    """
    lock, holder = FileLock(folder / ".lock"), folder / ".holder"
    try:
        _acquire(lock, holder, wait_s)
    except Timeout as error:
        raise BusyError(f"{folder} is in use by {_who(holder)}; wait for it, or name another folder with --build") from error
    try:
        io.write_text(f"process {os.getpid()} on {socket.gethostname()}", holder)
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _acquire(lock: FileLock, holder: Path, wait_s: float) -> None:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if not wait_s:
            raise
        log.info("waiting for %s, which holds %s", _who(holder), holder.parent)
        lock.acquire(timeout=wait_s, poll_interval=1)


def _who(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8")
    except FileNotFoundError:
        return "another process"
