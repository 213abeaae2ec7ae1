"""Rows and texts that a seed makes: the same on every machine, and no text twice."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import planted_words as words

_FILLERS = ("zapewne", "właśnie", "zarazem", "podobno", "zwyczajnie", "niebawem", "wszakże", "notabene")
_WORD = re.compile(r"\w+")


@dataclass
class Row:
    """A source row and what must come of it.

    Attributes:
        key: Its id in the source.
        kind: What was planted; "clean" for a sound row.
        sound: For damaged texts: what they must look like once cleaned (question, passage).
        cluster: Rows of one cluster have the same passage; they alone may be merged.
        tie: Rows of one tie must end in one split; "" for rows that are tied to nothing.
    """

    key: str
    question: str
    passage: str
    label: int
    kind: str
    sound: tuple[str, str]
    cluster: str
    tie: str = ""


def jaccard(one: str, other: str, n: int = 3) -> float:
    """Similarity of the word n-gram sets of two texts, counted in the plainest way."""
    sets = []
    for text in (one, other):
        found = _WORD.findall(text.lower())
        sets.append({tuple(found[i : i + n]) for i in range(max(len(found) - n + 1, 1))})
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


class Maker:
    """Makes texts that never repeat, and rows with running keys."""

    def __init__(self, seed: int) -> None:
        """Begin a sequence.

        Args:
            seed: The same seed gives the same texts.
        """
        self.random = random.Random(seed)
        self._seen: set[str] = set()
        self._numbers = count()

    def row(self, kind: str, question: str = "", passage: str = "", **known: object) -> Row:
        """A row; texts that are not given are made, and count as sound as they stand."""
        key = f"r{next(self._numbers):06}"
        question, passage = question or self.question(), passage or self.passage()
        defaults = {"label": 1, "sound": (question, passage), "cluster": key, "tie": ""}
        return Row(key=key, kind=kind, question=question, passage=passage, **{**defaults, **known})  # type: ignore[arg-type]

    def passage(self, n_sentences: int = 3) -> str:
        """A passage of about thirteen words per sentence."""
        return self._new(lambda: " ".join(self._filled(t) for t in self.random.sample(words.SENTENCES, n_sentences)))

    def question(self) -> str:
        """A question of eight words or more."""
        return self._new(lambda: self._filled(self.random.choice(words.QUESTIONS)))

    def edited(self, text: str, n_edits: int) -> str:
        """The text with neutral words put between two lower-case words, at places far from each other."""
        parts = text.split(" ")
        places = [i for i in range(1, len(parts)) if parts[i - 1].isalpha() and parts[i - 1].islower() and parts[i][0].islower()]
        for place in sorted(self.random.sample(places, min(n_edits, len(places))), reverse=True):
            parts.insert(place, self.random.choice(_FILLERS))
        return " ".join(parts)

    def _new(self, make: Callable[[], str]) -> str:
        while (text := make()) in self._seen:
            pass
        self._seen.add(text)
        return text

    def _filled(self, template: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda slot: self._slot(slot[1]), template)

    def _slot(self, name: str) -> str:
        if name == "year":
            return str(self.random.randint(1610, 1989))
        if name == "number":
            return str(self.random.randint(12, 980))
        kind, _, case = name.partition("_")
        if kind == "person":
            at = words.CASES.index(case)
            return f"{self.random.choice(words.FIRST_NAMES)[at]} {self.random.choice(words.LAST_NAMES)[at]}"
        if kind == "city":
            return self.random.choice(words.CITIES)[words.CASES.index(case)]
        return self.random.choice(words.LISTS[name])
