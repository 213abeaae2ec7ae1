"""The release that was published last, as a folder, to compare a new one with before it takes its place."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr

from dataprep.errors import RemoteError
from dataprep.publishers.hub.calls import explained, retried
from dataprep.publishers.hub.repository import Repository, repository
from dataprep.publishers.hub.token import token
from dataprep.publishers.targets import BucketTarget, FolderTarget, HubTarget, parse
from dataprep.publishers.to_bucket import fetch_bucket
from dataprep.recipes.recipe import Publish

_MANIFEST = "manifest.json"
_MAX_BYTES = 2_000_000_000


@contextmanager
def last_published(targets: Sequence[str], settings: Publish, given_token: SecretStr | None = None) -> Iterator[Path | None]:
    """The release that the first target that has one holds now; from the Hub or a bucket it is fetched for as long as it is needed.

    Args:
        targets: Where the new release goes.
        settings: The branch that is published to, and how long to wait for answers.
        given_token: Token to read with; None takes HF_TOKEN or the client's login.

    Yields:
        A folder with a release; None where no target holds one yet.

    Raises:
        RemoteError: The remote was out of reach or refused, or what it holds is too much to fetch: more than 2 GB.
    """
    with TemporaryDirectory(prefix="dataprep-published-") as scratch:
        for target in map(parse, targets):
            found = (
                target.place("dataset") if isinstance(target, FolderTarget) else Path(scratch) / sha256(str(target).encode()).hexdigest()
            )
            if isinstance(target, HubTarget) and target.kind == "dataset":
                _fetch(target, settings, token(given_token), found)
            if isinstance(target, BucketTarget):
                fetch_bucket(target.place("dataset"), found, max_bytes=_MAX_BYTES)
            if (found / _MANIFEST).is_file():
                yield found
                return
        yield None


def _fetch(target: HubTarget, settings: Publish, secret: SecretStr, folder: Path) -> None:
    """Copy the release at the head of a branch; nothing where there is none."""
    with explained(secret, str(target)):
        repo = repository(target, secret, settings.revision, settings.timeout_s)
        head = repo.head()
        files = repo.files(head) if head else {}
        if head is None or _MANIFEST not in files:
            return
        size = sum(file.size for file in files.values())
        if size > _MAX_BYTES:
            raise RemoteError(f"{target} holds {size:,} bytes, more than the {_MAX_BYTES:,} that are fetched for a comparison")
        retried(partial(_copy, repo, head, folder))


def _copy(repo: Repository, commit: str, folder: Path) -> str:
    return str(repo.api.snapshot_download(repo.target.repo, repo_type=repo.target.kind, revision=commit, local_dir=folder))
