"""What publishing takes: 2,000 files and one of 300 MB to the test Hub, sent by LFS and by Xet; and the command on an unchanged build.

`python tests/bench/bench_publish.py [BUILD] [runs]`. BUILD, if it is given, is published once, then `runs` times unchanged
(default 3), the quickest counts. Each line: wall seconds, peak memory of the publishing process, commits.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from hub_clients import client, environment, publish_folder, write_many
from hub_server import serving


def many_files(scratch: Path, *, xet: bool) -> None:
    """Publish 2,000 files and a large one, then again."""
    write_many(scratch / "release")
    with serving(scratch / "hub") as server, client(environment(server.url, scratch / "home", xet=xet)) as pool:
        for what in ("new", "unchanged"):
            start = time.monotonic()
            _, peak = pool.submit(publish_folder, "hf://datasets/alice/many", scratch / "release", tag="v1").result()
            n_commits = len(server.hub.repo("alice/many").history())
            print(
                f"2,001 files, {'Xet' if xet else 'LFS'}, {what}: {time.monotonic() - start:.1f} s, "
                f"peak {peak / 1e6:.0f} MB, {n_commits} commit",
                flush=True,
            )


def command(build: Path, scratch: Path, n_runs: int) -> None:
    """Publish a build by the command, then unchanged: it may not write anything."""
    with serving(scratch / "hub") as server:
        settings = {**os.environ, **environment(server.url, scratch / "home"), "PREFECT_HOME": str(scratch / "prefect")}
        call = [sys.executable, "-m", "flows.cli", "publish", str(build), "--to", "hf://datasets/alice/build", "--what", "dataset"]
        taken = []
        for n in range(1 + n_runs):
            server.log.clear()
            start = time.monotonic()
            said = subprocess.run(call, env=settings, check=True, capture_output=True, text=True).stdout
            taken.append(time.monotonic() - start)
            if n and server.asked("^(POST|PUT)"):
                raise SystemExit(f"an unchanged build was published: {said}")
        rows = json.loads((build / "release/manifest.json").read_text(encoding="utf-8"))["tables"]
        print(f"a build of {len(rows)} tables, new, with the proof that it loads: {taken[0]:.1f} s")
        print(f"the same, unchanged: {min(taken[1:]):.1f} s, no commit")


def main(build: Path | None, n_runs: int) -> None:
    """Print a line per case."""
    for xet in (False, True):
        with tempfile.TemporaryDirectory() as scratch:
            many_files(Path(scratch), xet=xet)
    if build:
        with tempfile.TemporaryDirectory() as scratch:
            command(build, Path(scratch), n_runs)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None, int(sys.argv[2]) if len(sys.argv) > 2 else 3)
