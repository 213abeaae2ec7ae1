"""The lines by which a published card differs from the one in the build: where it is published, and with what.

`dataprep check` reads them back from a published dataset card and demands that all else is as computed.
"""

import re
from typing import NamedTuple

from dataprep.publishers.targets import HubTarget, Kind

_HEADING = "## Where it is published"
_TO_FILL_IN = re.compile(r"^Put the repository's name where `OWNER/[^`]+` stands; ", re.MULTILINE)
_PLACE = re.compile(
    r"^- (?P<what>dataset|model): \[(?P<repo>[\w.-]+/[\w.-]+)\]\(https://\S+\), revision `(?P<revision>[^`\n]+)`"
    r"(?:, commit `(?P<commit>[0-9a-f]{40})`)?$",
    re.MULTILINE,
)


class Place(NamedTuple):
    """Where something is published.

    Attributes:
        target: The repository.
        revision: The tag of this publication, or the branch if there is none.
        commit: The commit, where it is known when the card is written: 40 hex digits.
    """

    target: HubTarget
    revision: str
    commit: str | None = None

    def line(self) -> str:
        """The place as a card names it."""
        at = f", commit `{self.commit}`" if self.commit else ""
        return f"- {self.target.kind}: [{self.target.repo}]({self.target.url}), revision `{self.revision}`{at}"


class Publication(NamedTuple):
    """What a card says about where dataset and model are; null says nothing."""

    dataset: Place | None
    model: Place | None


def dataset_card(card: str, publication: Publication) -> str:
    """A release's card as it is published: its snippets name the repository, its end names dataset and model."""
    if publication.dataset:
        card = re.sub(r"\bOWNER/[\w.-]+", publication.dataset.target.repo, _TO_FILL_IN.sub("", card))
    return card.rstrip("\n") + "\n\n" + _section(publication) + "\n"


def model_card(card: str, publication: Publication) -> str:
    """A model's card as it is published: metadata name the dataset, the snippet names the repository, its end both."""
    if publication.dataset:
        card = _with_dataset(card, publication.dataset.target.repo)
    if publication.model:
        named = f'SentenceTransformer("{publication.model.target.repo}", revision="{publication.model.revision}")'
        card = card.replace('SentenceTransformer("path/or/hub-id")', named)
    return card.rstrip("\n") + "\n\n" + _section(publication) + "\n"


def read(card: str) -> Publication | None:
    """What a published card says; None if it has no such section."""
    _, heading, section = card.partition(f"\n{_HEADING}\n")
    if not heading:
        return None
    found = {match["what"]: _place(match) for match in _PLACE.finditer(section)}
    return Publication(found.get("dataset"), found.get("model"))


def _place(match: re.Match[str]) -> Place:
    kind: Kind = "dataset" if match["what"] == "dataset" else "model"
    return Place(HubTarget(kind, match["repo"]), match["revision"], match["commit"])


def _section(publication: Publication) -> str:
    lines = [place.line() for place in publication if place]
    if publication.dataset is None:
        lines.append("- the dataset that the model was trained on is not published with it")
    return f"{_HEADING}\n\n" + "\n".join(lines)


def _with_dataset(card: str, repo: str) -> str:
    """The card with a dataset in its metadata: first in the list `datasets`, which is made if there is none."""
    opening, metadata, rest = card.split("---\n", 2)
    listed = re.sub(r"^datasets:\n", f"datasets:\n- {repo}\n", metadata, count=1, flags=re.MULTILINE)
    if listed == metadata:
        listed = f"{metadata}datasets:\n- {repo}\n"
    return f"{opening}---\n{listed}---\n{rest}"
