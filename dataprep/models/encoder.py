"""What evaluation and mining ask of a model."""

from collections.abc import Callable, Sequence
from typing import Protocol

from dataprep.models.ranking import Floats


class Encoder(Protocol):
    """Texts to vectors."""

    def encode_queries(self, texts: Sequence[str]) -> Floats:
        """One vector per question."""

    def encode_passages(self, texts: Sequence[str]) -> Floats:
        """One vector per passage."""


class Once:
    """Gives an encoder that is loaded when it is first asked for; pickled, it goes without, and is loaded again."""

    def __init__(self, load: Callable[[], Encoder]) -> None:
        self._load = load
        self._loaded: Encoder | None = None

    def __call__(self) -> Encoder:
        """The encoder."""
        self._loaded = self._loaded or self._load()
        return self._loaded

    def __reduce__(self) -> tuple[type["Once"], tuple[Callable[[], Encoder]]]:
        """What is pickled."""
        return Once, (self._load,)
