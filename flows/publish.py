"""From a build to where others load it."""

from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect import runtime
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

from dataprep.build import Build
from dataprep.publishing import publish_build
from dataprep.recipe import Recipe
from flows import approval
from flows.operating import held_build, release_digest, run_name, tell
from flows.tasks import RETRIED

send = task(name="publish", task_run_name="publish to {target}", cache_policy=NO_CACHE, **RETRIED)(publish_build)


@flow(name="publish", flow_run_name=run_name("publish"))
def publish(recipe: Recipe | None = None, folder: Path | None = None, targets: tuple[str, ...] = ()) -> list[str] | State[Any]:
    """Publish dataset and model to every target; one line of what was done for each.

    Args:
        recipe: What is published; without one, the recipe that the folder was built with.
        folder: The build folder; without one, data/build/<recipe name>.
        targets: Where it goes; none takes the recipe's.
    """
    with held_build(recipe, folder) as build:
        chosen = targets or build.recipe.publish.to
        if refusal := approval.refused(build, chosen):
            return refusal
        lines = [line for target in chosen for line in send(build, target)]
        if chosen and "dataset" in build.recipe.publish.what:
            _announce(build, chosen)
    return lines


def _announce(build: Build, targets: tuple[str, ...]) -> None:
    """Emit `dataprep.release.published`; an automation may start fine-tuning on it, unless the parent flow does."""
    settings = build.recipe.publish
    tell(
        "release.published",
        build.recipe.name,
        {"dataprep.published-by": "release" if runtime.flow_run.parent_flow_run_id else "publish"},
        folder=str(build.folder),
        release_tag=settings.tag,
        release_sha256=release_digest(build),
        targets=list(targets),
    )
