"""From a release to a judged model."""

from pathlib import Path

from prefect import flow

from dataprep.build import opened
from dataprep.recipe import Recipe
from dataprep.pipeline import FINE_TUNE, up_to
from flows.tasks import report, stage


@flow(name="fine-tune", flow_run_name="fine-tune {recipe.name}", validate_parameters=False)
def fine_tune(recipe: Recipe, folder: Path, until: str = "evaluate") -> None:
    """Train the base model on the release's pairs and judge it against BM25 and the base."""
    with opened(folder, recipe) as build:
        for name in up_to(FINE_TUNE, until):
            stage(name, build)
        report(build)
