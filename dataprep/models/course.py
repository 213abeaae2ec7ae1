"""The course of a training: its losses, its validation figures and the best weights so far."""

from collections.abc import Callable
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from transformers import TrainerCallback

from dataprep.models.metrics import PRIMARY

Report = Callable[[dict[str, Any]], None]
Validate = Callable[[SentenceTransformer], float]


class Course(TrainerCallback):
    """The course of training over all tables: losses, validation figures and the best weights so far."""

    def __init__(self, model: SentenceTransformer, validate: Validate | None, report: Report) -> None:
        self._model, self._validate, self._report = model, validate, report
        self._table = ""
        self._weights: dict[str, torch.Tensor] | None = None
        self.losses: list[dict[str, Any]] = []
        self.scores: list[dict[str, Any]] = []
        self.best: dict[str, Any] | None = None

    def start(self, table: str) -> None:
        """Say which table comes now."""
        self._table = table

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:  # noqa: ANN401, ARG002
        """Keep a point of the loss curve and tell of it."""
        if logs and "loss" in logs:
            point = {"table": self._table, "epoch": round(state.epoch, 4), "step": state.global_step}
            point |= {"loss": round(float(logs["loss"]), 6), "learning_rate": float(logs["learning_rate"])}
            self.losses.append(point)
            self._report({**point, "n_steps": state.max_steps})

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ANN401, ARG002
        """Judge the weights after each pass."""
        self.judge(self._table, round(state.epoch))

    def judge(self, table: str, epoch: int) -> None:
        """Measure on validation; keep a copy of the weights if they are the best of all trained ones."""
        if self._validate is None:
            return
        point = {"table": table, "epoch": epoch, PRIMARY: round(self._validate(self._model), 6)}
        self.scores.append(point)
        self._report(point)
        if epoch and (self.best is None or point[PRIMARY] > self.best[PRIMARY]):
            self.best = point
            self._weights = {name: tensor.detach().to("cpu", copy=True) for name, tensor in self._model.state_dict().items()}

    def restore_best(self) -> None:
        """Put the best weights back; without validation the last ones stay."""
        if self._weights is not None:
            self._model.load_state_dict(self._weights)
