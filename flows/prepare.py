"""From sources to a release."""

from pathlib import Path

from prefect import flow

from dataprep.build import opened
from dataprep.recipe import Recipe
from dataprep.pipeline import PREPARE, up_to
from flows.tasks import report, stage


@flow(name="prepare", flow_run_name="prepare {recipe.name}", validate_parameters=False)
def prepare(recipe: Recipe, folder: Path, until: str = "release") -> None:
    """Ingest, clean, filter, deduplicate, split, add negatives, measure lengths and write the release."""
    with opened(folder, recipe) as build:
        for name in up_to(PREPARE, until):
            stage(name, build)
        report(build)
