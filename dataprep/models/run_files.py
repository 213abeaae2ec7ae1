"""Runs and judgements as the files that trec_eval and its kin read."""

from pathlib import Path

import polars as pl

from dataprep.models.metrics import DEPTH


def write(runs: pl.DataFrame, qrels: pl.DataFrame, folder: Path) -> None:
    """Write `qrels.txt` and, per system and dimension, a run: `bm25.run`, `finetuned-64.run`.

    Tools that read runs order them by score, as 32-bit floats, and break ties in ways of their own. So the scores
    in these files count down from the run's depth, which tells the order in which passages were ranked here;
    the systems' own scores stand in runs.parquet.

    Args:
        runs: RUN.
        qrels: query_id, passage_id, relevance.
        folder: Where they are written; it is made.
    """
    folder.mkdir(parents=True)
    judged = qrels.select("query_id", zero=pl.lit(0), passage_id="passage_id", relevance="relevance").sort("query_id", "passage_id")
    judged.write_csv(folder / "qrels.txt", separator=" ", include_header=False)
    for (system, dimension), run in runs.group_by("system", "dimension"):
        name = f"{system}-{dimension}" if dimension else str(system)
        ordered = run.sort("query_id", "rank").with_columns(score=DEPTH + 1 - pl.col("rank"))
        columns = ordered.select("query_id", q0=pl.lit("Q0"), passage_id="passage_id", rank="rank", score="score", tag=pl.lit(name))
        columns.write_csv(folder / f"{name}.run", separator=" ", include_header=False)
