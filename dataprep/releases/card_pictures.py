"""The card's pictures: the report's charts as SVG files on white, so that they can be read on any page."""

from collections.abc import Mapping
from typing import Any

from dataprep.reports import charts

_MAX_RULES = 12
_LENGTHS = {"question": ("queries", "question", "train"), "passage": ("corpus", "passage", "corpus")}


def pictures(*, lengths: Mapping[str, Any], quality: Mapping[str, Any], splits: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Draw the pictures that the card shows. Equal figures give equal bytes, by one version of matplotlib.

    They are listed in the manifest with their checksums, because another version may draw the same
    figures with other bytes: a release stays provable after an update.

    Args:
        lengths: lengths.json.
        quality: quality.json.
        splits: splits.json.

    Returns:
        SVG by path below the release; what has no figures has no picture.
    """
    drawn = {
        "splits": charts.shares(
            {s: of["aim_fraction"] for s, of in splits.items()}, {s: of["groups_fraction"] for s, of in splits.items()}
        ),
        "words": charts.bars({row["word"]: row["n_questions"] for row in quality["question_words"]}),
    }
    touched = [rule for rule in quality["rules"] if rule["n_rows"] and not rule["rule"].startswith("release.")]
    if touched:
        commonest = sorted(touched, key=lambda rule: (-rule["n_rows"], rule["rule"]))[:_MAX_RULES]
        drawn["rules"] = charts.bars({rule["rule"]: rule["n_rows"] for rule in commonest})
    for tokenizer, known in list(lengths["tokenizers"].items())[:1]:
        of_place = {(e["table"], e["column"], e["split"]): e for e in lengths["columns"] if e["tokenizer"] == tokenizer}
        for name, place in _LENGTHS.items():
            if place in of_place:
                drawn[f"lengths-{name}"] = charts.histogram(of_place[place]["histogram"], limit=known["max_tokens"], unit="tokens")
    return {f"pictures/{name}.svg": on_white(svg) for name, svg in drawn.items()}


def on_white(svg: str) -> str:
    """The chart with a white ground, for pages with a dark one."""
    head = svg.index(">", svg.index("<svg")) + 1
    return f'{svg[:head]}\n <rect width="100%" height="100%" fill="#ffffff"/>{svg[head:]}'
