"""What two sets of questions and passages have in common: whether one gives the other away."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from dataprep.duplicates.cross_matches import cross_matches
from dataprep.duplicates.text_sets import TextSet, read_set
from dataprep.text import fold

MIN_JACCARD = 0.8
SHINGLE_WORDS = 3
_EXAMPLES = 10


def leaks(
    one: Path,
    other: Path,
    *,
    columns: tuple[Mapping[str, str], Mapping[str, str]],
    min_question_jaccard: float = MIN_JACCARD,
    min_passage_jaccard: float = MIN_JACCARD,
) -> dict[str, Any]:
    """Look for the questions and passages of one set in another.

    Args:
        one: A file, BEIR folder, release or build.
        other: Another.
        columns: Of each side, if it is a file of rows: role to column.
        min_question_jaccard: Smallest Jaccard similarity of the word sets of nearly equal questions.
        min_passage_jaccard: Smallest Jaccard similarity of the word 3-gram sets of nearly equal passages.

    Returns:
        Plain values: `one` and `other` (name, kind, numbers of distinct texts), `questions` and
        `passages` (see `_compared`), `is_leaking`, and the `verdict` in a sentence.
    """
    sides = read_set(one, columns=columns[0]), read_set(other, columns=columns[1])
    found = {
        "questions": _compared(sides[0].questions, sides[1].questions, shingle_words=1, min_jaccard=min_question_jaccard),
        "passages": _compared(sides[0].passages, sides[1].passages, shingle_words=SHINGLE_WORDS, min_jaccard=min_passage_jaccard),
    }
    described = {"one": _described(sides[0]), "other": _described(sides[1])}
    n_shared = sum(what["n_exact"] + what["n_near"] for what in found.values())
    return {**described, **found, "is_leaking": n_shared > 0, "verdict": _verdict(described, found)}


def _described(side: TextSet) -> dict[str, Any]:
    n_texts = {name: _folded(getattr(side, name))["folded"].n_unique() for name in ("questions", "passages")}
    return {"name": side.name, "kind": side.kind, "has_splits": side.has_splits(), "n_unread": side.n_unread, **n_texts}


def _compared(one: pl.DataFrame, other: pl.DataFrame, *, shingle_words: int, min_jaccard: float) -> dict[str, Any]:
    """Compare one kind of text; all numbers count distinct folded texts of the first set.

    Returns:
        `n_exact`: texts that stand in the other set; `n_near`: those of which only nearly equal texts do;
        `by_split`: both again for each pair of splits, where a text counts in every pair that it stands in;
        `exact` and `near`: the first matches as examples, of the near ones the least similar first.
    """
    ours, theirs = _folded(one), _folded(other)
    matches = cross_matches(ours["folded"], theirs["folded"], shingle_words=shingle_words, min_jaccard=min_jaccard)
    exact = matches.filter(kind="exact")
    near = matches.filter(pl.col("kind") == "near", ~pl.col("one").is_in(exact["one"].implode()))
    found = (
        pl.concat([exact, near])
        .join(ours, left_on="one", right_on="folded")
        .join(theirs, left_on="other", right_on="folded", suffix="_other")
    )
    found = found.rename({"text": "text_one", "key": "key_one", "split": "split_one"})
    by_split = found.group_by("kind", "split_one", "split_other").agg(n=pl.col("one").n_unique()).sort("kind", "split_one", "split_other")
    columns = ["jaccard", "text_one", "text_other", "key_one", "key_other", "split_one", "split_other"]
    shown = found.sort("jaccard", "text_one", "text_other", "split_one", "split_other").select("kind", *columns)
    return {
        "n_exact": exact["one"].n_unique(),
        "n_near": near["one"].n_unique(),
        "by_split": by_split.to_dicts(),
        **{kind: shown.filter(kind=kind).drop("kind").head(_EXAMPLES).to_dicts() for kind in ("exact", "near")},
    }


def _folded(texts: pl.DataFrame) -> pl.DataFrame:
    """Each folded text once per split, under the first text and key; texts without a word left out."""
    folded = texts.with_columns(folded=fold(pl.col("text"))).filter(pl.col("folded") != "").sort("text", "key")
    return folded.unique(["folded", "split"], keep="first", maintain_order=True)


def _verdict(sides: Mapping[str, Mapping[str, Any]], found: Mapping[str, Mapping[str, Any]]) -> str:
    """The outcome in a sentence."""
    said = []
    for what, counts in found.items():
        n_shared = counts["n_exact"] + counts["n_near"]
        if n_shared:
            n_texts = sides["one"][what]
            said.append(f"{n_shared:,} of {n_texts:,} {what} ({n_shared / n_texts:.2%}; {counts['n_exact']:,} of them word for word)")
    one, other = (sides[side]["name"] for side in ("one", "other"))
    if said:
        return f"leak: {' and '.join(said)} of {one} stand in {other}"
    return f"no leak: no question and no passage of {one} stands in {other}, neither word for word nor nearly so"
