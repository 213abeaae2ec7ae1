"""The `dataprep` command. Heavy imports are late: `--help` and `recipes` answer at once."""

import errno
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click

from dataprep.errors import CallError, DataprepError

_STAGES = ["ingest", "clean", "filter", "deduplicate", "split", "negatives", "lengths", "release", "train", "evaluate", "publish"]
_FOLDER = click.Path(path_type=Path)
_TARGETS = "hf://datasets/OWNER/NAME, hf://OWNER/NAME (the model) or a folder; may be repeated. Default: the recipe's."
_OUR_FAULT, _WRONG_CALL, _INTERRUPTED = 1, 2, 130
_DISK = {
    errno.EACCES: "is not writable for you",
    errno.EROFS: "is on a read-only file system",
    errno.ENOSPC: "is full",
    errno.EDQUOT: "is over its quota",
    errno.ENOTDIR: "is no folder",
}


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="dataprep")
def cli() -> None:
    """Turn raw Polish question-passage pairs into a leak-free, deduplicated, documented retrieval release.

    \b
    Example:
      dataprep run sample
      dataprep check data/build/sample
      dataprep explain s0001 --build data/build/sample
    """


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def recipes(*, as_json: bool) -> None:
    """List the bundled recipes.

    \b
    Example:
      dataprep recipes
    """
    from dataprep.recipe_file import bundled_recipes

    found = bundled_recipes()
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    width = max(map(len, found))
    for name, purpose in found.items():
        click.echo(f"{name:{width}}  {purpose}")


@cli.command()
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
    from dataprep.recipe_file import load

    loaded = load(recipe, overrides)
    source_digest(loaded), reference_digest(loaded)  # say that a file is missing before Prefect's server is started
    place = folder or Path("data/build") / loaded.name
    _run_flow("release", as_json, recipe=loaded, folder=place, until=until)


@cli.command()
@click.argument("build", type=_FOLDER)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def train(build: Path, *, as_json: bool) -> None:
    """Fine-tune the base model on a BUILD's release.

    \b
    Example:
      dataprep train data/build/sample
    """
    _fine_tune(build, "train", as_json=as_json)


@cli.command()
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


@cli.command()
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
    from dataprep.recipe_file import load
    from flows.screen import shown_stages

    loaded, compared = load(recipe, overrides), read_over(over)
    cells(loaded, compared, n_seeds=n_seeds)  # say what is wrong with them before Prefect's server is started
    place = folder or Path("data/build") / loaded.name
    with shown_stages(quiet=as_json):
        document = _with_prefect("ablate", recipe=loaded, over=compared, n_seeds=n_seeds, folder=place)
    click.echo(json.dumps(document, ensure_ascii=False, indent=2) if as_json else (place / "ablation.md").read_text(encoding="utf-8"))


@cli.command()
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


@cli.command()
@click.argument("path", metavar="RELEASE_OR_BUILD", type=_FOLDER)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(path: Path, *, as_json: bool) -> None:
    """Prove every contract of a release or a build, one line each; exit 3 if one is broken.

    \b
    Example:
      dataprep check data/build/sample
    """
    from dataprep.releases.contracts import check as prove
    from flows.screen import show_contracts

    results = prove(path)
    show_contracts(results, as_json=as_json)
    if any(result.is_broken for result in results):
        sys.exit(3)


