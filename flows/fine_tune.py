"""From a release to a judged model."""

from pathlib import Path

from prefect import flow

from dataprep.build import Build
from dataprep.errors import CallError
from dataprep.pipeline import FINE_TUNE, up_to
from dataprep.recipes.recipe import Recipe
from flows.operating import held_build, release_digest, run_name
from flows.prepare import Until
from flows.tasks import report, stage


@flow(name="fine-tune", flow_run_name=run_name("fine-tune"))
def fine_tune(
    recipe: Recipe | None = None,
    folder: Path | None = None,
    until: Until = "evaluate",
    release_tag: str | None = None,  # noqa: ARG001 - run_name reads it
    release_sha256: str | None = None,
) -> None:
    """Train the base model on the release's pairs and judge it against BM25 and the base.

    Args:
        recipe: What is trained and how; without one, the recipe that the folder was built with.
        folder: The build folder; without one, data/build/<recipe name>.
        until: The last stage to run.
        release_tag: Tag of the release, shown in the run's name.
        release_sha256: Digest of the release's manifest; a folder that holds another release is refused.
    """
    with held_build(recipe, folder) as build:
        _refuse_another_release(build, release_sha256)
        for name in up_to(FINE_TUNE, until):
            stage(name, build)
        report(build)


def _refuse_another_release(build: Build, wanted: str | None) -> None:
    if wanted and (found := release_digest(build)) != wanted:
        raise CallError(
            f"{build.release} holds release {found[:12]}, not {wanted[:12]}: it was built anew since; publish it, then train on it"
        )
