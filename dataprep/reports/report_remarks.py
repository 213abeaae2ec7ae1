"""What a reviewer should look at first, said in sentences. Each follows from the figures alone."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from dataprep.models.metrics import PRIMARY
from dataprep.releases.licences import questions

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
        *_reported(figures),
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
        names = {
            "finetuned": "the fine-tuned model",
            "base": "the base model",
            "bm25": "BM25",
            "hybrid": "the hybrid of BM25 and the model",
        }
        subject = names[model][0].upper() + names[model][1:]
        where = f" at dimension {dimension}" if dimension != "all" else ""
        yield Remark(
            tone,
            f"{subject} {verdict} {names[other]}{where}: {PRIMARY} {signed(value)}, 95 % interval {signed(low)} to {signed(high)}.",
            "#evaluation",
        )


def _labels(figures: Mapping[str, Any]) -> Iterator[Remark]:
    n_conflicts = sum(entry["n"] for entry in figures["quality"]["conflicts"])
    if n_conflicts:
        yield Remark("look", f"{_number(n_conflicts, 'label conflict')}: equal or nearly equal pairs judged both ways.", "#conflicts")
    questions = figures["quality"]["questions"]["before"]
    lost = questions["distinct"] - questions["answerable"]
    if lost:
        all_questions = _number(questions["distinct"], "question")
        yield Remark(
            "look", f"{lost:,} of {all_questions} as read have no relevant passage: they are neither trained on nor judged.", "#questions"
        )


def _reported(figures: Mapping[str, Any]) -> Iterator[Remark]:
    for found in figures["quality"]["reported"]:
        if found["kept"]:
            yield Remark("look", f"{found['rule']} speaks of {found['kept']:,} rows that were kept; it only reports.", "#rules")


def _shortcuts(figures: Mapping[str, Any]) -> Iterator[Remark]:
    before, after = (figures["quality"]["shortcuts"][key] for key in ("before", "after"))
    for when, probe in (("as read", before), ("in the release", after)):
        short = probe["length"]["n_shorter_all_not_relevant"] if probe else 0
        if short > 1:
            limit = probe["length"]["shortest_relevant_words"]
            text = f"Of the pairs {when}, all {short:,} with passages of fewer than {limit} words are judged not relevant"
            yield Remark("look", f"{text}: length alone gives them away.", "#shortcuts")
    for name, what in (("length", "length of the passage"), ("word_overlap", "share of the question's words in the passage")):
        if after and abs(after[name]["auc"] - 0.5) > _TELLING_AUC - 0.5:
            text = (
                f"The {what} alone tells relevant passages of the release from others with AUC {after[name]['auc']:.2f} (0.5 says nothing)."
            )
            yield Remark("look", text, "#shortcuts")


def _groups(figures: Mapping[str, Any]) -> Iterator[Remark]:
    leaked = figures["quality"]["row_wise_split"]["question_leak_fraction"]
    if leaked:
        what = f"Splitting single rows would have trained on the questions of {100 * leaked:.0f} % of the held-out rows"
        yield Remark("good", f"{what}; groups of questions are never divided.", "#leaks")
    group = figures["quality"]["largest_group"]
    if group and (group["positives_fraction"] or 0) > _LARGE_GROUP:
        members = f"{_number(group['n_questions'], 'question')}, {_number(group['n_positives'], 'positive')}"
        text = f"One group holds {100 * group['positives_fraction']:.1f} % of all positives ({members}); it stands in {group['split']}."
        yield Remark("look", text, "#group")


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
    yield from (Remark("look", question, "#sources") for question in questions(figures["manifest"]["recipe"]))
    if len(licences) > 1:
        yield Remark("look", f"The sources have different licences: {', '.join(licences)}.", "#sources")


def signed(number: float) -> str:
    """A difference with its sign, a minus as wide as the plus."""
    return f"{number:+.3f}".replace("-", "−")


def _number(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
