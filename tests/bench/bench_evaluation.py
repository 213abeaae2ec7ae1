"""Evaluation at five dimensions: ours beside sentence-transformers' SequentialEvaluator and mteb, and the memory of a large corpus.

    python tests/bench/bench_evaluation.py --data ../shared/data --model ../shared/data/models/potion-base-4m
    python tests/bench/bench_evaluation.py --model ../shared/data/models/potion-base-4m --passages 1000000 --queries 1000

The first compares time and figures on KLEJ-DYK's and PoQuAD's passages and questions, all ways in one
process, in turns; mteb judges one dimension at a time, so it is compared at the largest alone. The
second judges generated passages, BM25 and the hybrid included, in a process of its own and tells its peak memory. A
benchmark, not a test: it exits with 1 if a goal is missed.
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
import mteb
import polars as pl
from datasets import Dataset
from mteb.abstasks import AbsTaskRetrieval
from mteb.abstasks.retrieval_dataset_loaders import RetrievalSplitData
from sentence_transformers import SentenceTransformer
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


def judged_by_mteb(task: Task, model: SentenceTransformer) -> Callable[[], dict[str, float]]:
    """What judges a task as mteb does it, its tables made already."""

    class Known(AbsTaskRetrieval):
        metadata = mteb.TaskMetadata(
            name="Known",
            description="A task whose tables are here.",
            type="Retrieval",
            category="t2t",
            main_score="ndcg_at_10",
            eval_langs=["pol-Latn"],
            eval_splits=["test"],
            dataset={"path": "known", "revision": "1"},
        )

    corpus, queries = (Dataset(t.rename({t.columns[0]: "id"}).to_arrow()) for t in (task.passages, task.queries))
    relevant = {q: dict.fromkeys(p, 1) for (q,), p in ((key, t["passage_id"]) for key, t in task.qrels.group_by("query_id"))}
    known = Known()
    known.dataset = {"default": {"test": RetrievalSplitData(corpus=corpus, queries=queries, relevant_docs=relevant, top_ranked=None)}}
    known.data_loaded = True

    def run() -> dict[str, float]:
        done = mteb.evaluate(model, known, cache=None, show_progress_bar=False, encode_kwargs={"batch_size": 1_024})
        scores = done.task_results[0].scores["test"][0]
        return {f"dim_{DIMS[0]}_cosine_ndcg@10": scores["ndcg_at_10"]}

    return run


def compare(task: Task, model_folder: Path, rounds: int) -> bool:
    """All ways in turns; the best time of each counts."""
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

    def ours(*dims: int) -> dict[str, float]:
        runs = model_runs(task, ModelEncoder(model), dims)
        tables = {d: metrics.per_query(run, task.qrels) for d, run in runs.items()}
        return {f"dim_{d}_cosine_{m}": metrics.mean(table, m) for d, table in tables.items() for m in metrics.MEASURES}

    ways: dict[str, Callable[[], dict[str, float]]] = {
        "SequentialEvaluator": lambda: theirs(model),
        "ours": lambda: ours(*DIMS),
        "mteb, one dimension": judged_by_mteb(task, model),
        "ours, one dimension": lambda: ours(DIMS[0]),
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    figures: dict[str, dict[str, float]] = {}
    for _ in range(rounds):
        for name, way in ways.items():
            wall, cpu = time.perf_counter(), time.process_time()
            figures[name] = way()
            times[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    best = {name: [min(column) for column in zip(*taken, strict=True)] for name, taken in times.items()}
    print(f"{task.queries.height:,} questions, {task.passages.height:,} passages, dimensions {DIMS}, best of {rounds}")
    met = []
    for peer, own in list(zip(ways, [*ways][1:], strict=False))[::2]:
        ratios = [peer_s / own_s for peer_s, own_s in zip(best[peer], best[own], strict=True)]
        for i, what in enumerate(("wall", "CPU")):
            print(f"{what}: {peer} {best[peer][i]:.2f} s, {own} {best[own][i]:.2f} s: {ratios[i]:.1f} times as fast")
        shared = figures[peer].keys() & figures[own].keys()
        worst = max(shared, key=lambda key: abs(figures[own][key] - figures[peer][key]))
        gap = abs(figures[own][worst] - figures[peer][worst])
        print(f"largest difference of {len(shared)} figures: {gap:.1e} ({worst})")
        met.append((max(ratios) >= GOAL_RATIO or peer != "SequentialEvaluator") and gap <= GOAL_DIFFERENCE)
    return all(met)


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
