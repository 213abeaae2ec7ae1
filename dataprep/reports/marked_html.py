"""Texts with their differences marked, as HTML that a notebook shows."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from dataprep.reports.marking import Run

_TAGS = {"removed": "del", "added": "ins"}
_STYLES = {"removed": "background:#f6d5d0;color:#1d2733", "added": "background:#cfe8dc;color:#1d2733;text-decoration:none"}


def marked(runs: Iterable[Run]) -> str:
    """What was removed struck through on red, what was added on green; all text is escaped."""
    return "".join(_marked(run) for run in runs)


def listing(entries: Sequence[Mapping[str, Any]], *, head: Sequence[str]) -> str:
    """A list of entries: the named values of each, and its marked `runs`.

    Args:
        entries: What `report_examples` gives: mappings with `runs` and other values.
        head: Names of the values shown before the text; null values are left out.

    Returns:
        HTML, "Nothing to show." without entries.
    """
    if not entries:
        return "<p>Nothing to show.</p>"
    return "".join(f"<p><b>{_told(entry, head)}</b><br>{marked(entry['runs'])}</p>" for entry in entries)


def _marked(run: Run) -> str:
    text = escape(run.text)
    return f'<{_TAGS[run.kind]} style="{_STYLES[run.kind]}">{text}</{_TAGS[run.kind]}>' if run.kind in _TAGS else text


def _told(entry: Mapping[str, Any], head: Sequence[str]) -> str:
    values = [entry[name] for name in head if entry[name] is not None]
    return escape(" · ".join(f"{value:.2f}" if isinstance(value, float) else str(value) for value in values))
