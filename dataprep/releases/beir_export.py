"""BEIR's files beside the parquet tables: corpus.jsonl, queries.jsonl and qrels/*.tsv with a header."""

from pathlib import Path

import polars as pl

from dataprep.io import full_disk_as_os_error

BEIR_SPLITS = {"train": "train", "validation": "dev", "test": "test"}


def write_beir(folder: Path) -> None:
    """Write BEIR's files from the parquet tables of a release, so that both hold the same rows.

    Texts go from file to file as a stream, as plain UTF-8, one JSON object per line.

    Args:
        folder: A release whose tables are written.
    """
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    with full_disk_as_os_error():
        for config in ("corpus", "queries"):
            pl.scan_parquet(folder / f"data/{config}/*.parquet").sink_ndjson(folder / f"{config}.jsonl", maintain_order=True)
        for split, name in BEIR_SPLITS.items():
            rows = pl.scan_parquet(folder / f"data/qrels/{split}-*.parquet")
            rows.sink_csv(folder / f"qrels/{name}.tsv", separator="\t", maintain_order=True)
