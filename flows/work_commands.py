"""Commands that build, judge or publish; each runs a Prefect flow.

Heavy imports are late: `--help` and `recipes` answer at once.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from dataprep.errors import CallError

_STAGES = ["ingest", "clean", "filter", "deduplicate", "split", "negatives", "lengths", "release", "train", "evaluate", "publish"]
_FOLDER = click.Path(path_type=Path)
_TARGETS = "hf://datasets/OWNER/NAME, hf://OWNER/NAME (the model), s3://BUCKET/PREFIX or a folder; may be repeated. Default: the recipe's."


@click.command()
@click.argument("recipe")
@click.option("--build", "folder", type=_FOLDER, help="Build folder; default data/build/<recipe name>.")
@click.option("--until", type=click.Choice(_STAGES), default="publish", show_default=True, help="The last stage to run.")
@click.option("--set", "overrides", multiple=True, metavar="KEY.PATH=VALUE", help="Override a key of the recipe; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def run(recipe: str, folder: Path | None, until: str, overrides: tuple[str, ...], *, as_json: bool) -> None:
    """Run a RECIPE, a bundled name or a TOML file, from its sources to a release and a judged model.

    Finished stages are not run again: a second run goes on where the first one stopped.

    \b
    Example:
      dataprep run sample --until release
      dataprep run klej-dyk.toml --build /data/dyk --set train.epochs=3
    """
    from dataprep.pipeline import reference_digest, source_digest
    from dataprep.recipes.recipe_file import load

    loaded = load(recipe, overrides)
    source_digest(loaded), reference_digest(loaded)  # say that a file is missing before Prefect's server is started
    place = folder or Path("data/build") / loaded.name
    _run_flow("release", as_json, recipe=loaded, folder=place, until=until)


@click.command()
@click.argument("build", type=_FOLDER)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def train(build: Path, *, as_json: bool) -> None:
    """Fine-tune the base model on a BUILD's release.

    \b
    Example:
      dataprep train data/build/sample
    """
    _fine_tune(build, "train", as_json=as_json)


@click.command()
@click.argument("build", type=_FOLDER)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def evaluate(build: Path, *, as_json: bool) -> None:
    """Judge a BUILD's model against BM25 and its base model, training it first if need be.

    \b
    Example:
      dataprep evaluate data/build/sample --json
    """
    _fine_tune(build, "evaluate", as_json=as_json)


def _fine_tune(folder: Path, until: str, *, as_json: bool) -> None:
    from dataprep.build import existing_build

    _run_flow("fine_tune", as_json, recipe=existing_build(folder).recipe, folder=folder, until=until)


@click.command()
@click.argument("recipe")
@click.option("--over", type=_FOLDER, required=True, metavar="FILE", help="TOML file of the data recipes that are compared.")
@click.option("--seeds", "n_seeds", type=click.IntRange(min=1), default=3, show_default=True, help="Seeds; each has splits of its own.")
@click.option("--build", "folder", type=_FOLDER, help="Build folder that gets the table; default data/build/<recipe name>.")
@click.option("--set", "overrides", multiple=True, metavar="KEY.PATH=VALUE", help="Override a key of the recipe; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
def ablate(recipe: str, over: Path, n_seeds: int, folder: Path | None, overrides: tuple[str, ...], *, as_json: bool) -> None:
    """Compare data recipes: the same base model and budget, settings chosen on validation, paired over seeds and questions.

    \b
    Example:
      dataprep ablate sample --over over.toml --seeds 5
    """
    from dataprep.ablation.plan import cells, read_over
    from dataprep.recipes.recipe_file import load
    from flows.screen import shown_stages

    loaded, compared = load(recipe, overrides), read_over(over)
    cells(loaded, compared, n_seeds=n_seeds)  # say what is wrong with them before Prefect's server is started
    place = folder or Path("data/build") / loaded.name
    with shown_stages(quiet=as_json):
        document = _with_prefect("ablate", recipe=loaded, over=compared, n_seeds=n_seeds, folder=place)
    click.echo(json.dumps(document, ensure_ascii=False, indent=2) if as_json else (place / "ablation.md").read_text(encoding="utf-8"))


@click.command()
@click.argument("build", type=_FOLDER)
@click.option("--to", "targets", multiple=True, metavar="TARGET", help=_TARGETS)
@click.option("--what", default="", help="dataset, model or both, separated by a comma. Default: the recipe's.")
@click.option("--private", is_flag=True, default=None, help="Make a new repository private.")
@click.option("--tag", help="Tag of the published commit.")
@click.option("--revision", metavar="BRANCH", help="Branch to publish to; default main.")
@click.option("--create-pr", is_flag=True, default=None, help="Open a pull request and do not merge it.")
@click.option("--model-alone", is_flag=True, default=None, help="Publish the model although its release is not published.")
@click.option("--dry-run", is_flag=True, help="Only say what would be added, changed and deleted.")
def publish(build: Path, targets: tuple[str, ...], what: str, *, dry_run: bool, **options: Any) -> None:  # noqa: ANN401 - keys of [publish]
    """Publish a BUILD's release and model. What is equal there already is left alone.

    The Hub's token is that of HF_TOKEN, else that of `hf auth login`.

    \b
    Example:
      dataprep publish data/build/sample --to /srv/datasets/sample --what dataset
      dataprep publish data/build/sample --to hf://datasets/acme/pytania --to hf://acme/model --tag v1.0.0 --dry-run
    """
    from dataprep.build import existing_build
    from dataprep.publishers.publish_build import publish_build, settings_of
    from flows.screen import shown_stages

    found = existing_build(build)
    given = {key: value for key, value in options.items() if value is not None}
    lists = {"to": list(targets), "what": [part.strip() for part in what.split(",") if part.strip()]}
    settings = settings_of(found, given | {key: value for key, value in lists.items() if value})
    if not settings.to:
        raise CallError(f"no target: name one with --to, or give `publish.to` of {build}/recipe.toml one")
    outcomes = publish_build(found, settings, is_dry_run=True) if dry_run or settings.token_block is None else []
    if dry_run or (outcomes and not any(outcome.is_changed for outcome in outcomes)):  # nothing to do: no flow is started
        lines = [line for outcome in outcomes for line in (outcome.line, *outcome.details)]
    else:
        with shown_stages(quiet=False):
            lines = _with_prefect("publish", recipe=found.recipe, folder=build, settings=settings)
    for line in lines:
        click.echo(line)


def _run_flow(flow: str, as_json: bool, **parameters: Any) -> None:  # noqa: ANN401, FBT001 - a flow's own parameters
    """Run a flow with its stages shown live, then show what was built."""
    from flows.screen import show_summary, shown_stages

    with shown_stages(quiet=as_json):
        _with_prefect(flow, **parameters)
    show_summary(parameters["folder"], as_json=as_json)


def _with_prefect(flow: str, **parameters: Any) -> Any:  # noqa: ANN401 - a flow's own parameters and result
    from flows.embedded_server import embedded_server, imports_kept

    with embedded_server() as wait_until_up:
        with imports_kept():
            from importlib import import_module

            from dataprep.pipeline import load_ahead

            chosen: Callable[..., Any] = getattr(import_module(f"flows.{flow}"), flow)
            if flow == "release":
                load_ahead()  # the server takes seconds to start, in a process of its own
        wait_until_up()
        return chosen(**parameters)
