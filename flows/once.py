"""Fine-tuning as a deployment run of its own: once per release and recipe, however often it is asked for."""

from hashlib import sha256
from typing import Any

from prefect import get_client, runtime
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterIdempotencyKey
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound

from dataprep.build import Build, is_current
from dataprep.pipeline import FINE_TUNE, STAGES
from dataprep.recipes import recipe_file
from dataprep.recipes.recipe import Publish
from flows.operating import release_digest


def fine_tuning_deployment() -> str | None:
    """The fine-tune deployment that is named like this run's own deployment; None where there is none."""
    name = f"fine-tune/{runtime.deployment.name}"
    with get_client(sync_client=True) as client:
        try:
            client.read_deployment_by_name(name)
        except ObjectNotFound:
            return None
    return name


def fine_tune_once(build: Build, deployment: str) -> FlowRun:
    """Start fine-tuning of a build's release, or find the run that does it or did it, and wait for its end."""
    digest = release_digest(build)
    parameters = {
        "recipe": build.recipe.model_dump(mode="json"),
        "folder": str(build.folder),
        "release_tag": build.recipe.publish.tag,
        "release_sha256": digest,
    }
    what = f"{digest} {build.folder} {recipe_file.dump(build.recipe.model_copy(update={'publish': Publish()}))}"
    key = sha256(what.encode()).hexdigest()[:32]
    run = run_deployment(deployment, parameters=parameters, timeout=None, idempotency_key=_attempt(key, build))
    assert isinstance(run, FlowRun)  # noqa: S101 - not awaited, for this flow is not asynchronous
    return run


def _attempt(key: str, build: Build) -> str:
    """The key of the run that counts: ended runs whose model is not there (any more) are followed by a new one."""
    attempt = 0
    with get_client(sync_client=True) as client:
        while (run := _run_of(client, f"{key}-{attempt}")) and run.state and run.state.is_final():
            if run.state.is_completed() and all(is_current(STAGES[name], build) for name in FINE_TUNE):
                break
            attempt += 1
    return f"{key}-{attempt}"


def _run_of(client: Any, key: str) -> FlowRun | None:  # noqa: ANN401 - a SyncPrefectClient
    found: list[FlowRun] = client.read_flow_runs(flow_run_filter=FlowRunFilter(idempotency_key=FlowRunFilterIdempotencyKey(any_=[key])))
    return found[0] if found else None
