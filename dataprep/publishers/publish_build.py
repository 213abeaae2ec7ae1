"""Put a build's release and model where others load them: on the Hub, in folders or buckets, whole and only if something differs."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import SecretStr, ValidationError

from dataprep.build import Build
from dataprep.errors import CallError, DataError
from dataprep.io import read_json
from dataprep.publishers import cards, to_hub
from dataprep.publishers.cards import Place, Publication
from dataprep.publishers.file_plan import LocalFile, Plan, content_digest, local_files
from dataprep.publishers.hub.calls import explained, retried
from dataprep.publishers.hub.commit import Message
from dataprep.publishers.hub.loading import require_loadable
from dataprep.publishers.hub.repository import Repository, repository
from dataprep.publishers.hub.token import require_write_right, token
from dataprep.publishers.targets import BucketTarget, FolderTarget, HubTarget, Kind, Target, parse
from dataprep.publishers.to_bucket import plan_bucket, publish_bucket
from dataprep.publishers.to_folder import plan_folder, publish_folder
from dataprep.publishers.trained_release import partner, published_at
from dataprep.recipes.recipe import Publish
from dataprep.releases import contracts

log = logging.getLogger("dataprep")

_ROLE_ATTEMPTS = 3
_PUBLISH_BOTH = "publish both, naming both targets with --to, or say --model-alone"


class Outcome(NamedTuple):
    """What came of one target: in a line, whether anything was (or would be) done, and the files of a plan."""

    line: str
    is_changed: bool
    details: Sequence[str] = ()


def settings_of(build: Build, given: Mapping[str, Any]) -> Publish:
    """How a build is published: as its recipe says, but for what is given.

    Args:
        build: The build.
        given: Keys of the recipe's [publish] with their values.

    Raises:
        CallError: A value is none that the key can have.
    """
    try:
        return Publish.model_validate({**build.recipe.publish.model_dump(), **given})
    except ValidationError as error:
        wrong = error.errors()[0]
        raise CallError(f"publish.{'.'.join(map(str, wrong['loc']))}: found {wrong['input']!r}; {wrong['msg']}") from error


def publish_build(build: Build, settings: Publish, *, given_token: SecretStr | None = None, is_dry_run: bool = False) -> list[Outcome]:
    """Publish what the settings name to their targets, the dataset before the model.

    Args:
        build: A build whose release (and model, if it is published) is finished.
        settings: What is published, where to and how.
        given_token: Token to write to the Hub with; None takes HF_TOKEN or the client's login.
        is_dry_run: Only say what would be done.

    Raises:
        CallError: Something to publish is not there, a target is none, or the model's release is not published.
        DataError: The release breaks a contract; nothing is published then.
        RemoteError: The Hub refused or was out of reach.
        BusyError: Another run publishes to the same folder.
    """
    if settings.create_pr and settings.tag:
        raise CallError("a tag names a commit of a branch: publish with --create-pr, merge the pull request, then publish with --tag")
    found = [parse(target) for target in settings.to]
    wanted = [what for what in ("dataset", "model") if what in settings.what and _is_wanted(what, found)]
    if found and not wanted:
        raise CallError(f"nothing of {', '.join(settings.what)} goes to {', '.join(settings.to)}; mend --what or --to")
    for what in wanted:
        if not _folder(build, what).is_dir():
            raise CallError(f"no {what} to publish in {build.folder}: `dataprep run` makes it, or leave it out with --what")
    return _Publisher(build, settings, given_token, is_dry_run=is_dry_run).run()


def _is_wanted(what: str, targets: Sequence[Target]) -> bool:
    return any(not isinstance(target, HubTarget) or target.kind == what for target in targets)


def _planned(files: Mapping[str, LocalFile], target: FolderTarget | BucketTarget, what: Kind) -> Plan:
    """What publishing to a folder or bucket would change."""
    return plan_folder(files, target.place(what)) if isinstance(target, FolderTarget) else plan_bucket(files, target.place(what))


def _published(files: Mapping[str, LocalFile], target: FolderTarget | BucketTarget, what: Kind) -> tuple[Plan, str]:
    """Publish to a folder or bucket: what was done, and how readers got to see it."""
    return publish_folder(files, target.place(what)) if isinstance(target, FolderTarget) else publish_bucket(files, target.place(what))


def _folder(build: Build, what: Kind) -> Path:
    return build.release if what == "dataset" else build.model


class _Publisher:
    """One publication: the commits of what went before and whether the contracts were checked outlive a target."""

    def __init__(self, build: Build, settings: Publish, given_token: SecretStr | None, *, is_dry_run: bool) -> None:
        self._build, self._settings, self._is_dry_run = build, settings, is_dry_run
        self._targets = [parse(target) for target in settings.to]
        self._on_hub = sorted(t for t in self._targets if isinstance(t, HubTarget) and t.kind in settings.what)
        self._secret = token(given_token) if self._on_hub else SecretStr("")
        self._is_sound = False
        self._commits: dict[HubTarget, str | None] = {}

    def run(self) -> list[Outcome]:
        """Publish to every target; the right to write is looked up for all before anything is sent."""
        for target in self._on_hub:
            self._require_right(target)
        kinds: tuple[Kind, ...] = ("dataset", "model")
        whats = [what for what in kinds if what in self._settings.what]
        places = [target for target in self._targets if not isinstance(target, HubTarget)]
        outcomes = [self._to_place(target, what) for target in places for what in whats]
        for target in self._on_hub:  # datasets come first: a model's card names the commit of its dataset
            with explained(self._secret, str(target)):
                outcomes.append(self._to_hub(target))
        return outcomes

    def _require_right(self, target: HubTarget) -> None:
        with explained(self._secret, str(target)):
            api = self._repository(target).api
            account = retried(lambda: api.whoami(cache=True), _ROLE_ATTEMPTS)
        require_write_right(account, target, proposes=self._settings.create_pr)

    def _repository(self, target: HubTarget) -> Repository:
        return repository(target, self._secret, self._settings.revision, self._settings.timeout_s)

    def _require_sound(self) -> None:
        """Nothing that breaks a contract is published; what is there already was checked when it went there."""
        if self._is_sound:
            return
        folder = self._build.folder
        broken = [result.name for result in contracts.check(folder) if result.is_broken]
        if broken:
            raise DataError(f"{folder} is not published: it breaks {', '.join(broken)}; see `dataprep check {folder}`")
        self._is_sound = True

    def _to_place(self, target: FolderTarget | BucketTarget, what: Kind) -> Outcome:
        place = target.place(what)
        files = local_files(_folder(self._build, what))
        wanted = _planned(files, target, what)
        if what == "model" and "dataset" not in self._settings.what:
            self._require_release_beside(target)
        if wanted.is_empty:
            return Outcome(f"{place}: unchanged, {len(files)} files", is_changed=False)
        if self._is_dry_run:
            return _would_be(str(place), wanted)
        self._require_sound()
        done, how = _published(files, target, what)
        return Outcome(f"{place}: {done.summary()}, switched {how}", is_changed=True)

    def _require_release_beside(self, target: FolderTarget | BucketTarget) -> None:
        if not self._settings.model_alone and not _planned(local_files(self._build.release), target, "dataset").is_empty:
            raise CallError(
                f"the model is not published: {target.place('dataset')} does not hold the release that trained it; {_PUBLISH_BOTH}"
            )

    def _to_hub(self, target: HubTarget) -> Outcome:
        settings = self._settings
        files = self._content(target)
        repo = self._repository(target)
        change = to_hub.compare(repo, files, self._message(target, files), private=settings.private, tag=settings.tag)
        self._commits[target] = change.before.commit if change.plan.is_empty else None
        if self._is_dry_run and to_hub.is_needed(change, settings.tag):
            return _would_be(str(target), change.plan)
        log.info("publish", extra={"stage": f"publish to {target}", "state": "started"})
        if not change.plan.is_empty:
            self._require_sound()
        proof = partial(require_loadable, target, folder=_folder(self._build, target.kind), secret=self._secret)
        done = to_hub.publish(repo, change, proof, private=settings.private, tag=settings.tag, create_pr=settings.create_pr)
        self._commits[target] = done.commit
        return Outcome(f"{target}: {_told(done, settings)}", is_changed=done.is_new)

    def _message(self, target: HubTarget, files: Mapping[str, LocalFile]) -> Message:
        manifest = read_json(self._build.release / "manifest.json")
        title = " ".join(["Publish", target.repo, self._settings.tag or "", content_digest(files)[:12]])
        text = f"recipe {manifest['recipe']['name']}, recipe sha256 {manifest['recipe_sha256']}, dataprep {version('dataprep')}"
        return Message(" ".join(title.split()), text)

    def _content(self, target: HubTarget) -> dict[str, LocalFile]:
        """The files to publish, with the card that names where dataset and model are."""
        folder = _folder(self._build, target.kind)
        card = (folder / "README.md").read_text(encoding="utf-8")
        here = Place(target, self._revision)
        if target.kind == "dataset":
            model = partner(target, "model", self._named)
            text = cards.dataset_card(card, Publication(here, Place(model, self._revision) if model else None))
        else:
            text = cards.model_card(card, Publication(self._release_of(target), here))
        return local_files(folder, {"README.md": text})

    @property
    def _revision(self) -> str:
        """What a reader loads: the tag if there is one, else the branch."""
        return self._settings.tag or self._settings.revision

    @property
    def _named(self) -> tuple[str, ...]:
        return (*self._settings.to, *self._build.recipe.publish.to)

    def _release_of(self, target: HubTarget) -> Place | None:
        """Where the release that trained the model is published; None if the settings do without.

        Raises:
            CallError: It is nowhere.
        """
        dataset = partner(target, "dataset", self._named) or HubTarget("dataset", target.repo)
        if dataset in self._commits:
            return Place(dataset, self._revision, self._commits[dataset])
        place = published_at(self._repository(dataset), self._build, self._settings.tag)
        if place is None and not self._settings.model_alone:
            raise CallError(f"{target} is not published: {dataset} does not hold the release that trained it; {_PUBLISH_BOTH}")
        return place


def _would_be(target: str, wanted: Plan) -> Outcome:
    return Outcome(f"{target}: would be " + ("tagged" if wanted.is_empty else wanted.summary()), is_changed=True, details=wanted.lines())


def _told(done: to_hub.Published, settings: Publish) -> str:
    """What came of a repository."""
    at = f"commit {done.commit}" + (f", tag {settings.tag}" if settings.tag else "")
    if done.pull_request is not None:
        state = "opened" if done.is_new else "open already, unchanged"
        return f"pull request {done.pull_request} {state}, not merged: {done.plan.summary()}; {at}"
    if done.plan.is_empty:
        return f"{'tagged' if done.is_new else 'unchanged'}, {len(done.plan.unchanged)} files; {at}"
    return f"{done.plan.summary()}; {at}"
