"""Size, time and memory of the report page of a huge build: the bundled sample, so many times as large.

Run: .venv/bin/python tests/bench/bench_report.py [times]; 12,000 times is a build of ten million rows.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1]))

from inflated import inflate

from dataprep.build import existing_build, finish, opened
from dataprep.io import read_json
from dataprep.pipeline import PREPARE, STAGES
from dataprep.recipes.recipe_file import load
from dataprep.reports.report import write_report

MAX_BYTES = 5_000_000


def peak_bytes() -> int:
    """Largest resident memory of this program; getrusage would tell that of the process which started it, if it was larger."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) * 1024


def of_report(folder: Path) -> None:
    """Write the report of a build and print what it took."""
    huge, start = existing_build(folder), time.perf_counter()
    page = write_report(huge)
    found = {
        "rows_read": sum(read_json(huge.release / "manifest.json")["counts"]["read"].values()),
        "ledger_bytes": (folder / "ledger.parquet").stat().st_size,
        "page_bytes": page.stat().st_size,
        "seconds": round(time.perf_counter() - start, 1),
        "peak_bytes": peak_bytes(),
    }
    print(json.dumps(found))


def main() -> None:
    if sys.argv[1:2] == ["--report"]:
        of_report(Path(sys.argv[2]))
        return
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 12_000
    with TemporaryDirectory() as folder:
        with opened(Path(folder) / "small", load("sample", [])) as small:
            for name in PREPARE:
                finish(STAGES[name], small)
        inflate(small.folder, Path(folder) / "huge", times=times)
        command = [sys.executable, __file__, "--report", str(Path(folder) / "huge")]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(json.dumps(found, indent=2))
    if found["page_bytes"] >= MAX_BYTES:
        sys.exit(f"the page has {found['page_bytes']:,} bytes, {MAX_BYTES:,} are wanted")


if __name__ == "__main__":
    main()
