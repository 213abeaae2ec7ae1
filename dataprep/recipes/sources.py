"""Where the pairs of a recipe come from."""

from typing import Literal, Self

from pydantic import model_validator

from dataprep.recipes.section import Name, Section


class Columns(Section):
    """Which columns of the source hold what."""

    id: str | None = None
    """Column with the source's own id of the row; without one, file:line stands for it."""
    question: str = "question"
    """Column with the question."""
    passage: str = "passage"
    """Column with the passage."""
    label: str | None = None
    """Column with 1 (relevant), 0 (not relevant) or nothing (asserted); null takes `label` if it is there, else every pair is asserted."""
    title: str | None = None
    """Column with the passage's title; null takes `title` if it is there, else there are no titles."""


class LicenceClaim(Section):
    """A licence that somebody else states for a source's texts."""

    licence: str
    """The licence as the Hub spells it."""
    by: str
    """Who or what states it, for example "card of the model owner/name"."""


class Source(Section):
    """One source of pairs."""

    name: Name
    """Unique name; part of every row_id."""
    kind: Literal["hub", "tsv", "csv", "jsonl", "parquet", "squad", "beir"]
    """What it is: a dataset on the Hub, files of rows, SQuAD JSON, or a BEIR folder."""
    path: str | None = None
    """Files: a path, a glob, or an https/hf/s3 URL; .gz, .zst and .zip are opened.

    Looked for from the recipe's folder, then from the working directory.
    """
    repo: str | None = None
    """Hub: owner/name of the dataset."""
    config: str | None = None
    """Hub: configuration of the dataset."""
    split: str = "train"
    """Hub and BEIR: the split to read."""
    revision: str | None = None
    """Hub: the commit or tag to read; null reads the newest once, and the manifest says which that was."""
    licence: str = "unknown"
    """Licence of the source as the Hub spells it, for example cc-by-sa-3.0."""
    licence_claims: tuple[LicenceClaim, ...] = ()
    """What others state, each as `{ licence = "…", by = "…" }`; if it contradicts `licence`, the release is licensed as `other`."""
    attribution: str = ""
    """Whom the source wants named, and how: a sentence for the card's section on licences."""
    columns: Columns = Columns()
    """Which columns hold what."""
    quoting: Literal["auto", "none", "standard"] = "auto"
    """tsv and csv: whether double quotes wrap fields (standard), are plain text (none), or standard for csv and none for tsv (auto)."""

    @model_validator(mode="after")
    def _has_an_origin(self) -> Self:
        """A Hub source needs `repo`, any other needs `path`."""
        needed = "repo" if self.kind == "hub" else "path"
        if getattr(self, needed) is None:
            message = f"source {self.name!r} of kind {self.kind!r} needs `{needed}`"
            raise ValueError(message)
        return self
