"""Semantic duplicates: what the search within cells finds of what comparing all with all finds, and what either costs.

    python tests/bench/bench_semantic.py --rows 20000 100000
    python tests/bench/bench_semantic.py --rows 20000 --model path/to/a/static/model

Passages are made up: 80 % of their own, 20 % copies in which up to seven of 40 words are exchanged. By
default a passage is the weighted mean of random word vectors, which have no structure that cells could
follow, so recall is that of a hard case; with --model they are encoded by a sentence-transformers model.
Each search runs in a process of its own; CPU seconds are user + system, encoding not counted; memory is
the process's peak. Recall is over the pairs that brute force finds at the threshold.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dataprep.duplicates.cells import close_pairs

Vectors = NDArray[np.float32]
N_WORDS, LENGTH, DIMS, BLOCK = 20_000, 40, 256, 2_048


def made(n_rows: int) -> NDArray[np.int64]:
    """Words of each passage by number, Zipf-distributed; the last fifth are copies with words exchanged."""
    random = np.random.default_rng(7)
    shares = 1 / np.arange(1, N_WORDS + 1) ** 0.8
    passages = random.choice(N_WORDS, (n_rows, LENGTH), p=shares / shares.sum())
    n_copies = n_rows // 5
    passages[-n_copies:] = passages[random.integers(0, n_rows - n_copies, n_copies)]
    for _ in range(7):
        changed = n_rows - n_copies + np.flatnonzero(random.random(n_copies) < 0.5)
        passages[changed, random.integers(0, LENGTH, len(changed))] = random.integers(0, N_WORDS, len(changed))
    return passages


def encoded(passages: NDArray[np.int64], model: Path | None) -> Vectors:
    """Unit vectors of the passages."""
    if model:
        from dataprep.models import encode  # noqa: PLC0415 - brings torch

        spelt = np.array([f"{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}{i}" for i in range(N_WORDS)])
        vectors = encode.ModelEncoder(encode.load(model)).encode_passages([" ".join(row) for row in spelt[passages]])
    else:
        words = np.random.default_rng(8).standard_normal((N_WORDS, DIMS)).astype(np.float32)
        words *= np.log(np.arange(1, N_WORDS + 1, dtype=np.float32) + 1)[:, None]  # rare words count more
        vectors = np.concatenate([words[passages[start : start + BLOCK]].mean(axis=1) for start in range(0, len(passages), BLOCK)])
    unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def brute(vectors: Vectors, *, min_cosine: float) -> tuple[NDArray[np.int64], NDArray[np.int64], None]:
    """Every pair, all with all in blocks."""
    found = []
    for start in range(0, len(vectors), BLOCK):
        rows, columns = np.nonzero(vectors[start : start + BLOCK] @ vectors[start:].T >= min_cosine)
        later = columns > rows
        found.append((rows[later] + start, columns[later] + start))
    left, right = (np.concatenate(side) for side in zip(*found, strict=True))
    return left, right, None


SEARCHES = {"cells": close_pairs, "brute force": brute}


def measure(search: str, vectors: Path, out: Path, min_cosine: float) -> tuple[float, float]:
    """CPU seconds and peak GB of one search, whose pairs are written as left * n + right."""
    call = [sys.executable, __file__, "--search", search, "--vectors", str(vectors), "--out", str(out), "--min-cosine", str(min_cosine)]
    spent, peak = subprocess.run(call, check=True, capture_output=True, text=True).stdout.split()
    return float(spent), float(peak)


def run_search(search: str, file: Path, out: Path, min_cosine: float) -> None:
    """Be the measured process."""
    vectors = np.load(file, mmap_mode="r")
    started = time.process_time()
    left, right, _ = SEARCHES[search](vectors, min_cosine=min_cosine)
    print(time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
    np.save(out, np.sort(left * len(vectors) + right))


def compare(folder: Path, n_rows: int, model: Path | None, min_cosine: float, *, with_brute: bool) -> float:
    """Print a line per search; the cells' CPU seconds."""
    vectors, cells, every = (folder / f"{name}.npy" for name in ("vectors", "cells", "brute"))
    np.save(vectors, encoded(made(n_rows), model))
    spent, peak = measure("cells", vectors, cells, min_cosine)
    found = np.load(cells)
    line = f"{n_rows:>9,} {'cells':12} {spent:>8.1f} {peak:>8.2f} {len(found):>8,}"
    if with_brute:
        cost = measure("brute force", vectors, every, min_cosine)
        true = np.load(every)
        print(f"{line} {len(np.intersect1d(found, true)) / max(len(true), 1):>8.4f}")
        line = f"{n_rows:>9,} {'brute force':12} {cost[0]:>8.1f} {cost[1]:>8.2f} {len(true):>8,}"
    print(line, flush=True)
    return spent


def main() -> None:
    """Measure, or be the measured process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="*", default=[20_000])
    parser.add_argument("--model", type=Path)
    parser.add_argument("--min-cosine", type=float, default=0.9)
    parser.add_argument("--max-brute", type=int, default=100_000, help="brute force on no more rows than this")
    for hidden in ("--search", "--vectors", "--out"):
        parser.add_argument(hidden, type=str if hidden == "--search" else Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.search:
        run_search(given.search, given.vectors, given.out, given.min_cosine)
        return
    print(f"{'rows':>9} {'search':12} {'CPU s':>8} {'peak GB':>8} {'pairs':>8} {'recall':>8}")
    spent = []
    for n_rows in given.rows:
        with tempfile.TemporaryDirectory() as folder:
            spent.append(compare(Path(folder), n_rows, given.model, given.min_cosine, with_brute=n_rows <= given.max_brute))
    for (few, before), (many, after) in pairwise(zip(given.rows, spent, strict=True)):
        print(f"growth of cells from {few:,} to {many:,} rows: exponent {np.log(after / before) / np.log(many / few):.2f}")


if __name__ == "__main__":
    main()
