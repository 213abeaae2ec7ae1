"""Checkpoints of a training on disk: after a kill it goes on from the last one, to the same weights as if nothing had happened.

A checkpoint is the trainer's own folder (weights, optimizer, schedule, random states) and beside these
`course.json`, written last: a checkpoint without it was not finished. The best weights so far lie in each
checkpoint as a hard link. Checkpoints belong to one training, known by its key: a digest of base weights,
tables, settings and code.
"""

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import load_file, save_file

from dataprep import io
from dataprep.code import code_digest
from dataprep.models.curriculum import TrainingStage
from dataprep.models.processes import is_first

Weights = Mapping[str, torch.Tensor]
_COURSE, _BEST, _KEY, _STAGE = "course.json", "best.safetensors", "key", "stage-"


class Saved(NamedTuple):
    """A complete checkpoint."""

    folder: Path
    stage: int  # number of the stage that it was written in, from 0
    course: dict[str, Any]  # what the course knew
    best: Weights | None  # the best weights so far


class Checkpoints:
    """The checkpoints of one training."""

    def __init__(self, folder: Path, key: str) -> None:
        """Take over a folder; what another training left there is removed.

        Args:
            folder: Where checkpoints are kept; made if it is not there.
            key: What `training_key` gives.
        """
        self._folder = folder
        self._key = key
        if not self._is_ours() and is_first():
            self.clear()
            io.write_text(key, folder / _KEY)

    def _is_ours(self) -> bool:
        written = self._folder / _KEY
        return written.is_file() and written.read_text(encoding="utf-8") == self._key

    def stage_folder(self, number: int) -> Path:
        """Where the trainer writes the checkpoints of a stage."""
        return self._folder / f"{_STAGE}{number:03}"

    def latest(self) -> Saved | None:
        """The last complete checkpoint of the last stage that has one."""
        found = [(_number(p.parent.parent), _number(p.parent), p.parent) for p in self._folder.glob(f"{_STAGE}*/*/{_COURSE}")]
        if not found or not self._is_ours():
            return None
        stage, _, folder = max(found)
        best = folder / _BEST
        return Saved(folder, stage, io.read_json(folder / _COURSE), load_file(best) if best.is_file() else None)

    def keep_best(self, weights: Weights) -> None:
        """Write the best weights so far; the checkpoints that follow link them."""
        if not is_first():
            return
        partial = self._folder / f".{_BEST}"
        save_file(dict(weights), partial)
        partial.replace(self._folder / _BEST)

    def complete(self, folder: Path, stage: int, course: Mapping[str, Any]) -> None:
        """Finish a checkpoint that the trainer has written; those of earlier stages have had their time."""
        with suppress(FileNotFoundError):  # without validation no weights are the best
            os.link(self._folder / _BEST, folder / _BEST)
        io.sync(folder)
        io.write_text(json.dumps(course), folder / _COURSE)
        for number in range(stage):
            shutil.rmtree(self.stage_folder(number), ignore_errors=True)

    def clear(self) -> None:
        """Remove everything."""
        if is_first():
            shutil.rmtree(self._folder, ignore_errors=True)


def _number(folder: Path) -> int:
    return int(folder.name.rsplit("-", 1)[-1])


def training_key(stages: Iterable[TrainingStage], settings: Mapping[str, Any], weights: Weights, *, also: str) -> str:
    """Digest of all that decides what a training gives.

    Args:
        stages: The curriculum with its tables.
        settings: Hyper-parameters.
        weights: Those of the base model.
        also: What else decides, such as the questions that it is validated on.
    """
    state = sha256(json.dumps([settings, also, code_digest("dataprep.models.training")], default=str).encode())
    for stage in stages:
        state.update(repr((stage.name, stage.loss, stage.epochs, stage.learning_rate, stage.table.columns)).encode())
        for row in stage.table.iter_rows():
            state.update(repr(row).encode())
    for name, tensor in weights.items():
        state.update(name.encode())
        state.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return state.hexdigest()
