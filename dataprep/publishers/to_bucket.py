"""Publish to a bucket (s3:// and whatever else fsspec opens): a listing beside the files is the point at which they count.

A bucket has no folder to switch. So PLACE.files.json, which names every file with its SHA-256, is removed before
the first file changes and written after the last: a reader who finds it finds exactly these files. A publication
that was cut off leaves none, and the next one sends what it cannot vouch for again. Two that publish to one place at once are not
kept apart: a bucket knows no lock.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataprep import remote_files
from dataprep.errors import RemoteError
from dataprep.publishers.file_plan import LocalFile, Plan, RemoteFile, plan

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_LISTING = ".files.json"
_ADVICE = "Publish again."


def plan_bucket(files: Mapping[str, LocalFile], place: str) -> Plan:
    """What `publish_bucket` would do.

    Args:
        files: The files by path below the place.
        place: URL of a prefix.

    Raises:
        CallError: The URL is none, or a package for it is missing.
        RemoteError: The remote refused or was out of reach.
    """
    with remote_files.opened(place, advice=_ADVICE) as (remote, root):
        return plan(files, _held(remote, root))


def publish_bucket(files: Mapping[str, LocalFile], place: str) -> tuple[Plan, str]:
    """Make a prefix hold exactly some files.

    Args:
        files: The files by path below the place.
        place: URL of the prefix.

    Returns:
        What was done, and how readers were told of it: "" if nothing was to do.

    Raises:
        CallError: The URL is none, or a package for it is missing.
        RemoteError: The remote refused or was out of reach; a second publication goes on.
    """
    with remote_files.opened(place, advice=_ADVICE) as (remote, root):
        done = plan(files, _held(remote, root))
        if done.is_empty:
            return done, ""
        if remote.exists(root + _LISTING):
            remote.rm_file(root + _LISTING)
        for name in (*done.added, *done.changed):
            _send(remote, files[name], f"{root}/{name}")
        for name in done.deleted:
            remote.rm_file(f"{root}/{name}")
        listing = {name: {"bytes": file.size, "sha256": file.sha256} for name, file in sorted(files.items())}
        remote.pipe_file(root + _LISTING, json.dumps(listing, indent=2).encode())
        return done, f"by its listing {place}{_LISTING}"


def fetch_bucket(place: str, folder: Path, *, max_bytes: int) -> None:
    """Copy what was published to a prefix into a folder; nothing where no listing vouches for it.

    Raises:
        CallError: The URL is none, or a package for it is missing.
        RemoteError: The remote refused or was out of reach, or holds more than `max_bytes`.
    """
    with remote_files.opened(place, advice=_ADVICE) as (remote, root):
        held = _held(remote, root)
        if not remote.exists(root + _LISTING):
            return
        size = sum(file.size for file in held.values())
        if size > max_bytes:
            raise RemoteError(f"{place} holds {size:,} bytes, more than the {max_bytes:,} that are fetched for a comparison")
        for name in held:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            remote.get_file(f"{root}/{name}", str(folder / name))


def _held(remote: "AbstractFileSystem", root: str) -> dict[str, RemoteFile]:
    """The files below a prefix; the content of one that no listing vouches for is unknown, and so equal to none."""
    remote.invalidate_cache()
    sizes = {name.removeprefix(f"{root}/"): found["size"] for name, found in remote.find(root, detail=True).items()}
    listed: dict[str, Any] = json.loads(remote.cat_file(root + _LISTING)) if remote.exists(root + _LISTING) else {}
    known = {name for name, file in listed.items() if sizes.get(name) == file["bytes"]}
    return {name: RemoteFile(size, sha256=listed[name]["sha256"] if name in known else "") for name, size in sizes.items()}


def _send(remote: "AbstractFileSystem", file: LocalFile, path: str) -> None:
    with remote.open(path, "wb") as target:
        if isinstance(file.content, bytes):
            target.write(file.content)
        else:
            with file.content.open("rb") as source:
                shutil.copyfileobj(source, target)
