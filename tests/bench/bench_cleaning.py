"""Throughput of the clean stage beside the same rules through `datasets.map(batched=True, num_proc=2)`.

Both sides run in processes of their own, read the same parquet file and write the cleaned rows; ours writes the
ledger of every change as well. The peer's function calls the very same rules on each batch, once with the batch size that
datasets has unless told otherwise (1,000) and once with 20,000; the clock of neither side counts imports.

Run: .venv/bin/python tests/bench/bench_cleaning.py [rows]
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import scale_pairs

from dataprep import parts, row_stages
from dataprep.clean import cleaning
from dataprep.recipes.curation import Clean
from dataprep.schemas import ROWS

RULES = [name for name, is_on in Clean().model_dump().items() if is_on]
TEXTS = ["question", "passage", "title"]
PARTS = 4


def ours(folder: Path, _batch: int) -> None:
    """The stage's own calls, part by part."""
    parts.in_turn(parts.for_each_part(row_stages._clean, folder / "rows.parquet", rules=RULES, stage=folder / "ours"))


def cleaned(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """One batch of the peer."""
    rows = pl.DataFrame(batch, schema_overrides=dict(ROWS)).lazy()
    return cleaning.clean(rows, rules=RULES).rows.select(TEXTS).collect().to_dict(as_series=False)


def peer(folder: Path, batch: int) -> None:
    """The same through datasets, which writes its cache and then the file."""
    from datasets import load_dataset  # noqa: PLC0415 - each side has its own imports

    files = [str(file) for file in parts.paths(folder / "rows.parquet")]
    rows = load_dataset("parquet", data_files=files, split="train", cache_dir=str(folder / f"cache-{batch}"))
    rows.map(cleaned, batched=True, batch_size=batch, num_proc=2).to_parquet(folder / f"peer-{batch}.parquet")


SIDES: dict[str, Callable[[Path, int], None]] = {"ours": ours, "peer": peer}


def write_rows(folder: Path, n: int) -> None:
    """ROWS in parts, from generated pairs."""
    scale_pairs.write(folder / "pairs.parquet", n)
    marks = {"row_id": pl.format("g:{}", "id"), "source": pl.lit("g"), "source_key": pl.col("id"), "title": pl.lit("")}
    rows = pl.scan_parquet(folder / "pairs.parquet").with_columns(pl.col("id").cast(pl.String)).with_columns(**marks)
    frame = rows.select(ROWS.names()).cast(dict(ROWS)).collect()  # type: ignore[arg-type]  # the schema's own types
    size = -(-n // PARTS)
    for part in range(PARTS):
        parts.write_part({folder / "rows.parquet": (frame.slice(part * size, size), ROWS)}, part)


def run_side(name: str, folder: Path, batch: int) -> None:
    """The measured process: seconds on the clock."""
    import datasets  # noqa: F401, PLC0415 - not on the clock

    started = time.perf_counter()
    SIDES[name](folder, batch)
    print(json.dumps(time.perf_counter() - started))


def measure(name: str, folder: Path, batch: int) -> tuple[float, float]:
    """Wall seconds on the side's own clock, and CPU seconds of its process and children, imports included."""
    command = [sys.executable, __file__, "--side", name, str(folder), str(batch)]
    before = os.times()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return float(done.stdout.splitlines()[-1]), cpu


def same_texts(folder: Path, batch: int) -> bool:
    """Whether both wrote the same rows."""
    left, right = (pl.read_parquet(folder / name, columns=TEXTS) for name in ("ours/rows.parquet", f"peer-{batch}.parquet"))
    return left.equals(right)


def main() -> None:
    """Print a line per side and the ratios of wall seconds."""
    if sys.argv[1:2] == ["--side"]:
        run_side(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
        return
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_rows(folder, n)
        wall, cpu = measure("ours", folder, 0)
        print(f"{n:,} rows, {len(RULES)} rules\nours, with the ledger          {wall:6.1f} s {cpu:6.1f} CPU s", flush=True)
        for batch in (1_000, 20_000):
            theirs, theirs_cpu = measure("peer", folder, batch)
            if not same_texts(folder, batch):
                raise SystemExit("the two sides wrote different texts")
            ratio, of_cpu = theirs / wall, theirs_cpu / cpu
            print(
                f"datasets.map, batches of {batch:6,} {theirs:6.1f} s {theirs_cpu:6.1f} CPU s   {ratio:.1f} times ours, {of_cpu:.1f} in CPU"
            )


if __name__ == "__main__":
    main()
