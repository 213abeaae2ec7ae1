"""A run with the embedded server says what the stages say and nothing else, whatever home it finds."""

import gc
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from flows.embedded_server import imports_kept

_STAGES = ["ingest", "clean", "filter", "deduplicate", "split"]


def run_without(home: str | None, folder: Path, *, as_nobody: bool = False) -> subprocess.CompletedProcess[str]:
    """The sample until its splits, in an environment with nothing in it but the path and the home."""
    environment = {"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"} | ({"HOME": home} if home else {})
    wrapper = ["setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups"] if as_nobody else []
    command = [*wrapper, sys.executable, "-m", "flows.cli", "run", "sample", "--build", str(folder / "build"), "--until", "split"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=240)


@pytest.mark.parametrize(
    "home",
    [pytest.param("/proc/none", id="cannot be made"), pytest.param(None, id="unset", marks=pytest.mark.slow)],
)
def test_a_run_is_quiet_without_a_home(home: str | None, tmp_path: Path) -> None:
    done = run_without(home, tmp_path)
    assert done.returncode == 0, done.stderr
    said = [line.split()[1] for line in done.stderr.splitlines() if line.startswith("✓")]
    assert said == _STAGES
    others = [line for line in done.stderr.splitlines() if not line.startswith("✓")]
    assert all(len(line) < 40 and "|" not in line for line in others), done.stderr  # the rest of a wrapped line


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become a user without a name and a home")
def test_a_user_without_a_name_or_home_can_run(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o755)
    done = run_without(None, tmp_path, as_nobody=True)
    if any(word in done.stderr for word in ("Permission denied", "not writable")) and Path(sys.executable).name in done.stderr:
        pytest.skip("the interpreter is not readable for other users")
    assert done.returncode == 0, done.stderr


def test_garbage_is_collected_again_after_the_imports_that_are_kept() -> None:
    before = gc.get_freeze_count()
    try:
        with suppress(ImportError), imports_kept():
            assert not gc.isenabled()
            raise ImportError
        assert gc.isenabled()
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()
