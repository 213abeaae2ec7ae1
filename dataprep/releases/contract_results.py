"""What came of a contract: whether it holds, and the first rows that break it."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import polars as pl

from dataprep import io

_SAMPLE_ROWS = 5
_FAULTS = (pl.exceptions.PolarsError, ArithmeticError, AttributeError, FileNotFoundError, LookupError, TypeError, ValueError)
Query = Callable[[], pl.LazyFrame | pl.DataFrame]  # finds the offenders


class Result(NamedTuple):
    """What came of one contract.

    Attributes:
        name: The contract, as a statement that should be true.
        state: Whether the statement is true; `unchecked` where the files do not say.
        n_offenders: Rows that break it.
        sample: The first of them.
        note: Why it was not checked, else "".
    """

    name: str
    state: Literal["met", "broken", "unchecked"]
    n_offenders: int
    sample: pl.DataFrame
    note: str = ""

    @property
    def is_broken(self) -> bool:
        """Whether rows were found that break the contract."""
        return self.state == "broken"

    def as_dict(self) -> dict[str, Any]:
        """The result as plain values."""
        return {**self._asdict(), "sample": self.sample.to_dicts()}


def judged(name: str, query: Query) -> Result:
    """Run a query for offenders. What it cannot read, or finds in another shape than was written, breaks the contract."""
    try:
        with io.full_disk_as_os_error():
            found = query().lazy().collect(engine="streaming")
    except _FAULTS as fault:
        found = pl.DataFrame({"fault": [f"cannot be told: {type(fault).__name__}: {fault}"]})
    return Result(name, "broken" if found.height else "met", found.height, found.head(_SAMPLE_ROWS))


def unchecked(name: str, note: str) -> Result:
    """The result of a contract that the files cannot show, with the reason."""
    return Result(name, "unchecked", 0, pl.DataFrame(), note)
