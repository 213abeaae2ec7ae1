"""Mining hard negatives at scale: time and peak memory, by BM25 and by a base model.

    python tests/bench/bench_negatives.py --passages 1000000 --queries 3000 --per-positive 10 --model ../shared/data/models/potion-base-4m
    python tests/bench/bench_negatives.py --passages 100000 --queries 100000

The passages are generated; without --model only BM25 mines. Each run has a process of its own, so that its
memory is its own. A benchmark, not a test: it exits with 1 if the memory goal is missed.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import corpus_and_questions
import polars as pl

from dataprep import schemas
from dataprep.models.negatives import mine

GOAL_GB = 3.0


def mine_files(folder: Path, model: Path | None, per_positive: int, max_passages: int) -> None:
    """Mine the tables of a folder; prints one JSON line."""
    positives = pl.scan_parquet(folder / "positives.parquet")
    queries = pl.scan_parquet(folder / "queries.parquet").with_columns(group_id="query_id", split=pl.lit("train"))
    judgements = positives.select(
        "query_id", "passage_id", relevance=pl.lit(1, dtype=pl.Int8), is_judged=pl.lit(value=True), row_id=pl.col("query_id")
    )

    def encoder() -> object:
        from dataprep.models.encode import ModelEncoder, load  # noqa: PLC0415 - torch is a cost of the base model alone

        assert model is not None
        return ModelEncoder(load(model))

    wall, cpu = time.perf_counter(), time.process_time()
    stage, scratch = folder / "stage", folder / "scratch"
    scratch.mkdir()
    report = mine(
        queries.select(schemas.SPLIT_QUERIES.names()),
        judgements,
        pl.scan_parquet(folder / "corpus-*.parquet"),
        pl.LazyFrame(schema=schemas.LINKS),
        stage,
        scratch=scratch,
        max_passages=max_passages,
        per_positive=per_positive,
        judged=True,
        bm25=True,
        max_rank=50,
        skip_ranks=5,
        min_passage_jaccard=0.8,
        min_passage_cosine=0.95,
        base=model is not None,
        encoder=encoder,  # type: ignore[arg-type]
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    used = {name: fate["used"] for name, fate in report["retrievers"].items()}
    done = {
        "triplets": sum(report["triplets"].values()),
        "used": used,
        "wall_s": round(wall, 1),
        "cpu_s": round(cpu, 1),
        "peak_gb": round(peak, 2),
    }
    print(json.dumps(done))


def main() -> None:
    """Generate, then mine in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=3_000)
    parser.add_argument("--per-positive", type=int, default=3)
    parser.add_argument("--max-passages", type=int, default=100_000)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--mine", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.mine:
        mine_files(given.mine, given.model, given.per_positive, given.max_passages)
        return
    with tempfile.TemporaryDirectory() as scratch:
        corpus_and_questions.write(Path(scratch), n_passages=given.passages, n_queries=given.queries)
        call = [sys.executable, __file__, "--mine", scratch, "--per-positive", str(given.per_positive)]
        call += ["--max-passages", str(given.max_passages)]
        call += ["--model", str(given.model)] if given.model else []
        done = json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    print(f"{given.passages:,} passages, {given.queries:,} questions, {given.per_positive} negatives each: {done}")
    sys.exit(done["peak_gb"] > GOAL_GB)


if __name__ == "__main__":
    main()
