"""A repository on the Hub made to hold exactly some files: one commit on the head that was compared, then a tag.

`upload_folder` and `push_to_hub` are not used: the first makes several commits of a large upload, the
second survives neither a lost reply nor a race (docs/decisions/0006-one-commit-per-publication.md).
Here every call that changes something is followed, if it fails, by a look at what is there.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from dataprep.errors import RefusedError
from dataprep.publishers.file_plan import LocalFile, Plan, plan
from dataprep.publishers.hub.commit import Change, Message, commit
from dataprep.publishers.hub.pull_request import propose
from dataprep.publishers.hub.repository import Repository, State, taken

_NAMED_FILES = 3
_CARD = "README.md"


class Published(NamedTuple):
    """What came of publishing.

    Attributes:
        commit: The commit that holds the files.
        plan: What was changed.
        is_new: Whether a commit or a tag was made.
        pull_request: Number of the pull request that holds the commit, if it was proposed.
    """

    commit: str
    plan: Plan
    is_new: bool
    pull_request: int | None = None


def compare(repo: Repository, files: Mapping[str, LocalFile], message: Message, *, private: bool = False, tag: str | None = None) -> Change:
    """What would make a branch hold exactly some files; nothing is written.

    Args:
        repo: The repository and its branch, which need not be there.
        files: The files by path.
        message: Of the commit.
        private: The repository has to be private, if it is there.
        tag: Tag of the commit.

    Raises:
        RefusedError: The tag names another commit, or the repository is public against the wish.
        Exception: One of `calls.failures`, which the client ended with.
    """
    before = repo.state() if repo.is_there(private=private) else State(None, {}, {})
    named = before.tags.get(tag or "")
    if named is not None and named != before.commit:  # a publication that the branch has left behind is still one
        before = State(named, repo.files(named), before.tags)
    wanted = plan(files, before.files)
    if named is not None and not wanted.is_empty:
        others = ", ".join([*wanted.changed, *wanted.added, *wanted.deleted][:_NAMED_FILES])
        hint = "name the same targets as then, for the card names them, or " if others == _CARD else ""
        raise RefusedError(
            f"{repo.target}: {taken(tag, named)}, and other files ({others}); nothing was published; {hint}choose another tag"
        )
    return Change(files, wanted, message, before)


def is_needed(change: Change, tag: str | None) -> bool:
    """Whether there is anything to do: a commit or a tag."""
    return not change.plan.is_empty or (tag is not None and tag not in change.before.tags)


def publish(
    repo: Repository,
    change: Change,
    proof: Callable[[str], None],
    *,
    private: bool = False,
    tag: str | None = None,
    create_pr: bool = False,
) -> Published:
    """Carry out what `compare` found: by one commit or none, then its proof, then a tag.

    The tag comes last: a commit that has it was proved, and a run that dies before is followed by one that proves.

    Args:
        repo: The repository and its branch; made if they are not there.
        change: What `compare` found.
        proof: Raises if a commit is not what it should be.
        private: Make a new repository private.
        tag: Tag of the commit.
        create_pr: Open a pull request with the commit in place of committing to the branch.

    Raises:
        RefusedError: Somebody else committed meanwhile, or made the tag.
        Exception: One of `calls.failures`, which the client ended with.
    """
    if change.before.commit is None:
        repo.prepare(private=private)
        change = compare(repo, change.files, change.message, private=private, tag=tag)
    wanted = change.plan
    if create_pr and not wanted.is_empty:
        proposal = propose(repo, change)
        if proposal.is_new:
            proof(proposal.commit)
        return Published(proposal.commit, wanted, proposal.is_new, proposal.number)
    held = None if not wanted.is_empty else change.before.commit
    made = held or commit(repo, change)
    if is_needed(change, tag):
        proof(made)
    if tag is not None and tag not in change.before.tags:
        repo.put_tag(tag, made)
    return Published(made, wanted, is_new=is_needed(change, tag))
