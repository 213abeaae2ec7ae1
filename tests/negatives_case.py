"""Mining on small tables."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import polars as pl

from dataprep import schemas
from dataprep.models.negatives import mine

SETTINGS: dict[str, Any] = {
    "per_positive": 3,
    "judged": True,
    "bm25": True,
    "max_rank": 50,
    "skip_ranks": 0,
    "max_passages": 1_000,
    "max_bm25_score_fraction": 1.0,
    "max_base_score_fraction": 1.0,
    "base": False,
    "min_passage_jaccard": 0.8,
    "min_passage_cosine": 0.95,
}


class Mined(NamedTuple):
    """What the stage writes."""

    pairs: pl.DataFrame
    triplets: pl.DataFrame
    report: dict[str, Any]


def mined(queries: pl.LazyFrame, judgements: pl.LazyFrame, corpus: pl.LazyFrame, links: pl.LazyFrame, **changed: Any) -> Mined:
    """Mine, and read what was written."""
    with TemporaryDirectory() as folder:
        stage, scratch = Path(folder) / "stage", Path(folder) / "scratch"
        scratch.mkdir()
        report = mine(queries, judgements, corpus, links, stage, scratch=scratch, **{**SETTINGS, **changed})
        pairs, triplets = (pl.read_parquet(stage / f"{name}.parquet") for name in ("pairs", "triplets"))
    return Mined(pairs, triplets, report)


def run(
    queries: dict[str, tuple[str, str]],
    passages: dict[str, str],
    grades: list[tuple[str, str, int]],
    links: list[tuple[str, str, str, float]] | None = None,
    **changed: Any,
) -> Mined:
    """Mine with short ids. Queries: id -> text, split. Links: passage, other, kind, jaccard."""
    split_queries = pl.DataFrame([(i, t, i, s) for i, (t, s) in queries.items()], schema=schemas.SPLIT_QUERIES, orient="row")
    corpus = pl.DataFrame([(i, "", t) for i, t in passages.items()], schema=schemas.CORPUS, orient="row")
    judgements = pl.DataFrame([(q, p, r, True, f"{q}{p}") for q, p, r in grades], schema=schemas.JUDGEMENTS, orient="row")
    tied = pl.DataFrame([(a, b, kind, j, None, None, False) for a, b, kind, j in links or []], schema=schemas.LINKS, orient="row")
    return mined(split_queries.lazy(), judgements.lazy(), corpus.lazy(), tied.lazy(), **changed)
