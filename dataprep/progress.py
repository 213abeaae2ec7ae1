"""How far a long stage has come, told through the project's logger: a terminal shows it as a bar, a server as an artifact."""

import logging
from collections.abc import Callable

import polars as pl

Progress = Callable[[int, int], None]  # done, total

log = logging.getLogger("dataprep")


def progress_of(stage: str) -> Progress:
    """A function that tells how much of a stage is done, in whatever units both numbers share."""

    def tell(done: int, total: int) -> None:
        log.info(stage, extra={"stage": stage, "state": "progress", "done": done, "total": total})

    return tell


class Tally:
    """Counts the rows of batches that pass, and tells after each how many of all are done."""

    def __init__(self, progress: Progress | None, *tables: pl.LazyFrame) -> None:
        """Count the rows of the tables whose batches will pass; without a listener nothing is counted."""
        self._progress, self._done = progress, 0
        self._total = sum(frame.item() for frame in pl.collect_all([table.select(pl.len()) for table in tables])) if progress else 0

    def more(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Count a batch, and give it back."""
        self._done += batch.height
        if self._progress:
            self._progress(self._done, self._total)
        return batch
