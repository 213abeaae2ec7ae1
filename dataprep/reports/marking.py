"""What changed between two texts, as runs that a page marks."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import groupby
from typing import Literal, NamedTuple

_MAX_CELLS = 60_000  # of the comparison's table: some ten milliseconds, for SequenceMatcher is quadratic in common cases
_CONTEXT = 48
_MAX_SHOWN = 400
_RUN_COST = 4  # a run takes room even if it is short
_TOKEN = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")  # with its blanks: shared blanks between changed words would only disturb the eye
_SIGNS = {" ": "␣", "\t": "⇥", "\n": "↵\n", "\r": "␍"}
_TO_WHITE_SPACE = re.compile(r".*\s", re.DOTALL)
_INVISIBLE = re.compile(
    r"(?!(?<=\S) (?=\S|$))[\s\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Run(NamedTuple):
    """A stretch of text that both texts share, only one has, or that is left out because it is long and shared."""

    kind: Literal["same", "removed", "added", "gap"]
    text: str


def compare(before: str, after: str, *, by: Literal["characters", "words"]) -> list[Run]:
    """Mark what it takes to turn one text into the other.

    Args:
        before: The first text.
        after: The second text.
        by: The unit compared. Single characters show what a cleaning rule did; whole words read better
            where two texts were written independently.

    Returns:
        Runs in reading order; `same` and `removed` joined give `before`, `same` and `added` give `after`.
        Texts too long for a comparison by characters are compared by words, and if that is too much as well,
        they differ in one stretch.
    """
    left, right = (list(text) if by == "characters" else _TOKEN.findall(text) for text in (before, after))
    start = _n_common(left, right)
    end = _n_common(left[start:][::-1], right[start:][::-1])
    middle = _middle(left[start : len(left) - end], right[start : len(right) - end])
    found = [Run("same", "".join(left[:start])), *middle, Run("same", "".join(left[len(left) - end :]))]
    by_kind = groupby((run for run in found if run.text), key=lambda run: run.kind)
    return [Run(kind, "".join(run.text for run in runs)) for kind, runs in by_kind]


def excerpt(runs: Sequence[Run], *, context: int = _CONTEXT, limit: int = _MAX_SHOWN) -> list[Run]:
    """Runs with long shared stretches cut to a few words beside each change; a gap stands where text was left out.

    Args:
        runs: What `compare` gives.
        context: Characters kept on each side of a change, about: words stay whole. Of texts that do not
            differ the beginning is kept.
        limit: Most characters in all; of texts that differ in many places the first are kept.
    """
    last = len(runs) - 1
    shown: list[Run] = []
    for i, run in enumerate(runs):
        if run.kind != "same":
            shown.append(run if len(run.text) <= limit // 2 else Run(run.kind, f"{run.text[: limit // 2 - 1]}…"))
        else:
            head = _opening(run.text, 2 * context if last == 0 else context if i else 0)
            tail = _opening(run.text[::-1], context if i < last else 0)[::-1]
            is_short = len(head) + len(tail) + context // 2 >= len(run.text)
            parts = [run] if is_short else [Run("same", head), Run("gap", "…"), Run("same", tail)]
            shown += [part for part in parts if part.text]
        if i < last and sum(len(part.text) + _RUN_COST for part in shown) > limit:
            return [*shown, Run("gap", "…")]
    return shown


def _opening(text: str, length: int) -> str:
    """The first characters of a text, without the word that would be cut."""
    if length >= len(text):
        return text
    whole = _TO_WHITE_SPACE.match(text[: length + 1])
    return whole[0].rstrip() if whole else text[:length]


def visible(run: Run) -> Run:
    """A run whose invisible characters show as signs or code points.

    In changes these are all blanks but single spaces between words, so that a removed space can be seen.
    """
    if run.kind in {"removed", "added"}:
        return Run(run.kind, _INVISIBLE.sub(lambda found: _SIGNS.get(found[0], f"⟨{_code_point(found[0])}⟩"), run.text))
    return Run(run.kind, printable(run.text))


def printable(text: str) -> str:
    """A text whose control characters, also those that turn the direction of writing, are shown as code points."""
    return _CONTROL.sub(lambda found: f"⟨{_code_point(found[0])}⟩", text)


def _code_point(character: str) -> str:
    return f"U+{ord(character):04X}"


def _n_common(left: Sequence[str], right: Sequence[str]) -> int:
    """Number of leading items that two sequences share."""
    return next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))


def _middle(left: Sequence[str], right: Sequence[str]) -> Iterator[Run]:
    if len(left) * len(right) > _MAX_CELLS:
        left, right = (_TOKEN.findall("".join(part)) for part in (left, right))
    if len(left) * len(right) > _MAX_CELLS:
        yield Run("removed", "".join(left))
        yield Run("added", "".join(right))
        return
    for tag, i, j, k, m in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Run("same", "".join(left[i:j]))
        else:
            yield from _replaced("".join(left[i:j]), "".join(right[k:m]))


def _replaced(removed: str, added: str) -> Iterator[Run]:
    """A change whose two sides end in the same blanks, as changed words do, without these."""
    end = _n_common(removed[len(removed.rstrip()) :][::-1], added[len(added.rstrip()) :][::-1])
    yield Run("removed", removed[: len(removed) - end])
    yield Run("added", added[: len(added) - end])
    yield Run("same", removed[len(removed) - end :])
