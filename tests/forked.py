"""Processes of tests that start at once: forked off a server that has imported what they need and runs no thread."""

import multiprocessing
import os
import signal
import types
from pathlib import Path

from dataprep import build as building
from dataprep.build import finish, opened
from dataprep.pipeline import PREPARE, STAGES
from dataprep.recipes.recipe_file import load

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["forked", "prefect_case", "flows.prepare", "test_crash"])


def _die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def sample_killed_in(stage: str, folder: Path, moment: str) -> None:
    """Prepare the sample and die in a stage: "running", before its files are moved into place, or "moving", after."""
    with opened(folder, load("sample")) as build:
        for name in PREPARE:
            if name == stage and moment == "running":
                building._reveal = _die
            elif name == stage:
                building.shutil = types.SimpleNamespace(rmtree=_die)  # type: ignore[assignment]
            finish(STAGES[name], build)
