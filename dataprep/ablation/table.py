"""The table of an ablation: what each data recipe scored, and by how much it beats the baseline."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from dataprep import io
from dataprep.ablation.cells import CELLS, per_query
from dataprep.ablation.paired import Floats, crossed_mean
from dataprep.ablation.plan import Cell, Over
from dataprep.models import metrics
from dataprep.reports import charts
from dataprep.reports.report_charts import ablation_points

SHOWN = ("ndcg@10", "accuracy@1", "recall@10", "mrr@10")


def write(build: Path, over: Over, plan: Sequence[Cell], records: Sequence[Mapping[str, Any]], *, samples: int) -> dict[str, Any]:
    """Write ablation.json, ablation.md and ablation.svg into a build's folder.

    Args:
        build: The build's folder; the cells lie in its folder ablation.
        over: What was compared.
        plan: The cells.
        records: What `run_cell` gave for each.
        samples: Resamplings for the intervals.

    Returns:
        What ablation.json holds: baseline, split, seeds, recipes (note, figures with intervals, differences from the baseline, the
        mean score on validation, chosen settings and rows and steps per seed).
    """
    seeds = sorted({cell.seed for cell in plan})
    figures = {metric: _crossed(build / CELLS, plan, metric) for metric in SHOWN}
    document = {
        "baseline": over.baseline,
        "split": records[0]["split"],
        "seeds": seeds,
        "bootstrap_samples": samples,
        "recipes": [_recipe(data.name, data.note, over.baseline, figures, records, samples) for data in over.recipes],
    }
    io.write_json(document, build / "ablation.json")
    io.write_text(markdown(document), build / "ablation.md")
    io.write_text(picture(document), build / "ablation.svg")
    return document


def _crossed(folder: Path, plan: Sequence[Cell], metric: str) -> dict[str, Floats]:
    """Data recipe -> a row per seed and a column per query, NaN where a seed does not judge a query."""
    long = pl.concat(
        per_query(folder, cell).select("query_id", value=pl.col(metric), name=pl.lit(cell.name), seed=pl.lit(cell.seed)) for cell in plan
    )
    queries = long["query_id"].unique().sort()
    seeds = long["seed"].unique().sort()
    grid = pl.DataFrame({"seed": seeds}).join(pl.DataFrame({"query_id": queries}), how="cross")
    found: dict[str, Floats] = {}
    for name in dict.fromkeys(cell.name for cell in plan):
        own = grid.join(long.filter(pl.col("name") == name), on=["seed", "query_id"], how="left", maintain_order="left")
        found[name] = own["value"].cast(pl.Float64).fill_null(float("nan")).to_numpy().reshape(len(seeds), len(queries))
    return found


def _recipe(
    name: str, note: str, baseline: str, figures: Mapping[str, Mapping[str, Floats]], records: Sequence[Mapping[str, Any]], samples: int
) -> dict[str, Any]:
    own = [record for record in records if record["name"] == name]
    return {
        "name": name,
        "note": note,
        "figures": {metric: crossed_mean(found[name], samples=samples, seed=0)._asdict() for metric, found in figures.items()},
        "differences": {
            metric: crossed_mean(found[name] - found[baseline], samples=samples, seed=0)._asdict() for metric, found in figures.items()
        },
        "per_seed": {str(record["seed"]): record["figures"][metrics.PRIMARY] for record in own},
        "validation": round(float(np.mean([max(tried["score"] for tried in record["validation"]) for record in own])), 6),
        "cells": [{key: record[key] for key in ("seed", "chosen", "validation", "kept", "rows", "steps", "n_queries")} for record in own],
    }


def markdown(document: Mapping[str, Any]) -> str:
    """The table as Markdown, best first."""
    head = ["data recipe", "validation", *SHOWN, f"{metrics.PRIMARY} minus {document['baseline']}", "steps"]
    rows = [
        [
            recipe["name"],
            f"{recipe['validation']:.3f}",
            *(_shown(recipe["figures"][metric]) for metric in SHOWN),
            "" if recipe["name"] == document["baseline"] else _shown(recipe["differences"][metrics.PRIMARY], signed=True),
            f"{np.mean([cell['steps'] for cell in recipe['cells']]):,.0f}",
        ]
        for recipe in by_score(document)
    ]
    notes = [f"- **{recipe['name']}**: {recipe['note']}" for recipe in document["recipes"] if recipe["note"]]
    lines = [head, ["---"] * len(head), *rows]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"{table}\n\n{explanation(document)}\n\n" + "\n".join(notes) + "\n"


def explanation(document: Mapping[str, Any]) -> str:
    """What the figures are, in a sentence or two."""
    n_seeds, n_queries = len(document["seeds"]), [cell["n_queries"] for cell in document["recipes"][0]["cells"]]
    return (
        f"Means over {n_seeds} seeds, each with a split of its own, on {document['split']} ({min(n_queries)} to {max(n_queries)} "
        "questions); settings and passes were chosen on validation, for each seed by itself. In brackets 95 % intervals by the pigeonhole "
        f"bootstrap over seeds and questions ({document['bootstrap_samples']:,} samples); differences are paired."
    )


def by_score(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The data recipes, best first."""
    return sorted(document["recipes"], key=lambda recipe: -recipe["figures"][metrics.PRIMARY]["value"])


def picture(document: Mapping[str, Any]) -> str:
    """SVG of the primary metric of every data recipe, best first."""
    return charts.intervals(ablation_points(document), unit=metrics.PRIMARY)


def _shown(figure: Mapping[str, float], *, signed: bool = False) -> str:
    value, low, high = (f"{figure[key]:{'+' if signed else ''}.3f}" for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"
