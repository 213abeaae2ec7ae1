"""From a build to where others load it."""

import logging
from pathlib import Path
from typing import Any

from prefect import flow, runtime, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

from dataprep.build import Build
from dataprep.publishers.publish_build import publish_build
from dataprep.recipes.recipe import Publish, Recipe
from flows import approval
from flows.artifacts import show_published
from flows.hub_token import hub_token
from flows.operating import has_server, held_build, release_digest, run_name, tell
from flows.tasks import RETRY_DELAYS_S, may_pass

log = logging.getLogger("dataprep")


@task(
    name="publish",
    cache_policy=NO_CACHE,
    retries=len(RETRY_DELAYS_S),
    retry_delay_seconds=RETRY_DELAYS_S,
    retry_jitter_factor=0.5,
    retry_condition_fn=may_pass,
)
def send(build: Build, settings: Publish) -> list[str]:
    """Publish to every target. The token is read here, so that it is no run's parameter and no task's input."""
    outcomes = publish_build(build, settings, given_token=hub_token(settings.token_block))
    return [outcome.line for outcome in outcomes]


@flow(name="publish", flow_run_name=run_name("publish"))
def publish(recipe: Recipe | None = None, folder: Path | None = None, settings: Publish | None = None) -> list[str] | State[Any]:
    """Publish dataset and model to every target; one line of what was done for each.

    Args:
        recipe: What is published; without one, the recipe that the folder was built with.
        folder: The build folder; without one, data/build/<recipe name>.
        settings: How this once, for a call by hand; without them, as the recipe says.
    """
    with held_build(recipe, folder) as build:
        chosen = settings or build.recipe.publish
        if refusal := approval.refused(build, chosen.to):
            return refusal
        lines = send(build, chosen) if chosen.to else []
        for line in lines if runtime.flow_run.parent_flow_run_id else []:  # the command prints them itself
            log.info("publish: %s", line, extra={"stage": "publish", "state": "finished"})
        if chosen.to and "dataset" in chosen.what:
            _announce(build, chosen)
        if chosen.to and has_server():
            show_published(build.recipe.name, chosen.to)
    return lines


def _announce(build: Build, settings: Publish) -> None:
    """Emit `dataprep.release.published`; an automation may start fine-tuning on it, unless the parent flow does."""
    tell(
        "release.published",
        build.recipe.name,
        {"dataprep.published-by": "release" if runtime.flow_run.parent_flow_run_id else "publish"},
        folder=str(build.folder),
        release_tag=settings.tag,
        release_sha256=release_digest(build),
        targets=list(settings.to),
    )
