"""Training in several processes, one per GPU, as accelerate starts them: `accelerate launch -m dataprep.models.processes BUILD`.

Every process goes through the same training; accelerate averages their gradients. The first one alone holds
the build folder, validates, and writes checkpoints and the model; what it measures is told to the others, so
that all of them stop at the same pass.
"""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import torch

T = TypeVar("T")


def n_processes() -> int:
    """Processes that train together; 1 where nothing says otherwise."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Whether this process is the one that writes."""
    return os.environ.get("RANK", "0") == "0"


def told_by_first(value: T) -> T:
    """What the first process has; the others wait for it."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return value
    held = [value]
    torch.distributed.broadcast_object_list(held, src=0)
    return held[0]


def train_build(folder: Path) -> None:
    """Finish the training stage of a build, as one of several processes.

    Args:
        folder: A build that is prepared up to its negatives.
    """
    from dataprep import model_stages  # noqa: PLC0415 - imports this module
    from dataprep.build import Output, existing_build, finish, is_current, opened  # noqa: PLC0415
    from dataprep.pipeline import STAGES  # noqa: PLC0415

    build = existing_build(folder)
    if is_current(STAGES["train"], build):
        return
    if is_first():
        with opened(folder, build.recipe) as held:
            finish(STAGES["train"], held)
        return
    with TemporaryDirectory() as scratch:
        root = Path(scratch)
        (root / "stages" / "train").mkdir(parents=True)
        model_stages.train(build, Output(root / "stages" / "train", root))


if __name__ == "__main__":
    train_build(Path(sys.argv[1]).absolute())
