"""What a run shows in Prefect's UI. The figures stand in the build folder too: a failure here never fails a run."""

import logging
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from dataprep.build import Build
from dataprep.publishers.targets import FolderTarget, HubTarget, parse
from dataprep.summary import Summary, summarise
from flows.operating import artifact_key

log = logging.getLogger("dataprep")

_METRICS = ("ndcg@10", "accuracy@1", "recall@10", "mrr@10")


def show(build: Build) -> None:
    """Create a summary, tables of rows, splits and scores, and a link to the report, one of each per recipe."""
    try:
        _create(build)
    except Exception as error:  # noqa: BLE001 - a server that is away must not undo finished work
        log.warning("artifacts were not stored: %s; report.html holds the same figures", error)


def show_published(recipe: str, targets: Sequence[str]) -> None:
    """Create a link to each place where a recipe's release or model was published."""
    try:
        for target in map(parse, targets):
            what = f"published-{target.kind}" if isinstance(target, HubTarget) else "published-folder"
            url = target.path.absolute().as_uri() if isinstance(target, FolderTarget) else target.url
            said = f"The {target.kind} on the Hub" if isinstance(target, HubTarget) else "The folder with dataset and model"
            create_link_artifact(url, key=artifact_key(recipe, what), link_text=str(target), description=said)
    except Exception as error:  # noqa: BLE001 - a server that is away must not undo a publication
        log.warning("links were not stored: %s", error)


def _create(build: Build) -> None:
    from dataprep.reports.summary_pictures import summary_pictures  # noqa: PLC0415 - brings the plotting library

    figures, name = summarise(build.folder), build.recipe.name
    pictures = [f"![{label}]({_data_url(svg)})" for label, svg in summary_pictures(build).items()]
    summary = summary_markdown(build, pictures)
    create_markdown_artifact(summary, key=artifact_key(name, "summary"), description=f"What the build of {name} holds")
    tables = {
        "rows": ("Source rows by fate and rule", _rows(figures)),
        "rules": ("Rows that each rule touched, also rules that touched none", _rules(figures)),
        "splits": ("Splits", _splits(figures)),
        "scores": ("Retrieval scores with 95 % intervals", _scores(figures.evaluation)),
    }
    for what, (description, rows) in tables.items():
        if rows:
            create_table_artifact(rows, key=artifact_key(name, what), description=description)
    report = build.folder / "report.html"
    if report.is_file():
        said = "The report: one page, no network"
        create_link_artifact(report.as_uri(), key=artifact_key(name, "report"), link_text=str(report), description=said)


def summary_markdown(build: Build, pictures: Sequence[str] = ()) -> str:
    """A build's figures as Markdown, with pictures below the title."""
    figures = summarise(build.folder)
    title = build.recipe.title or build.recipe.name
    parts = [f"# {title}", *pictures]
    for heading, rows in (("Rows", _fates(figures)), ("Splits", _splits(figures)), ("Scores", _scores(figures.evaluation))):
        if rows:
            parts.append(f"## {heading}\n\n{markdown_table(rows)}")
    parts.append("## Where\n\n" + "\n".join(f"- {what}: `{path}`" for what, path in figures.places.items()))
    return "\n\n".join(parts) + "\n"


def markdown_table(rows: list[dict[str, str]]) -> str:
    """Rows with equal keys as a Markdown table; the first column is text, the others are figures."""
    head = f"| {' | '.join(rows[0])} |\n|---|{'---:|' * (len(rows[0]) - 1)}"
    body = [" | ".join(value.replace("|", "\\|") for value in row.values()) for row in rows]
    return "\n".join([head, *(f"| {line} |" for line in body)])


def _data_url(svg: str) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"


def _fates(figures: Summary) -> list[dict[str, str]]:
    return [{"fate": fate, "rows": f"{sum(rules.values()):,}"} for fate, rules in figures.fates.items()]


def _rows(figures: Summary) -> list[dict[str, str]]:
    return [{"fate": fate, "rule": rule, "rows": f"{count:,}"} for fate, rules in figures.fates.items() for rule, count in rules.items()]


def _rules(figures: Summary) -> list[dict[str, str]]:
    return [{"rule": rule, "rows": f"{count:,}"} for rule, count in figures.rules.items()]


def _splits(figures: Summary) -> list[dict[str, str]]:
    names = {"queries": "questions", "positives": "positives", "groups": "groups"}
    return [{"split": split} | {shown: f"{counts[key]:,}" for key, shown in names.items()} for split, counts in figures.splits.items()]


def _scores(evaluation: Mapping[str, Any] | None) -> list[dict[str, str]]:
    systems = evaluation["systems"] if evaluation else {}
    return [
        {"system": f"{system}" if dimension == "all" else f"{system}, {dimension} dimensions"}
        | {metric: _interval(values[metric]) for metric in _METRICS}
        for system, dimensions in systems.items()
        for dimension, values in dimensions.items()
    ]


def _interval(metric: Mapping[str, float]) -> str:
    return f"{metric['value']:.3f} ({metric['low']:.3f}-{metric['high']:.3f})"
