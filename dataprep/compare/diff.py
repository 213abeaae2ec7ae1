"""Two releases compared: rows, splits, statistics, settings, and whether models may be carried from one to the other."""

from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from dataprep.compare import comparability
from dataprep.compare.diff_figures import changed_settings, shifted_statistics
from dataprep.compare.diff_rows import compare_rows
from dataprep.compare.diff_tables import compare_splits, compare_tables
from dataprep.errors import CallError, DataError
from dataprep.releases import release_files


class _Side(NamedTuple):
    """A release, and the ledger of the build that it belongs to."""

    release: Path
    ledger: Path | None


def diff(old: Path, new: Path) -> dict[str, Any]:
    """Compare two releases. Equal input gives an equal document, whose lists are sorted.

    Args:
        old: The earlier release, or a build with one.
        new: The later one.

    Returns:
        Plain values: `tables`, `splits`, `rows` (null unless both sides are builds: a release has no
        ledger to match edited rows by), `statistics`, `settings` and `verdict`; the functions that make
        them say what they hold.

    Raises:
        CallError: A side is neither a release nor a build with one.
        DataError: Files of a side are missing or cannot be read.
    """
    before, after = _side(old), _side(new)
    tables = release_files.scan(before.release), release_files.scan(after.release)
    threshold = release_files.manifest(after.release)["recipe"]["deduplicate"]["min_question_jaccard"]
    rows = None
    if before.ledger and after.ledger:
        rows = compare_rows(pl.scan_parquet(before.ledger), pl.scan_parquet(after.ledger), *tables)
    return {
        "tables": compare_tables(*tables),
        "splits": compare_splits(*tables),
        "rows": rows,
        "statistics": shifted_statistics(before.release, after.release),
        "settings": changed_settings(before.release, after.release),
        "verdict": comparability.judge(*tables, min_question_jaccard=threshold),
    }


def is_empty(found: dict[str, Any]) -> bool:
    """Whether a comparison found no difference at all; the verdict is not asked."""
    tables, splits, rows = found["tables"].values(), found["splits"], found["rows"] or {}
    counts = [
        *(table[change] for table in tables for change in ("added", "removed", "changed", "moved")),
        *(splits[change] for change in ("n_moved", "groups_united", "groups_divided")),
        *(rows.get(change) for change in ("edited", "added", "removed", "fates")),
    ]
    return not any([*counts, found["statistics"], found["settings"]])


def _side(path: Path) -> _Side:
    """The release that a path names, checked to be readable."""
    release = path / "release" if (path / "release").is_dir() else path
    if not (release / "manifest.json").is_file():
        hint = "a build gets its release with `dataprep run … --until release`"
        raise CallError(f"{path} is neither a release (it has no manifest.json) nor a build with one; {hint}")
    faults = release_files.unreadable(release)
    if faults.height:
        first = "\n".join(f"  {row['path']}: {row['found']}" for row in faults.head(5).to_dicts())
        raise DataError(
            f"{release} is not whole, {faults.height} files are missing or cannot be read:\n{first}\n`dataprep check` tells more"
        )
    ledger = path / "ledger.parquet"
    return _Side(release, ledger if release != path and ledger.is_file() else None)
