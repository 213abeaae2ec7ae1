"""`make deploy`: the pools, the deployments of prefect.yaml under a recipe's name, and the watch over dead runs."""

import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
import yaml
from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentUpdate, WorkPoolCreate
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.workers.process import ProcessWorker

from dataprep.recipes.recipe import Recipe
from dataprep.recipes.recipe_file import load

POOLS = {"prep": "Preparation and publishing", "train": "Fine-tuning; its worker belongs on a machine with a GPU"}
_TOKEN_BLOCK = "hf-token"  # noqa: S105 - the name of the block, not the token


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("recipe", default="sample")
@click.option("--set", "overrides", multiple=True, metavar="KEY.PATH=VALUE", help="Override a key of the recipe; may be repeated.")
@click.option("--cron", help="Run the release on this schedule (Europe/Warsaw); without one, the schedules stay off.")
def main(recipe: str, overrides: tuple[str, ...], cron: str | None) -> None:
    """Deploy prepare, fine-tune, publish and release for a RECIPE, a bundled name or a TOML file.

    \b
    Example:
      python -m flows.deploy pairs.toml --cron "0 3 * * 1"
    """  # noqa: D301 - \b keeps click from re-wrapping the example
    with get_client(sync_client=True) as client:
        _make_pools(client)
        project = for_recipe(yaml.safe_load(Path("prefect.yaml").read_text(encoding="utf-8")), load(recipe, overrides), cron=cron)
        _deploy(project)
        if _has_token(client):
            _give_token(client, project)
        _watch_over_dead_runs(client)


def for_recipe(project: dict[str, Any], recipe: Recipe, *, cron: str | None = None) -> dict[str, Any]:
    """prefect.yaml's content with another recipe: in names, tags, parameters and triggers; aliases are resolved."""
    plain = recipe.model_dump(mode="json", exclude_defaults=True)
    for deployment in project["deployments"]:
        deployment |= {"name": recipe.name, "tags": ["dataprep", recipe.name]}
        given = deployment["parameters"]
        deployment["parameters"] = {"recipe": plain} if "recipe" in given else {"folder": f"data/build/{recipe.name}"}
        for trigger in deployment.get("triggers", []):
            trigger["name"] = f"fine-tune {recipe.name} after it was published"
            trigger["match"] = trigger["match"] | {"prefect.resource.id": f"dataprep.recipe.{recipe.name}"}
        if cron and deployment["entrypoint"].endswith(".release"):
            deployment["schedules"] = [{"cron": cron, "timezone": "Europe/Warsaw", "active": True}]
    return project


def _make_pools(client: SyncPrefectClient) -> None:
    """Made here and not by `prefect work-pool create`, which looks for newer templates on the network."""
    for name, description in POOLS.items():
        template = ProcessWorker.get_default_base_job_template()
        try:
            client.create_work_pool(WorkPoolCreate(name=name, type="process", description=description, base_job_template=template))
        except ObjectAlreadyExists:
            continue


def _has_token(client: SyncPrefectClient) -> bool:
    try:
        client.read_block_document_by_name(_TOKEN_BLOCK, "secret")
    except ObjectNotFound:
        return False
    return True


def _give_token(client: SyncPrefectClient, project: dict[str, Any]) -> None:
    """Let workers put the token into a run's environment; `prefect deploy` would write the token itself into the deployment."""
    for deployment in project["deployments"]:
        found = client.read_deployment_by_name(f"{_flow(deployment)}/{deployment['name']}")
        reference = {"HF_TOKEN": f"{{{{ prefect.blocks.secret.{_TOKEN_BLOCK} }}}}"}
        variables = found.job_variables | {"env": found.job_variables.get("env", {}) | reference}
        client.update_deployment(found.id, DeploymentUpdate(job_variables=variables))


def _flow(deployment: dict[str, Any]) -> str:
    return str(deployment["entrypoint"]).split(".")[1].replace("_", "-")


def _deploy(project: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "prefect.yaml"
        written.write_text(yaml.safe_dump(project, allow_unicode=True, sort_keys=False), encoding="utf-8")
        command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(written)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own interpreter and file
    if done.returncode:
        raise click.ClickException(done.stdout + done.stderr)
    for deployment in project["deployments"]:
        click.echo(f"{_flow(deployment)}/{deployment['name']}: deployed to pool {deployment['work_pool']['name']}")


def _watch_over_dead_runs(client: SyncPrefectClient) -> None:
    template = files("flows") / "automations" / "zombies.yaml"
    automation = AutomationCore.model_validate(yaml.safe_load(template.read_text(encoding="utf-8")))
    found = client.read_automations_by_name(automation.name)
    if found:
        client.update_automation(found[0].id, automation)
    else:
        client.create_automation(automation)
    click.echo(f"Automation: {automation.name}")


if __name__ == "__main__":
    main()
