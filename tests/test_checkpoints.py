"""A training that was killed goes on to the same weights; what another training left is not taken up."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from sentence_transformers import SentenceTransformer
from training_case import SETTINGS, STAGES, base, contextual_base, weights

from dataprep.models import training
from dataprep.models.checkpoints import Checkpoints
from dataprep.models.encode import ModelEncoder
from dataprep.models.training import Settings

OFTEN = Settings(**{**SETTINGS.__dict__, "epochs": 3, "checkpoint_steps": 1})
STEPS = 12  # of both stages


class KilledError(Exception):
    pass


def killer(step: int) -> Callable[[dict[str, Any]], None]:
    """A report that ends the run at a step, counted over all stages."""
    seen: list[dict[str, Any]] = []

    def report(point: dict[str, Any]) -> None:
        if "loss" in point:
            seen.append(point)
        if len(seen) > step:
            raise KilledError

    return report


def validate(model: SentenceTransformer) -> Mapping[str, float]:
    """Some figure that depends on the weights."""
    value = float(ModelEncoder(model).encode_queries(["gdzie jest zamek?"])[0, 0]) % 1
    return {"ndcg@10": value, "score": value}


def train(make: Callable[[], SentenceTransformer], place: Path, settings: Settings = OFTEN, **options: Any) -> dict[str, Any]:
    return training.train(make(), STAGES, settings, folder=place / "model", checkpoints=place / "checkpoints", **options)


@pytest.mark.parametrize("judge", [None, validate], ids=["last weights", "best weights"])
@pytest.mark.parametrize("every", [2, 500])
@pytest.mark.parametrize("steps", [(0, 4, 7), pytest.param(range(STEPS), marks=pytest.mark.slow)], ids=["some", "all"])
def test_a_run_that_broke_off_at_any_step_goes_on_to_the_same_weights_and_log(
    judge: Any, every: int, steps: Iterable[int], tmp_path: Path
) -> None:
    settings = Settings(**{**OFTEN.__dict__, "checkpoint_steps": every})
    unbroken = train(base, tmp_path / "unbroken", settings, validate=judge)
    for step in steps:
        place = tmp_path / str(step)
        with pytest.raises(KilledError):
            train(base, place, settings, validate=judge, report=killer(step))
        assert train(base, place, settings, validate=judge) == unbroken
        assert weights(place / "model") == weights(tmp_path / "unbroken" / "model")
        assert [path.name for path in place.iterdir()] == ["model"]


def test_dropout_goes_on_where_it_was(tmp_path: Path) -> None:
    settings = Settings(**{**OFTEN.__dict__, "epochs": 2, "checkpoint_steps": 1})
    train(contextual_base, tmp_path / "unbroken", settings)
    for step in (2,):
        with pytest.raises(KilledError):
            train(contextual_base, tmp_path / str(step), settings, report=killer(step))
        train(contextual_base, tmp_path / str(step), settings)
        assert weights(tmp_path / str(step) / "model") == weights(tmp_path / "unbroken" / "model")


_SCRIPT = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from test_checkpoints import base, train, validate
left = int(sys.argv[2])
def report(point):
    global left
    left -= "loss" in point
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
train(base, Path(sys.argv[1]), validate=validate, report=report)
"""


def test_a_process_killed_at_a_random_step_is_gone_on_with(tmp_path: Path) -> None:
    step = random.Random("kill").randrange(1, STEPS)
    command = [sys.executable, "-c", _SCRIPT, str(tmp_path / "killed"), str(step), str(Path(__file__).parent)]
    killed = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    told: list[dict[str, Any]] = []
    again = train(base, tmp_path / "killed", validate=validate, report=told.append)
    assert sum("loss" in point for point in told) < STEPS  # it did not begin anew
    assert again == train(base, tmp_path / "unbroken", validate=validate)
    assert weights(tmp_path / "killed" / "model") == weights(tmp_path / "unbroken" / "model")


def test_a_checkpoint_that_was_not_finished_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unbroken = train(base, tmp_path / "unbroken")
    with monkeypatch.context() as patched:
        complete, calls = Checkpoints.complete, iter(range(STEPS))

        def dies(*args: Any) -> None:
            if next(calls) == 4:
                raise KilledError
            complete(*args)

        patched.setattr(Checkpoints, "complete", dies)
        with pytest.raises(KilledError):
            train(base, tmp_path / "killed")
    assert train(base, tmp_path / "killed") == unbroken
    assert weights(tmp_path / "killed" / "model") == weights(tmp_path / "unbroken" / "model")


@pytest.mark.parametrize("change", ["settings", "table", "weights", "identity"])
def test_checkpoints_of_another_training_are_not_taken_up(change: str, tmp_path: Path) -> None:
    with pytest.raises(KilledError):
        train(base, tmp_path, report=killer(7))
    settings = Settings(**{**OFTEN.__dict__, **({"seed": 8} if change == "settings" else {})})
    stages = STAGES[:1] if change == "table" else STAGES
    told: list[dict[str, Any]] = []
    training.train(
        base(dims=32) if change == "weights" else base(),
        stages,
        settings,
        folder=tmp_path / "model",
        checkpoints=tmp_path / "checkpoints",
        identity="other" if change == "identity" else "",
        report=told.append,
    )
    assert told[0]["table"] == "pairs"
    assert told[0]["step"] == 1
