"""From sources to a release."""

from pathlib import Path
from typing import Literal

from prefect import flow

from dataprep.pipeline import PREPARE, up_to
from dataprep.recipes.recipe import Recipe
from flows.operating import held_build, run_name
from flows.tasks import report, stage

Until = Literal["ingest", "clean", "filter", "deduplicate", "split", "negatives", "lengths", "release", "train", "evaluate", "publish"]


@flow(name="prepare", flow_run_name=run_name("prepare"))
def prepare(recipe: Recipe, folder: Path | None = None, until: Until = "release") -> None:
    """Ingest, clean, filter, deduplicate, split, add negatives, measure lengths and write the release.

    Args:
        recipe: What is built, from what, and how.
        folder: The build folder; without one, data/build/<recipe name>.
        until: The last stage to run.
    """
    with held_build(recipe, folder) as build:
        for name in up_to(PREPARE, until):
            stage(name, build)
        report(build)
