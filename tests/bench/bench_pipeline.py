"""What every stage costs on generated pairs: wall, CPU, peak memory, throughput, and how it grows.

Each stage runs in a process of its own, as do a final `check` and the roofline: reading the raw parquet
and writing it again, which no pipeline can undercut. Peak memory is that of the process, Python, polars
and the imported libraries included; what is moved is what it read and wrote by calls of the system (files that
are mapped into memory do not count), be they in the system's cache or not.

Run: .venv/bin/python tests/bench/bench_pipeline.py [--page docs/performance.md] ROWS...
"""

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import scale_pairs

ROOT = Path(__file__).parents[2]
STAGES = ("ingest", "clean", "filter", "deduplicate", "split", "negatives", "lengths", "release")
RECIPE = """
name = "scale"
title = "Generated pairs"
seed = 1
[[sources]]
name = "generated"
kind = "parquet"
path = "{path}"
licence = "cc0-1.0"
columns = {{ id = "id", question = "question", passage = "passage", label = "label" }}
[train]
base_model = "embedded"
"""
RUN_STAGE = """
import sys
from pathlib import Path
from dataprep.build import finish, opened
from dataprep.pipeline import STAGES
from dataprep.recipes.recipe_file import load
build, name = Path(sys.argv[1]), sys.argv[2]
with opened(build, load(sys.argv[3])) as held:
    finish(STAGES[name], held)
"""
ROOFLINE = """
import sys
import polars as pl
pl.scan_parquet(sys.argv[1]).sink_parquet(sys.argv[2], compression="zstd")
"""
BEGIN, END = "<!-- measured by tests/bench/bench_pipeline.py -->", "<!-- end of measured -->"


class Cost(NamedTuple):
    """What one process took: seconds of wall and CPU, bytes of memory at its peak, bytes that it read from files and wrote to them."""

    wall_s: float
    cpu_s: float
    peak_bytes: int
    moved_bytes: int


def cost_of(*command: str) -> Cost:
    """Run a command and measure it, its children included."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": str(ROOT)})
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and still is told of
    counted = dict(line.split(": ") for line in Path(f"/proc/{process.pid}/io").read_text(encoding="utf-8").splitlines())
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command[-4:])} ended with status {status}")
    return Cost(
        time.perf_counter() - started,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss * 1024,
        int(counted["rchar"]) + int(counted["wchar"]),
    )


def measure(n: int, folder: Path) -> dict[str, Cost]:
    """Cost per stage for `n` generated rows."""
    raw, recipe, build = folder / f"{n}.parquet", folder / f"{n}.toml", folder / f"build-{n}"
    if not raw.exists():
        subprocess.run([sys.executable, scale_pairs.__file__, str(n), str(raw)], check=True)  # a child's peak begins at its parent's
    recipe.write_text(RECIPE.format(path=raw))
    costs = {"roofline": cost_of(sys.executable, "-c", ROOFLINE, str(raw), str(folder / "copy.parquet"))}
    for stage in STAGES:
        costs[stage] = cost_of(sys.executable, "-c", RUN_STAGE, str(build), stage, str(recipe))
        print(
            f"{n:>12,} {stage:12} {costs[stage].cpu_s:8.1f} CPU s {costs[stage].wall_s:8.1f} s {costs[stage].peak_bytes / 1e9:6.2f} GB",
            flush=True,
        )
    costs["check"] = cost_of(sys.executable, "-m", "flows.cli", "check", str(build))
    stages = [costs[stage] for stage in STAGES]
    wall, cpu, peaks, moved = zip(*stages, strict=True)
    costs["all stages"] = Cost(math.fsum(wall), math.fsum(cpu), max(peaks), sum(moved))
    return costs


def table(by_size: dict[int, dict[str, Cost]], bytes_of: dict[int, int]) -> str:
    """Markdown: a line per stage and size, the exponent against the size before."""
    lines = [
        "| stage | pairs | CPU s | wall s | peak GB | GB moved | MB of raw text per CPU s | growth exponent |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    sizes = sorted(by_size)
    for stage in by_size[sizes[0]]:
        for before, n in zip([None, *sizes], sizes, strict=False):
            cost = by_size[n][stage]
            exponent = "" if before is None else f"{math.log(cost.cpu_s / by_size[before][stage].cpu_s) / math.log(n / before):.2f}"
            speed = bytes_of[n] / 1e6 / cost.cpu_s
            lines.append(
                f"| {stage} | {n:,} | {cost.cpu_s:.1f} | {cost.wall_s:.1f} | {cost.peak_bytes / 1e9:.2f} "
                f"| {cost.moved_bytes / 1e9:.2f} | {speed:.1f} | {exponent} |"
            )
    return "\n".join(lines)


def stored(build: Path) -> str:
    """What a build takes on disk, in a line."""
    sizes = {
        name: sum(file.stat().st_size for file in [place, *place.rglob("*")] if file.is_file())
        for name, place in (("stages", build / "stages"), ("release", build / "release"), ("ledger", build / "ledger.parquet"))
    }
    return ", ".join(f"{name} {size / 1e9:.2f} GB" for name, size in sizes.items())


def main(arguments: Sequence[str]) -> None:
    """Measure each size, print the table, and write it into a page if one is named."""
    page = Path(arguments[1]) if arguments[:1] == ["--page"] else None
    sizes = [int(size) for size in arguments[2 if page else 0 :]] or [10_000, 100_000]
    keep = os.environ.get("DATAPREP_BENCH_FOLDER")
    with TemporaryDirectory() as scratch:
        folder = Path(keep or scratch)
        folder.mkdir(parents=True, exist_ok=True)
        by_size = {n: measure(n, folder) for n in sizes}
        found = table(by_size, {n: scale_pairs.raw_bytes(folder / f"{n}.parquet") for n in sizes})
        found += "\n\nOn disk: " + "; ".join(f"{n:,} pairs: {stored(folder / f'build-{n}')}" for n in sizes) + "."
        (folder / "costs.json").write_text(json.dumps({n: {k: v._asdict() for k, v in costs.items()} for n, costs in by_size.items()}))
    print(found)
    if page:
        before, rest = page.read_text(encoding="utf-8").split(BEGIN)
        command = f"`python tests/bench/bench_pipeline.py {' '.join(map(str, sizes))}`"
        page.write_text(f"{before}{BEGIN}\n\n{command}\n\n{found}\n\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
