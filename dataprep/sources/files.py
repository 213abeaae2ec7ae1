"""Finding the files of a source: paths, globs, `bundled:`, URLs, and the members of a .zip.

Whatever is not on this machine is copied to the scratch folder first. So every file can be
digested, and read more than once, in the same way.
"""

import shutil
from collections.abc import Iterable
from difflib import get_close_matches
from glob import glob, has_magic
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from zipfile import BadZipFile, ZipFile

from dataprep import remote_files
from dataprep.errors import DataError, SourceMissingError

BUNDLED = "bundled:"
_BUNDLED_FOLDER = Path(__file__).resolve().parents[2] / "data"


class File(NamedTuple):
    """One file of a source, or one member of a .zip."""

    path: Path  # on this machine
    name: str  # base name; a member is <zip>/<member>
    shown: str  # as the user wrote it, for messages
    member: str | None = None  # name within the .zip


def locate(path: str, *, folder: Path | None, scratch: Path) -> list[File]:
    """Find the files that a recipe's path means, sorted by name.

    Args:
        path: A path, a glob, `bundled:<path in the project's data folder>`, or a URL that fsspec opens.
        folder: The recipe's folder: relative paths are looked for there first, then from the working directory.
        scratch: Folder for copies of what a URL names.

    Returns:
        At least one existing file or folder.

    Raises:
        SourceMissingError: Nothing is there.
        CallError: The URL needs a package that is not installed.
        RemoteError: The remote refused or was out of reach.
    """
    if "://" in path:
        return _fetched(path, scratch / "fetched")
    if path.startswith(BUNDLED):
        found = _existing(_BUNDLED_FOLDER / path.removeprefix(BUNDLED))
        if not found and not _BUNDLED_FOLDER.is_dir():
            raise SourceMissingError(f"{path}: bundled data comes with a checkout of the project only; clone it, or name a file of yours")
    else:
        places = [place / Path(path).expanduser() for place in (folder, Path.cwd()) if place is not None]
        found = next(filter(None, map(_existing, places)), [])
    if not found:
        raise SourceMissingError(_not_there(path, folder))
    return [File(p, p.name, path if len(found) == 1 else f"{path}: {p.name}") for p in found]


def _existing(path: Path) -> list[Path]:
    if path.exists():
        return [path]
    if not has_magic(str(path)):
        return []
    return sorted(p for p in map(Path, glob(str(path), recursive=True)) if p.is_file())  # noqa: PTH207 - Path.glob takes no absolute pattern


def _not_there(path: str, folder: Path | None) -> str:
    if has_magic(path):
        return f"{path}: no file matches this pattern"
    parents = {place / Path(path.removeprefix(BUNDLED)).parent for place in (folder, Path.cwd(), _BUNDLED_FOLDER) if place}
    names = sorted({p.name for parent in parents if parent.is_dir() for p in parent.iterdir()})
    nearest = get_close_matches(Path(path).name, names, n=1)
    guess = f" Did you mean {nearest[0]!r}?" if nearest else ""
    return (
        f"{path}: there is no such file, neither from the recipe's folder nor from the working directory.{guess} Mend `path` of the source."
    )


def _fetched(url: str, folder: Path) -> list[File]:
    try:
        with remote_files.opened(url, advice="Try again, or download the file and set `path` to it.") as (remote, root):
            names = sorted(remote.glob(root)) if has_magic(root) and not url.startswith("http") else [root]
            if not names:
                raise SourceMissingError(f"{url}: nothing matches this pattern")
            folder.mkdir(parents=True, exist_ok=True)
            return [_copied(remote, name, folder / f"{n:05d}", url) for n, name in enumerate(names)]
    except FileNotFoundError as error:
        raise SourceMissingError(f"{url}: there is no such file") from error
    except IsADirectoryError as error:
        raise DataError(f"{url}: this is a folder; wanted a file, so add /* or a file's name") from error


def _copied(remote: object, name: str, target: Path, url: str) -> File:
    base = PurePosixPath(name.split("?", maxsplit=1)[0]).name
    with remote.open(name, "rb") as source, target.open("wb") as copy:  # type: ignore[attr-defined]
        shutil.copyfileobj(source, copy)
    return File(target, base, url)


def members(file: File, suffixes: Iterable[str]) -> list[File]:
    """The files in a .zip, sorted by name; any other file is its only member.

    A .zip with one file gives that file; one with several gives those with the suffixes of the
    source's kind (a further .gz or .zst does not count).

    Raises:
        DataError: The .zip is broken, a name in it leads out of it, or it holds nothing of the kind.
    """
    if not file.name.endswith(".zip") or file.path.is_dir():
        return [file]
    names = zip_names(file)
    endings = tuple(suffixes)
    chosen = names if len(names) == 1 else [n for n in names if n.removesuffix(".gz").removesuffix(".zst").endswith(endings)]
    if not chosen:
        raise DataError(
            f"{file.shown}: the .zip holds no file that ends in {' or '.join(endings)}; found {', '.join(names[:20]) or 'nothing'}"
        )
    return [member(file, name) for name in chosen]


def member(file: File, name: str) -> File:
    """One file of a .zip."""
    return File(file.path, f"{file.name}/{name}", f"{file.shown}/{name}", name)


def zip_names(file: File) -> list[str]:
    """Names of the files in a .zip, sorted, folders left out.

    Raises:
        DataError: The .zip is broken, or a name in it is absolute or has `..`.
    """
    try:
        with ZipFile(file.path) as archive:
            names = sorted(info.filename for info in archive.infolist() if not info.is_dir())
    except (BadZipFile, OSError) as error:
        raise DataError(f"{file.shown}: this is no readable .zip: {error}. Get the file again.") from error
    for name in names:
        parts = name.replace("\\", "/").split("/")
        if ".." in parts or name.startswith(("/", "\\")) or ":" in parts[0]:
            raise DataError(f"{file.shown}: the member {name[:200]!r} of the .zip leads out of it; refused, pack the files anew")
    return [name for name in names if not name.startswith("__MACOSX/")]
