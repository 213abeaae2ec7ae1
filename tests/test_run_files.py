"""Run files tell other tools the order in which passages were ranked here."""

from pathlib import Path

import ir_measures
import polars as pl
import pytest

from dataprep.models import run_files
from dataprep.models.metrics import per_query
from dataprep.schemas import RUN


def test_another_reader_finds_the_same_figures_ties_included(tmp_path: Path) -> None:
    scores = [0.9, 0.5, 0.5, 0.5, 0.1]
    rows = [("bm25", None, "q1", f"p{i}", score, i + 1) for i, score in enumerate(scores)]
    rows += [("finetuned", 64, "q1", f"p{4 - i}", score, i + 1) for i, score in enumerate(scores)]
    runs = pl.DataFrame(rows, schema=RUN, orient="row")
    qrels = pl.DataFrame({"query_id": ["q1"], "passage_id": ["p2"], "relevance": [1]})
    run_files.write(runs, qrels, tmp_path / "trec")
    assert sorted(path.name for path in (tmp_path / "trec").iterdir()) == ["bm25.run", "finetuned-64.run", "qrels.txt"]
    judged = list(ir_measures.read_trec_qrels(str(tmp_path / "trec/qrels.txt")))
    for name, rank in (("bm25", 3), ("finetuned-64", 3)):
        ranked = list(ir_measures.read_trec_run(str(tmp_path / f"trec/{name}.run")))
        assert ir_measures.calc_aggregate([ir_measures.RR], judged, ranked)[ir_measures.RR] == pytest.approx(1 / rank)
    bm25 = runs.filter(pl.col("system") == "bm25").with_columns(score=-pl.col("rank").cast(pl.Float64))
    assert per_query(bm25, qrels)["mrr@10"].to_list() == pytest.approx([1 / 3])
    assert (tmp_path / "trec/bm25.run").read_text().splitlines()[0] == "q1 Q0 p0 1 100 bm25"
