"""What a build holds, in figures that a screen shows."""

from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from dataprep import io
from dataprep.reading_order import in_reading_order
from dataprep.schemas import TERMINAL_ACTIONS


class Summary(NamedTuple):
    """Figures of a build.

    Attributes:
        rules: Rule to number of source rows that it touched, 0 included; empty before the release is written.
        fates: Terminal action to rule to number of source rows; empty before the release is written.
        splits: Split to numbers of queries, positives and groups.
        evaluation: evaluation.json, or None before the model is judged.
        places: What there is to look at, and where.
    """

    rules: dict[str, int]
    fates: dict[str, dict[str, int]]
    splits: dict[str, dict[str, int]]
    evaluation: dict[str, Any] | None
    places: dict[str, Path]


def summarise(folder: Path) -> Summary:
    """Read the figures that a build has so far."""
    manifest, judged = folder / "release" / "manifest.json", folder / "evaluation.json"
    ledger = folder / "ledger.parquet"
    names = {"release": "release", "ledger": "ledger.parquet", "report": "report.html", "model": "model", "evaluation": "evaluation.json"}
    released = io.read_json(manifest) if manifest.is_file() else None
    return Summary(
        rules=in_reading_order(released["counts"]["by_rule"]) if released else {},
        fates=_fates(ledger) if ledger.is_file() else {},
        splits=in_reading_order(released["splits"]) if released else {},
        evaluation=in_reading_order(io.read_json(judged)) if judged.is_file() else None,
        places={what: folder / name for what, name in names.items() if (folder / name).exists()},
    )


def _fates(ledger: Path) -> dict[str, dict[str, int]]:
    ends = pl.scan_parquet(ledger).filter(pl.col("action").is_in(TERMINAL_ACTIONS))
    counts = ends.group_by("action", "rule").len().sort("len", "rule", descending=[True, False]).collect()
    return {
        action: {rule or "": count for found, rule, count in counts.iter_rows() if found == action}
        for action in reversed(TERMINAL_ACTIONS)
        if action in counts["action"]
    }
