"""What it costs in hardness to mine a pair's negatives among a part of the corpus: KLEJ-DYK and PoQuAD, cut into ever more ranges.

For each size: how many negatives are mined without judgements, how hard they are (their BM25 score as a share of the
positive's, both over the whole corpus), their rank in the whole corpus, and how many pairs get all that they may.

Run: .venv/bin/python tests/bench/bench_mining_ranges.py [RANGES...]
"""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from dataprep import io
from dataprep.build import Build, finish, opened
from dataprep.models.bm25 import Index
from dataprep.models.negatives import mine
from dataprep.pipeline import PREPARE, STAGES
from dataprep.recipes.recipe import Recipe

DATA = Path(os.environ.get("DATAPREP_REAL_DATA", Path(__file__).parents[3] / "shared/data"))
COLUMNS = (
    "ranges",
    "passages in each",
    "negatives",
    "pairs with all of theirs",
    "share of the positive's score",
    "median rank in the whole",
)
SOURCES = (
    {
        "name": "klej-dyk",
        "kind": "tsv",
        "path": str(DATA / "klej-dyk/train.tsv"),
        "licence": "cc-by-sa-3.0",
        "columns": {"id": "q_id", "question": "question", "passage": "answer", "label": "target"},
    },
    *(
        {"name": name, "kind": "squad", "path": str(DATA / f"poquad/{name}.json"), "licence": "cc-by-4.0"}
        for name in ("initial-2022-06-01", "dev-2022-09-01")
    ),
)


def mined(build: Build, n_ranges: int, folder: Path) -> pl.DataFrame:
    """The triplets, with judged negatives left alone."""
    corpus = build.table("deduplicate", "corpus")
    scratch = folder / f"scratch-{n_ranges}"
    scratch.mkdir()
    settings = build.recipe.negatives.model_dump() | {"judged": False, "max_passages": -(-io.height(corpus) // n_ranges)}
    limits = build.recipe.deduplicate.model_dump(include={"min_passage_jaccard", "min_passage_cosine"})
    tables = build.table("split", "queries"), build.table("deduplicate", "judgements"), corpus, build.table("deduplicate", "links")
    mine(*tables, folder / str(n_ranges), scratch=scratch, **settings, **limits)
    return pl.read_parquet(folder / str(n_ranges) / "triplets.parquet")


def main(all_ranges: list[int]) -> None:
    """Prepare once, then mine with each number of ranges."""
    recipe = Recipe.model_validate({"name": "ranges", "sources": SOURCES})
    with TemporaryDirectory() as scratch, opened(Path(scratch) / "build", recipe) as build:
        for stage in PREPARE[: PREPARE.index("negatives")]:
            finish(STAGES[stage], build)
        corpus = build.table("deduplicate", "corpus").collect()
        whole = Index(corpus).search(build.table("split", "queries").select("query_id", "text").collect(), k=corpus.height)
        by_id = whole.select("query_id", "passage_id", "score", "rank")
        print(f"| {' | '.join(COLUMNS)} |\n|{'---:|' * len(COLUMNS)}")
        for n_ranges in all_ranges:
            triplets = mined(build, n_ranges, Path(scratch))
            n_pairs = io.height(pl.scan_parquet(Path(scratch) / str(n_ranges) / "pairs.parquet"))
            right = by_id.select("query_id", positive_id="passage_id", right="score")
            wrong = by_id.select("query_id", negative_id="passage_id", wrong="score", whole_rank="rank")
            found = triplets.join(right, on=["query_id", "positive_id"]).join(wrong, on=["query_id", "negative_id"])
            filled = triplets.group_by("query_id", "positive_id").len().filter(pl.col("len") == build.recipe.negatives.per_positive)
            share, rank = found.select((pl.col("wrong") / pl.col("right")).mean(), pl.col("whole_rank").median()).row(0)
            shown = f"{n_ranges} | {corpus.height // n_ranges:,} | {triplets.height:,} | {filled.height / n_pairs:.0%}"
            print(f"| {shown} | {share:.2f} | {rank:.0f} |")


if __name__ == "__main__":
    main([int(n) for n in sys.argv[1:]] or [1, 2, 5, 10, 20])
