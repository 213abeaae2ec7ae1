"""What a person sees of two sets compared: the verdict first, then counts by split and examples."""

import json
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_CHARS = 200


def show_leaks(found: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a comparison made by `dataprep.duplicates.leaks.leaks`."""
    console = Console(highlight=False)
    if as_json:
        console.file.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
        return
    mark = "[red]✗[/]" if found["is_leaking"] else "[green]✓[/]"
    console.print(f"{mark} {escape(found['verdict'])}", soft_wrap=True)
    for side in ("one", "other"):
        told = found[side]
        unread = f", {told['n_unread']:,} rows could not be read and are not compared" if told["n_unread"] else ""
        texts = f"{told['questions']:,} questions, {told['passages']:,} passages"
        console.print(f"  [dim]{escape(told['name'])} ({told['kind']}): {texts}{unread}[/]", soft_wrap=True)
    for what in ("questions", "passages"):
        _show_kind(console, what, found[what], has_splits=found["one"]["has_splits"] or found["other"]["has_splits"])


def _show_kind(console: Console, what: str, compared: Mapping[str, Any], *, has_splits: bool) -> None:
    console.print(f"\n[bold]{what}[/]  {compared['n_exact']:,} word for word, {compared['n_near']:,} nearly")
    if has_splits and compared["by_split"]:
        table = Table(header_style="dim", box=None, pad_edge=False)
        for column in ("match", "split of the first", "split of the second"):
            table.add_column(column)
        table.add_column(what, justify="right")
        for row in compared["by_split"]:
            table.add_row(row["kind"], row["split_one"] or "–", row["split_other"] or "–", f"{row['n']:,}")
        console.print(table)
    for kind in ("exact", "near"):
        for row in compared[kind]:
            console.print(f"  {kind} {row['jaccard']:.2f}  {_place(row, 'one')} {escape(_short(row['text_one']))}", soft_wrap=True)
            console.print(f"              {_place(row, 'other')} {escape(_short(row['text_other']))}", soft_wrap=True)


def _place(row: Mapping[str, Any], side: str) -> str:
    """Key and split of one text."""
    split = f" {row[f'split_{side}']}" if row[f"split_{side}"] else ""
    return f"[dim]{escape(str(row[f'key_{side}']))}{split}[/]"


def _short(text: str) -> str:
    return text if len(text) <= _CHARS else f"{text[:_CHARS]}…"
