"""The card's section on limits, biases and shortcuts: what the figures mean for whoever trains or judges on them."""

from collections.abc import Iterator
from typing import Any

from dataprep.releases.card_figures import Figures, count, percent

_TELLING = 0.05  # from an AUC of 0.5; less is next to nothing
_LARGE_GROUP = 0.05


def limits(figures: Figures) -> str:
    """Known limits, biases and shortcuts, in sentences."""
    shortcuts = figures.quality["shortcuts"]
    found = [
        text for when, key in (("In the rows as read", "before"), ("In this release", "after")) if (text := _shortcut(when, shortcuts[key]))
    ]
    said = "\n\n".join(found) or "No row carries a negative judgement, so shortcuts between right and wrong passages could not be measured."
    return f"""## Known limits, biases and shortcuts

### Shortcuts

{said}{_negatives(figures)}

### Biases

{_bullets(_biases(figures.quality))}

### Limits

The judgements are incomplete: a passage that nobody judged may still answer a question, and counts as a wrong answer when it is
found. They are the sources' own; nobody judged them again. Near-duplicates that differ in a number, a negation, a name or a
symbol stay apart on purpose.

{_leaks(figures.quality)}"""


def _leaks(quality: dict[str, Any]) -> str:
    """What other ways of splitting would have leaked."""
    rows, questions = quality["row_wise_split"], quality["question_wise_split"]
    counts = {name: count(rows[f"{name}_rows"]) for name in ("question_leak", "passage_leak", "held_out")}
    shares = {name: percent(rows[f"{name}_fraction"]) for name in ("question_leak", "passage_leak", "train")}
    tied = ""
    if questions["tied_questions"]:
        tied = f"""
{count(questions["tied_questions"])} questions are tied to another one; a split of single questions would have trained on a question tied
to {percent(questions["leak_fraction"])} of those held out."""
    return f"""Leaks that the split by groups prevents: a split of single rows with {shares["train"]} in train would on average have trained
on the question of {counts["question_leak"]} of {counts["held_out"]} held-out rows ({shares["question_leak"]}), and on the passage of
{counts["passage_leak"]} ({shares["passage_leak"]}).{tied} Figures of models that were judged that way
cannot be compared with figures on this test split."""


def _biases(quality: dict[str, Any]) -> Iterator[str]:
    """What is there too often or too seldom."""
    after, n_questions = quality["labels"]["after"], quality["questions"]["after"]["distinct"]
    judged = after["relevant"] + after["not_relevant"]
    if judged and after["not_relevant"]:
        yield f"Of the {count(judged)} judged pairs {percent(after['relevant'] / judged)} are relevant."
    unanswered = n_questions - quality["questions"]["after"]["answerable"]
    if unanswered:
        share = percent(unanswered / n_questions)
        what = f"{count(unanswered)} of {count(n_questions)} questions ({share}) have no relevant passage"
        yield f"{what}: they can neither be tested nor give positives."
    yield from _group(quality["largest_group"])
    yield from _words(quality["question_words"])
    style = quality["question_style"]["after"]
    if style["questions"]:
        small, unmarked = percent(style["lower_case_start"] / style["questions"]), count(style["without_question_mark"])
        yield f"{small} of the questions start with a small letter, {unmarked} have no question mark: write queries alike, or try both."
    scripts = [f"{entry['script']} {count(entry['n_texts'])}" for entry in quality["scripts"]["after"] if entry["n_texts"]]
    if scripts:
        yield f"Passages with letters of other scripts, mostly names: {', '.join(scripts)}."


def _group(group: dict[str, Any]) -> Iterator[str]:
    """A group that outweighs the others."""
    if group and (group["positives_fraction"] or 0) > _LARGE_GROUP:
        who = "One question holds" if group["n_questions"] == 1 else f"One group of {count(group['n_questions'])} questions holds"
        size = f"{count(group['n_positives'])} relevant passages, {percent(group['positives_fraction'])} of all"
        yield f"{who} {size}; it stands in {group['split']} and outweighs the others there unless it is sampled down."


def _words(words: list[dict[str, Any]]) -> Iterator[str]:
    """The commonest and the rarest question words."""
    n_all = sum(entry["n_questions"] for entry in words)
    named = [entry for entry in words if entry["word"] != "other"]
    if not n_all:
        return
    ordered = sorted(named, key=lambda entry: -entry["n_questions"])
    told = [", ".join(f"{entry['word']} {percent(entry['n_questions'] / n_all)}" for entry in part) for part in (ordered[:3], ordered[-3:])]
    yield f"Question words are uneven: the commonest are {told[0]}; the rarest {told[1]}."


def _shortcut(when: str, probe: dict[str, Any] | None) -> str | None:
    """What length and shared words give away, in sentences; null where nothing was judged both ways."""
    if probe is None:
        return None
    length, overlap = probe["length"], probe["word_overlap"]
    by_length, by_words = _strength(length["auc"], "be longer", "be shorter"), _strength(overlap["auc"], "share more", "share fewer")
    said = [
        f"{when}, the length of the passage alone tells right from wrong with accuracy {percent(length['best_accuracy'])}",
        f"(AUC {length['auc']:.3f}, {by_length}), and the share of the question's words that stand in the passage with",
        f"{percent(overlap['best_accuracy'])} (AUC {overlap['auc']:.3f}, {by_words});",
        f"always giving the commoner label reaches {percent(probe['majority_fraction'])}.",
    ]
    ends = (
        (length["n_shorter_all_not_relevant"], f"{count(length['shortest_relevant_words'] - 1)} words or fewer"),
        (length["n_longer_all_not_relevant"], f"{count(length['longest_relevant_words'] + 1)} words or more"),
    )
    said += [
        f"Every passage of {words} is judged not relevant ({count(n)} judgements): its length gives it away." for n, words in ends if n
    ]
    return " ".join(said)


def _strength(auc: float, more: str, less: str) -> str:
    """An area under the ROC curve in words."""
    if abs(auc - 0.5) < _TELLING:
        return "next to nothing"
    return f"relevant passages tend to {more if auc > 0.5 else less}"  # noqa: PLR2004 - chance


def _negatives(figures: Figures) -> str:
    """How the lengths of right and wrong passages differ in the training triplets."""
    train = [e for e in figures.lengths["columns"] if (e["table"], e["split"], e["measure"]) == ("triplets", "train", "words")]
    mean = {e["column"]: e["mean"] for e in train}
    if not {"positive", "negative"} <= mean.keys():
        return ""
    said = f"In the training triplets right passages have {mean['positive']:.1f} words on average, wrong ones {mean['negative']:.1f}."
    return f"\n\n{said} A model can learn such a difference instead of the meaning."


def _bullets(lines: Iterator[str]) -> str:
    return "\n".join(f"- {line}" for line in lines) or "None was found."
