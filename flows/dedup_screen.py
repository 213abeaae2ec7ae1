"""What a person sees of another threshold of near-duplicates: counts, then the least similar pairs with what differs marked."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.text import Text

_SHOWN = 10
_STYLES = {"same": "", "removed": "red strike", "added": "green", "gap": "dim"}
_MARKS = {"removed": ("[-", "-]"), "added": ("{+", "+}")}  # as `git diff --word-diff` writes them


def show_dedup_report(found: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a report made by `dataprep.duplicates.dedup_report.dedup_report`."""
    console = Console(highlight=False)
    if as_json:
        console.file.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
        return
    counts = found["counts"]
    console.print(f"Threshold {found['threshold']:g} in place of {found['recipe']:g} (links are measured from {found['measured_from']:g})")
    if cosine := found["cosine"]:
        at = f"{cosine['threshold']:g}, {cosine['recipe']:g} in the recipe (measured from {cosine['measured_from']:g})"
        console.print(f"Cosine {at}")
    console.print(f"  passages merged: {counts['merged_now']:,} now, {counts['merged_then']:,} then")
    guards = ", ".join(f"{guard} {n:,}" for guard, n in counts["kept_apart"].items()) or "none"
    console.print(f"  kept apart by a guard at this threshold: {guards}")
    titles = {
        "newly_merged": "Would be merged",
        "no_longer_merged": "Would no longer be merged",
        "kept_apart": "Kept apart by a guard",
    }
    for name, title in titles.items():
        _show_pairs(console, title, found[name], counts[name])
    for name, title in (("new_conflicts", "New label conflicts"), ("settled_conflicts", "Label conflicts that would be none")):
        console.print(f"\n[bold]{title}[/]  {counts[name]:,}")
        for row in found[name][:_SHOWN]:
            console.print(f"  {escape(row['question'])}  [dim]{row['passage_id']}, {row['n_rows']} rows[/]", soft_wrap=True)


def _show_pairs(console: Console, title: str, pairs: Sequence[Mapping[str, Any]], count: int | Mapping[str, int]) -> None:
    n_pairs = count if isinstance(count, int) else sum(count.values())
    console.print(f"\n[bold]{title}[/]  {n_pairs:,}" + (", the least similar first" if n_pairs else ""))
    for row in pairs[:_SHOWN]:
        guard = f", {row['guard']}" if row.get("guard") else ""
        console.print(f"  [dim]{_similarity(row)}{guard}  {row['passage_id']} → {row['into_id']}[/]", soft_wrap=True)
        console.print(_marked(row["marked"], in_colour=console.is_terminal), soft_wrap=True)
    if n_pairs > _SHOWN:
        console.print(f"  [dim]and {n_pairs - _SHOWN:,} more, see --json[/]")


def _similarity(row: Mapping[str, Any]) -> str:
    """By words, and by the model where that was measured."""
    known = {"": row["jaccard"], "cosine ": row["cosine"]}
    return ", ".join(f"{name}{value:.3f}" for name, value in known.items() if value is not None)


def _marked(runs: Sequence[Mapping[str, str]], *, in_colour: bool) -> Text:
    """Two texts in one: what only the first has is struck out, what only the second has follows."""
    line = Text("    ")
    for run in runs:
        before, after = ("", "") if in_colour else _MARKS.get(run["kind"], ("", ""))
        line.append(f"{before}{run['text']}{after}", style=_STYLES[run["kind"]] if in_colour else "")
    return line
