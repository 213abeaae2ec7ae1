"""The curriculum: stages of training one after the other, each with a table, passes and a learning rate."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import polars as pl

LATER_RATE = 0.25  # of the learning rate, for stages after the first: hard negatives at the full rate undo what pairs taught


@dataclass(frozen=True)
class TrainingStage:
    """One stage.

    Attributes:
        name: Unique in the curriculum; training.json, report and card call the stage so.
        table: anchor, positive and possibly negative, in this column order; group (null or a name) keeps rows apart.
        epochs: Passes over the table; None takes those of the settings.
        loss: Name of the loss, as `dataprep.models.losses` knows it.
        learning_rate: Peak learning rate; None takes that of the settings for the first stage and a quarter of it later.
    """

    name: str
    table: pl.DataFrame
    epochs: int | None = None
    learning_rate: float | None = None
    loss: str = "mnrl"


def unique_names(stages: Iterable[Sequence[str]]) -> list[str]:
    """A name for each stage: its tables', and a number behind it where the same tables come again."""
    names = [" + ".join(tables) for tables in stages]
    numbers = [names[: i + 1].count(name) for i, name in enumerate(names)]
    return [name if number == 1 else f"{name} ({number})" for name, number in zip(names, numbers, strict=True)]


def in_force(stages: Sequence[TrainingStage], *, epochs: int, learning_rate: float, caches_gradients: bool = True) -> list[TrainingStage]:
    """The stages that have rows, with passes and learning rates filled in.

    Args:
        stages: The curriculum.
        epochs: Passes where a stage does not say.
        learning_rate: That of the first stage where it does not say; later ones take `LATER_RATE` of it.
        caches_gradients: Whether the model can; a static one needs not, and `cached_mnrl` becomes `mnrl`, which has the same gradients.
    """
    found: list[TrainingStage] = []
    for stage in stages:
        if stage.table.height:
            rate = stage.learning_rate or learning_rate * (LATER_RATE if found else 1)
            loss = "mnrl" if stage.loss == "cached_mnrl" and not caches_gradients else stage.loss
            found.append(replace(stage, epochs=stage.epochs or epochs, learning_rate=rate, loss=loss))
    return found
