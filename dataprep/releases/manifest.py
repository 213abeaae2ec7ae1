"""The manifest: what went into a release and what is in it, with checksums. No clock, no host, no path."""

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from dataprep.io import file_sha256, files_below
from dataprep.schemas import SPLITS, TERMINAL_ACTIONS
from dataprep.statistics.row_keys import text_key

SCHEMA = 1
COUNTED = ("read", *TERMINAL_ACTIONS)
_LISTED = (".parquet", ".jsonl", ".tsv", ".json", ".svg")
_ORIGIN_KEYS = ("name", "kind", "revision", "sha256", "rows", "licence")


def build_manifest(
    release: Path,
    *,
    recipe: Mapping[str, Any],
    origins: Sequence[Mapping[str, Any]],
    ledger: pl.LazyFrame,
    rules: Mapping[str, Sequence[str]],
    dataprep_version: str,
) -> dict[str, Any]:
    """Describe a release whose tables and statistics are written.

    Args:
        release: The folder; every table and statistic in it is listed with its checksum.
        recipe: The recipe as it may be published, without paths.
        origins: One per source: name, kind, revision, sha256, rows, licence. Other keys, such as the
            names of files, are left out: they depend on where and in which order the rows were found.
        ledger: LEDGER of the run.
        rules: Names of the rules of each stage, also of those that found nothing.
        dataprep_version: Version of the program that made the release.

    Returns:
        The manifest, ready for `write_json`.
    """
    return {
        "schema": SCHEMA,
        "recipe": dict(recipe),
        "recipe_sha256": recipe_sha256(recipe),
        "dataprep_version": dataprep_version,
        "sources": sorted(({key: origin.get(key) for key in _ORIGIN_KEYS} for origin in origins), key=lambda o: str(o["name"])),
        "counts": counts(ledger, sources=[str(origin["name"]) for origin in origins], rules=rules),
        "tables": describe_files(release),
        "splits": split_counts(release),
    }


def recipe_sha256(recipe: Mapping[str, Any]) -> str:
    """SHA-256 of a recipe's JSON with sorted keys."""
    return sha256(json.dumps(recipe, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def counts(ledger: pl.LazyFrame, *, sources: Iterable[str], rules: Mapping[str, Sequence[str]]) -> dict[str, dict[str, int]]:
    """Rows per source that were read and how they ended, and rows touched per rule.

    Args:
        ledger: LEDGER.
        sources: Names of all sources, also of those that gave no row.
        rules: Names of the rules of each stage.

    Returns:
        `read`, `rejected`, `dropped`, `merged` and `kept`, each from source to rows, and `by_rule`, from
        "stage.rule" to distinct rows. A row counts once per rule, however often that rule touched it.
    """
    per_source = ledger.group_by("action", "source").agg(n=text_key("row_id").n_unique())
    touched = ledger.filter(pl.col("action") != "read").with_columns(rule=pl.concat_str("stage", "rule", separator="."))
    per_rule = touched.group_by("rule").agg(n=text_key("row_id").n_unique())
    source_rows, rule_rows = pl.collect_all([per_source, per_rule])
    found: dict[str, dict[str, int]] = {action: dict.fromkeys(sorted(sources), 0) for action in COUNTED}
    for action, source, n in source_rows.filter(pl.col("action").is_in(COUNTED)).sort("action", "source").iter_rows():
        found[action][source] = n
    named = {f"{stage}.{rule}": 0 for stage, names in rules.items() for rule in names}
    found["by_rule"] = named | dict(rule_rows.sort("rule").iter_rows())
    return found


def describe_files(release: Path) -> dict[str, dict[str, Any]]:
    """Rows and SHA-256 of every table, statistic and picture below a release, by path.

    Manifest and card are made from them and not listed. Documents and pictures have no rows, so null stands there.
    """
    paths = (path for path in files_below(release) if path.suffix in _LISTED and path != release / "manifest.json")
    return {path.relative_to(release).as_posix(): {"rows": _n_rows(path), "sha256": file_sha256(path)} for path in paths}


def split_counts(release: Path) -> dict[str, dict[str, int]]:
    """Per split: questions that have a positive, positives (question-passage pairs), and groups of all its questions."""
    groups = pl.scan_parquet(release / "statistics/groups.parquet")
    found = {}
    for split in SPLITS:
        qrels = pl.scan_parquet(release / f"data/qrels/{split}-*.parquet")
        sizes = qrels.select(queries=text_key("query-id").n_unique(), positives=pl.len()).collect().row(0, named=True)
        n_groups = groups.filter(pl.col("split") == split).select(text_key("group-id").n_unique()).collect().item()
        found[split] = {**sizes, "groups": n_groups}
    return found


def _n_rows(path: Path) -> int | None:
    """Rows of a table; null for a document or a picture, which has none."""
    match path.suffix:
        case ".parquet":
            return int(pl.scan_parquet(path).select(pl.len()).collect().item())
        case ".json" | ".svg":
            return None
    lines = 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            lines += chunk.count(b"\n")
    return lines - (path.suffix == ".tsv")  # the header is no row
