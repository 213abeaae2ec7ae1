"""What a person sees on the terminal: stages as they run, and what was built."""

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from dataprep.summary import Summary, summarise
from flows.pace import Pace
from flows.protocol_screen import show_protocols

_STATES = {"met": "[green]met[/]      ", "broken": "[red]broken[/]   ", "unchecked": "[yellow]unchecked[/]"}
_MARKS = {"finished": "[green]✓[/]", "reused": "[blue]=[/]"}


@contextmanager
def shown_stages(*, quiet: bool) -> Iterator[None]:
    """Print a line for each stage as it ends; on a terminal a moving bar too, none when piped."""
    console = Console(stderr=True, highlight=False)
    logger = logging.getLogger("dataprep")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    bar = Progress(SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console, transient=True)
    handler = _StageLines(console, bar, quiet=quiet)
    logger.addHandler(handler)
    try:
        if console.is_terminal and not quiet:
            with bar:
                yield
        else:
            yield
    finally:
        logger.removeHandler(handler)


class _StageLines(logging.Handler):
    """Stage messages of the "dataprep" logger as lines, and its progress as a bar."""

    def __init__(self, console: Console, bar: Progress, *, quiet: bool) -> None:
        super().__init__(logging.INFO)
        self._console, self._bar, self._quiet = console, bar, quiet
        self._task = bar.add_task("starting", total=None)
        self._pace = Pace()

    def emit(self, record: logging.LogRecord) -> None:
        state = getattr(record, "state", None)
        if state == "started":
            self._pace = Pace()
            self._bar.update(self._task, description=str(record.__dict__["stage"]), total=None, completed=0)
        elif state == "progress":
            done, total = record.__dict__["done"], record.__dict__["total"]
            told = f"{record.__dict__['stage']} {record.__dict__.get('note', '')}".strip()
            self._bar.update(self._task, description=escape(f"{told}  {self._pace.told(done, total)}"), total=total, completed=done)
        elif state in _MARKS and not self._quiet:
            name, _, summary = record.getMessage().partition(": ")
            again = "  [dim](finished before)[/]" if state == "reused" else ""
            self._console.print(f"{_MARKS[state]} [bold]{name:12}[/] {escape(summary)}{again}", soft_wrap=True)


def show_summary(folder: Path, *, as_json: bool) -> None:
    """What a build holds: counts by reason, splits, evaluation, and where to look next."""
    summary = summarise(folder)
    console = Console(highlight=False)
    if as_json:
        console.file.write(json.dumps(summary._asdict(), ensure_ascii=False, indent=2, default=str) + "\n")
        return
    console.print()
    for table in (_fates(summary), _splits(summary), _evaluation(summary)):
        if table.row_count:
            console.print(table)
    if summary.evaluation:
        console.print(_note(summary.evaluation))
        show_protocols(console, summary.evaluation)
    for what, path in summary.places.items():
        console.print(f"[bold]{what:10}[/] {path}", soft_wrap=True)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim", box=None, pad_edge=False)
    for i, column in enumerate(columns):
        table.add_column(column, justify="right" if i else "left")
    return table


def _fates(summary: Summary) -> Table:
    table = _table("Source rows", "fate and rule", "rows")
    for fate, rules in summary.fates.items():
        table.add_row(f"[bold]{fate}[/]", f"[bold]{sum(rules.values()):,}[/]")
        for rule, count in rules.items():
            table.add_row(f"  {rule}", f"{count:,}")
    return table


def _splits(summary: Summary) -> Table:
    table = _table("Splits", "split", "questions with a positive", "positives", "groups")
    for split, counts in summary.splits.items():
        table.add_row(split, *(f"{counts[key]:,}" for key in ("queries", "positives", "groups")))
    return table


def _evaluation(summary: Summary) -> Table:
    metrics = ("ndcg@10", "accuracy@1", "recall@10", "mrr@10")
    table = _table("Evaluation", "system", "dimension", *metrics)
    systems = summary.evaluation["systems"] if summary.evaluation else {}
    for system, dimensions in systems.items():
        for dimension, values in dimensions.items():
            shown = [f"{values[m]['value']:.3f} [dim]{values[m]['low']:.3f}-{values[m]['high']:.3f}[/]" for m in metrics]
            table.add_row(system, "" if dimension == "all" else dimension, *shown)
    return table


def _note(evaluation: dict[str, Any]) -> str:
    what = f"{evaluation['n_queries']:,} questions of the {evaluation['split']} split over {evaluation['n_passages']:,} passages"
    return f"[dim]{what}; 95 % bootstrap intervals[/]\n"


