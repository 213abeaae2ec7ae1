"""Every notebook runs from top to bottom on a finished build of the sample, and none is committed with outputs."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import JUDGED

from dataprep.build import finish, opened
from dataprep.pipeline import PREPARE, STAGES
from dataprep.recipes.recipe_file import load

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LEAST_OUTPUT = {
    "01_review_statistics": ("image/svg+xml", "clean.html", "tokens of a passage"),
    "02_review_duplicates_and_conflicts": ("text/html", "same_pair", "<del"),
    "03_compare_two_releases": ("They differ.", "'may_be_judged': True", "recipe.split.test"),
    "04_error_analysis": ("image/svg+xml", "right_rank", "worse"),
}


@pytest.fixture(scope="module")
def builds(judged_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A judged build of the sample, and one with another share of test to compare it with, as the notebooks name them."""
    recipe = load("sample", (*JUDGED, "split.test=0.25"))
    with opened(tmp_path_factory.mktemp("builds") / "old", recipe) as old:
        for name in PREPARE:
            finish(STAGES[name], old)
    return {"DATAPREP_BUILD": str(judged_sample), "DATAPREP_OLD": str(old.folder)}


def test_there_is_a_notebook_for_each_question() -> None:
    assert [path.stem for path in NOTEBOOKS] == sorted(LEAST_OUTPUT)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_without_outputs(path: Path) -> None:
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert code
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
    nbformat.validate(notebook)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_something(path: Path, builds: dict[str, str], tmp_path: Path) -> None:
    """Run by `jupyter execute`, as a person would, in a process of its own."""
    copy = shutil.copy(path, tmp_path)
    command = [str(Path(sys.executable).with_name("jupyter-execute")), str(copy), "--inplace", "--timeout=120"]
    environment = {**os.environ, **builds, "IPYTHONDIR": str(tmp_path), "JUPYTER_PLATFORM_DIRS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shown = json.dumps([cell.get("outputs", []) for cell in nbformat.read(copy, as_version=4).cells], ensure_ascii=False)
    missing = [text for text in LEAST_OUTPUT[path.stem] if text not in shown]
    assert not missing, f"{path.name} does not show {missing}"
