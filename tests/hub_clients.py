"""The real clients in processes of their own, which read HF_ENDPOINT when they start; their waits are a hundred times shorter."""

import os
import random
import resource
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from unittest.mock import patch

from dataprep.errors import RemoteError

_HASTE = 100

FILES = {
    "README.md": b"---\nlanguage:\n- pl\n---\n# Dane\n",
    "manifest.json": b'{"schema": 1}\n',
    "data/qrels/test-00000-of-00001.parquet": b"PAR1\0rows\0PAR1",
    "empty.tsv": b"",
}
NEXT = {**FILES, "manifest.json": b'{"schema": 2}\n', "data/new.parquet": b"PAR1\0new"}


def environment(url: str, home: Path, *, token: str = "hf_alice", xet: bool = False) -> dict[str, str]:  # noqa: S107 - a made-up token
    """What a client of the test Hub needs in its environment."""
    return {
        "HF_ENDPOINT": url,
        "HF_HOME": str(home),
        "HF_HUB_OFFLINE": "0",
        "HF_DATASETS_OFFLINE": "0",
        "HF_TOKEN": token,
        "HF_HUB_DISABLE_XET": "0" if xet else "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_UPDATE_DOWNLOAD_COUNTS": "0",
    }


@contextmanager
def client(settings: Mapping[str, str]) -> Iterator[ProcessPoolExecutor]:
    """One process with an environment; functions are submitted to it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_hasten) as pool:
        with patch.dict(os.environ, settings):
            pool.submit(os.getpid).result()
        yield pool


def _hasten() -> None:
    slowly = time.sleep
    time.sleep = lambda seconds: slowly(seconds / _HASTE)


def publish_files(target: str, contents: Mapping[str, bytes], **options: Any) -> tuple[str, str, bool]:
    """Publish files to a repository; give back the commit, the plan in a line, and whether anything was new."""
    from dataprep.publishers.file_plan import of_bytes  # noqa: PLC0415 - after the environment

    return _publish(target, {name: of_bytes(data) for name, data in contents.items()}, options)


def publish_folder(target: str, folder: Path, **options: Any) -> tuple[str, int]:
    """Publish a folder; give back the commit and the process's peak memory in bytes."""
    from dataprep.publishers.file_plan import local_files  # noqa: PLC0415 - after the environment

    commit, _, _ = _publish(target, local_files(folder), options)
    return commit, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def write_many(folder: Path) -> None:
    """Write 2,000 small files and one of 300 MB, the same each time."""
    (folder / "data").mkdir(parents=True)
    rng = random.Random(6)
    for n in range(2000):
        name = f"data/{n:04}.{'parquet' if n % 2 else 'json'}"
        (folder / name).write_bytes(rng.randbytes(2000) if n % 2 else b'{"n": %d}' % n)
    with (folder / "data/large.parquet").open("wb") as file:
        for _ in range(300):
            file.write(rng.randbytes(1_000_000))


def _publish(target: str, files: Mapping[str, Any], options: Mapping[str, Any]) -> tuple[str, str, bool]:
    from dataprep.publishers import to_hub  # noqa: PLC0415 - after the environment
    from dataprep.publishers.hub.calls import explained  # noqa: PLC0415
    from dataprep.publishers.hub.commit import Message  # noqa: PLC0415
    from dataprep.publishers.hub.repository import repository  # noqa: PLC0415
    from dataprep.publishers.hub.token import token  # noqa: PLC0415
    from dataprep.publishers.targets import parse  # noqa: PLC0415

    place, secret = parse(target), token()
    kept = {key: value for key, value in options.items() if key in ("private", "tag")}
    rest = {key: value for key, value in options.items() if key == "create_pr"}
    with explained(secret, target):
        repo = repository(place, secret, options.get("revision", "main"), options.get("timeout_s", 90.0))
        change = to_hub.compare(repo, files, Message("Publish", ""), **kept)
        done = to_hub.publish(repo, change, _sound if options.get("is_sound", True) else _unsound, **kept, **rest)
    return done.commit, done.plan.summary(), done.is_new


def _sound(_commit: str) -> None:
    """Stands for a commit that loads."""


def _unsound(commit: str) -> None:
    raise RemoteError(f"{commit} does not load")


def publish_build(folder: Path, **settings: Any) -> list[str]:
    """Publish a build; give back the lines."""
    from dataprep.build import existing_build  # noqa: PLC0415
    from dataprep.publishers import publish_build as module  # noqa: PLC0415 - after the environment

    build = existing_build(folder)
    is_dry_run = settings.pop("is_dry_run", False)
    outcomes = module.publish_build(build, module.settings_of(build, settings), is_dry_run=is_dry_run)
    return [line for outcome in outcomes for line in (outcome.line, *outcome.details)]


def asked_for_approval(folder: Path, targets: Sequence[str]) -> str:
    """The form of a build's approval."""
    from dataprep.build import existing_build  # noqa: PLC0415
    from flows.approval import form  # noqa: PLC0415 - after the environment

    return form(existing_build(folder), targets)


def publish_and_die(settings: Mapping[str, str], target: str, contents: Mapping[str, bytes], tag: str) -> None:
    """Body of a process that is killed while it publishes."""
    os.environ.update(settings)
    _hasten()
    publish_files(target, contents, tag=tag)


def refused(pool: ProcessPoolExecutor, *call: Any, **options: Any) -> str:
    """The message of a call that the Hub refuses."""
    try:
        done = pool.submit(*call, **options).result()
    except RemoteError as error:
        return str(error)
    raise AssertionError(f"not refused: {done}")
