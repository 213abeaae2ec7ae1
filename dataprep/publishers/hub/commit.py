"""One commit on the head that was compared: large files are sent ahead, a failure is followed by a look at the head."""

import logging
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from dataprep.errors import RefusedError, RemoteError
from dataprep.publishers.file_plan import LocalFile, Plan, plan
from dataprep.publishers.hub.calls import retried, settled
from dataprep.publishers.hub.repository import Repository, State

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

log = logging.getLogger("dataprep")

_BATCH_FILES = 100
_THREADS = 4


class Message(NamedTuple):
    """The title of a commit or pull request, by which a pull request is found again, and its text."""

    title: str
    text: str


class Change(NamedTuple):
    """What is to be committed.

    Attributes:
        files: All files that the branch should hold, by path.
        plan: How they differ from those that it holds.
        message: Of the commit.
        before: The repository as it was compared.
    """

    files: Mapping[str, LocalFile]
    plan: Plan
    message: Message
    before: State


def commit(repo: Repository, change: Change) -> str:
    """Commit a change to the branch.

    Returns:
        The commit, whose files were read back and found to be those of the change.

    Raises:
        RefusedError: Somebody else committed meanwhile.
        RemoteError: The commit holds something else than was sent.
    """
    operations = prepared(repo, change, create_pr=False)
    made = settled(lambda: send(repo, change, operations, create_pr=False), lambda: landed(repo, change))
    if not plan(change.files, repo.files(made)).is_empty:
        raise RemoteError(f"{repo.target}: commit {made} does not hold the files that were sent; look at it, then publish again")
    return made


def send(repo: Repository, change: Change, operations: list["CommitOperationAdd | CommitOperationDelete"], *, create_pr: bool) -> str:
    """Send one commit with all operations; the Hub takes it whole or not at all."""
    answer = repo.api.create_commit(
        repo.target.repo,
        operations,
        commit_message=change.message.title,
        commit_description=change.message.text,
        repo_type=repo.target.kind,
        revision=repo.branch,
        parent_commit=change.before.commit,
        create_pr=create_pr,
        num_threads=_THREADS,
    )
    return str(answer.oid)


def landed(repo: Repository, change: Change) -> str | None:
    """The branch's head if it holds the files of a change; None if it is still the old one.

    Raises:
        RefusedError: It is a third one.
    """
    now = repo.head()
    if now == change.before.commit or now is None:
        return None
    if plan(change.files, repo.files(now)).is_empty:
        return now
    raise RefusedError(
        f"{repo.target}: diverged: somebody else committed {now} to {repo.branch} meanwhile, and nothing was published. "
        f"Look at {repo.target.url}/commits/{repo.branch}; publish again to replace what it did"
    )


def prepared(repo: Repository, change: Change, *, create_pr: bool) -> list["CommitOperationAdd | CommitOperationDelete"]:
    """The operations of a change, their large files sent ahead in batches.

    What is sent ahead is invisible until the commit and not sent twice after a failure. Files stay on
    disk until they are sent, so a batch costs no memory.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete  # noqa: PLC0415 - start-up time

    names = [*change.plan.added, *change.plan.changed]
    additions: list[CommitOperationAdd] = []
    for start in range(0, len(names), _BATCH_FILES):
        batch = [CommitOperationAdd(name, change.files[name].content) for name in names[start : start + _BATCH_FILES]]
        retried(
            partial(
                repo.api.preupload_lfs_files,
                repo.target.repo,
                batch,
                repo_type=repo.target.kind,
                revision=repo.branch,
                create_pr=create_pr,
                num_threads=_THREADS,
                free_memory=False,
                gitignore_content="",  # a .gitignore at the target must not drop files of ours
            )
        )
        additions += batch
        done = sum(change.files[operation.path_in_repo].size for operation in additions)
        log.info("publish", extra={"stage": "publish", "state": "progress", "done": done, "total": change.plan.n_bytes})
    return [*additions, *map(CommitOperationDelete, change.plan.deleted)]
