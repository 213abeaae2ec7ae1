"""Which column of a file plays which role, and the error where one is not there."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from dataprep.errors import DataError, SourceMissingError
from dataprep.recipes.sources import Columns

_MAX_SHOWN = 30
_USUAL = {"title": "title", "label": "label"}


class Wanted(NamedTuple):
    """Role to column name. A role is id, question, passage, title or label."""

    named: dict[str, str]
    """Columns that must be there."""
    usual: dict[str, str]
    """Columns that are taken if they are there."""


def wanted(columns: Columns) -> Wanted:
    """What a recipe asks for; a title and a label that it does not name are taken from columns of these names."""
    named = {role: name for role, name in columns.model_dump().items() if name}
    return Wanted(named, {role: name for role, name in _USUAL.items() if role not in named})


def chosen(found: Iterable[str], columns: Wanted, *, where: str) -> dict[str, str]:
    """Role to column, for one file.

    Args:
        found: Names of the columns that the file has.
        columns: What is asked for.
        where: The file, as messages name it.

    Returns:
        All named roles, and the usual ones that are there.

    Raises:
        SourceMissingError: A named column is missing.
        DataError: A wanted column stands twice, so which one is meant cannot be told.
    """
    names = list(found)
    for role, name in columns.named.items():
        if name not in names:
            raise SourceMissingError(_missing(role, name, names, where))
    roles = columns.named | {role: name for role, name in columns.usual.items() if name in names}
    for name in roles.values():
        if names.count(name) > 1:
            raise DataError(f"{where}: {names.count(name)} columns are called {name!r}; wanted one, so rename the others")
    return roles


def _missing(role: str, name: str, names: Sequence[str], where: str) -> str:
    shown = ", ".join(_quoted(n) for n in names[:_MAX_SHOWN]) or "none"
    more = f" and {len(names) - _MAX_SHOWN} more" if len(names) > _MAX_SHOWN else ""
    nearest = get_close_matches(name, names, n=1, cutoff=0.5)
    guess = f" Did you mean {_quoted(nearest[0])}?" if nearest else ""
    advice = f" Set columns.{role} of the source to the right name." if role in Columns.model_fields else ""
    return f"{where}: no column {name!r} for the {role}; found the columns {shown}{more}.{guess}{advice}"


def _quoted(name: str) -> str:
    return repr(name if len(name) <= 60 else name[:60] + "…")  # noqa: PLR2004 - a wrong delimiter makes one huge name
