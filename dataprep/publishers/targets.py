"""Where something can be published: a repository on the Hub, or a folder."""

import re
from pathlib import Path
from typing import Literal, NamedTuple

from dataprep.errors import CallError

Kind = Literal["dataset", "model"]

_SCHEME = "hf://"
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

    def __str__(self) -> str:
        """Its path."""
        return str(self.path)


def parse(target: str) -> HubTarget | FolderTarget:
    """What a target of a recipe or of the command line names.

    Args:
        target: hf://datasets/OWNER/NAME, hf://OWNER/NAME (a model), or a folder's path.

    Raises:
        CallError: It is neither.
    """
    if not target.startswith(_SCHEME):
        if "://" in target or not target:
            raise CallError(f"target {target!r}: wanted hf://datasets/OWNER/NAME, hf://OWNER/NAME or a folder")
        return FolderTarget(Path(target).expanduser())
    kind, _, repo = target.removeprefix(_SCHEME).rstrip("/").rpartition("datasets/")
    if kind or not _REPOSITORY.fullmatch(repo) or repo.startswith("spaces/"):
        raise CallError(f"target {target!r}: wanted hf://datasets/OWNER/NAME for the dataset or hf://OWNER/NAME for the model")
    return HubTarget("dataset" if target.startswith(f"{_SCHEME}datasets/") else "model", repo)
