"""JSON lines as frames of records: one object per line.

Rules found here, besides those of `lines`:
    json: the line is no JSON, or no object, or has a string with half of a surrogate pair.
    columns: the object lacks the question or the passage, or a wanted value is a list or an object.

A label, title or id that the object lacks counts as null.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from dataprep.sources import lines
from dataprep.sources.columns import require
from dataprep.sources.files import File
from dataprep.sources.values import as_text

_DECODER = json.JSONDecoder()


def records(file: File, wanted: Mapping[str, str], *, optional: tuple[str, ...] = ("id", "title", "label")) -> Iterator[pl.DataFrame]:
    """Read a file of JSON lines.

    Args:
        file: The file.
        wanted: Role to key.
        optional: Roles whose key a single object may lack.

    Returns:
        Frames of `position` (file:line), `raw`, `rule`, `found` and one text column per role.

    Raises:
        SourceMissingError: No object of the first frame has a wanted key.
    """
    is_first = True
    for frame in lines.frames(file):
        if is_first:
            is_first = not _require_keys(frame, wanted, where=file.shown)
        parsed = [
            _parsed(raw, wanted, optional) if rule is None else (rule, found, *(None for _ in wanted))
            for raw, rule, found in frame.select("raw", "rule", "found").iter_rows()
        ]
        names = ("rule", "found", *wanted)
        columns = zip(names, zip(*parsed, strict=True) if parsed else [()] * len(names), strict=True)
        yield frame.select(
            pl.concat_str([pl.lit(f"{file.name}:"), "line"]).alias("position"),
            "raw",
            *(pl.Series(name, values, pl.String) for name, values in columns),
        )


def _require_keys(frame: pl.DataFrame, wanted: Mapping[str, str], *, where: str) -> bool:
    """Check the keys of all objects of a frame together; false where it holds no object to check."""
    keys: dict[str, None] = {}
    for raw in frame.filter(pl.col("rule").is_null())["raw"]:
        row = _value(raw)
        if isinstance(row, dict):
            keys.update(dict.fromkeys(row))
            if keys.keys() >= set(wanted.values()):
                return True
    if keys:
        require(keys, wanted, where=where)
    return False


def _value(raw: str) -> Any:  # noqa: ANN401 - JSON may hold anything
    """The line's value, or the error that says why it is no JSON."""
    try:
        return _DECODER.decode(raw)
    except (ValueError, RecursionError) as error:
        return error


def _parsed(raw: str, wanted: Mapping[str, str], optional: tuple[str, ...]) -> tuple[str | None, ...]:
    """Rule and finding (None where the line can be read), then the wanted values."""
    nothing = (None,) * len(wanted)
    row = _value(raw)
    if isinstance(row, Exception):
        return "json", f"{row}; wanted a JSON object", *nothing
    if not isinstance(row, dict):
        return "json", f"a JSON {type(row).__name__}; wanted an object", *nothing
    values: list[str | None] = []
    for role, name in wanted.items():
        if name not in row and role not in optional:
            return "columns", f"no key {name!r}; wanted it for the {role}", *nothing
        try:
            values.append(as_text(row.get(name)))
        except UnicodeEncodeError as error:
            return "json", f"{name!r}: half of a surrogate pair at character {error.start}; wanted whole characters", *nothing
        except TypeError as error:
            return "columns", f"{name!r} is {error}", *nothing
    return None, None, *values
