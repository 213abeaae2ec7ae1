"""Where a run takes place, what it is called and what it tells: a worker's run has an operator, not a terminal."""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prefect import runtime
from prefect.events import emit_event
from prefect.settings import PREFECT_API_URL

from dataprep import io
from dataprep.build import Build, existing_build, opened
from dataprep.errors import CallError, DataprepError
from dataprep.recipes.recipe import Recipe

_WAIT_S = 6 * 3600


def has_server() -> bool:
    """Whether a server is named, so that artifacts and events are seen by somebody."""
    return PREFECT_API_URL.value() is not None


def artifact_key(recipe: str, what: str) -> str:
    """The key of one of a recipe's artifacts, in the letters that Prefect allows."""
    return re.sub(r"[^a-z0-9]+", "-", f"{recipe}-{what}".lower()).strip("-")


def is_deployed() -> bool:
    """Whether this run is a deployment's: started through the API and carried out by a worker."""
    return runtime.deployment.id is not None


def run_name(flow: str) -> Callable[[], str]:
    """A namer for runs of a flow: its own name, the recipe's, and the release's tag where one is given."""

    def name() -> str:
        given = runtime.flow_run.parameters
        recipe, folder = given.get("recipe"), given.get("folder")
        if isinstance(recipe, dict):
            recipe = Recipe.model_validate(recipe)
        what = recipe.name if recipe else _recipe_name(Path(folder)) if folder else ""
        tag = given.get("release_tag") or (recipe.publish.tag if recipe else None)
        return " ".join(part for part in (flow, what, tag) if part)

    return name


def _recipe_name(folder: Path) -> str:
    try:
        return existing_build(folder).recipe.name
    except CallError:  # the flow will say so; a name must not fail
        return folder.name


def place_of(recipe: Recipe, folder: Path | None) -> Path:
    """The build folder: the one that is named, else data/build/<recipe name>."""
    return (folder or Path("data/build") / recipe.name).absolute()


@contextmanager
def held_build(recipe: Recipe | None, folder: Path | None) -> Iterator[Build]:
    """Hold a build; a worker's run waits hours for another run on the folder, a person is told at once who holds it.

    Args:
        recipe: The recipe; None takes the one that the folder was built with.
        folder: The build folder; None takes the recipe's own.

    Raises:
        CallError: Neither recipe nor folder is given, or the folder holds something else.
        BusyError: Another run holds the folder.
    """
    if recipe is None:
        if folder is None:
            raise CallError("neither a recipe nor a build folder is given; name at least one of them")
        recipe = existing_build(folder).recipe
    with opened(place_of(recipe, folder), recipe, wait_s=_WAIT_S if is_deployed() else 0) as build:
        yield build


def release_digest(build: Build) -> str:
    """Digest of a release: its manifest's, which holds those of all tables."""
    return io.file_sha256(build.release / "manifest.json")


def tell(event: str, recipe: str, labels: dict[str, str] | None = None, **payload: Any) -> None:  # noqa: ANN401 - plain JSON
    """Emit `dataprep.<event>` about a recipe, where a server is named."""
    if has_server():
        resource = {"prefect.resource.id": f"dataprep.recipe.{recipe}", "prefect.resource.name": recipe, **(labels or {})}
        emit_event(f"dataprep.{event}", resource=resource, payload=payload)


class _ForAnOperator(logging.Filter):
    """One line per stage: progress is for a terminal, and a traceback for faults of ours, not for what a user can act on."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], DataprepError):
            record.exc_info = None
        return getattr(record, "state", None) not in {"started", "progress"}


if runtime.flow_run.id is not None:  # this process was started by a worker
    for _logger in ("prefect.flow_runs", "prefect.task_runs", "dataprep"):
        logging.getLogger(_logger).addFilter(_ForAnOperator())
    logging.getLogger("dataprep").setLevel(logging.INFO)  # Prefect forwards a logger of ours from WARNING on, unless told
    logging.getLogger("bm25s").propagate = False  # it sets its own level to DEBUG
