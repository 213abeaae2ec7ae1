"""A repository on the Hub as it is: its branch's newest commit, the files in it, its tags; and how it is made and tagged."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

from pydantic import SecretStr

from dataprep.errors import RefusedError
from dataprep.hub_waiting import limit_waiting
from dataprep.publishers.file_plan import RemoteFile
from dataprep.publishers.hub.calls import failures, retried, settled
from dataprep.publishers.targets import HubTarget

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_OF_THE_HUB = ".gitattributes"  # made with the repository: which files are kept as large ones


class State(NamedTuple):
    """A repository before publishing: its branch's newest commit, None without one, the files in it, and the tags."""

    commit: str | None
    files: Mapping[str, RemoteFile]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Repository:
    """A branch of a repository, seen with one token."""

    api: "HfApi"
    target: HubTarget
    branch: str = "main"

    def head(self) -> str | None:
        """The branch's newest commit; None if there is no such repository, branch or commit."""
        from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError  # noqa: PLC0415 - start-up time

        try:
            found = retried(partial(self.api.repo_info, self.target.repo, repo_type=self.target.kind, revision=self.branch))
        except (RepositoryNotFoundError, RevisionNotFoundError):
            return None
        return found.sha

    def files(self, revision: str) -> dict[str, RemoteFile]:
        """The files of a revision, by path; the Hub's own left out."""
        from huggingface_hub.hf_api import RepoFile  # noqa: PLC0415 - start-up time

        entries = retried(
            lambda: list(self.api.list_repo_tree(self.target.repo, recursive=True, revision=revision, repo_type=self.target.kind))
        )
        return {
            entry.path: RemoteFile(entry.size, sha256=entry.lfs.sha256) if entry.lfs else RemoteFile(entry.size, git_sha1=entry.blob_id)
            for entry in entries
            if isinstance(entry, RepoFile) and entry.path != _OF_THE_HUB
        }

    def tags(self) -> dict[str, str]:
        """Each tag's commit."""
        refs = retried(partial(self.api.list_repo_refs, self.target.repo, repo_type=self.target.kind))
        return {tag.name: tag.target_commit for tag in refs.tags}

    def state(self) -> State:
        """What is there now."""
        commit = self.head()
        if commit is None:
            return State(None, {}, self.tags() if self.is_there() else {})
        return State(commit, self.files(commit), self.tags())

    def is_there(self, *, private: bool = False) -> bool:
        """Whether the repository is there.

        Raises:
            RefusedError: It is public, and `private` was asked for: only new repositories are made private.
        """
        from huggingface_hub.errors import RepositoryNotFoundError  # noqa: PLC0415 - start-up time

        try:
            found = retried(partial(self.api.repo_info, self.target.repo, repo_type=self.target.kind))
        except RepositoryNotFoundError:
            return False
        if private and not found.private:
            raise RefusedError(f"{self.target}: is public, and private was asked for; make it private in its settings, then publish again")
        return True

    def prepare(self, *, private: bool) -> None:
        """Make the repository and the branch if they are not there."""
        kind, repo = self.target.kind, self.target.repo
        if not self.is_there(private=private):
            settled(
                lambda: bool(self.api.create_repo(repo, repo_type=kind, private=private)),
                lambda: self.is_there(private=private) or None,
            )
        if self.head() is None and self.branch != "main":
            settled(
                lambda: self.api.create_branch(repo, repo_type=kind, branch=self.branch) or True,
                lambda: self.head() is not None or None,
            )

    def put_tag(self, tag: str, commit: str) -> None:
        """Tag a commit. The client's exist_ok is not used: it hides a tag that names another commit."""
        try:
            settled(
                lambda: self.api.create_tag(self.target.repo, tag=tag, revision=commit, repo_type=self.target.kind) or True,
                lambda: self._is_tagged(tag, commit),
            )
        except failures() as error:
            error.add_note(f"commit {commit} is published, but not tagged:")
            raise

    def _is_tagged(self, tag: str, commit: str) -> bool | None:
        named = self.tags().get(tag)
        if named not in (None, commit):
            raise RefusedError(f"{self.target}: {taken(tag, str(named))}. What was published is commit {commit}; choose another tag for it")
        return named == commit or None


def repository(target: HubTarget, secret: SecretStr, branch: str = "main", timeout_s: float = 90.0) -> Repository:
    """A repository as the owner of a token sees it, through a client that waits `timeout_s` seconds for an answer."""
    return Repository(_client(secret, timeout_s), target, branch)


@lru_cache(maxsize=1)  # the time limit holds for the whole process, so a client with another one takes the place of the last
def _client(secret: SecretStr, timeout_s: float) -> "HfApi":
    """The client of a token, kept: it remembers what the Hub said of the token, which the Hub does not like to be asked twice."""
    from huggingface_hub import HfApi  # noqa: PLC0415 - start-up time
    from huggingface_hub.utils.logging import set_verbosity_error  # noqa: PLC0415 - start-up time
    from huggingface_hub.utils.tqdm import disable_progress_bars  # noqa: PLC0415 - start-up time

    limit_waiting(timeout_s)
    disable_progress_bars()
    set_verbosity_error()  # type: ignore[no-untyped-call]  # what goes wrong is raised, and said by us
    return HfApi(token=secret.get_secret_value(), library_name="dataprep")


def taken(tag: str | None, named: str) -> str:
    """How a tag stands in the way."""
    return f"tag {tag!r} names commit {named} already"