@cli.command()
@click.argument("wanted", metavar="ID", required=False)
@click.option("--build", "folder", type=_FOLDER, required=True, help="The build folder.")
@click.option("--find", "text", help="List rows, questions and passages that hold this text.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(wanted: str | None, folder: Path, text: str | None, *, as_json: bool) -> None:
    """Tell the story of one row, question or passage: ID is a row_id, a source key or an _id of the release.

    \b
    Example:
      dataprep explain s0001 --build data/build/sample
      dataprep explain --find "Bitwa pod Grunwaldem" --build data/build/sample
    """
    from dataprep.build import existing_build
    from dataprep.explain import find, stories
    from flows.screen import show_found, show_stories

    if (wanted is None) == (text is None):
        raise CallError("explain needs either an ID or --find TEXT")
    build = existing_build(folder)
    if text is not None:
        show_found(find(build, text), as_json=as_json)
    elif wanted is not None:
        show_stories(stories(build, wanted), as_json=as_json)


@cli.command()
@click.argument("old", type=_FOLDER)
@click.argument("new", type=_FOLDER)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def diff(old: Path, new: Path, *, as_json: bool) -> None:
    """Compare two releases or builds, and say whether a model trained on OLD may be judged on NEW.

    \b
    Example:
      dataprep diff data/build/sample-2024 data/build/sample
    """
    from dataprep.compare.diff import diff as compare
    from flows.diff_screen import show_diff

    show_diff(compare(old, new), as_json=as_json)


@cli.command()
@click.argument("build", type=_FOLDER)
@click.option("--threshold", type=float, required=True, help="Smallest Jaccard similarity at which passages would be merged.")
@click.option("--cosine", type=float, help="Smallest cosine at which passages would be merged, for builds that merge semantic duplicates.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def dedup_report(build: Path, threshold: float, cosine: float | None, *, as_json: bool) -> None:
    """Tell what a BUILD would merge at another threshold, from its links alone, the least similar pairs first.

    \b
    Example:
      dataprep dedup-report data/build/sample --threshold 0.7
    """
    from dataprep.build import existing_build
    from dataprep.duplicates.dedup_report import dedup_report as compare
    from flows.dedup_screen import show_dedup_report

    show_dedup_report(compare(existing_build(build), threshold=threshold, cosine=cosine), as_json=as_json)


@cli.command()
@click.argument("one", metavar="A", type=_FOLDER)
@click.argument("other", metavar="B", type=_FOLDER)
@click.option(
    "--columns",
    "columns",
    multiple=True,
    metavar="ROLE=COLUMN,…",
    help="Columns of files of rows: id, question, passage. Once for both, or twice: for A, then for B.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def leaks(one: Path, other: Path, columns: tuple[str, ...], *, as_json: bool) -> None:
    """Look for the questions and passages of A in B, word for word or nearly so.

    A and B are releases, builds, BEIR folders or files (.tsv, .csv, .jsonl, .parquet, or SQuAD's .json).
    A file with questions alone names just their column.

    \b
    Example:
      dataprep leaks train.tsv test.tsv --columns question=pytanie,passage=odpowiedz
      dataprep leaks data/build/sample exam.jsonl --columns question=text
    """
    from dataprep.duplicates.leaks import leaks as compare
    from dataprep.duplicates.text_sets import parse_columns
    from flows.leaks_screen import show_leaks

    if len(columns) > 2:  # noqa: PLR2004 - one for each side
        raise CallError(f"--columns was given {len(columns)} times; wanted once for both sides, or twice: for A, then for B")
    first, second = ([*map(parse_columns, columns)] * 2 + [{}, {}])[:2]
    show_leaks(compare(one, other, columns=(first, second)), as_json=as_json)


@cli.command()
@click.argument("build", type=_FOLDER)
def report(build: Path) -> None:
    """Write BUILD/report.html anew: one page that needs no network.

    \b
    Example:
      dataprep report data/build/sample
    """
    from dataprep.build import existing_build
    from dataprep.reports.report import write_report

    click.echo(write_report(existing_build(build)))


@cli.command()
@click.argument("release", type=_FOLDER)
def card(release: Path) -> None:
    """Write RELEASE/README.md, the dataset card, anew from the manifest and the statistics, and the files beside it.

    \b
    Example:
      dataprep card data/build/sample/release
    """
    from dataprep import io
    from dataprep.releases.card import rendered_files

    if not (release / "manifest.json").is_file():
        raise CallError(f"{release} is no release: it has no manifest.json")
    for name, text in rendered_files(release).items():
        io.write_text(text, release / name)
        click.echo(release / name)


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


def _stop(message: str, code: int) -> NoReturn:
    click.echo(f"dataprep: {message}", err=True)
    sys.stdout.flush()
    sys.exit(code)


def _run_command(interrupts: Sequence[int]) -> None:
    """Run the command. A terminal's Ctrl-C reaches the embedded server too: a call to it may fail before this process notices its own."""
    try:
        cli.main(standalone_mode=False)
    except BaseException as error:
        if interrupts or isinstance(error, click.exceptions.Abort | KeyboardInterrupt):
            _stop("interrupted; the same command goes on from the last finished stage", _INTERRUPTED)
        raise


def main() -> None:
    """Run the command; turn what a user can act on into one message and an exit code."""
    interrupts = list[int]()

    def interrupt(number: int, frame: FrameType | None) -> None:
        interrupts.append(number)
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, interrupt)
    try:
        _run_command(interrupts)
    except click.ClickException as error:
        error.show()
        sys.exit(_WRONG_CALL)
    except DataprepError as error:
        _stop(str(error), error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        if error.errno not in _DISK:
            raise
        where = error.filename or "the build folder's disk"
        _stop(f"{where} {_DISK[error.errno]}; free or name another place with --build, then run again: finished stages stay", _WRONG_CALL)


if __name__ == "__main__":
    main()
