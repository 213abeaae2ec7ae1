"""Where something can be published: a repository on the Hub, a folder, or a bucket."""

import re
from pathlib import Path
from typing import Literal, NamedTuple

from dataprep.errors import CallError

Kind = Literal["dataset", "model"]

_SCHEME = "hf://"
_BUCKETS = "s3://"
_REPOSITORY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*/[A-Za-z0-9_][A-Za-z0-9._-]*")


class HubTarget(NamedTuple):
    """A repository on the Hub.

    Attributes:
        kind: What it holds.
        repo: owner/name.
    """

    kind: Kind
    repo: str

    @property
    def owner(self) -> str:
        """The user or organisation that it belongs to."""
        return self.repo.split("/")[0]

    @property
    def url(self) -> str:
        """Its page, as cards link it."""
        return f"https://huggingface.co/{'datasets/' if self.kind == 'dataset' else ''}{self.repo}"

    def __str__(self) -> str:
        """As a recipe spells it."""
        return f"{_SCHEME}{'datasets/' if self.kind == 'dataset' else ''}{self.repo}"


class FolderTarget(NamedTuple):
    """A folder that takes the dataset as `dataset` and the model as `model`."""

    path: Path

    def place(self, what: Kind) -> Path:
        """The folder below it that holds one of the two."""
        return self.path / what

    def __str__(self) -> str:
        """Its path."""
        return str(self.path)


class BucketTarget(NamedTuple):
    """A prefix in a bucket that takes the dataset below `dataset` and the model below `model`."""

    url: str

    def place(self, what: Kind) -> str:
        """URL of the prefix below it that holds one of the two."""
        return f"{self.url}/{what}"

    def __str__(self) -> str:
        """Its URL."""
        return self.url


Target = HubTarget | FolderTarget | BucketTarget


def parse(target: str) -> Target:
    """What a target of a recipe or of the command line names.

    Args:
        target: hf://datasets/OWNER/NAME, hf://OWNER/NAME (a model), s3://BUCKET/PREFIX, or a folder's path.

    Raises:
        CallError: It is none of these.
    """
    if target.startswith(_BUCKETS):
        return BucketTarget(target.rstrip("/"))
    if not target.startswith(_SCHEME):
        if "://" in target or not target:
            raise CallError(f"target {target!r}: wanted hf://datasets/OWNER/NAME, hf://OWNER/NAME, s3://BUCKET/PREFIX or a folder")
        return FolderTarget(Path(target).expanduser())
    kind, _, repo = target.removeprefix(_SCHEME).rstrip("/").rpartition("datasets/")
    if kind or not _REPOSITORY.fullmatch(repo) or repo.startswith("spaces/"):
        raise CallError(f"target {target!r}: wanted hf://datasets/OWNER/NAME for the dataset or hf://OWNER/NAME for the model")
    return HubTarget("dataset" if target.startswith(f"{_SCHEME}datasets/") else "model", repo)
