"""Where a release's documents (manifest, card, task class, BEIR's files) differ from the tables and from each other."""

from collections.abc import Mapping
from difflib import unified_diff
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from dataprep.publishers import cards
from dataprep.releases import release_files
from dataprep.releases.card import rendered_files
from dataprep.releases.manifest import COUNTED, counts, describe_files, recipe_sha256, split_counts

_DIFF_LINES = 1_000
_FIGURES = pl.Schema({"figure": pl.String, "found": pl.String, "wanted": pl.String})


def tables_unlike_manifest(release: Path) -> pl.DataFrame:
    """Files whose checksum or rows differ from the manifest, that it lacks, or that it names in vain."""
    return _differences(release_files.manifest(release)["tables"], describe_files(release))


def counts_that_do_not_add_up(manifest: Mapping[str, Any]) -> pl.DataFrame:
    """Sources whose rows read are not the sum of their rows rejected, dropped, merged and kept."""
    found = manifest["counts"]
    sources = {source for action in COUNTED for source in found[action]}
    ends = {source: sum(found[action].get(source, 0) for action in COUNTED if action != "read") for source in sources}
    return _differences({f"rows read of {s}": found["read"].get(s, 0) for s in ends}, {f"rows read of {s}": n for s, n in ends.items()})


def counts_unlike_ledger(manifest: Mapping[str, Any], ledger: pl.LazyFrame) -> pl.DataFrame:
    """Counts per source, end and rule that are not those of the ledger."""
    sources = [source["name"] for source in manifest["sources"]]
    wanted = counts(ledger, sources=sources, rules={})
    named = dict.fromkeys(manifest["counts"]["by_rule"], 0)  # a rule that touched no row has no event
    wanted["by_rule"] = named | wanted["by_rule"]
    return _differences(_flat(manifest["counts"]), _flat(wanted))


def figures_unlike_files(release: Path) -> pl.DataFrame:
    """The manifest's splits and recipe digest where the files say something else."""
    manifest = release_files.manifest(release)
    found = _flat(manifest["splits"]) | {"recipe_sha256": manifest["recipe_sha256"]}
    wanted = _flat(split_counts(release)) | {"recipe_sha256": recipe_sha256(manifest["recipe"])}
    return _differences(found, wanted)


def rules_left_out(release: Path) -> pl.DataFrame:
    """Rules that the recipe switches on and the manifest leaves out, and rules that manifest and statistics count differently."""
    manifest = release_files.manifest(release)
    by_rule = manifest["counts"]["by_rule"]
    wanted = {f"clean.{rule}": by_rule.get(f"clean.{rule}", 0) for rule, is_on in manifest["recipe"]["clean"].items() if is_on is True}
    of_statistics = {rule["rule"]: rule["n_rows"] for rule in release_files.statistics(release)["quality"]["rules"]}
    return _differences(by_rule, wanted | of_statistics)


def texts_unlike_figures(release: Path) -> pl.DataFrame:
    """Lines of the card and of the task class that manifest and statistics would not give, as a difference per file."""
    lines = []
    try:
        rendered = rendered_files(release)
    except KeyError as key:
        return pl.DataFrame({"file": ["manifest.json or statistics"], "difference": [f"no {key}; made by another version of dataprep?"]})
    for name, wanted in rendered.items():
        path = release / name
        found = path.read_text(encoding="utf-8") if path.is_file() else ""
        if name == "README.md" and (said := cards.read(found)):
            wanted = cards.dataset_card(wanted, said)  # noqa: PLW2901 - the lines that publishing adds
        changed = unified_diff(found.splitlines(), wanted.splitlines(), "found", "wanted", lineterm="", n=0)
        shown = islice((line for line in changed if not line.startswith(("---", "+++", "@@"))), _DIFF_LINES)
        lines += [(name, line) for line in shown]
    return pl.DataFrame(lines, schema={"file": pl.String, "difference": pl.String}, orient="row")


def _flat(nested: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {f"{outer}: {inner}": value for outer, values in nested.items() for inner, value in values.items()}


def _differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> pl.DataFrame:
    """Figures that two mappings give differently, or that one of them lacks."""
    names = sorted(found.keys() | wanted.keys())
    rows = [(name, str(found.get(name)), str(wanted.get(name))) for name in names if found.get(name) != wanted.get(name)]
    return pl.DataFrame(rows, schema=_FIGURES, orient="row")
