"""JSON lines as frames of records: one object per line.

Rules found here, besides those of `lines`:
    json: the line is no JSON, or no object, or has a string with half of a surrogate pair.
    columns: the object lacks the question or the passage, or a wanted value is a list or an object.

A label, title or id that the object lacks counts as null.
"""

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import polars as pl

from dataprep.sources import lines
from dataprep.sources.columns import require
from dataprep.sources.files import File
from dataprep.sources.values import as_text


class _Parsed(NamedTuple):
    """One line: the keys of its object and the wanted values, or why there are none."""

    keys: tuple[str, ...]
    values: tuple[str | None, ...]
    rule: str | None = None
    found: str | None = None


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
        parsed = [
            _parsed(raw, wanted, optional) if rule is None else _Parsed((), (None,) * len(wanted), rule, found)
            for raw, rule, found in frame.select("raw", "rule", "found").iter_rows()
        ]
        keys = dict.fromkeys(key for row in parsed for key in row.keys)
        if is_first and keys:
            require(keys, wanted, where=file.shown)
            is_first = False
        yield frame.select(
            pl.concat_str([pl.lit(f"{file.name}:"), "line"]).alias("position"),
            "raw",
            pl.Series("rule", [row.rule for row in parsed], pl.String),
            pl.Series("found", [row.found for row in parsed], pl.String),
            *(pl.Series(role, [row.values[n] for row in parsed], pl.String) for n, role in enumerate(wanted)),
        )


def _parsed(raw: str, wanted: Mapping[str, str], optional: tuple[str, ...]) -> _Parsed:
    nothing = (None,) * len(wanted)
    try:
        row = json.loads(raw)
    except (ValueError, RecursionError) as error:
        return _Parsed((), nothing, "json", f"{error}; wanted a JSON object")
    if not isinstance(row, dict):
        return _Parsed((), nothing, "json", f"a JSON {type(row).__name__}; wanted an object")
    keys = tuple(row)
    values: list[str | None] = []
    for role, name in wanted.items():
        if name not in row and role not in optional:
            return _Parsed(keys, nothing, "columns", f"no key {name!r}; wanted it for the {role}")
        try:
            values.append(as_text(row.get(name)))
        except UnicodeEncodeError as error:
            return _Parsed(keys, nothing, "json", f"{name!r}: half of a surrogate pair at character {error.start}; wanted whole characters")
        except TypeError as error:
            return _Parsed(keys, nothing, "columns", f"{name!r} is {error}")
    return _Parsed(keys, tuple(values))
