"""The tasks: a stage of a build, and its report. Files on disk are their results, so Prefect's own caching stays off."""

import logging
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from dataprep.build import Build, finish
from dataprep.errors import RefusedError, RemoteError
from dataprep.pipeline import STAGES
from flows import engines, operating
from flows.progress import progress_in_ui

log = logging.getLogger("dataprep")

_OUT_OF_REACH = (RemoteError, ConnectionError, TimeoutError)


def may_pass(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether a failure is worth another try: a remote out of reach, where nobody sits at a terminal to try again.

    A pure stage fails the same way twice, a full disk does not empty itself, and a refusal for good needs a person.
    """
    error = state.result(raise_on_failure=False)
    return isinstance(error, _OUT_OF_REACH) and not isinstance(error, RefusedError) and operating.is_deployed()


RETRY_DELAYS_S = [10.0, 60.0, 300.0]


@task(
    task_run_name="{name}",
    cache_policy=NO_CACHE,
    retries=len(RETRY_DELAYS_S),
    retry_delay_seconds=RETRY_DELAYS_S,
    retry_jitter_factor=0.5,
    retry_condition_fn=may_pass,
)
def stage(name: str, build: Build) -> str:
    """Finish one stage, or find it finished; say in one line what came of it."""
    log.info("%s", name, extra={"stage": name, "state": "started"})
    with progress_in_ui(build.recipe.name, name), engines.spread(build.recipe.run, stage=name) as each:
        done = finish(STAGES[name], build, each)
    log.info("%s: %s", name, done.summary, extra={"stage": name, "state": "reused" if done.is_reused else "finished"})
    operating.tell("stage.finished", build.recipe.name, stage=name, summary=done.summary, is_reused=done.is_reused)
    return done.summary


@task(cache_policy=NO_CACHE)
def report(build: Build) -> Path:
    """Write the page that shows what is finished; show its figures in Prefect's UI too, where there is a server."""
    from dataprep.reports.report import write_report  # noqa: PLC0415 - brings the plotting library

    log.info("report", extra={"stage": "report", "state": "started"})
    page = write_report(build)
    if operating.has_server():
        from flows.artifacts import show  # noqa: PLC0415 - not for the embedded server, whose UI nobody sees

        show(build)
    return page
