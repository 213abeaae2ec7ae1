"""Near-duplicate search: ours, Daft's native MinHash and rensa, on the same passages in one run.

    python tests/bench/bench_near.py --rows 100000 1000000 3000000
    python tests/bench/bench_near.py --data passages.parquet --tools ours daft

Each tool runs in a process of its own. CPU seconds are user + system of the whole process, imports and
reading included; memory is its peak. Recall is the share of planted pairs with a word 3-gram Jaccard
of at least 0.8 that a tool puts into one cluster; wrong links are clusters minus planted clusters that
they touch. Daft and rensa are in the `bench` dependency group; a tool that is not installed is left out.

Passages that are given: columns id and text; beside them NAME.truth.parquet with id and cluster.
"""

import argparse
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import time
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

WORDS, PERMUTATIONS, BANDS, THRESHOLD = 3, 128, 16, 0.8
Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]
PUNCTUATION = r"[^\p{L}\p{M}\p{N}]+"


def ours(data: Path) -> Pairs:
    from dataprep.duplicates.near import near_pairs  # noqa: PLC0415 - each tool's imports are its own cost

    texts = pl.scan_parquet(data).select(pl.col("id").cast(pl.String), "text")
    found = near_pairs(texts, shingle_words=WORDS, min_jaccard=THRESHOLD).select(pl.col("left", "right").cast(pl.Int64)).collect()
    return found["left"].to_numpy(), found["right"].to_numpy()


def with_daft(data: Path) -> Pairs:
    """Native MinHash, bands grouped in NumPy, candidates verified with their signatures."""
    import daft  # noqa: PLC0415
    from daft import functions as F  # noqa: N812, PLC0415 - named as in Daft's own examples

    plain = F.regexp_replace(F.lower(daft.col("text")), r"[^\w]+", " ")
    hashed = F.minhash(plain, num_hashes=PERMUTATIONS, ngram_size=WORDS, seed=1, hash_function="xxhash3_64")
    table = daft.read_parquet(str(data)).select(daft.col("id"), hashed.alias("signature")).sort("id").to_arrow()
    signatures = np.asarray(table.column("signature").combine_chunks().flatten()).reshape(-1, PERMUTATIONS)
    ids = np.asarray(table.column("id"))
    found: list[Pairs] = []
    for band in np.split(signatures, BANDS, axis=1):
        factors = np.random.default_rng(1).integers(1, 2**63, band.shape[1], dtype=np.uint64) | np.uint64(1)
        keys = (band.astype(np.uint64) * factors).sum(axis=1)
        order = np.argsort(keys, kind="stable")
        same = keys[order][1:] == keys[order][:-1]
        found.append((order[:-1][same], order[1:][same]))
    left, right = (np.concatenate(side) for side in zip(*found, strict=True))
    alike = np.concatenate([(signatures[a] == signatures[b]).mean(axis=1) for a, b in _blocks(left, right)])
    return ids[left[alike >= THRESHOLD]], ids[right[alike >= THRESHOLD]]


def with_rensa(data: Path) -> Pairs:
    """MinHash and LSH, candidates verified with their signatures."""
    from rensa import RMinHash, RMinHashLSH  # noqa: PLC0415

    table = pl.read_parquet(data)
    sketches = []
    for texts in table["text"].to_frame().iter_slices(20_000):
        split = (re.findall(r"\w+", text.lower()) for text in texts["text"])
        grams = [[" ".join(words[i : i + WORDS]) for i in range(max(1, len(words) - WORDS + 1))] for words in split]
        sketches += RMinHash.from_token_sets(grams, num_perm=PERMUTATIONS, seed=42)
    index = RMinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS, num_bands=BANDS)
    index.insert_many(sketches)
    left, right = [], []
    for first in range(0, len(sketches), 20_000):
        for one, near in enumerate(index.query_all(sketches[first : first + 20_000]), first):
            matching = [two for two in near if two < one and sketches[one].jaccard(sketches[two]) >= THRESHOLD]
            left += [one] * len(matching)
            right += matching
    ids = table["id"].to_numpy()
    return ids[left], ids[right]


