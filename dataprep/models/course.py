"""The course of a training: its losses, its validation figures, the best weights so far, and when to stop."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from transformers import TrainerCallback

from dataprep.models.checkpoints import Checkpoints, Saved
from dataprep.models.metrics import PRIMARY
from dataprep.models.processes import is_first, told_by_first

Report = Callable[[dict[str, Any]], None]
Validate = Callable[[SentenceTransformer], Mapping[str, float]]
SCORE = "score"  # of the metric and dimension that checkpoints are chosen by


class Course(TrainerCallback):
    """Follows the training of all stages, and keeps what a run after a kill needs to know."""

    def __init__(self, model: SentenceTransformer, validate: Validate | None, report: Report, *, patience: int | None = None) -> None:
        """Follow a training.

        Args:
            model: The model in training.
            validate: Gives ndcg@10 and `score` on validation; None keeps the last weights.
            report: Is told of each point of the loss curve and of each validation.
            patience: Passes without a better score after which a stage ends; None goes through all passes.
        """
        self._model, self._validate, self._report, self._patience = model, validate, report, patience
        self._checkpoints: Checkpoints | None = None
        self._checkpoint_steps = 0
        self._stage, self._table = -1, ""
        self._weights: dict[str, torch.Tensor] | None = None
        self._waited, self._is_over = 0, False
        self.losses: list[dict[str, Any]] = []
        self.scores: list[dict[str, Any]] = []
        self.best: dict[str, Any] | None = None
        self.steps: dict[str, int] = {}

    def keep_in(self, checkpoints: Checkpoints, *, every_steps: int) -> Saved | None:
        """Write checkpoints from now on, after each pass and every so many steps; take up the last one that is there."""
        self._checkpoints, self._checkpoint_steps = checkpoints, every_steps
        saved = checkpoints.latest()
        if saved:
            self.losses, self.scores, self.best = (saved.course[name] for name in ("losses", "scores", "best"))
            self.steps, self._waited, self._is_over = (saved.course[name] for name in ("steps", "waited", "is_over"))
            self._stage = saved.stage
            self._weights = dict(saved.best) if saved.best else None
        return saved

    @property
    def n_finished(self) -> int:
        """Stages that are over."""
        return self._stage + int(self._is_over)

    def start(self, number: int, table: str) -> None:
        """Say which stage comes now; one that a checkpoint was taken up in goes on."""
        if number != self._stage:
            self._waited, self._is_over = 0, False
        self._stage, self._table = number, table

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:  # noqa: ANN401, ARG002
        """Keep a point of the loss curve and tell of it."""
        if logs and "loss" in logs:
            point = {"table": self._table, "epoch": round(state.epoch, 4), "step": state.global_step}
            point |= {"loss": round(float(logs["loss"]), 6), "learning_rate": float(logs["learning_rate"])}
            self.losses.append(point)
            self._report({**point, "n_steps": state.max_steps})

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ANN401, ARG002
        """Ask for a checkpoint within long passes; at the end of one it waits for the validation."""
        self.steps[self._table] = state.global_step
        is_end_of_pass = state.global_step % (state.max_steps // state.num_train_epochs) == 0
        if self._checkpoints and state.global_step % self._checkpoint_steps == 0 and not is_end_of_pass:
            control.should_save = control.should_log = True  # the loss curve is the same wherever a run goes on

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ANN401, ARG002
        """Judge the weights after each pass, and stop where nothing gets better."""
        self.judge(self._table, round(state.epoch))
        if self._patience is not None and self._waited >= self._patience:
            control.should_training_stop = True
        self._is_over = control.should_training_stop or state.global_step >= state.max_steps
        control.should_log = True
        control.should_save = self._checkpoints is not None

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ANN401, ARG002
        """Finish the checkpoint that the trainer has just written."""
        if self._checkpoints and state.is_world_process_zero:
            course = {name: getattr(self, name) for name in ("losses", "scores", "best", "steps")}
            course |= {"waited": self._waited, "is_over": self._is_over}
            self._checkpoints.complete(Path(args.output_dir) / f"checkpoint-{state.global_step}", self._stage, course)

    def judge(self, table: str, epoch: int) -> None:
        """Measure on validation; keep a copy of the weights if they are the best of all trained ones."""
        if self._validate is None:
            return
        found = told_by_first(self._validate(self._model) if is_first() else {})
        if not found:  # before the processes know of each other
            return
        point = {"table": table, "epoch": epoch, **{name: round(found[name], 6) for name in (PRIMARY, SCORE)}}
        self.scores.append(point)
        self._report(point)
        self._waited += 1
        if epoch and (self.best is None or point[SCORE] > self.best[SCORE]):
            self.best, self._waited = point, 0
            self._weights = {name: tensor.detach().to("cpu", copy=True) for name, tensor in self._model.state_dict().items()}
            if self._checkpoints:
                self._checkpoints.keep_best(self._weights)

    def restore_best(self) -> None:
        """Put the best weights back; without validation the last ones stay."""
        if self._weights is not None:
            self._model.load_state_dict(self._weights)
