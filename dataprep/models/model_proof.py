"""That the model's card and evaluation.json say what was measured: both are made again from the build's files and compared."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from dataprep import io
from dataprep.models import metrics, model_card

_TOLERANCE = 1.5 / 10**6  # figures are rounded to six decimals
_READ = (
    "evaluation.json",
    "release/manifest.json",
    "release/statistics/lengths.json",
    "stages/deduplicate/judgements.parquet",
    "stages/evaluate/examples.json",
    "stages/evaluate/runs.parquet",
    "stages/split/queries.parquet",
    "stages/train/training.json",
)
Query = Callable[[], pl.DataFrame]


def contracts(build: Path) -> Mapping[str, Query]:
    """The contracts of a judged model, by name; none where the build has not judged one.

    Args:
        build: A build folder.

    Returns:
        Queries for offending rows.
    """
    if not (build / "stages/evaluate/stage.json").is_file():
        return {}
    if missing := [name for name in _READ if not (build / name).exists()]:
        return {"every file that a judged model is proved on is there": lambda: pl.DataFrame({"file": missing})}
    return {
        "the model's card is what training and evaluation say": lambda: card_unlike_figures(build),
        "the evaluation's figures are those of its runs": lambda: figures_unlike_runs(build),
        "the model is the one that was trained and judged": lambda: files_unlike_record(build),
    }


def rendered_card(build: Path, *, evaluation: Mapping[str, Any], examples: Sequence[Mapping[str, Any]]) -> str:
    """The model's card from the build's files, the evaluation and the examples."""
    return model_card.card(
        io.read_json(build / "release/manifest.json"),
        io.read_json(build / "stages/train/training.json"),
        evaluation,
        io.read_json(build / "release/statistics/lengths.json"),
        examples=examples,
    )


def card_unlike_figures(build: Path) -> pl.DataFrame:
    """Lines of the model's card that the build's files would not give."""
    examples = io.read_json(build / "stages/evaluate/examples.json")["validation"]
    wanted = rendered_card(build, evaluation=io.read_json(build / "evaluation.json"), examples=examples).splitlines()
    path = build / "model/README.md"
    found = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    unlike = [(line, "not in the card") for line in wanted if line not in set(found)]
    unlike += [(line, "only in the card") for line in found if line not in set(wanted)]
    if not unlike and found != wanted:
        unlike = [("all", "in another order")]
    return pl.DataFrame(unlike, schema={"line": pl.String, "what": pl.String}, orient="row")


def figures_unlike_runs(build: Path) -> pl.DataFrame:
    """Means of evaluation.json that its runs and the judgements do not have."""
    evaluation = io.read_json(build / "evaluation.json")
    runs = pl.read_parquet(build / "stages/evaluate/runs.parquet")
    asked = pl.scan_parquet(build / "stages/split/queries.parquet").filter(pl.col("split") == evaluation["split"]).select("query_id")
    judged = pl.scan_parquet(build / "stages/deduplicate/judgements.parquet").join(asked, on="query_id", how="semi").collect()
    unlike = []
    for (system, dimension), run in runs.partition_by("system", "dimension", as_dict=True).items():
        stated = evaluation["systems"].get(system, {}).get(str(dimension) if dimension else "all", {})
        table = metrics.per_query(run, judged)
        for name in metrics.MEASURES:
            found, value = metrics.mean(table, name), stated.get(name, {}).get("value")
            if value is None or abs(found - value) > _TOLERANCE:
                unlike.append((str(system), dimension, name, value, found))
    schema = {"system": pl.String, "dimension": pl.Int32, "metric": pl.String, "stated": pl.Float64, "of_the_run": pl.Float64}
    return pl.DataFrame(unlike, schema=schema, orient="row")


def files_unlike_record(build: Path) -> pl.DataFrame:
    """Files of the model with other bytes than the evaluation recorded, and weights with others than training left."""
    unlike = []
    judged, trained = (io.read_json(build / f"stages/{name}/stage.json")["files"] for name in ("evaluate", "train"))
    for name, file in judged.items():
        if name.startswith("model/") and name != "model/README.md":  # the card has a contract of its own
            path = build / name
            digest = io.file_sha256(path) if path.is_file() else None
            if digest != file["sha256"]:
                unlike.append((name, "not the bytes that were judged"))
            if name in trained and trained[name]["sha256"] != file["sha256"]:
                unlike.append((name, "not the bytes that were trained"))
    return pl.DataFrame(unlike, schema={"file": pl.String, "what": pl.String}, orient="row")
