"""What the model's card has to say of how its training tables were made."""

from collections.abc import Mapping
from typing import Any


def adaptation(manifest: Mapping[str, Any]) -> list[str]:
    """A line of the card's limits where pairs were made from the whole corpus; nothing else.

    Args:
        manifest: manifest.json of the release that the model was trained on.
    """
    if not manifest["recipe"]["train"].get("adapt_to_corpus"):
        return []
    note = (
        "- Adapted to its corpus (`train.adapt_to_corpus`): pairs were made from every passage, those that answer validation and test "
        "questions included, though without those questions and without labels. The figures hold for searching this very corpus "
        "(a transductive setting); passages that the model never read may be found less well."
    )
    return [note]
