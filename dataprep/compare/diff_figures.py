"""Statistics, settings and sources of two releases, compared figure by figure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dataprep.releases import release_files

_LENGTHS = ("n_texts", "mean", "p50", "p95", "p99", "max", "truncated_fraction")
_LENGTH_MEASURES = ("characters", "tokens")
_PINNED = ("kind", "revision", "sha256", "rows", "licence")


def shifted_statistics(old: Path, new: Path) -> list[dict[str, Any]]:
    """Figures that two releases give differently.

    Args:
        old: The earlier release.
        new: The later one.

    Returns:
        One entry per figure, by name: `figure`, `old` and `new`; null on a side that has no such figure,
        for example the lengths of another tokenizer.
    """
    return _differences(_statistics(old), _statistics(new))


def changed_settings(old: Path, new: Path) -> list[dict[str, Any]]:
    """Keys of the recipes, pins of the sources and the program's version, where they differ.

    Args:
        old: The earlier release.
        new: The later one.

    Returns:
        One entry per key, as for statistics. Sources are matched by name.
    """
    return _differences(_settings(old), _settings(new))


def _statistics(release: Path) -> dict[str, Any]:
    found, counts = release_files.statistics(release), release_files.manifest(release)["counts"]
    quality = found["quality"]
    figures = {
        "rows": {action: sum(per_source.values()) for action, per_source in counts.items() if action != "by_rule"},
        "rows by rule": counts["by_rule"],
        "splits": found["splits"],
        "labels": quality["labels"]["after"],
        "questions": quality["questions"]["after"],
        "questions by number of positives": {row["n_positives"]: row["n_questions"] for row in quality["positives_per_question"]},
        "questions by question word": {row["word"]: row["n_questions"] for row in quality["question_words"]},
        "question style": quality["question_style"]["after"],
        "passages by script": {row["script"]: row["n_texts"] for row in quality["scripts"]["after"]},
        "repetition as read": quality["repetition"],
        "duplicates": _duplicates(quality["duplicates"]),
        "conflicts": _tally(quality["conflicts"]),
        "leaks of a split by row": quality["row_wise_split"],
        "leaks of a split by question": quality["question_wise_split"],
        "shortcuts": quality["shortcuts"]["after"] or {},
        "lengths": _lengths(found["lengths"]),
    }
    return dict(_flat(figures, " / "))


def _duplicates(duplicates: Mapping[str, Any]) -> dict[str, Any]:
    """Passages merged, passages and questions kept apart, and rows merged, by kind, guard and rule."""
    return {name.replace("_", " "): _tally(found) if isinstance(found, list) else found for name, found in duplicates.items()}


def _tally(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Rows of a tally by their names."""
    return {", ".join(str(value) for key, value in row.items() if key != "n" and value): row["n"] for row in rows}


def _lengths(document: Mapping[str, Any]) -> dict[str, Any]:
    """Lengths in characters and tokens by table, column and split."""
    return {
        f"{e['table']}.{e['column']} {e['split']}, {e['measure']}" + (f" of {e['tokenizer']}" if e["tokenizer"] else ""): {
            key: e[key] for key in _LENGTHS
        }
        for e in document["columns"]
        if e["measure"] in _LENGTH_MEASURES
    }


def _settings(release: Path) -> dict[str, Any]:
    manifest = release_files.manifest(release)
    recipe = {**manifest["recipe"], "sources": {source["name"]: source for source in manifest["recipe"]["sources"]}}
    pins = {source["name"]: {key: source[key] for key in _PINNED} for source in manifest["sources"]}
    return dict(_flat({"recipe": recipe, "manifest": {"sources": pins, "dataprep_version": manifest["dataprep_version"]}}, "."))


def _flat(nested: Mapping[str, Any], separator: str) -> Iterator[tuple[str, Any]]:
    """Leaves under the joined names of what they lie in; a list is one leaf, as JSON."""
    for name, value in nested.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}{separator}{inner}", leaf) for inner, leaf in _flat(value, separator))
        else:
            yield name, json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = [*old, *(name for name in new if name not in old)]
    return [{"figure": name, "old": old.get(name), "new": new.get(name)} for name in names if old.get(name) != new.get(name)]
