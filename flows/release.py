"""The whole job: prepare, fine-tune, publish."""

import logging
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Failed

from dataprep.build import Build
from dataprep.pipeline import FINE_TUNE, PREPARE
from dataprep.recipes.recipe import Recipe
from flows import operating
from flows.prepare import Until, prepare
from flows.waiting import wait_for_server

log = logging.getLogger("dataprep")


@flow(name="release", flow_run_name=operating.run_name("release"))
def release(recipe: Recipe, folder: Path | None = None, until: Until = "publish") -> State[Any] | None:
    """Run every flow in turn, up to a stage.

    A worker's run publishes the dataset as soon as it is prepared and approved, has it fine-tuned by the
    deployment of that name, where there is one, and publishes the model after it.

    Args:
        recipe: What is built, from what, and how.
        folder: The build folder; without one, data/build/<recipe name>.
        until: The last stage to run.
    """
    build = Build(operating.place_of(recipe, folder), recipe)
    prepare(recipe, build.folder, until)
    if until in PREPARE:
        return None
    from flows.fine_tune import fine_tune  # noqa: PLC0415 - making a flow's form out of the recipe takes its time
    from flows.publish import publish  # noqa: PLC0415

    if operating.is_deployed() and until not in FINE_TUNE:
        wait_for_server()
        return _publish_and_fine_tune(build)
    wait_for_server()
    fine_tune(recipe, build.folder, until)
    if until not in FINE_TUNE and not recipe.publish.approval:
        wait_for_server()
        publish(recipe, build.folder)
    return None


def _publish_and_fine_tune(build: Build) -> State[Any] | None:
    from flows import approval, once  # noqa: PLC0415 - with the flows that follow a preparation
    from flows.fine_tune import fine_tune  # noqa: PLC0415
    from flows.publish import publish  # noqa: PLC0415

    recipe, targets = build.recipe, build.recipe.publish.to
    if refusal := approval.refused(build, targets):
        return refusal
    if "dataset" in recipe.publish.what:
        wait_for_server()
        _say(publish(recipe, build.folder, recipe.publish.model_copy(update={"what": ("dataset",)})))
    wait_for_server()
    if deployment := once.fine_tuning_deployment():
        run = once.fine_tune_once(build, deployment)
        ended = run.state.name if run.state else "without a state"
        log.info("fine-tuned by run %r: %s", run.name, ended)
        if run.state is None or not run.state.is_completed():
            return Failed(message=f"fine-tuning run {run.name!r} ended {ended}; see its log")
    else:
        fine_tune(recipe, build.folder)
    if "model" in recipe.publish.what:
        wait_for_server()
        _say(publish(recipe, build.folder))
    return None


def _say(published: list[str] | State[Any]) -> None:
    for line in published if isinstance(published, list) else []:
        log.info("published %s", line)
