"""The figures of a card, and how numbers, tables and foreign text stand in Markdown."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from dataprep.releases.release import CONFIGS, table_path


class Figures(NamedTuple):
    """The documents that a card is written from."""

    manifest: dict[str, Any]
    lengths: dict[str, Any]
    quality: dict[str, Any]
    splits: dict[str, Any]

    @property
    def recipe(self) -> dict[str, Any]:
        """The recipe as published."""
        recipe: dict[str, Any] = self.manifest["recipe"]
        return recipe

    @property
    def name(self) -> str:
        """The dataset's name in paths."""
        return str(self.recipe["name"])

    @property
    def title(self) -> str:
        """The dataset's name for people."""
        return str(self.recipe["title"] or self.recipe["name"])

    def rows(self, config: str) -> int:
        """Rows of all splits of a config."""
        tables = self.manifest["tables"]
        return sum(int(tables[table_path(config, split)]["rows"]) for split in CONFIGS[config])

    def total(self, action: str) -> int:
        """Source rows that were read, or that ended in an action, over all sources."""
        return sum(self.manifest["counts"][action].values())


def count(number: int) -> str:
    """A whole number with commas."""
    return f"{number:,}"


def percent(share: float | None) -> str:
    """A share as a percentage with one decimal; "–" where there is none."""
    return "–" if share is None else f"{100 * share:.1f} %"


def liczba(number: int) -> str:
    """A whole number as Polish writes it: groups of three parted by a no-break space, from five digits on."""
    grouped = f"{number:,}".replace(",", "\N{NO-BREAK SPACE}")
    return str(number) if abs(number) < 10_000 else grouped  # noqa: PLR2004 - four digits stand together


def procent(share: float) -> str:
    """A share as a percentage as Polish writes it, with one decimal."""
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%".replace(".", ",")


def plain(text: object) -> str:
    """Foreign text as Markdown shows it: nothing in it is markup, and it stays on its line."""
    return re.sub(r"([\\`*_{}\[\]<>#|&])", r"\\\1", " ".join(str(text).split()))


def picture(figures: Figures, name: str, label: str) -> str:
    """A picture of the release with a label for those who do not see it, and a blank line; "" if the release has none of this name."""
    path = f"pictures/{name}.svg"
    return f"![{label}]({path})\n\n" if path in figures.manifest["tables"] else ""


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, numbers_from: int = 1) -> str:
    """A Markdown table; the columns from `numbers_from` on are numbers and stand to the right."""
    marks = ["---" if i < numbers_from else "---:" for i in range(len(head))]
    lines = [head, marks, *([str(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
