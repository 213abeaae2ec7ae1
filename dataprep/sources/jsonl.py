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
from dataprep.sources.columns import Wanted, chosen
from dataprep.sources.files import File
from dataprep.sources.values import as_text

_DECODER = json.JSONDecoder()


def records(file: File, columns: Wanted, *, needed: tuple[str, ...] = ("question", "passage")) -> Iterator[pl.DataFrame]:
    """Read a file of JSON lines.

    Args:
        file: The file.
        columns: The keys asked for.
        needed: Roles whose key no object may lack.

    Returns:
        Frames of `position` (file:line), `raw`, `rule`, `found` and one text column per role.

    Raises:
        SourceMissingError: No object of the first frame that has objects has a named key.
    """
    roles = columns.named | columns.usual
    names = ("rule", "found", *roles)
    is_checked = False
    for frame in lines.frames(file):
        is_checked = is_checked or _has_keys(frame, columns, where=file.shown)
        parsed = [
            _parsed(raw, roles, needed) if rule is None else (rule, found, *(None for _ in roles))
            for raw, rule, found in frame.select("raw", "rule", "found").iter_rows()
        ]
        values = zip(*parsed, strict=True) if parsed else [()] * len(names)
        yield frame.select(
            pl.concat_str([pl.lit(f"{file.name}:"), "line"]).alias("position"),
            "raw",
            *(pl.Series(name, texts, pl.String) for name, texts in zip(names, values, strict=True)),
        )


def _has_keys(frame: pl.DataFrame, columns: Wanted, *, where: str) -> bool:
    """Whether the objects of a frame have, together, all named keys; false where it holds no object to look at.

    Raises:
        SourceMissingError: They lack one.
    """
    keys: dict[str, None] = {}
    for raw in frame.filter(pl.col("rule").is_null())["raw"]:
        row = _value(raw)
        if isinstance(row, dict):
            keys.update(dict.fromkeys(row))
            if keys.keys() >= set(columns.named.values()):
                return True
    return bool(keys) and bool(chosen(keys, columns, where=where))


def _value(raw: str) -> Any:  # noqa: ANN401 - JSON may hold anything
    """The line's value, or the error that says why it is no JSON."""
    try:
        return _DECODER.decode(raw)
    except (ValueError, RecursionError) as error:
        return error


def _parsed(raw: str, roles: Mapping[str, str], needed: tuple[str, ...]) -> tuple[str | None, ...]:
    """Rule and finding (None where the line can be read), then the wanted values."""
    nothing = (None,) * len(roles)
    row = _value(raw)
    if isinstance(row, Exception):
        return "json", f"{row}; wanted a JSON object", *nothing
    if not isinstance(row, dict):
        return "json", f"a JSON {type(row).__name__}; wanted an object", *nothing
    values: list[str | None] = []
    for role, name in roles.items():
        if name not in row and role in needed:
            return "columns", f"no key {name!r}; wanted it for the {role}", *nothing
        try:
            values.append(as_text(row.get(name)))
        except UnicodeEncodeError as error:
            return "json", f"{name!r}: half of a surrogate pair at character {error.start}; wanted whole characters", *nothing
        except TypeError as error:
            return "columns", f"{name!r} is {error}", *nothing
    return None, None, *values
