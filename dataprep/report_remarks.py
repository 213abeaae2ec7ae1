"""What a reviewer should look at first, said in sentences. Each follows from the figures alone."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from dataprep.metrics import PRIMARY

_MANY_TRUNCATED = 0.01
_LARGE_GROUP = 0.05
_TELLING_AUC = 0.6


class Remark(NamedTuple):
    """A sentence about the build: whether it is good news, and the part of the page that it speaks of."""

    tone: Literal["good", "look", "bad"]
    text: str
    href: str


def remarks(figures: Mapping[str, Any]) -> list[Remark]:
    """All remarks, bad news first."""
    if not figures["manifest"]:
        return []
    found = [
        *_contracts(figures),
        *_evaluation(figures),
        *_labels(figures),
        *_shortcuts(figures),
        *_groups(figures),
        *_lengths(figures),
        *_licences(figures),
    ]
    return sorted(found, key=lambda remark: ("bad", "look", "good").index(remark.tone))


def _contracts(figures: Mapping[str, Any]) -> Iterator[Remark]:
    broken = [result.name for result in figures["contracts"] or () if result.is_broken]
    for name in broken:
        yield Remark("bad", f"A contract is broken, the opposite of “{name}” was found.", "#contracts")


def _evaluation(figures: Mapping[str, Any]) -> Iterator[Remark]:
    if not figures["evaluation"]:
        return
    for pair, dimensions in figures["evaluation"]["differences"].items():
        dimension, metrics = max(dimensions.items(), key=lambda item: int(item[0]) if item[0].isdigit() else 0)
        model, other = pair.split("-")
        value, low, high = (metrics[PRIMARY][key] for key in ("value", "low", "high"))
        verdict = "is better than" if low > 0 else "is worse than" if high < 0 else "cannot be told from"
        tone: Literal["good", "look", "bad"] = "good" if low > 0 else "bad" if high < 0 else "look"
        names = {"finetuned": "The fine-tuned model", "base": "the base model", "bm25": "BM25"}
        where = f" at dimension {dimension}" if dimension != "all" else ""
        yield Remark(
            tone,
            f"{names[model]} {verdict} {names[other]}{where}: {PRIMARY} {value:+.3f}, 95 % interval {low:+.3f} to {high:+.3f}.",
            "#evaluation",
        )


def _labels(figures: Mapping[str, Any]) -> Iterator[Remark]:
    n_conflicts = sum(entry["n"] for entry in figures["quality"]["conflicts"])
    if n_conflicts:
        yield Remark(
            "look", f"{n_conflicts:,} label {_plural(n_conflicts, 'conflict')}: equal or nearly equal pairs judged both ways.", "#conflicts"
        )
    after = figures["quality"]["questions"]
    lost = after["before"]["distinct"] - after["before"]["answerable"]
    if lost:
        yield Remark(
            "look",
            f"{lost:,} of {after['before']['distinct']:,} questions as read have no relevant passage; they cannot be searched for.",
            "#rows",
        )


def _shortcuts(figures: Mapping[str, Any]) -> Iterator[Remark]:
    for when, key in (("as read", "before"), ("in the release", "after")):
        probe = figures["quality"]["shortcuts"][key]
        if not probe:
            continue
        length = probe["length"]
        if length["n_shorter_all_not_relevant"]:
            yield Remark(
                "look",
                f"Of the pairs {when}, all {length['n_shorter_all_not_relevant']:,} with passages shorter than {length['shortest_relevant_words']} words "
                "are judged not relevant: length alone gives their label away.",
                "#shortcuts",
            )
        if key == "after":
            for name, what in (("length", "length of the passage"), ("word_overlap", "share of the question's words in the passage")):
                if abs(probe[name]["auc"] - 0.5) > _TELLING_AUC - 0.5:
                    yield Remark(
                        "look",
                        f"The {what} alone tells relevant passages from others with AUC {probe[name]['auc']:.2f} (0.5 says nothing).",
                        "#shortcuts",
                    )


def _groups(figures: Mapping[str, Any]) -> Iterator[Remark]:
    leak = figures["quality"]["row_wise_split"]
    if leak["question_leak_fraction"]:
        yield Remark(
            "good",
            f"Splitting single rows would have trained on the questions of {100 * leak['question_leak_fraction']:.0f} % of the held-out rows; "
            "groups of questions are never divided.",
            "#leaks",
        )
    group = figures["quality"]["largest_group"]
    if group and (group["positives_fraction"] or 0) > _LARGE_GROUP:
        yield Remark(
            "look",
            f"One group holds {100 * group['positives_fraction']:.1f} % of all positives ({group['n_questions']:,} {_plural(group['n_questions'], 'question')}, "
            f"{group['n_positives']:,} positives); it stands in {group['split']}.",
            "#splits",
        )


def _lengths(figures: Mapping[str, Any]) -> Iterator[Remark]:
    for entry in figures["lengths"]["columns"]:
        if entry["measure"] == "tokens" and entry["table"] == "corpus" and (entry["truncated_fraction"] or 0) > _MANY_TRUNCATED:
            limit = figures["lengths"]["tokenizers"][entry["tokenizer"]]["max_tokens"]
            yield Remark(
                "look",
                f"{100 * entry['truncated_fraction']:.1f} % of the passages are cut at {limit:,} tokens by {entry['tokenizer']}.",
                "#lengths",
            )


def _licences(figures: Mapping[str, Any]) -> Iterator[Remark]:
    licences = sorted({str(source["licence"]) for source in figures["manifest"]["sources"]})
    if "unknown" in licences:
        yield Remark("look", "The licence of a source is not stated in the recipe.", "#sources")
    if len(licences) > 1:
        yield Remark("look", f"The sources have different licences: {', '.join(licences)}.", "#sources")


def _plural(n: int, noun: str) -> str:
    return noun if n == 1 else f"{noun}s"
