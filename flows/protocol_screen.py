"""The comparison of two ways to judge, on the screen."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

_METRICS = ("accuracy@1", "ndcg@10")
_NAMES = {"perfect": "perfect", "topic_only": "topic only", "finetuned": "fine-tuned"}


def show_protocols(console: Console, evaluation: Mapping[str, Any]) -> None:
    """What rankers score row by row without labels, and by questions with labels; nothing where they were not compared."""
    found = evaluation.get("protocols")
    if not found:
        return
    table = Table(title="Two ways to judge", title_justify="left", title_style="bold", header_style="dim", box=None, pad_edge=False)
    for column in ("ranker", "dimension", *(f"rows:\n{m}" for m in _METRICS), *(f"questions:\n{m}" for m in _METRICS)):
        table.add_column(column, justify="left" if column == "ranker" else "right")
    rows, questions = found["rows"], found["questions"]
    for system in [name for name in ("perfect", "topic_only") if name in rows["systems"]] + _others(rows["systems"]):
        for dimension in sorted(rows["systems"][system], key=_size, reverse=True):
            figures = [f"{way['systems'][system][dimension][m]:.3f}" for way in (rows, questions) for m in _METRICS]
            table.add_row(_NAMES.get(system, system), "" if dimension == "all" else dimension, *figures)
    console.print(table)
    counts = ", ".join(f"{split} {n:,}" for split, n in found["split"].items())
    console.print(
        f"[dim]rows: {rows['n_queries']:,} rows of test as queries ({counts}), each row's own passage right, over {rows['n_passages']:,}; "
        f"{found['seen_questions_fraction']:.1%} of them ask what is trained on. questions: {questions['n_queries']:,} questions with a "
        f"passage labelled right, over {questions['n_passages']:,}; the fine-tuned model has seen most of them in training[/]\n"
    )


def _others(systems: Mapping[str, Any]) -> list[str]:
    return [name for name in ("bm25", "base", "finetuned") if name in systems]


def _size(dimension: str) -> int:
    return int(dimension) if dimension.isdigit() else 0
