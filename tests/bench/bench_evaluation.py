"""Evaluation at five dimensions: ours beside sentence-transformers' SequentialEvaluator, and the memory of a large corpus.

    python tests/bench/bench_evaluation.py --data ../shared/data --model ../shared/data/models/potion-base-4m
    python tests/bench/bench_evaluation.py --model ../shared/data/models/potion-base-4m --passages 1000000 --queries 1000

The first compares time and figures on KLEJ-DYK's and PoQuAD's passages and questions, both ways in one
process, in turns. The second judges generated passages, BM25 and the hybrid included, in a process of its own
and tells its peak memory. A benchmark, not a test: it exits with 1 if a goal is missed.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import corpus_and_questions
import polars as pl
from sentence_transformers.sentence_transformer.evaluation import InformationRetrievalEvaluator, SequentialEvaluator

from dataprep.models import metrics
from dataprep.models.encode import ModelEncoder, load
from dataprep.models.evaluation import evaluate, model_runs
from dataprep.models.tasks import Task

DIMS = (128, 96, 64, 32, 16)
GOAL_RATIO, GOAL_DIFFERENCE, GOAL_GB = 4.0, 1e-4, 3.0


def real_task(data: Path) -> Task:
    """Questions of KLEJ-DYK that have a positive and answerable ones of PoQuAD, over all passages of both."""
    rows = pl.read_csv(data / "klej-dyk/train.tsv", separator="\t", quote_char=None)
    asserted = rows.filter(pl.col("target") == 1).select(question="question", passage="answer")
    extra = pl.read_csv(data / "klej-dyk/test_features.tsv", separator="\t", quote_char=None)["answer"]
    pairs, texts = [asserted], [rows["answer"], extra]
    for path in sorted((data / "poquad").glob("*.json")):
        paragraphs = [p for article in json.loads(path.read_text(encoding="utf-8"))["data"] for p in article["paragraphs"]]
        texts.append(pl.Series([p["context"] for p in paragraphs]))
        found = [(q["question"], p["context"]) for p in paragraphs for q in p["qas"] if not q.get("is_impossible")]
        pairs.append(pl.DataFrame(found, schema=["question", "passage"], orient="row"))
    distinct = pl.concat([text.rename("text") for text in texts]).drop_nulls().unique().sort()
    passages = pl.DataFrame({"passage_id": [f"p{i:05}" for i in range(len(distinct))], "text": distinct})
    known = pl.concat(pairs).unique().sort("question", "passage")
    asked = known["question"].unique().sort()
    queries = pl.DataFrame({"query_id": [f"q{i:05}" for i in range(len(asked))], "text": asked})
    named = known.join(queries, left_on="question", right_on="text").join(passages, left_on="passage", right_on="text")
    qrels = named.select("query_id", "passage_id", relevance=pl.lit(1)).sort("query_id", "passage_id")
    return Task("test", queries, passages, qrels)


def compare(task: Task, model_folder: Path, rounds: int) -> bool:
    """Both ways in turns; the best time of each counts."""
    model = load(model_folder)
    queries = dict(task.queries.iter_rows())
    corpus = dict(task.passages.iter_rows())
    relevant = {q: set(p) for q, p in task.qrels.group_by("query_id").agg("passage_id").iter_rows()}
    theirs = SequentialEvaluator(
        [
            InformationRetrievalEvaluator(
                queries,
                corpus,
                relevant,
                truncate_dim=d,
                name=f"dim_{d}",
                score_functions={"cosine": model.similarity},
                batch_size=1_024,
                corpus_chunk_size=50_000,
            )
            for d in DIMS
        ]
    )

    def ours() -> dict[str, float]:
        runs = model_runs(task, ModelEncoder(model), DIMS)
        tables = {d: metrics.per_query(run, task.qrels) for d, run in runs.items()}
        return {f"dim_{d}_cosine_{m}": metrics.mean(table, m) for d, table in tables.items() for m in metrics.MEASURES}

    times: dict[str, list[tuple[float, float]]] = {"theirs": [], "ours": []}
    figures: dict[str, dict[str, float]] = {}
    ways: dict[str, Callable[[], dict[str, float]]] = {"theirs": lambda: theirs(model), "ours": ours}
    for _ in range(rounds):
        for name, way in ways.items():
            wall, cpu = time.perf_counter(), time.process_time()
            figures[name] = way()
            times[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    best = {name: [min(column) for column in zip(*taken, strict=True)] for name, taken in times.items()}
    ratios = [theirs_s / ours_s for theirs_s, ours_s in zip(best["theirs"], best["ours"], strict=True)]
    worst = max(figures["ours"], key=lambda key: abs(figures["ours"][key] - figures["theirs"][key]))
    gap = abs(figures["ours"][worst] - figures["theirs"][worst])
    print(f"{task.queries.height:,} questions, {task.passages.height:,} passages, dimensions {DIMS}, best of {rounds}")
    for i, what in enumerate(("wall", "CPU")):
        shown = f"SequentialEvaluator {best['theirs'][i]:.2f} s, ours {best['ours'][i]:.2f} s: {ratios[i]:.1f} times as fast"
        print(f"{what}: {shown}")
    print(f"largest difference of {len(figures['ours'])} figures: {gap:.1e} ({worst})")
    return max(ratios) >= GOAL_RATIO and gap <= GOAL_DIFFERENCE


def judge_at_scale(model_folder: Path, folder: Path) -> None:
    """Judge the generated tables, BM25 and the hybrid included; prints one JSON line."""
    queries = pl.read_parquet(folder / "queries.parquet")
    passages = pl.scan_parquet(folder / "corpus-*.parquet").select("passage_id", "text").collect()
    qrels = pl.read_parquet(folder / "positives.parquet").with_columns(relevance=pl.lit(1))
    model = ModelEncoder(load(model_folder))
    wall, cpu = time.perf_counter(), time.process_time()
    task = Task("test", queries, passages, qrels)
    done = evaluate(task, {"finetuned": model}, dims=DIMS, bootstrap_samples=1_000, seed=1, validation=task)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    scores = {system: next(iter(d.values()))["ndcg@10"]["value"] for system, d in done.summary["systems"].items()}
    print(json.dumps({"wall_s": round(wall, 1), "cpu_s": round(cpu, 1), "peak_gb": round(peak, 2), "ndcg@10": scores}))


def at_scale(model: Path, n_passages: int, n_queries: int) -> bool:
    """The judging in a process of its own, so that the memory is its own."""
    with tempfile.TemporaryDirectory() as scratch:
        corpus_and_questions.write(Path(scratch), n_passages=n_passages, n_queries=n_queries)
        call = [sys.executable, __file__, "--model", str(model), "--judge", scratch]
        done = json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    print(f"{n_passages:,} passages, {n_queries:,} questions, {len(DIMS)} dimensions, BM25 and hybrid: {done}")
    return done["peak_gb"] <= GOAL_GB


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--passages", type=int)
    parser.add_argument("--queries", type=int, default=1_000)
    parser.add_argument("--judge", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.judge:
        judge_at_scale(given.model, given.judge)
        return
    met = [compare(real_task(given.data), given.model, given.rounds)] if given.data else []
    met += [at_scale(given.model, given.passages, given.queries)] if given.passages else []
    sys.exit(not all(met))


if __name__ == "__main__":
    main()
