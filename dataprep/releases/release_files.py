"""A written release, scanned: its tables with their splits, its manifest and its statistics."""

from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from dataprep.io import read_json
from dataprep.releases.beir_export import BEIR_SPLITS
from dataprep.releases.manifest import COUNTED
from dataprep.releases.release import CONFIGS, GROUPS, SCHEMAS, table_path

STATISTICS = ("lengths", "quality", "splits")
_MANIFEST_KEYS = {"schema", "recipe", "recipe_sha256", "dataprep_version", "sources", "counts", "tables", "splits"}
_COUNTED = {*COUNTED, "by_rule"}


class Published(NamedTuple):
    """The tables of a release; qrels, judgements, pairs and triplets have a `split` column."""

    corpus: pl.LazyFrame
    queries: pl.LazyFrame
    qrels: pl.LazyFrame
    judgements: pl.LazyFrame
    pairs: pl.LazyFrame
    triplets: pl.LazyFrame
    groups: pl.LazyFrame

    def training_rows(self, column: str) -> pl.LazyFrame:
        """One text column of the train split of pairs and triplets."""
        return pl.concat([rows.filter(pl.col("split") == "train").select(column) for rows in (self.pairs, self.triplets)])


def scan(release: Path) -> Published:
    """The tables of a release whose files are there."""
    configs = {
        config: pl.concat([pl.scan_parquet(release / table_path(config, split)).with_columns(split=pl.lit(split)) for split in splits])
        for config, splits in CONFIGS.items()
    }
    for whole in ("corpus", "queries"):
        configs[whole] = configs[whole].drop("split")
    return Published(**configs, groups=pl.scan_parquet(release / "statistics/groups.parquet"))


def manifest(release: Path) -> dict[str, Any]:
    """The manifest of a release."""
    return read_json(release / "manifest.json")


def statistics(release: Path) -> dict[str, Any]:
    """The JSON statistics of a release by name."""
    return {name: read_json(release / f"statistics/{name}.json") for name in STATISTICS}


def unreadable(release: Path) -> pl.DataFrame:
    """Files that a release must have and that are missing, cannot be read, or have other columns.

    Returns:
        One row per such file: `path`, `found`, `wanted`.
    """
    schemas = {table_path(config, split): SCHEMAS[config] for config, splits in CONFIGS.items() for split in splits}
    schemas["statistics/groups.parquet"] = GROUPS
    faults = [(path, _table_fault(release / path, schema), str(dict(schema))) for path, schema in schemas.items()]
    documents = ["manifest.json", *(f"statistics/{name}.json" for name in STATISTICS)]
    faults += [(path, _json_fault(release / path), "a JSON object") for path in documents]
    plain = ["README.md", "mteb_task.py", "corpus.jsonl", "queries.jsonl", "statistics/lengths.parquet"]
    plain += [f"qrels/{name}.tsv" for name in BEIR_SPLITS.values()]
    faults += [(path, None if (release / path).is_file() else "no such file", "a file") for path in plain]
    rows = [fault for fault in faults if fault[1] is not None]
    return pl.DataFrame(rows, schema={"path": pl.String, "found": pl.String, "wanted": pl.String}, orient="row")


def _table_fault(path: Path, schema: pl.Schema) -> str | None:
    if not path.is_file():
        return "no such file"
    try:
        found = pl.read_parquet_schema(path)
    except pl.exceptions.PolarsError as error:
        return str(error)
    return None if found == dict(schema) else str(dict(found))


def _json_fault(path: Path) -> str | None:
    if not path.is_file():
        return "no such file"
    try:
        found = read_json(path)
    except ValueError as error:
        return str(error)
    if not isinstance(found, dict):
        return f"a {type(found).__name__}"
    if path.name != "manifest.json":
        return None
    lacking = sorted(_MANIFEST_KEYS - found.keys()) or sorted(_COUNTED - found["counts"].keys())
    return f"no {', '.join(lacking)}" if lacking else None
