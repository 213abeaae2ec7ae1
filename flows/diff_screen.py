"""What a person sees of two releases compared: the verdict first, then rows, splits, statistics and settings."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dataprep.compare.diff import is_empty

_CHANGES = ("old", "new", "added", "removed", "changed", "moved")
_SHOWN = 25
_CHARS = 160


def show_diff(found: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a comparison made by `dataprep.compare.diff.diff`."""
    console = Console(highlight=False)
    if as_json:
        console.file.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
        return
    _verdict(console, found["verdict"])
    if is_empty(dict(found)):
        console.print("\nThe two releases are equal.")
        return
    _tables(console, found["tables"])
    _rows(console, found["rows"])
    _splits(console, found["splits"])
    _figures(console, "Statistics that shifted, the largest shifts first", sorted(found["statistics"], key=_relative_shift, reverse=True))
    _figures(console, "Settings and sources that differ", found["settings"])


def _verdict(console: Console, verdict: Mapping[str, Any]) -> None:
    answers = {
        "A model trained on OLD may be judged on NEW's test questions": verdict["may_be_judged"],
        "Scores on the two test splits compare": verdict["scores_are_comparable"],
    }
    for question, answer in answers.items():
        console.print(f"{'[green]yes[/]' if answer else '[red]no[/] '}  {question}", soft_wrap=True)
    for reason in verdict["reasons"]:
        console.print(f"     {reason}", soft_wrap=True)
    for kind, leak in verdict["leaks"].items():
        for row in leak["sample"]:
            told = ", ".join(f"{key} {_short(value)}" for key, value in row.items())
            console.print(f"     [dim]{kind.replace('_', ' ')}: {escape(told)}[/]", soft_wrap=True)


def _tables(console: Console, tables: Mapping[str, Mapping[str, Any]]) -> None:
    shown = _table("Rows", "table", *_CHANGES)
    for name, counts in tables.items():
        shown.add_row(name, *(f"{counts[change]:,}" for change in _CHANGES))
    console.print(shown)
    for name, counts in tables.items():
        for change in ("added", "removed"):
            for row in counts.get(f"{change}_sample", ()):
                console.print(f"  [dim]{name} {change}: {row['_id']} {escape(_short(row['text']))}[/]", soft_wrap=True)


def _rows(console: Console, rows: Mapping[str, Any] | None) -> None:
    if rows is None:
        console.print("\n[dim]An edited text has another id, so it counts as removed and added; two builds tell which rows were edited.[/]")
        return
    counts = ", ".join(f"{rows[key]:,} {key}" for key in ("same", "edited", "added", "removed"))
    console.print(f"\n[bold]Source rows[/]  {counts}")
    _listing(console, [f"{fate['n']:,} {fate['old']} → {fate['new']}" for fate in rows["fates"]])
    for what in ("questions", "passages"):
        console.print(f"  {rows[what]['changed']:,} {what} stand there as another text")
        for row in rows[what]["sample"]:
            console.print(f"    [dim]{escape(_short(row['old_text']))} → {escape(_short(row['new_text']))}[/]", soft_wrap=True)


def _splits(console: Console, splits: Mapping[str, Any]) -> None:
    united, divided = splits["groups_united"], splits["groups_divided"]
    console.print(f"\n[bold]Splits[/]  {splits['n_moved']:,} questions moved; {united:,} groups united, {divided:,} divided")
    _listing(console, [f"{move['n']:,} {move['old']} → {move['new']}" for move in splits["by_splits"]])
    for row in splits["sample"]:
        ties = "; ".join(_short(text) for text in row["tied_to"]) or "no other question"
        console.print(
            f"  [dim]{escape(_short(row['text']))} ({row['old_split']} → {row['new_split']}) tied to: {escape(ties)}[/]", soft_wrap=True
        )


def _figures(console: Console, title: str, figures: Sequence[Mapping[str, Any]]) -> None:
    if not figures:
        return
    shown = _table(f"{title} ({len(figures):,})", "figure", "old", "new")
    for row in figures[:_SHOWN]:
        shown.add_row(escape(row["figure"]), *(escape(_number(row[side])) for side in ("old", "new")))
    console.print(shown)
    _rest(console, len(figures))


def _relative_shift(row: Mapping[str, Any]) -> float:
    """Difference over the larger value; 1 for a figure that only one side has."""
    old, new = row["old"], row["new"]
    if not all(isinstance(value, int | float) for value in (old, new)):
        return 1.0
    return float(abs(new - old) / max(abs(old), abs(new)))


def _listing(console: Console, lines: Sequence[str]) -> None:
    for line in lines[:_SHOWN]:
        console.print(f"  {escape(line)}", soft_wrap=True)
    _rest(console, len(lines))


def _rest(console: Console, n: int) -> None:
    if n > _SHOWN:
        console.print(f"  [dim]and {n - _SHOWN:,} more, see --json[/]")


def _table(title: str, *columns: str) -> Table:
    table = Table(title=f"\n{title}", title_justify="left", title_style="bold", header_style="dim", box=None, pad_edge=False)
    for i, column in enumerate(columns):
        table.add_column(column, justify="right" if i else "left", overflow="fold")
    return table


def _number(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return "–" if value is None else str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.4g}" if isinstance(value, float) else _short(value)


def _short(value: object) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _CHARS else f"{text[:_CHARS]}…"
