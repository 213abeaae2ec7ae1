"""The one task: a stage of a build. Its files on disk are its result, so Prefect's own caching stays off."""

import logging

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
