"""Publish to a folder: copied beside it, then switched in one step; nothing is done if the contents are equal."""

import ctypes
import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from dataprep import io
from dataprep.errors import BusyError
from dataprep.publishers.file_plan import LocalFile, Plan, RemoteFile, plan

# Linux: renameat2(2) with RENAME_EXCHANGE swaps two names, so that a reader finds the old folder or the new one.
_HERE, _RENAME_EXCHANGE = -100, 2


def plan_folder(files: Mapping[str, LocalFile], target: Path) -> Plan:
    """What `publish_folder` would do."""
    held = {path.relative_to(target).as_posix(): path for path in io.files_below(target)} if target.is_dir() else {}
    return plan(files, {name: RemoteFile(path.stat().st_size, sha256=io.file_sha256(path)) for name, path in held.items()})


def publish_folder(files: Mapping[str, LocalFile], target: Path) -> tuple[Plan, str]:
    """Make a folder hold exactly some files; readers see the old folder or the new one.

    Args:
        files: The files by path below the target.
        target: The folder, which need not be there; what a link names is switched, not the link.

    Returns:
        What was done, and how the folders were switched: "" if nothing was to do.

    Raises:
        BusyError: Another process publishes to the same place.
    """
    target = target.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    with _held(target.parent):
        for leftover in target.parent.glob(f".{target.name}.new-*"):
            shutil.rmtree(leftover)
        done = plan_folder(files, target)
        if done.is_empty:
            return done, ""
        fresh = target.with_name(f".{target.name}.new-{uuid4().hex[:8]}")
        try:
            _copy(files, fresh)
            how = switch(fresh, target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        return done, how


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Keep other publishers out of a folder; the lock is on the folder itself and goes with its holder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise BusyError(f"{folder}: another run publishes there; wait for it, then publish again") from error
    finally:
        os.close(handle)


def _copy(files: Mapping[str, LocalFile], folder: Path) -> None:
    for name, file in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(file.content, bytes):
            path.write_bytes(file.content)
        else:
            shutil.copyfile(file.content, path)
    io.sync(folder)


def switch(fresh: Path, target: Path) -> str:
    """Put one folder in the place of another, which need not be there; the old one is left under the new one's name.

    Returns:
        How: "in one step", or "in two steps", between which a reader finds nothing, where the file system has no exchange.
    """
    if not target.exists():
        fresh.rename(target)
        return "in one step"
    if _exchange(fresh, target):
        return "in one step"
    old = fresh.with_name(f"{fresh.name}-old")
    target.rename(old)
    fresh.rename(target)
    old.rename(fresh)
    return "in two steps: this file system cannot exchange folders"


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names atomically; false where the system or the file system cannot."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    return call is not None and call(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _RENAME_EXCHANGE) == 0
