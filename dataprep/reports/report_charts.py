"""The report page's charts, each inline with a name of its own."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dataprep.models.metrics import PRIMARY
from dataprep.reports import charts as draw
from dataprep.schemas import TERMINAL_ACTIONS

_SYSTEMS = {"bm25": "BM25", "base": "base", "finetuned": "fine-tuned", "hybrid": "hybrid"}
_MAX_BARS = 40


def charts(figures: Mapping[str, Any], *, ledger_address: Callable[..., str]) -> dict[str, Any]:
    """SVG by name for every part of a build that is finished; lists where a part has several."""
    found: dict[str, Any] = {}
    if figures["manifest"]:
        counts = figures["manifest"]["counts"]
        found["fates"] = _inline(draw.fates(by_source(counts)), "fates", "Share of each source's rows by how they ended")
        found["rules"] = _rules(counts["by_rule"], ledger_address)
        found["splits"] = _inline(_splits(figures["splits"], "groups"), "splits", "Share of groups per split, aimed at and reached")
        found |= _questions(figures["quality"])
        found["lengths"] = lengths(figures["lengths"])
    if figures["evaluation"]:
        points = evaluation_points(figures["evaluation"], PRIMARY)
        found["evaluation"] = _inline(
            draw.intervals(points, unit=PRIMARY), "evaluation", f"{PRIMARY} by system and dimension with 95 % intervals"
        )
    if figures["training"] and figures["training"]["loss"]:
        found["training"] = _training(figures["training"])
    if figures["ablation"]:
        points = ablation_points(figures["ablation"])
        found["ablation"] = _inline(draw.intervals(points, unit=PRIMARY), "ablation", f"{PRIMARY} by data recipe with 95 % intervals")
    return found


def by_source(counts: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """The manifest's counts turned: source to terminal action to rows."""
    return {source: {end: counts[end].get(source, 0) for end in TERMINAL_ACTIONS} for source in sorted(counts["read"])}


def lengths(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A histogram of tokens per column: questions, passages and, of the training tables, positives and negatives of train."""
    wanted = (
        ("queries", "question", "train"),
        ("corpus", "passage", "corpus"),
        ("pairs", "positive", "train"),
        ("triplets", "negative", "train"),
    )
    entries = {(e["table"], e["column"], e["split"], e["tokenizer"]): e for e in document["columns"] if e["measure"] == "tokens"}
    found: list[dict[str, Any]] = []
    for tokenizer, known in document["tokenizers"].items():
        for place in wanted:
            if entry := entries.get((*place, tokenizer)):
                svg = draw.histogram(entry["histogram"], limit=known["max_tokens"], unit="tokens")
                name = f"lengths-{len(found)}"
                found.append({"entry": entry, "svg": _inline(svg, name, f"Tokens per text, {place[0]}.{place[1]}")})
    return found


def evaluation_points(evaluation: Mapping[str, Any], metric: str) -> list[tuple[str, str, float, float, float]]:
    """Name, system, value, low and high of a metric for every system and dimension."""
    return [
        (
            _SYSTEMS.get(system, system) + ("" if dimension == "all" else f" {dimension}"),
            system,
            *(values[metric][key] for key in ("value", "low", "high")),
        )
        for system, dimensions in evaluation["systems"].items()
        for dimension, values in dimensions.items()
    ]


def ablation_points(ablation: Mapping[str, Any]) -> list[tuple[str, str, float, float, float]]:
    """Name, whether it is the baseline, value, low and high of the primary metric for every data recipe, best first."""
    best_first = sorted(ablation["recipes"], key=lambda recipe: -recipe["figures"][PRIMARY]["value"])
    return [
        (
            recipe["name"],
            "baseline" if recipe["name"] == ablation["baseline"] else "other",
            *(recipe["figures"][PRIMARY][key] for key in ("value", "low", "high")),
        )
        for recipe in best_first
    ]


def _rules(by_rule: Mapping[str, int], ledger_address: Callable[..., str]) -> Any:  # noqa: ANN401 - Markup
    """Rows touched per rule, the commonest first; what rules did nothing, and how many rows were kept, stands in the table alone."""
    touched = {rule: n for rule, n in by_rule.items() if n and not rule.startswith("release.")}
    commonest = dict(sorted(touched.items(), key=lambda item: (-item[1], item[0]))[:_MAX_BARS])
    if not commonest:
        return None

    def link(name: str) -> str:
        stage, rule = name.split(".", 1)
        return ledger_address(stage=stage, rule=rule)

    return _inline(draw.bars(commonest, link=link), "rules", "Rows touched per rule; each bar leads to its rows in the ledger")


def _questions(quality: Mapping[str, Any]) -> dict[str, Any]:
    words = {entry["word"]: entry["n_questions"] for entry in quality["question_words"]}
    positives = {entry["n_positives"]: entry["n_questions"] for entry in quality["positives_per_question"]}
    return {
        "words": _inline(draw.bars(words), "words", "Questions per question word"),
        "positives": _inline(draw.bars(positives), "positives", "Questions per number of relevant passages"),
    }


def _splits(splits: Mapping[str, Mapping[str, float]], what: str) -> str:
    return draw.shares({name: s["aim_fraction"] for name, s in splits.items()}, {name: s[f"{what}_fraction"] for name, s in splits.items()})


def _training(training: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Loss and learning rate by step, one line per stage, and validation by epoch where it was measured."""
    curves = (("loss", "Loss", "Training loss by step"), ("learning_rate", "Learning rate", "Learning rate by step"))
    found = [
        {"caption": caption, "svg": _inline(draw.lines(_series(training["loss"], "step", y), x="step", y=caption.lower()), y, label)}
        for y, caption, label in curves
    ]
    scores = _series([point for point in training["validation"] if point["epoch"]], "epoch", PRIMARY)
    if scores:
        found.append(
            {
                "caption": "Validation",
                "svg": _inline(draw.lines(scores, x="epoch", y=PRIMARY), "validation", f"{PRIMARY} on validation by epoch"),
            }
        )
    return found


def _series(points: Sequence[Mapping[str, Any]], x: str, y: str) -> dict[str, list[tuple[float, float]]]:
    series: dict[str, list[tuple[float, float]]] = {}
    for point in points:
        series.setdefault(point["table"], []).append((point[x], point[y]))
    return series


def _inline(svg: str, name: str, label: str) -> Any:  # noqa: ANN401 - Markup, which is imported late
    from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2, which only the page needs

    return Markup(draw.inline(svg, name=f"chart-{name}", label=label))  # noqa: S704 - matplotlib escapes the texts that it draws
