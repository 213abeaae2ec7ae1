"""The fine-tuned model's card: YAML that the Hub reads, and what a user of the model has to know.

It is written after the evaluation, so its figures are those of the weights beside it. Every figure comes
from the manifest, training.json, evaluation.json or the length statistics; nothing is "Unknown".
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from dataprep.models import card_evaluation, card_notes, card_usage
from dataprep.models.embedded import EMBEDDED
from dataprep.models.metrics import PRIMARY
from dataprep.models.model_metadata import SHOWN, Document, base_model, front_matter, title

_LEAKS = {
    "group": "No group of equal or nearly equal questions stands in two splits.",
    "row": "The split was made row by row: questions of this split were seen in training, so the figures flatter the model.",
}
_SYSTEMS = {"bm25": "BM25, Polish stems", "base": "base model", "finetuned": "**this model**", "hybrid": "BM25 and this model, fused"}
_NOT_SHOWN = ("query_prompt", "passage_prompt", "best_metric", "best_dimension")  # said elsewhere


def card(
    manifest: Document, training: Document, evaluation: Document, lengths: Document, *, examples: Sequence[Mapping[str, Any]] = ()
) -> str:
    """README.md of the model.

    Args:
        manifest: manifest.json of the release that it was trained on.
        training: What `dataprep.models.training.train` returned.
        evaluation: evaluation.json, with the figures of the saved weights.
        lengths: statistics/lengths.json of the release.
        examples: What `card_examples.examples` chose of the validation split.
    """
    evaluation = card_evaluation.in_order(evaluation)
    parts = [
        front_matter(manifest, training, evaluation, examples),
        _summary(manifest, training, evaluation),
        card_usage.usage(training, examples),
        _results(manifest, evaluation),
        _training(manifest, training, lengths),
        _limits(manifest, training, evaluation),
        f"## Citation\n\n{card_evaluation.citation(manifest)}",
    ]
    return "\n".join(part.strip() + "\n" for part in parts)


def _summary(manifest: Document, training: Document, evaluation: Document) -> str:
    dims = list(evaluation["systems"]["finetuned"])
    return f"""# {title(manifest)}: a Polish retrieval model