def show_contracts(results: Sequence[Any], *, as_json: bool) -> None:
    """One line per contract: met, broken with the first offenders, or why it cannot be checked here."""
    console = Console(highlight=False)
    if as_json:
        console.file.write(json.dumps([result.as_dict() for result in results], ensure_ascii=False, indent=2, default=str) + "\n")
        return
    for result in results:
        console.print(f"{_STATES[result.state]} {escape(result.name)}", soft_wrap=True)
        if result.note:
            console.print(f"          {escape(result.note)}", soft_wrap=True)
        if result.is_broken:
            console.print(f"          {result.n_offenders:,} offending rows, the first:", soft_wrap=True)
            for row in result.sample.to_dicts():
                console.print(f"            {escape(_short(row))}", soft_wrap=True)
    n_broken = sum(result.is_broken for result in results)
    console.print(f"{n_broken} of {len(results)} contracts broken" if n_broken else f"{len(results)} contracts, none broken")


def show_stories(stories: Sequence[Any], *, as_json: bool) -> None:
    """The stories of rows, one after the other."""
    console = Console(highlight=False)
    if as_json:
        console.file.write(json.dumps([story._asdict() for story in stories], ensure_ascii=False, indent=2, default=str) + "\n")
        return
    for story in stories:
        _show_story(console, story)


def _show_story(console: Console, story: Any) -> None:  # noqa: ANN401 - dataprep.explain.Story, which this module does not import
    origin = ", ".join(f"{key} {value}" for key, value in story.source.items() if value and key != "name")
    console.print(f"\n[bold]{story.row_id}[/]  {story.fate}   source {story.source['name']} ({escape(origin)})")
    for event in story.events:
        rest = {key: value for key, value in event.items() if key not in {"row_id", "source", "stage", "action", "rule"}}
        rule = f" by [bold]{escape(event['rule'])}[/]" if "rule" in event else ""
        console.print(f"  {event.get('stage', ''):12} {event['action']}{rule}")
        for key in ("column", "before", "after", "into", "score", "split"):
            if key in rest:
                console.print(f"               {key}: {escape(_short(rest[key]))}", soft_wrap=True)
    for name, part in (("question", story.query), ("passage", story.passage)):
        if part:
            console.print(
                f"  {name:12} {escape(_short(part['text']))}  [dim]{part.get('query_id') or part.get('passage_id')}[/]", soft_wrap=True
            )
    if story.query:
        console.print(f"  split        {story.query['split']}, group {story.query['group_id']} with {story.n_group:,} other questions")
    for question in story.group:
        console.print(f"               {escape(_short(question))}", soft_wrap=True)
    if story.n_group > len(story.group):
        console.print(f"               [dim]and {story.n_group - len(story.group):,} more[/]")
    if story.tables:
        console.print(f"  stands in    {', '.join(story.tables)}", soft_wrap=True)
    _show_findings(console, story)


def _show_findings(console: Console, story: Any) -> None:  # noqa: ANN401 - as above
    """What the filters measured, and what resembles or contradicts the row."""
    for verdict in ("failed", "reported"):
        if story.measures and story.measures.get(verdict):
            console.print(f"  {verdict:12} {', '.join(story.measures[verdict])}", soft_wrap=True)
    values = {key: value for key, value in (story.measures or {}).items() if key not in {"row_id", "failed", "reported"}}
    if values:
        told = ", ".join(f"{key} {_short(value)}" for key, value in values.items() if value not in (None, []))
        console.print(f"  [dim]measured     {escape(told)}[/]", soft_wrap=True)
    for name, findings in (("in reference", story.contamination), ("duplicate", story.duplicates), ("conflict", story.conflicts)):
        for found in findings:
            console.print(f"  {name:12} {escape(', '.join(f'{key} {_short(value)}' for key, value in found.items()))}", soft_wrap=True)


def show_found(found: Any, *, as_json: bool) -> None:  # noqa: ANN401 - a polars frame, which flows do not import
    """Rows found by text, one line each."""
    console = Console(highlight=False)
    if as_json:
        console.file.write(json.dumps(found.to_dicts(), ensure_ascii=False, indent=2) + "\n")
        return
    for row in found.to_dicts():
        texts = f"{_short(row['question'])} | {_short(row['passage'])}"
        console.print(f"[bold]{row['row_id']}[/] {escape(row['source_key'])} label {row['label']}: {escape(texts)}", soft_wrap=True)


def _short(value: object, limit: int = 240) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text):,} characters)"
