"""What a second worker brings: the stages that work part by part, on Dask with one worker and with two, one thread each.

Starting the cluster and reading the raw file, which is one process's work, are left out of the clock: it
runs from the first part of a stage to the last. Both runs must write the same bytes.

Run: .venv/bin/python tests/bench/bench_engines.py [rows]
"""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ["POLARS_MAX_THREADS"] = "1"

import scale_pairs
from bench_pipeline import RECIPE

from dataprep import io
from dataprep.build import finish, opened
from dataprep.parts import Call
from dataprep.pipeline import STAGES
from dataprep.recipes.recipe_file import load
from flows import engines

ROW_STAGES = ("ingest", "clean", "filter")


def measure(folder: Path, recipe_file: Path, workers: int) -> tuple[dict[str, float], list[str]]:
    """Seconds per stage, and the digests of what was written."""
    recipe = load(str(recipe_file), ["run.engine=dask", f"run.workers={workers}", "run.shards=12"])
    seconds = {}
    with opened(folder, recipe) as build:
        for name in ROW_STAGES:
            with engines.spread(recipe.run, stage=name) as each:
                each([_nothing] * workers)  # starts the cluster

                def timed(calls: Sequence[Call], each: Any = each, name: str = name) -> list[Any]:
                    started = time.perf_counter()
                    results: list[Any] = each(calls)
                    seconds[name] = time.perf_counter() - started
                    return results

                finish(STAGES[name], build, timed)
    return seconds, [io.file_sha256(path) for path in io.files_below(folder / "stages") if path.suffix == ".parquet"]


def _nothing() -> None:
    """A part that costs nothing."""


def main() -> None:
    """Print seconds per stage and the speed-up."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        raw, recipe = folder / "pairs.parquet", folder / "recipe.toml"
        scale_pairs.write(raw, n)
        recipe.write_text(RECIPE.format(path=raw))
        one, digests_of_one = measure(folder / "one", recipe, 1)
        two, digests_of_two = measure(folder / "two", recipe, 2)
    if digests_of_one != digests_of_two:
        raise SystemExit("one worker and two wrote different bytes")
    print(f"{n:,} rows in 12 parts; the same bytes from one worker and from two")
    for name in ROW_STAGES:
        print(f"{name:8} 1 worker {one[name]:6.1f} s   2 workers {two[name]:6.1f} s   speed-up {one[name] / two[name]:.2f}")
    total = [sum(seconds.values()) for seconds in (one, two)]
    print(f"all      1 worker {total[0]:6.1f} s   2 workers {total[1]:6.1f} s   speed-up {total[0] / total[1]:.2f}")


if __name__ == "__main__":
    main()
