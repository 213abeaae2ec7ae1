"""One cell of an ablation: prepare, train every candidate, choose on validation, judge the chosen one on the held-out split."""

import os
import shutil
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from dataprep import io
from dataprep.ablation.plan import Cell
from dataprep.build import Build, finish, opened
from dataprep.code import code_digest
from dataprep.errors import DataError
from dataprep.models import encode, metrics, tasks
from dataprep.models.ranking import run_frame
from dataprep.models.search import search
from dataprep.pipeline import PREPARE, STAGES, reference_digest, source_digest
from dataprep.recipes import recipe_file

NEEDED = PREPARE[: PREPARE.index("negatives") + 1]
CELLS = "ablation"  # their folder in the build that gets the table
_RECORD, _PER_QUERY = "cell.json", "per_query.parquet"


def cell_folder(folder: Path, cell: Cell) -> Path:
    """Where a cell is kept."""
    return folder / f"seed-{cell.seed}" / cell.name


def run_cell(cell: Cell, folder: Path) -> dict[str, Any]:
    """Run a cell, or find it done.

    Args:
        cell: The data recipe, the seed and the candidates.
        folder: The ablation's folder.

    Returns:
        name, seed, chosen (the keys), validation (score per candidate), rows, steps, n_queries and the mean of every metric on
        the split of `evaluate.split`; the figures of each query lie beside in per_query.parquet.
    """
    place, key = cell_folder(folder, cell), _key(cell)
    if (place / _RECORD).is_file() and (done := io.read_json(place / _RECORD))["key"] == key:
        return done
    trained = [_trained(recipe, place / f"candidate-{number}", folder) for number, (_, recipe) in enumerate(cell.candidates)]
    trainings = [build.json("train", "training") for build in trained]
    if any(training["kept"] is None for training in trainings):
        raise DataError(f"ablation {cell.name}, seed {cell.seed}: found nothing to choose by; wanted validation questions with a positive")
    scores = [training["kept"]["score"] for training in trainings]
    best = max(range(len(scores)), key=lambda number: scores[number])  # the first of equal ones
    judged = _judged(trained[best])
    io.write_table(judged, place / _PER_QUERY)
    tables = trainings[best]["tables"]
    record = {
        "key": key,
        "name": cell.name,
        "seed": cell.seed,
        "chosen": dict(cell.candidates[best][0]),
        "validation": [{**chosen, "score": score} for (chosen, _), score in zip(cell.candidates, scores, strict=True)],
        "kept": trainings[best]["kept"],
        "rows": sum(table["rows_used"] for table in tables.values()),
        "steps": sum(table["steps"] for table in tables.values()),
        "n_queries": judged.height,
        "split": trained[best].recipe.evaluate.split,
        "figures": {name: metrics.mean(judged, name) for name in metrics.MEASURES},
    }
    io.write_json(record, place / _RECORD)
    for build in trained:  # the figures stay, the models go: tens of cells of them would fill a disk
        shutil.rmtree(build.model)
    return record


def per_query(folder: Path, cell: Cell) -> pl.DataFrame:
    """query_id and a column per metric of a cell that was run."""
    return pl.read_parquet(cell_folder(folder, cell) / _PER_QUERY)


def _key(cell: Cell) -> str:
    recipes = [recipe_file.dump(recipe) for _, recipe in cell.candidates]
    first = cell.candidates[0][1]
    code = code_digest("dataprep.ablation.cells", *(module for stage in (*NEEDED, "train") for module in STAGES[stage].modules))
    return sha256("\n".join([source_digest(first), reference_digest(first), code, *recipes]).encode()).hexdigest()


def _trained(recipe: Any, place: Path, folder: Path) -> Build:  # noqa: ANN401 - a Recipe
    """A build with everything up to the trained model; what another cell has prepared is taken over where it is the same."""
    with opened(place, recipe) as build:
        _take_over(place, sorted(folder.glob(f"seed-{recipe.seed}/*/*/stages")))
        for name in (*NEEDED, "train"):
            finish(STAGES[name], build)
    return build


def _take_over(place: Path, others: Sequence[Path]) -> None:
    """Link the prepared stages of another build; `finish` does again what does not fit."""
    for name in NEEDED:
        mine = place / "stages" / name
        found = next((other / name for other in others if (other / name / "stage.json").is_file()), None)
        if found and not mine.exists():
            shutil.copytree(found, mine, copy_function=os.link)


def _judged(build: Build) -> pl.DataFrame:
    """Every metric of every question of the split, at the model's own dimension."""
    tables = build.table("split", "queries"), build.table("deduplicate", "judgements"), build.table("deduplicate", "corpus")
    task, settings = tasks.retrieval_task(*tables, split=build.recipe.evaluate.split), build.recipe.train
    model = encode.load(build.model, max_tokens=settings.max_tokens)
    encoder = encode.ModelEncoder(model, query_prompt=settings.query_prompt, passage_prompt=settings.passage_prompt)
    found = search(encoder, task.queries["text"], task.passages["text"], dims=None, depth=metrics.DEPTH)
    run = run_frame(task.queries["query_id"].to_list(), task.passages["passage_id"], found[max(found)])
    return metrics.per_query(run, task.qrels)
