"""Where the release that a model was trained on is published, so that the two cards can name each other."""

from collections.abc import Iterable

from dataprep.build import Build
from dataprep.publishers.cards import Place
from dataprep.publishers.file_plan import local_files, plan
from dataprep.publishers.hub.repository import Repository
from dataprep.publishers.targets import HubTarget, Kind, parse

_CARD = "README.md"


def partner(target: HubTarget, kind: Kind, named: Iterable[str]) -> HubTarget | None:
    """The repository that goes with a target: of the other kind, and of the same owner if there is one.

    Args:
        target: A repository.
        kind: The other kind.
        named: All targets that are named, those of the call before those of the recipe.
    """
    found = [other for to in named if isinstance(other := parse(to), HubTarget) and other.kind == kind]
    return next((other for other in found if other.owner == target.owner), found[0] if found else None)


def published_at(repo: Repository, build: Build, tag: str | None) -> Place | None:
    """Where a repository holds a build's release: at the tag, else at the head; None if at neither. Cards may differ."""
    head = repo.head()
    if head is None:
        return None
    tagged = repo.tags().get(tag or "")
    files = {name: file for name, file in local_files(build.release).items() if name != _CARD}
    for revision, commit in ((tag or "", tagged), (repo.branch, head)):
        if commit:
            held = {name: file for name, file in repo.files(commit).items() if name != _CARD}
            if plan(files, held).is_empty:
                return Place(repo.target, revision, commit)
    return None
