"""The page's leak table: what other ways of splitting would have leaked, beside what this release leaks."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dataprep.releases.contract_results import Result


class Leak(NamedTuple):
    """A line of the table.

    Attributes:
        what: What would be known from training.
        unit: What would be split one by one.
        n: Expected number of held-out units that leak.
        n_held_out: Expected number of held-out units.
        fraction: The leaking share, 0-1.
        result: The contract that forbids it here, or None where it was not proved.
    """

    what: str
    unit: str
    n: int
    n_held_out: int
    fraction: float
    result: Result | None


def leaks(quality: Mapping[str, Any] | None, results: Sequence[Result] | None) -> list[Leak]:
    """The lines, none before the release is written.

    Args:
        quality: quality.json.
        results: What came of the contracts, or None where they were not proved.
    """
    if quality is None:
        return []
    found = {result.name: result for result in results or ()}
    rows, questions = quality["row_wise_split"], quality["question_wise_split"]
    return [
        *(
            Leak(
                f"the {column} of a held-out row",
                "rows",
                rows[f"{column}_leak_rows"],
                rows["held_out_rows"],
                rows[f"{column}_leak_fraction"],
                found.get(contract),
            )
            for column, contract in (
                ("question", "no held-out question is trained on"),
                ("passage", "no positive passage of a held-out question is trained on"),
            )
        ),
        Leak(
            "a question tied to a held-out one",
            "questions",
            questions["leak_questions"],
            questions["held_out_questions"],
            questions["leak_fraction"],
            found.get("no group stands in two splits"),
        ),
    ]
