"""Progress of long stages in Prefect's UI, from what the stages tell through the logger."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from prefect.artifacts import create_progress_artifact, update_progress_artifact

from flows.operating import artifact_key, has_server
from flows.pace import Pace

if TYPE_CHECKING:
    from uuid import UUID

log = logging.getLogger("dataprep")

_EVERY_S = 2.0
_WHOLE = 100.0


@contextmanager
def progress_in_ui(recipe: str, stage: str) -> Iterator[None]:
    """While a stage runs, keep an artifact `<recipe>-<stage>-progress` current; none for a stage that tells nothing."""
    if not has_server():
        yield
        return
    shown = _Shown(recipe, stage)
    log.filters.insert(0, shown)  # before the filter that hides progress from an operator's log
    try:
        yield
    finally:
        log.removeFilter(shown)
    shown.end()


class _Shown(logging.Filter):
    """A filter that lets everything pass and shows the progress that it sees, every few seconds."""

    def __init__(self, recipe: str, stage: str) -> None:
        super().__init__()
        self._key, self._description = artifact_key(recipe, f"{stage}-progress"), f"{stage} of {recipe}"
        self._id: UUID | None = None
        self._shown_at = 0.0
        self._is_lost = False
        self._note = ""  # what the stage last said beside its numbers: the table and the loss of a training
        self._pace = Pace()
        self._told = ""

    def filter(self, record: logging.LogRecord) -> bool:
        told = record.__dict__
        if told.get("state") != "progress" or not told["total"]:
            return True
        self._told = self._pace.told(told["done"], told["total"])
        if time.monotonic() - self._shown_at >= _EVERY_S:
            self._note = str(told.get("note", ""))
            self._show(_WHOLE * told["done"] / told["total"])
        return True

    def end(self) -> None:
        """The stage is finished."""
        if self._id:
            self._told = ""
            self._show(_WHOLE)

    def _described(self) -> str:
        said = "; ".join(part for part in (self._note, self._told) if part)
        return f"{self._description}: {said}" if said else self._description

    def _show(self, percent: float) -> None:
        if self._is_lost:
            return
        self._shown_at = time.monotonic()
        try:
            if self._id:
                update_progress_artifact(self._id, progress=round(percent, 1), description=self._described())
            else:
                made = create_progress_artifact(progress=round(percent, 1), key=self._key, description=self._described())
                self._id = cast("UUID", made)  # not awaited, for stages are not asynchronous
        except Exception as error:  # noqa: BLE001 - a server that is away must not undo work
            self._is_lost = True
            log.warning("progress is not shown: %s", error)
