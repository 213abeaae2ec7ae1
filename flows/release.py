"""The whole job: prepare, fine-tune, publish."""

from pathlib import Path

from prefect import flow

from dataprep.recipe import Recipe
from dataprep.pipeline import FINE_TUNE, PREPARE
from flows.fine_tune import fine_tune
from flows.prepare import prepare
from flows.publish import publish


@flow(name="release", flow_run_name="release {recipe.name}", validate_parameters=False)
def release(recipe: Recipe, folder: Path, until: str = "publish") -> None:
    """Run every flow in turn, up to a stage."""
    prepare(recipe, folder, until)
    if until in PREPARE:
        return
    fine_tune(recipe, folder, until)
    if until not in FINE_TUNE:
        publish(recipe, folder, recipe.publish.to)
