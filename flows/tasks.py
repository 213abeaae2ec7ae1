"""The tasks: a stage of a build, and its report. Files on disk are their results, so Prefect's own caching stays off."""

import logging
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from dataprep.build import Build, finish
from dataprep.pipeline import STAGES

log = logging.getLogger("dataprep")


@task(task_run_name="{name}", cache_policy=NO_CACHE)
def stage(name: str, build: Build) -> str:
    """Finish one stage, or find it finished; say in one line what came of it."""
    log.info("%s", name, extra={"stage": name, "state": "started"})
    done = finish(STAGES[name], build)
    log.info("%s: %s", name, done.summary, extra={"stage": name, "state": "reused" if done.is_reused else "finished"})
    return done.summary


@task(cache_policy=NO_CACHE)
def report(build: Build) -> Path:
    """Write the page that shows what is finished."""
    from dataprep.report import write_report  # noqa: PLC0415 - brings the plotting library

    log.info("report", extra={"stage": "report", "state": "started"})
    return write_report(build)
