"""A person's word before publishing: the run is suspended, and its form in Prefect's UI shows what would be published."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect import runtime, suspend_flow_run
from prefect.client.schemas.objects import State
from prefect.input import RunInput
from prefect.states import Cancelled

from dataprep.build import Build
from dataprep.compare.diff import diff
from dataprep.errors import DataError, RemoteError
from dataprep.publishers.last_published import last_published
from dataprep.releases import contracts
from flows.artifacts import markdown_table, summary_markdown
from flows.hub_token import hub_token
from flows.operating import is_deployed, release_digest

log = logging.getLogger("dataprep")


_CHANGES = ("added", "removed", "changed", "moved")


class Approval(RunInput):
    """The form: what a person decides, and why."""

    approve: bool = False
    comment: str = ""


def refused(build: Build, targets: Sequence[str]) -> State[Any] | None:
    """Wait until a person has decided, if the recipe asks for it; the state to end with, or None to go on.

    The process ends while the run is suspended and starts again from the top on resume, where finished
    stages are found again. The question is tied to the release's digest: another release asks anew.
    A flow inside another one leaves the question to the outer, and a command typed by a person is an
    approval itself. Without an answer in time, the server fails the run.
    """
    settings = build.recipe.publish
    if not settings.approval or not is_deployed() or runtime.flow_run.parent_flow_run_id:
        return None
    answer = suspend_flow_run(
        wait_for_input=Approval.with_initial_data(description=form(build, targets)),
        timeout=round(settings.approval_hours * 3600),
        key=f"approve-{release_digest(build)[:12]}",
    )
    said = f": {answer.comment}" if answer.comment else ""
    if answer.approve:
        log.info("approved%s", said)
        return None
    return Cancelled(message=f"not published: rejected{said}")


def form(build: Build, targets: Sequence[str]) -> str:
    """What a person needs to decide, as Markdown: where it goes, the check's result, what changed, and the figures."""
    results = contracts.check(build.folder)
    broken = [f"- {result.name}: {result.n_offenders:,} offending rows" for result in results if result.is_broken]
    n_unchecked = sum(result.state == "unchecked" for result in results)
    verdict = (
        f"{len(broken)} of {len(results)} contracts are broken; publishing will refuse them."
        if broken
        else f"{len(results)} contracts, none broken."
    )
    parts = [
        f"# Publish {build.recipe.title or build.recipe.name}?",
        f"Release `{release_digest(build)[:12]}` goes to " + (", ".join(f"`{target}`" for target in targets) or "no target") + ".",
        "\n".join(["## Check\n", verdict + (f" {n_unchecked} could not be checked." if n_unchecked else ""), "", *broken]),
        f"## Since the last published release\n\n{_changes(build, targets)}",
        summary_markdown(build).split("\n\n", 1)[1],  # without its title
    ]
    return "\n\n".join(parts)


def _changes(build: Build, targets: Sequence[str]) -> str:
    """The difference to the release that was published last, in a target folder or on the Hub."""
    settings = build.recipe.publish
    try:
        with last_published(targets, settings, hub_token(settings.token_block)) as published:
            return _difference(published, build.release) if published else "No earlier release is at a target."
    except (RemoteError, DataError) as error:  # a person may decide without it
        return f"It cannot be compared: {error}"


def _difference(published: Path, release: Path) -> str:
    found = diff(published, release)
    changed = {kind for table in found["tables"].values() for kind in _CHANGES if table[kind]}  # the form is narrow
    tables = [
        {"table": name, "rows": _rows(table["old"], table["new"])} | {kind: f"{table[kind]:,}" for kind in _CHANGES if kind in changed}
        for name, table in found["tables"].items()
    ]
    verdict = found["verdict"]
    may = "may" if verdict["may_be_judged"] else "must not"
    sentence = f"A model trained on the earlier release {may} be judged on this one's test questions."
    return "\n\n".join([markdown_table(tables), sentence + "".join(f"\n- {reason}" for reason in verdict["reasons"])])


def _rows(old: int, new: int) -> str:
    return f"{old:,}" if old == new else f"{old:,} → {new:,}"
