"""Put a build's release and model where others load them: here into a folder, whole and only if something differs."""

import shutil
from pathlib import Path
from uuid import uuid4

from dataprep import contracts, io
from dataprep.build import Build
from dataprep.errors import CallError, DataError


def publish_build(build: Build, target: str) -> list[str]:
    """Publish what the recipe names to a target; one line of what was done for each.

    Args:
        build: A build whose release (and model, if it is published) is finished.
        target: A folder; the dataset goes to `<target>/dataset`, the model to `<target>/model`.

    Raises:
        CallError: Something to publish is not there, or the target is none that can be written.
        DataError: The release breaks a contract; nothing is published then.
    """
    if "://" in target:
        raise CallError(f"target {target!r}: this version publishes to folders; name a folder, and upload it with `hf upload`")
    sources = {"dataset": build.release, "model": build.model}
    wanted = {what: sources[what] for what in build.recipe.publish.what}
    for what, folder in wanted.items():
        if not folder.is_dir():
            raise CallError(f"no {what} to publish in {build.folder}: `dataprep run` makes it, or leave it out with --what")
    broken = [result.name for result in contracts.check(build.folder) if result.is_broken]
    if broken:
        raise DataError(f"{build.folder} is not published: it breaks {', '.join(broken)}; see `dataprep check {build.folder}`")
    return [publish_folder(folder, Path(target) / what) for what, folder in wanted.items()]


def publish_folder(folder: Path, target: Path) -> str:
    """Make `target` equal to `folder`: copied beside it first, then switched by renaming; nothing is done if equal."""
    new, old = _digests(folder), _digests(target)
    if new == old:
        return f"{target}: unchanged, {len(new)} files"
    token = uuid4().hex[:8]
    partial, trash = (target.with_name(f".{target.name}.{kind}-{token}") for kind in ("new", "old"))
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copytree(folder, partial)
        io.sync(partial)
        if target.exists():
            target.rename(trash)
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(trash, ignore_errors=True)
    added, gone = len(new.keys() - old.keys()), len(old.keys() - new.keys())
    changed = sum(old[name] != digest for name, digest in new.items() if name in old)
    return f"{target}: {added} files added, {changed} changed, {gone} deleted, {len(new) - added - changed} unchanged"


def _digests(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): io.file_sha256(path) for path in io.files_below(folder)} if folder.is_dir() else {}