def with_datasketch(data: Path) -> Pairs:
    """MinHash and LSH in Python, candidates verified with their signatures."""
    from datasketch import MinHash, MinHashLSH  # noqa: PLC0415

    ids, texts = pl.read_parquet(data, columns=["id", "text"])
    split = (re.findall(r"\w+", text.lower()) for text in texts)
    grams = ([" ".join(words[i : i + WORDS]).encode() for i in range(max(1, len(words) - WORDS + 1))] for words in split)
    sketches = list(MinHash.generator(grams, num_perm=PERMUTATIONS, seed=1))
    index = MinHashLSH(num_perm=PERMUTATIONS, params=(BANDS, PERMUTATIONS // BANDS))
    left, right = [], []
    for one, sketch in enumerate(sketches):
        near = [two for two in index.query(sketch) if sketch.jaccard(sketches[two]) >= THRESHOLD]
        left += [one] * len(near)
        right += near
        index.insert(one, sketch)
    return ids.to_numpy()[left], ids.to_numpy()[right]


def with_datatrove(data: Path) -> Pairs:
    """Signatures, buckets and clusters, none verified; a cluster is read as pairs with its first member. Needs xxhash below 4."""
    from datatrove.executor import LocalPipelineExecutor  # noqa: PLC0415
    from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature  # noqa: PLC0415
    from datatrove.pipeline.dedup.minhash import MinhashConfig  # noqa: PLC0415
    from datatrove.pipeline.readers import ParquetReader  # noqa: PLC0415

    config = MinhashConfig(n_grams=WORDS, num_buckets=BANDS, hashes_per_bucket=PERMUTATIONS // BANDS)
    with tempfile.TemporaryDirectory() as scratch:
        signatures, buckets, removed = (str(Path(scratch) / name) for name in ("signatures", "buckets", "removed"))
        read = ParquetReader(str(data.parent), glob_pattern=data.name)
        steps = [
            ([read, MinhashDedupSignature(signatures, config=config, language="pol")], 1),
            ([MinhashDedupBuckets(signatures, buckets, config=config)], BANDS),
            ([MinhashDedupCluster(buckets, removed, config=config, save_cluster_id=True)], 1),
        ]
        for number, (pipeline, tasks) in enumerate(steps):
            LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=f"{scratch}/log-{number}").run()
        places, clusters = np.fromfile(f"{removed}/000000.clusters", np.uint32).reshape(-1, 2).T
    ids = pl.read_parquet(data, columns=["id"])["id"].to_numpy()[places]
    _, firsts, cluster = np.unique(clusters, return_index=True, return_inverse=True)
    return ids[firsts][cluster], ids


TOOLS = {"ours": ours, "daft": with_daft, "rensa": with_rensa, "datasketch": with_datasketch, "datatrove": with_datatrove}


def _blocks(left: NDArray[np.int64], right: NDArray[np.int64]) -> list[Pairs]:
    return [(left[i : i + 100_000], right[i : i + 100_000]) for i in range(0, max(len(left), 1), 100_000)]


def generate(n_rows: int, out: Path) -> None:
    """Seeded passages of 50 made-up words: 80 % of their own, 20 % copies with 0 to 4 words exchanged; words are Zipf-distributed."""
    rng = np.random.default_rng(7)
    syllables = np.array([a + b for a in "b c d g k ł m n p r s sz t w z ż".split() for b in "a ą e ę i o ó u y".split()])  # noqa: SIM905
    words = np.unique(["".join(rng.choice(syllables, rng.integers(1, 5))) for _ in range(60_000)])
    shares = 1 / (rng.permutation(len(words)) + 2.7)
    n_own = int(n_rows * 0.8)
    places = rng.choice(len(words), (n_own, 50), p=shares / shares.sum())
    source = rng.integers(0, n_own, n_rows - n_own)
    copies = places[source]
    for edit in range(4):
        edited = np.flatnonzero(rng.random(len(copies)) < 0.8 / (edit + 1))
        copies[edited, rng.integers(0, 50, len(edited))] = rng.integers(0, len(words), len(edited))
    texts = [" ".join(row) + "." for block in (places, copies) for row in words[block]]
    frame = pl.DataFrame({"text": texts, "cluster": np.concatenate([np.arange(n_own), source])}).sample(fraction=1, shuffle=True, seed=7)
    frame = frame.with_row_index("id").cast({"id": pl.Int64})
    frame.select("id", "text").write_parquet(out)
    frame.select("id", "cluster").write_parquet(out.with_suffix(".truth.parquet"))


def true_pairs(data: Path) -> pl.DataFrame:
    """Planted pairs that reach the threshold, by the definition."""
    planted = pl.read_parquet(data).join(pl.read_parquet(data.with_suffix(".truth.parquet")).select("id", "cluster"), on="id")
    folded = pl.col("text").str.to_lowercase().str.replace_all(PUNCTUATION, " ").str.strip_chars(" ").str.split(" ")
    found = []
    for ids, texts in (
        planted.filter(pl.len().over("cluster") > 1)
        .with_columns(folded)
        .group_by("cluster")
        .agg("id", "text")
        .select("id", "text")
        .iter_rows()
    ):
        sets = [{tuple(words[i : i + WORDS]) for i in range(max(1, len(words) - WORDS + 1))} for words in texts]
        found += [
            (ids[i], ids[j]) for i, j in combinations(range(len(ids)), 2) if len(sets[i] & sets[j]) >= THRESHOLD * len(sets[i] | sets[j])
        ]
    return pl.DataFrame(found, schema={"left": pl.Int64, "right": pl.Int64}, orient="row")


def judge(data: Path, out: Path, truth: pl.DataFrame) -> tuple[float, int]:
    """Recall and wrong links of the clusters that a tool's pairs make."""
    pairs = pl.read_parquet(out)
    planted = pl.read_parquet(data.with_suffix(".truth.parquet")).sort("id")
    n = planted.height
    graph = coo_array((np.ones(pairs.height, bool), (pairs["left"].to_numpy(), pairs["right"].to_numpy())), shape=(n, n))
    labels = connected_components(graph, directed=False)[1]
    recall = float((labels[truth["left"].to_numpy()] == labels[truth["right"].to_numpy()]).mean())
    touched = planted.with_columns(label=labels).select("cluster", "label").n_unique()
    return recall, touched - len(np.unique(labels))


def measure(tool: str, data: Path, out: Path) -> dict[str, float]:
    """Run one tool in a process of its own."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, __file__, "--tool", tool, "--data", str(data), "--out", str(out)])
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{tool} failed on {data}")
    return {"cpu": used.ru_utime + used.ru_stime, "wall": time.perf_counter() - started, "memory": used.ru_maxrss / 1e6}


def main() -> None:
    """Measure, or be the measured process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="*", default=[100_000])
    parser.add_argument("--data", type=Path, nargs="*", default=[])
    parser.add_argument("--tools", nargs="*", choices=TOOLS, default=list(TOOLS))
    parser.add_argument("--tool", choices=TOOLS, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.tool:
        left, right = TOOLS[given.tool](given.data[0])
        pl.DataFrame({"left": left, "right": right}, schema={"left": pl.Int64, "right": pl.Int64}).write_parquet(given.out)
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(given.data or [made(Path(folder), n) for n in given.rows], given.tools, Path(folder) / "pairs.parquet")


def made(folder: Path, n_rows: int) -> Path:
    """A generated file."""
    generate(n_rows, folder / f"{n_rows}.parquet")
    return folder / f"{n_rows}.parquet"


def compare(files: list[Path], tools: list[str], out: Path) -> None:
    """Print a line per file and tool, and the exponent of our growth."""
    print(f"{'rows':>9} {'tool':6} {'CPU s':>7} {'wall s':>7} {'peak GB':>8} {'recall':>7} {'wrong':>6}")
    spent: list[tuple[int, float]] = []
    for data in files:
        n_rows, truth = pl.scan_parquet(data).select(pl.len()).collect().item(), true_pairs(data)
        for tool in tools:
            if tool != "ours" and importlib.util.find_spec(tool) is None:
                print(f"{n_rows:>9,} {tool:6} not installed")
                continue
            used = measure(tool, data, out)
            recall, wrong = judge(data, out, truth)
            print(
                f"{n_rows:>9,} {tool:6} {used['cpu']:>7.1f} {used['wall']:>7.1f} {used['memory']:>8.2f} {recall:>7.4f} {wrong:>6}",
                flush=True,
            )
            spent += [(n_rows, used["cpu"])] if tool == "ours" else []
    for (few, before), (many, after) in pairwise(spent):
        print(f"growth of ours from {few:,} to {many:,} rows: exponent {np.log(after / before) / np.log(many / few):.2f}")


if __name__ == "__main__":
    main()
