"""What is paid beside the work on the rows: imports, and the ledger's share of a preparation.

    python tests/bench/bench_fixed_costs.py [BUILD]

Imports are timed in a process each, the best of five. The ledger's share is what it costs to write again what the stages of
a finished build recorded, and to put the ledger together, against the CPU seconds of the build's stages as `bench_pipeline`
measured them (`costs.json` beside the build).
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from bench_pipeline import STAGES, cost_of

from dataprep import io
from dataprep.releases import ledger

IMPORTED = {
    "Python alone": "pass",
    "the commands (`--help`)": "import flows.cli",
    "recipes": "import dataprep.recipes.recipe_file",
    "every stage": "import dataprep.pipeline, dataprep.stages",
    "the flows, with Prefect": "import flows.prepare",
    "training, with torch": "import flows.fine_tune, sentence_transformers",
}


def imports() -> None:
    """Print what each import takes."""
    for name, code in IMPORTED.items():
        costs = [cost_of(sys.executable, "-c", code) for _ in range(5)]
        print(f"{name:28} {min(cost.wall_s for cost in costs):6.2f} s {min(cost.cpu_s for cost in costs):6.2f} CPU s")


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of a call, those of its threads included."""
    before = time.process_time()
    work()
    return time.process_time() - before


def ledgers_share(build: Path) -> None:
    """Print what the ledger of a finished build takes of all its stages' CPU seconds."""

    def table(stage: str, name: str) -> pl.LazyFrame:
        return pl.scan_parquet(build / "stages" / stage / f"{name}.parquet")

    recorded = {stage: table(stage, "events") for stage in ("ingest", "clean", "filter", "deduplicate")}
    n_rows = io.height(table("ingest", "rows"))
    costs = json.loads((build.parent / "costs.json").read_text(encoding="utf-8"))[str(n_rows)]
    with TemporaryDirectory(dir=build.parent) as folder:
        scratch = Path(folder)

        def record() -> None:
            io.write_tables({scratch / f"{stage}.parquet": (events, None) for stage, events in recorded.items()}, compression="lz4")

        def put_together() -> None:
            judged = table("deduplicate", "judgements"), table("split", "queries")
            ledger.write(scratch / "ledger.parquet", table("ingest", "rows"), [*recorded.values()], *judged, scratch=scratch / "waits")

        spent = {"recorded by the stages": seconds(record), "put together": seconds(put_together)}
    whole = sum(costs[stage]["cpu_s"] for stage in STAGES)
    for name, cpu in spent.items():
        print(f"ledger {name}, {n_rows:,} rows: {cpu:.1f} CPU s, {cpu / whole:.1%} of the preparation's {whole:.1f}")


if __name__ == "__main__":
    imports()
    for given in sys.argv[1:]:
        ledgers_share(Path(given))
