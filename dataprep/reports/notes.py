"""What the ledger's `after` says of a row that left, in words."""

import json
from typing import Any


def in_words(after: str) -> str:
    """The measured values behind a filter's decision as "min_passage_words 3 (limit 5)"; any other text as it is.

    Args:
        after: `after` of an event: text, or an object of rules with their value and limit.
    """
    if not after.startswith("{"):
        return after
    try:
        found = json.loads(after)
    except ValueError:  # a text that only begins like an object, or one that was cut
        return after
    if not all(isinstance(entry, dict) and "value" in entry for entry in found.values()):
        return after
    return "; ".join(_measured(rule, entry) for rule, entry in found.items())


def _measured(rule: str, entry: dict[str, Any]) -> str:
    value, limit = entry["value"], entry.get("limit")
    told = rule if isinstance(value, bool) else f"{rule} {_plain(value)}"
    return told if limit is None or isinstance(limit, bool) else f"{told} (limit {_plain(limit)})"


def _plain(value: Any) -> str:  # noqa: ANN401 - plain JSON
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