A [sentence-transformers](https://www.sbert.net) model that maps questions and passages to vectors of {dims[0]} numbers,
so that a question lies near the passages that answer it. Shorter vectors are prefixes of the long ones: {", ".join(dims)}.

- **Base model:** {_base_text(manifest, evaluation)}
- **Data:** {title(manifest)}, release of recipe `{manifest["recipe"]["name"]}`, recipe sha256 `{manifest["recipe_sha256"]}`,
  made by dataprep {manifest["dataprep_version"]}
- **Sources:** {_sources(manifest)}
- **Language:** {", ".join(manifest["recipe"]["filter"]["languages"]) or "pl"}
- **Similarity:** cosine
- **Weights:** {_kept(training)}
"""


def _results(manifest: Document, evaluation: Document) -> str:
    header = ["system", "dimensions", *SHOWN]
    rows = [
        [_SYSTEMS.get(system, system), dimension.replace("all", "-"), *(_shown(figures[m]) for m in SHOWN)]
        for system, by_dimension in evaluation["systems"].items()
        for dimension, figures in by_dimension.items()
    ]
    gains = [
        [pair.replace("-", " minus "), dimension, *(_shown(figures[m], signed=True) for m in SHOWN)]
        for pair, by_dimension in evaluation["differences"].items()
        for dimension, figures in by_dimension.items()
    ]
    return f"""## Evaluation

{evaluation["n_queries"]:,} questions of the {evaluation["split"]} split against all {evaluation["n_passages"]:,} passages.
{card_evaluation.split(manifest)} {_LEAKS[manifest["recipe"]["split"]["by"]]} In brackets 95 % bootstrap intervals over the questions
({evaluation["bootstrap_samples"]:,} samples); ties: {evaluation["tie_rule"]}. Measured after training, on exactly these weights.

{_table(header, rows)}

{card_evaluation.baselines(evaluation)}

Paired differences on the same questions; an interval that holds 0 shows no difference:

{_table(["difference", "dimensions", *SHOWN], gains)}
{_protocols(evaluation)}"""


def _protocols(evaluation: Document) -> str:
    rows = card_evaluation.protocols(evaluation)
    if not rows:
        return ""
    return f"\n### Two ways to judge\n\n{_table(card_evaluation.PROTOCOL_HEADER, rows)}\n\n{card_evaluation.protocol_note(evaluation)}\n"


def _training(manifest: Document, training: Document, lengths: Document) -> str:
    settings, negatives = training["settings"], manifest["recipe"]["negatives"]
    rows = [
        [
            name,
            f"{table['rows']:,}",
            f"{table['rows_used']:,}",
            f"{table['batches_per_epoch']:,}",
            f"{table['steps']:,}",
            card_notes.tokens(table) or _tokens(lengths, name),
        ]
        for name, table in training["tables"].items()
    ]
    losses = _losses(training)
    scores = [
        [point["table"], str(point["epoch"]), losses.get((point["table"], point["epoch"]), "-"), f"{point[PRIMARY]:.4f}"]
        for point in training["validation"]
    ]
    log = scores or [[table, str(epoch), loss, "-"] for (table, epoch), loss in losses.items()]
    validation = (
        _table(["table", "epoch", "mean loss", f"validation {PRIMARY}"], log) if log else "No question of validation has a positive."
    )
    shown = [[key, _setting(value)] for key, value in settings.items() if key not in _NOT_SHOWN and value is not None]
    return f"""## Training

{_table(["table", "rows", "rows used", "batches per epoch", "steps", "tokens per text, mean (longest)"], rows)}

{card_notes.tables(manifest)}
{card_notes.idf_weights(manifest, training)}
`pairs` are (anchor, positive); `triplets` add a negative: at most {negatives["per_positive"]} per pair, passages judged
not relevant first, then passages that {_miners(negatives)} high without coming near the positive's score. Every other passage of
a batch counts as wrong too, so no batch holds a passage that answers another question of it.

{_table(["setting", "value"], shown)}

{validation}
"""


def _limits(manifest: Document, training: Document, evaluation: Document) -> str:
    n_queries, n_rows = evaluation["n_queries"], _n_rows(training)
    lines = [
        f"- The figures rest on {n_queries:,} questions; other texts, subjects and ways of asking may give others.",
        "- A passage that nobody judged counts as wrong in the evaluation, even where it answers the question.",
        f"- Trained on {n_rows:,} rows: what they do not speak of, the model did not learn here.",
        *card_notes.adaptation(manifest),
    ]
    if base_model(manifest) == EMBEDDED:
        lines.append(
            "- Static vectors: the order of words, and so negation, is invisible to the model. It is no replacement for a large one."
        )
    return "## Limits\n\n" + "\n".join(lines) + "\n"


def _miners(negatives: Document) -> str:
    names = [name for key, name in (("bm25", "BM25"), ("base", "the base model")) if negatives.get(key, key == "bm25")]
    return " and ".join(names) + (" ranks" if len(names) == 1 else " rank") if names else "no retriever ranks"


def _losses(training: Document) -> dict[tuple[str, int], str]:
    """Mean of the logged losses of each table's passes."""
    points: dict[tuple[str, int], list[float]] = {}
    for point in training.get("loss", ()):
        points.setdefault((point["table"], math.ceil(point["epoch"])), []).append(point["loss"])
    return {key: f"{sum(losses) / len(losses):.4f}" for key, losses in points.items()}


def _base_text(manifest: Document, evaluation: Document) -> str:
    base, found = base_model(manifest), evaluation.get("base_model", {})
    revision = found.get("revision") or manifest["recipe"]["train"]["base_revision"]
    if base == EMBEDDED:
        return "static token vectors that dataprep made from the training split's own passages"
    link = f"[{base}](https://huggingface.co/{base})" if "/" in base else f"`{base}` (a local folder)"
    weights = f", weights sha256 `{found['sha256']}`" if found.get("sha256") else ""
    return link + (f", revision `{revision}`" if revision else "") + weights


def _sources(manifest: Document) -> str:
    return "; ".join(
        f"{source['name']} ({source['kind']}, {source['rows']:,} rows, licence {source['licence']})" for source in manifest["sources"]
    )


def _kept(training: Document) -> str:
    kept = training["kept"]
    if not kept:
        return "those after the last step"
    return f"after epoch {kept['epoch']} on {kept['table']}, the best {PRIMARY} on validation ({kept[PRIMARY]:.4f}, full dimension)"


def _n_rows(training: Document) -> int:
    """Rows that the kept weights have seen: those of the tables up to the one they come from."""
    names = list(training["tables"])
    last = names.index(training["kept"]["table"]) + 1 if training["kept"] else len(names)
    return sum(int(training["tables"][name]["rows_used"]) for name in names[:last])


def _tokens(lengths: Document, table: str) -> str:
    """Mean and longest of each column's training texts, in tokens of the first tokenizer measured."""
    found: dict[str, str] = {}
    for entry in lengths["columns"]:
        if (entry["table"], entry["split"], entry["measure"]) == (table, "train", "tokens"):
            found.setdefault(entry["column"], f"{entry['column']} {entry['mean']:.1f} ({entry['max']:,})")
    return ", ".join(found.values()) or "not measured"


def _shown(figure: Mapping[str, float], *, signed: bool = False) -> str:
    value, low, high = (f"{figure[key]:{'+' if signed else ''}.3f}" for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def _setting(value: Any) -> str:  # noqa: ANN401 - any value of training.json
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
