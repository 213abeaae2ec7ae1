"""The same base and budget over several data recipes: a run per cell, and a table at the end."""

import logging
from pathlib import Path
from typing import Any

from prefect import flow, runtime

from dataprep.ablation.plan import Cell, Over, cells
from dataprep.recipes.recipe import Recipe
from flows.operating import held_build, run_name
from flows.tasks import report

log = logging.getLogger("dataprep")

_SAMPLES = 10_000


def _cell_name() -> str:
    cell = runtime.flow_run.parameters["cell"]
    return f"{cell.name} seed {cell.seed}"


@flow(name="ablate", flow_run_name=run_name("ablate"))
def ablate(recipe: Recipe, over: Over, n_seeds: int = 3, folder: Path | None = None) -> dict[str, Any]:
    """Train and judge every data recipe under every seed.

    Args:
        recipe: What all data recipes have in common.
        over: What they differ in.
        n_seeds: Seeds; each gives a split and a training of its own.
        folder: The build folder that gets the table; without one, data/build/<recipe name>.
    """
    from dataprep.ablation import table  # noqa: PLC0415 - brings torch and the plotting library
    from dataprep.ablation.cells import CELLS  # noqa: PLC0415

    plan = cells(recipe, over, n_seeds=n_seeds)
    with held_build(recipe, folder) as build:
        place = build.folder / CELLS
        records = []
        for number, cell in enumerate(plan):
            log.info("ablate", extra={"stage": "ablate", "state": "started"})
            log.info("ablate", extra={"stage": "ablate", "state": "progress", "done": number, "total": len(plan), "note": cell.name})
            records.append(ablation_cell(cell, place))
        document = table.write(build.folder, over, plan, records, samples=_SAMPLES)
        report(build)
    return document


@flow(name="ablation-cell", flow_run_name=_cell_name, validate_parameters=False)
def ablation_cell(cell: Cell, folder: Path) -> dict[str, Any]:
    """One data recipe under one seed: trained for every candidate setting, chosen on validation, judged once.

    Args:
        cell: The cell.
        folder: Where cells are kept.
    """
    from dataprep.ablation.cells import run_cell  # noqa: PLC0415 - brings torch

    record = run_cell(cell, folder)
    chosen = ", ".join(f"{key.rsplit('.', 1)[-1]} {value}" for key, value in record["chosen"].items())
    summary = f"seed {cell.seed}: ndcg@10 {record['figures']['ndcg@10']:.3f} on {record['split']}" + (f" with {chosen}" if chosen else "")
    log.info("%s: %s", cell.name, summary, extra={"stage": cell.name, "state": "finished"})
    return record
