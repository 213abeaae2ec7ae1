"""JSON values as text: what jsonl, squad and the ledger have in common."""

import json
from typing import Any


def as_text(value: Any) -> str | None:  # noqa: ANN401 - JSON may hold anything
    """Text of a JSON value as the source has it: 1 becomes "1", 1.0 "1.0", true "true", null None.

    Raises:
        TypeError: The value is a list or an object.
        UnicodeEncodeError: The text has a lone surrogate, which no file of text can hold.
    """
    if value is None:
        return None
    if isinstance(value, str):
        value.encode()
        return value
    if isinstance(value, int | float):
        return json.dumps(value)
    kind = "a list" if isinstance(value, list) else "an object"
    raise TypeError(f"{kind}; wanted text or a number")


def as_json(value: object) -> str:
    r"""A JSON value written out for a reader; half of a surrogate pair becomes \udXXX."""
    return json.dumps(value, ensure_ascii=False).encode(errors="backslashreplace").decode()
