"""Throughput of `lengths.measure` on a million passages, beside `tokenizers`' own encode_batch over the same distinct texts.

Each side runs in a process of its own, reads the same parquet file and uses the same tokenizer and number of
threads; the clock runs from the file to the result. `measure` counts characters, words and sentences too and makes
all statistics; the peer only counts tokens, in batches, because a million encodings do not fit in memory.

Run: .venv/bin/python tests/bench/bench_lengths.py [passages]
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from dataprep import schemas
from dataprep.models.base_tokenizer import BaseTokenizer
from dataprep.models.embedded import train_tokenizer
from dataprep.statistics.lengths import measure

SAMPLE = Path(__file__).parents[2] / "data/sample/pairs.tsv"
BATCH = 4_096
PART = 50_000
WANTED_RATIO, WANTED_BYTES = 0.9, 1_500_000_000


def passages(n: int) -> pl.DataFrame:
    """CORPUS of distinct passages of 10 to 50 words of the sample, common words as common as there."""
    words = np.array(SAMPLE.read_text(encoding="utf-8", errors="ignore").split())
    random = np.random.default_rng(7)
    texts = []
    for _ in range(n):
        drawn = words[random.integers(0, len(words), random.integers(10, 51))]
        texts.append(" ".join(drawn))
    ids = [f"p{i:020x}" for i in range(n)]
    return pl.DataFrame({"passage_id": ids, "title": [""] * n, "text": texts}, schema=schemas.CORPUS)


def write_corpus(folder: Path, n: int) -> None:
    part = passages(min(n, PART))
    parts = [part.select(pl.col("passage_id") + f"-{i}", "title", pl.col("text") + f" {i}.") for i in range(-(-n // PART))]
    corpus = pl.concat(parts).head(n)
    corpus.write_parquet(folder / "corpus.parquet", row_group_size=50_000)
    corpus.select(pl.lit("q").alias("query_id"), positive_id="passage_id", split=pl.lit("train")).write_parquet(folder / "pairs.parquet")
    train_tokenizer(corpus["text"].head(20_000)).save(str(folder / "tokenizer.json"))


def tokenizer(folder: Path) -> BaseTokenizer:
    from tokenizers import Tokenizer  # noqa: PLC0415 - each process loads only what it needs

    return BaseTokenizer(Tokenizer.from_file(str(folder / "tokenizer.json")), 512, 0)


def by_lengths(folder: Path) -> int:
    """Tokens of the corpus by the function under test."""
    queries = pl.LazyFrame([("q", "Ile nóg ma pająk?", "g", "train")], schema=schemas.SPLIT_QUERIES, orient="row")
    corpus, pairs = pl.scan_parquet(folder / "corpus.parquet"), pl.scan_parquet(folder / "pairs.parquet")
    triplets = pl.LazyFrame(schema=schemas.TRIPLETS)
    table = measure(queries, corpus, pairs, triplets, tokenizers={"bench": tokenizer(folder)}, batch_size=64).table
    return int(table.filter(pl.col("table") == "corpus", pl.col("measure") == "tokens")["total"].item())


def by_encode_batch(folder: Path) -> int:
    """Tokens of the corpus by the library alone."""
    found, total = tokenizer(folder).tokenizer, 0
    for batch in pl.scan_parquet(folder / "corpus.parquet").select("text").collect_batches(chunk_size=BATCH, maintain_order=True):
        total += sum(len(encoding) for encoding in found.encode_batch(batch["text"].to_list(), add_special_tokens=False))
    return total


SIDES: dict[str, Callable[[Path], int]] = {"lengths.measure": by_lengths, "encode_batch": by_encode_batch}


def run_side(side: str, folder: Path) -> None:
    started, started_cpu = time.perf_counter(), time.process_time()
    total = SIDES[side](folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    seconds, cpu = time.perf_counter() - started, time.process_time() - started_cpu
    print(json.dumps({"tokens": total, "seconds": seconds, "cpu_seconds": cpu, "peak_bytes": peak}))


def main(n: int) -> None:
    with TemporaryDirectory() as scratch:
        subprocess.run([sys.executable, __file__, "write", scratch, str(n)], check=True)
        found = {}
        for side in SIDES:
            done = subprocess.run([sys.executable, __file__, side, scratch], check=True, capture_output=True, text=True)
            found[side] = json.loads(done.stdout)
    print(f"{n:,} distinct passages, {found['encode_batch']['tokens']:,} tokens")
    print(f"{'':16} {'seconds':>8} {'CPU s':>8} {'passages/s':>11} {'peak MB':>8}")
    for side, figures in found.items():
        seconds, peak = figures["seconds"], figures["peak_bytes"] / 1e6
        print(f"{side:16} {seconds:8.1f} {figures['cpu_seconds']:8.1f} {n / seconds:11,.0f} {peak:8,.0f}")
    ours, peer = found["lengths.measure"], found["encode_batch"]
    ratio = peer["seconds"] / ours["seconds"]
    print(f"throughput ratio {ratio:.2f} (wanted {WANTED_RATIO}), by CPU time {peer['cpu_seconds'] / ours['cpu_seconds']:.2f}")
    if ours["tokens"] != peer["tokens"]:
        sys.exit(f"the sides disagree: {ours['tokens']:,} and {peer['tokens']:,} tokens")
    if ratio < WANTED_RATIO or ours["peak_bytes"] >= WANTED_BYTES:
        sys.exit(f"missed: ratio {ratio:.2f}, peak {ours['peak_bytes']:,} bytes")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write", folder, n]:
            write_corpus(Path(folder), int(n))
        case [side, folder]:
            run_side(side, Path(folder))
        case arguments:
            main(int(arguments[0]) if arguments else 1_000_000)
