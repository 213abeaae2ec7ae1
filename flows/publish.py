"""From a build to where others load it."""

from collections.abc import Sequence
from pathlib import Path

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from dataprep.build import opened
from dataprep.publishing import publish_build
from dataprep.recipe import Recipe

send = task(name="publish", cache_policy=NO_CACHE)(publish_build)


@flow(name="publish", flow_run_name="publish {recipe.name}", validate_parameters=False)
def publish(recipe: Recipe, folder: Path, targets: Sequence[str]) -> list[str]:
    """Publish dataset and model to every target; one line of what was done for each."""
    with opened(folder, recipe) as build:
        return [line for target in targets for line in send(build, target)]
