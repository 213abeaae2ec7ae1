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
        "- Adapted to its corpus (`train.adapt_to_corpus`): pairs (and token weights, if any) were made from every passage, those that "
        "answer validation and test questions included, though without those questions and without labels. The figures hold for "
        "searching this very corpus (a transductive setting); passages that the model never read may be found less well."
    )
    return [note]


_TABLES = {
    "pairs": "a question and a passage judged relevant",
    "weak_pairs": "a question and any passage judged for it, the label ignored, as a weak positive",
    "triplets": "a question, a relevant passage, and a hard negative: judged not relevant, else mined",
    "judged_triplets": "a question, a relevant passage, and one judged not relevant",
    "first_sentences": "the first sentence of a passage and the rest of it",
    "sentences": "a sentence of a passage and the rest of it",
    "titles": "the title of a passage and its text",
    "crops": "two spans of a passage, cut out independently",
}


def tables(manifest: Mapping[str, Any]) -> str:
    """What a row of each table that was trained on is, and which passages pairs were made from."""
    train = manifest["recipe"]["train"]
    names = dict.fromkeys(name for stage in train.get("stages", ()) for name in stage["tables"])
    lines = [f"- `{name}`: {_TABLES[name]}" for name in names]
    if names.keys() & {"first_sentences", "sentences", "titles", "crops"}:
        lines.append(f"\nPairs out of passages were made from {_passages(manifest)}.")
    return "\n".join(lines)


def idf_weights(manifest: Mapping[str, Any], training: Mapping[str, Any]) -> str:
    """A paragraph on the weights that the base model's tokens were given before training; nothing where they kept their own."""
    weights = training.get("idf_weights")
    if not weights:
        return ""
    return (
        "\nBefore training each token's vector was multiplied by its inverse document frequency (`train.idf_weights`), counted in "
        f"{_passages(manifest)}: {weights['passages']:,} texts with {weights['tokens']:,} of the tokens. The base model above is "
        "judged without these weights.\n"
    )


def _passages(manifest: Mapping[str, Any]) -> str:
    adapts = manifest["recipe"]["train"].get("adapt_to_corpus")
    return "all passages of the corpus" if adapts else "passages of training questions alone"


def tokens(table: Mapping[str, Any]) -> str:
    """Mean and longest of each column of a training table, in tokens of the trained model."""
    return ", ".join(f"{column} {figures['mean']:.1f} ({figures['max']:,})" for column, figures in table.get("tokens", {}).items())
