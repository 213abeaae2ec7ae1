"""What publishing would change: the files of a folder compared by content with those of a target."""

from collections.abc import Iterable, Mapping
from hashlib import sha1, sha256
from pathlib import Path
from typing import NamedTuple

from dataprep.io import files_below

_CHUNK_BYTES = 1 << 20
_SHOWN_FILES = 50


class LocalFile(NamedTuple):
    """A file to publish.

    Attributes:
        content: Where its bytes are, or the bytes themselves.
        size: Their number.
        sha256: SHA-256 of the bytes, in hex: the Hub's name of a large file.
        git_sha1: SHA-1 of git's blob of the bytes, in hex: the Hub's name of a small file.
    """

    content: Path | bytes
    size: int
    sha256: str
    git_sha1: str


class RemoteFile(NamedTuple):
    """A file at a target, by one of the two names of its content; the other is null."""

    size: int
    sha256: str | None = None
    git_sha1: str | None = None


class Plan(NamedTuple):
    """Names of files by what is to be done with them, each sorted, and how many bytes have to go there."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    deleted: tuple[str, ...]
    unchanged: tuple[str, ...]
    n_bytes: int

    @property
    def is_empty(self) -> bool:
        """Whether the target holds exactly the wanted files."""
        return not (self.added or self.changed or self.deleted)

    def summary(self) -> str:
        """The plan in one line."""
        parts = [f"{len(self.added):,} files added", f"{len(self.changed):,} changed", f"{len(self.deleted):,} deleted"]
        return ", ".join([*parts, f"{len(self.unchanged):,} unchanged; {self.n_bytes:,} bytes"])

    def lines(self) -> list[str]:
        """One line per file that is touched, of each kind the first fifty."""
        found = []
        for word, names in (("add", self.added), ("change", self.changed), ("delete", self.deleted)):
            found += [f"  {word:6} {name}" for name in names[:_SHOWN_FILES]]
            if len(names) > _SHOWN_FILES:
                found.append(f"  {word:6} … and {len(names) - _SHOWN_FILES:,} more")
        return found


def plan(local: Mapping[str, LocalFile], remote: Mapping[str, RemoteFile]) -> Plan:
    """Compare what should be at a target with what is there.

    Args:
        local: The files that the target should hold, by path below it.
        remote: The files that it holds.
    """
    changed = [name for name in local.keys() & remote.keys() if not _is_equal(local[name], remote[name])]
    added = local.keys() - remote.keys()
    return Plan(
        added=tuple(sorted(added)),
        changed=tuple(sorted(changed)),
        deleted=tuple(sorted(remote.keys() - local.keys())),
        unchanged=tuple(sorted((local.keys() & remote.keys()) - set(changed))),
        n_bytes=sum(local[name].size for name in [*added, *changed]),
    )


def _is_equal(local: LocalFile, remote: RemoteFile) -> bool:
    if remote.sha256 is not None:
        return local.sha256 == remote.sha256
    return local.git_sha1 == remote.git_sha1


def local_files(folder: Path, replaced: Mapping[str, str] | None = None) -> dict[str, LocalFile]:
    """The files of a folder with both names of their content; hidden ones are left out.

    Args:
        folder: The folder; its files are read once.
        replaced: Texts that take the place of files, by path below the folder.
    """
    texts = replaced or {}
    names = [path.relative_to(folder) for path in files_below(folder)]
    shown = [name.as_posix() for name in names if not any(part.startswith(".") for part in name.parts)]
    return {name: of_bytes(texts[name].encode()) if name in texts else _of_path(folder / name) for name in shown}


def of_bytes(content: bytes) -> LocalFile:
    """A file whose content is at hand."""
    return LocalFile(content, len(content), *_names(len(content), [content]))


def _of_path(path: Path) -> LocalFile:
    size = path.stat().st_size
    with path.open("rb") as file:
        return LocalFile(path, size, *_names(size, iter(lambda: file.read(_CHUNK_BYTES), b"")))


def _names(size: int, chunks: Iterable[bytes]) -> tuple[str, str]:
    """Content's SHA-256, and its name in git: SHA-1 over a header with the size, then the bytes (Pro Git, chapter 10.2)."""
    plain, blob = sha256(), sha1(b"blob %d\0" % size, usedforsecurity=False)
    for chunk in chunks:
        plain.update(chunk)
        blob.update(chunk)
    return plain.hexdigest(), blob.hexdigest()


def content_digest(files: Mapping[str, LocalFile]) -> str:
    """One digest of names and contents."""
    return sha256("\n".join(f"{files[name].sha256} {name}" for name in sorted(files)).encode()).hexdigest()
