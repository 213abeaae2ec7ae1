"""Which column of a file plays which role, and the error where one is not there."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from dataprep import recipe
from dataprep.errors import DataError, SourceMissingError

_MAX_SHOWN = 30
_OPTIONAL = ("id", "title", "label")


def roles(columns: recipe.Columns) -> dict[str, str]:
    """Role (id, question, passage, title, label) to the name of its column; a role without a column is left out."""
    return {role: name for role, name in columns.model_dump().items() if name}


def require(found: Iterable[str], wanted: Mapping[str, str], *, where: str) -> None:
    """Raise unless every wanted column is there, and there once.

    Args:
        found: Names of the columns that the file has.
        wanted: Role to column name.
        where: The file, as messages name it.

    Raises:
        SourceMissingError: A wanted column is missing.
        DataError: A wanted column stands twice, so which one is meant cannot be told.
    """
    names = list(found)
    for role, name in wanted.items():
        if name not in names:
            raise SourceMissingError(_missing(role, name, names, where))
        if names.count(name) > 1:
            raise DataError(f"{where}: {names.count(name)} columns are called {name!r}; wanted one, so rename the others")


def _missing(role: str, name: str, names: Sequence[str], where: str) -> str:
    shown = ", ".join(_quoted(n) for n in names[:_MAX_SHOWN]) or "none"
    more = f" and {len(names) - _MAX_SHOWN} more" if len(names) > _MAX_SHOWN else ""
    nearest = get_close_matches(name, names, n=1, cutoff=0.5)
    guess = f" Did you mean {_quoted(nearest[0])}?" if nearest else ""
    advice = ""
    if role in recipe.Columns.model_fields:
        none = ' (or to "" if the source has none)' if role in _OPTIONAL else ""
        advice = f" Set columns.{role} of the source to the right name{none}."
    return f"{where}: no column {name!r} for the {role}; found the columns {shown}{more}.{guess}{advice}"


def _quoted(name: str) -> str:
    return repr(name if len(name) <= 60 else name[:60] + "…")  # noqa: PLR2004 - a wrong delimiter makes one huge name
