"""Commands that look at what is there: recipes, builds, releases and files.

Heavy imports are late: `--help` and `recipes` answer at once.
"""

import json
import sys
from pathlib import Path

import click

from dataprep.errors import CallError

_FOLDER = click.Path(path_type=Path)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def recipes(*, as_json: bool) -> None:
    """List the bundled recipes.

    \b
    Example:
      dataprep recipes
    """
    from dataprep.recipes.recipe_file import bundled_recipes

    found = bundled_recipes()
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    width = max(map(len, found))
    for name, purpose in found.items():
        click.echo(f"{name:{width}}  {purpose}")


@click.command()
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


@click.command()
@click.argument("wanted", metavar="[ID]", required=False)
@click.option("--build", "folder", type=_FOLDER, required=True, help="The build folder.")
@click.option("--find", "text", help="List the rows whose texts, as read, hold this text; at most 20.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(wanted: str | None, folder: Path, text: str | None, *, as_json: bool) -> None:
    """Tell the story of one row, question or passage: ID is a row_id, a source key or an _id of the release.

    Where an ID names more than 20 rows, the first 20 are told.

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


@click.command()
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


@click.command()
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


@click.command()
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


@click.command()
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


@click.command()
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
