"""What evaluation and mining ask of a model."""

from collections.abc import Sequence
from typing import Protocol

from dataprep.models.ranking import Floats


class Encoder(Protocol):
    """Texts to vectors."""

    def encode_queries(self, texts: Sequence[str]) -> Floats:
        """One vector per question."""

    def encode_passages(self, texts: Sequence[str]) -> Floats:
        """One vector per passage."""
