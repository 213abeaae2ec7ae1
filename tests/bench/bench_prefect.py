"""What Prefect costs: the sample's preparation without it, with the embedded server, and against a running one.

`python tests/bench/bench_prefect.py [runs] [api]`: `runs` of each kind (default 5), the quickest counts; `api` is a
running server's address, without one that kind is left out. Wall and processor seconds of the whole process.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_PLAIN = """
import sys
from pathlib import Path
from dataprep.build import finish, opened
from dataprep.pipeline import PREPARE, STAGES
from dataprep.recipe_file import load
from dataprep.reports.report import write_report
with opened(Path(sys.argv[1]), load("sample")) as build:
    for name in PREPARE:
        finish(STAGES[name], build)
    write_report(build)
"""


def seconds(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Wall and processor seconds of a command and its children."""
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(n_runs: int, api: str | None) -> None:
    """Print a row per kind: the quickest run, and what it takes more than the one without Prefect."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT")}
    cli = [sys.executable, "-m", "flows.cli", "run", "sample", "--until", "release", "--build"]
    kinds = {"without Prefect": ([sys.executable, "-c", _PLAIN], plain), "embedded server, warm": (cli, plain)}
    if api:
        kinds["running server"] = (cli, {**plain, "PREFECT_API_URL": api})
    base = (0.0, 0.0)
    print(f"{'':24}{'wall s':>8}{'cpu s':>8}{'more wall':>11}{'more cpu':>10}")
    for kind, (command, environment) in kinds.items():
        taken = []
        for _ in range(n_runs):
            with tempfile.TemporaryDirectory() as folder:
                taken.append(seconds([*command, str(Path(folder) / "build")], environment))
        wall, cpu = min(wall for wall, _ in taken), min(cpu for _, cpu in taken)
        base = base if any(base) else (wall, cpu)
        print(f"{kind:24}{wall:8.1f}{cpu:8.1f}{wall - base[0]:11.1f}{cpu - base[1]:10.1f}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5, sys.argv[2] if len(sys.argv) > 2 else None)
