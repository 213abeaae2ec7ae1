"""What Prefect costs: the sample's preparation without it, with the embedded server, and against a running one.

`python tests/bench/bench_prefect.py [--runs 5] [--api URL] [--rows N]`: the quickest of the runs of each kind counts;
without the address of a running server that kind is left out. With `--rows`, made-up pairs take the sample's place, to
see whether the cost grows with them. Wall and processor seconds of the whole process.
"""

import argparse
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
from dataprep.recipes.recipe_file import load
from dataprep.reports.report import write_report
with opened(Path(sys.argv[2]), load(sys.argv[1])) as build:
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


def made_up(folder: Path, n_rows: int) -> str:
    """A recipe of made-up pairs, two in three of them right."""
    ending = "napisał w roku {year} znany poeta, a wydała go po latach oficyna numer {n} w Krakowie."
    row = "q{n}\tKto napisał poemat numer {n} o rzece {river}?\tPoemat numer {n} o rzece {river} " + ending + "\t{label}\n"
    rivers = ("Wisła", "Odra", "Warta", "Bug", "Narew", "San", "Noteć")
    rows = (row.format(n=n, river=rivers[n % 7], year=1000 + n % 1000, label=int(n % 3 > 0)) for n in range(n_rows))
    (folder / "rows.tsv").write_text("id\tquestion\tpassage\tlabel\n" + "".join(rows), encoding="utf-8")
    columns = '{ id = "id", question = "question", passage = "passage", label = "label" }'
    source = f'[[sources]]\nname = "s"\nkind = "tsv"\npath = "rows.tsv"\ncolumns = {columns}\n'
    (folder / "made-up.toml").write_text(f'name = "made-up"\n{source}', encoding="utf-8")
    return str(folder / "made-up.toml")


def main(n_runs: int, api: str | None, recipe: str) -> None:
    """Print a row per kind: the quickest run, and what it takes more than the one without Prefect."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT")}
    cli = [sys.executable, "-m", "flows.cli", "run", recipe, "--until", "release", "--build"]
    kinds = {"without Prefect": ([sys.executable, "-c", _PLAIN, recipe], plain), "embedded server, warm": (cli, plain)}
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
    asked = argparse.ArgumentParser()
    asked.add_argument("--runs", type=int, default=5)
    asked.add_argument("--api")
    asked.add_argument("--rows", type=int)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        main(given.runs, given.api, made_up(Path(scratch), given.rows) if given.rows else "sample")
