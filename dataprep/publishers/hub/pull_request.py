"""A pull request that holds exactly some files, opened once: one that is open with these files already is found again."""

from typing import NamedTuple

from dataprep.errors import RemoteError
from dataprep.publishers.file_plan import plan
from dataprep.publishers.hub.calls import retried, settled
from dataprep.publishers.hub.commit import Change, landed, prepared, send
from dataprep.publishers.hub.repository import Repository


class Proposal(NamedTuple):
    """An open pull request: its commit, its number, and whether it was opened just now."""

    commit: str
    number: int
    is_new: bool


def propose(repo: Repository, change: Change) -> Proposal:
    """Open a pull request with a change, unless an open one holds it already.

    Raises:
        RefusedError: The branch has moved since it was compared.
        RemoteError: The pull request cannot be found after it was opened.
    """
    found = _open_one(repo, change)
    if found:
        return Proposal(*found, is_new=False)
    operations = prepared(repo, change, create_pr=True)
    settled(lambda: bool(send(repo, change, operations, create_pr=True)), lambda: _took_effect(repo, change))
    found = _open_one(repo, change)
    if found is None:
        raise RemoteError(f"{repo.target}: the pull request cannot be found after it was opened; look at {repo.target.url}/discussions")
    return Proposal(*found, is_new=True)


def _took_effect(repo: Repository, change: Change) -> bool | None:
    if _open_one(repo, change):
        return True
    landed(repo, change)  # refuses if the branch has moved
    return None


def _open_one(repo: Repository, change: Change) -> tuple[str, int] | None:
    """Commit and number of an open pull request with the change's title and files; a draft is opened."""
    kind, name = repo.target.kind, repo.target.repo
    listed = retried(lambda: list(repo.api.get_repo_discussions(name, repo_type=kind, discussion_type="pull_request")))
    for found in listed:
        if found.title != change.message.title or found.status not in ("open", "draft"):
            continue
        proposal = Repository(repo.api, repo.target, f"refs/pr/{found.num}")
        commit = proposal.head()
        if commit and plan(change.files, proposal.files(commit)).is_empty:
            if found.status == "draft":
                repo.api.change_discussion_status(name, found.num, new_status="open", repo_type=kind)
            return commit, int(found.num)
    return None
