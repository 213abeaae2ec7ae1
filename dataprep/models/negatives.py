"""Training pairs and triplets: judged negatives first, then passages that BM25 and the base model rank high.

A mined negative is a passage that looks right and is not; the risk is one that is right and was never
judged. So a candidate falls out by a named rule as soon as anything speaks for it, and the report says how
many fell to which rule. A score is compared as a share of the positive's score by the same retriever, and
each retriever has a share of its own, for scores of BM25 spread wider than cosines (docs/decisions/0012).

The work goes by ranges of ids, so that neither memory nor the cost of a pair grows with their number:
first the judged negatives by ranges of questions, then mining by ranges of passages, for the pairs whose
positive is among them (docs/decisions/0013).
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from dataprep import io, parts
from dataprep.duplicates.clusters import clusters
from dataprep.duplicates.same_texts import close
from dataprep.models.bm25 import K1, B
from dataprep.models.encoder import Encoder, Once
from dataprep.models.judged_negatives import Tables, judge
from dataprep.models.mined_negatives import Mining, mine_range
from dataprep.models.negative_report import Tried
from dataprep.models.negative_rules import HELD_OUT
from dataprep.parts import Each, IdRange, in_turn, ranges_of
from dataprep.schemas import TRIPLETS

_PART_JUDGEMENTS = 500_000  # looked at together


def mine(  # noqa: PLR0913 - the tables of one stage, and one keyword per setting of the recipe
    split_queries: pl.LazyFrame,
    judgements: pl.LazyFrame,
    corpus: pl.LazyFrame,
    links: pl.LazyFrame,
    stage: Path,
    *,
    scratch: Path,
    per_positive: int,
    judged: bool,
    bm25: bool,
    max_rank: int,
    skip_ranks: int,
    max_passages: int,
    min_passage_jaccard: float,
    min_passage_cosine: float,
    base: bool = False,
    max_bm25_score_fraction: float = 0.8,
    max_base_score_fraction: float = 0.95,
    encoder: Callable[[], Encoder] | None = None,
    bm25_k1: float = K1,
    bm25_b: float = B,
    each: Each = in_turn,
) -> dict[str, Any]:
    """Write the training rows of train and validation: PAIRS and TRIPLETS, in parts, sorted.

    Args:
        split_queries: SPLIT_QUERIES.
        judgements: JUDGEMENTS; relevance 0 is a judged negative.
        corpus: CORPUS; every passage of it may become a negative.
        links: LINKS; passages that resemble each other, those of equal folded text among them.
        stage: Where to.
        scratch: Folder for what waits.
        per_positive: Most negatives of one question and positive.
        judged: Whether judged negatives are used; they come first.
        bm25: Whether passages that BM25 ranks high fill up where judged ones do not suffice.
        base: Whether passages that the base model ranks high fill up.
        max_rank: How deep a ranking is looked at.
        skip_ranks: The first ranks are left out.
        max_passages: Passages among which a pair's negatives are looked for, about; all of them where there are no more.
        max_bm25_score_fraction: A mined negative scores at most this share of the positive's score, by BM25.
        max_base_score_fraction: The same by the base model.
        min_passage_jaccard: Links at or above it exclude; exact ones always do.
        min_passage_cosine: The same of links that carry a cosine.
        encoder: Gives the base model; asked only if it is needed.
        bm25_k1: BM25's saturation of term frequency.
        bm25_b: BM25's length normalisation.
        each: Carries out the calls, a range each.

    Returns:
        The report of `negative_report`.
    """
    is_close = close(min_jaccard=min_passage_jaccard, min_cosine=min_passage_cosine)
    tables = Tables(split_queries, judgements, corpus, *_looked_up(split_queries, judgements, links.filter(is_close), scratch))
    fractions = {"bm25": max_bm25_score_fraction, "base": max_base_score_fraction}
    ranges = ranges_of("q", judgements, _PART_JUDGEMENTS)
    known: dict[str, Any] = {"tables": tables, "stage": stage, "scratch": scratch, "per_positive": per_positive, "judged": judged}
    tried = each([partial(judge, number, ids, **known) for number, ids in enumerate(ranges)])
    wants_base = base and encoder is not None
    if per_positive and (bm25 or wants_base):
        mining = Mining(bm25, Once(encoder) if wants_base and encoder else None, max_rank, skip_ranks, fractions, bm25_k1, bm25_b)
        blocks = ranges_of("p", corpus, max_passages)
        tried += each([partial(mine_range, n, ids, tables=tables, scratch=scratch, how=mining) for n, ids in enumerate(blocks)])
    each([partial(_unite, number, ids, stage=stage, scratch=scratch) for number, ids in enumerate(ranges)])
    pairs, triplets = (pl.scan_parquet(stage / f"{name}.parquet") for name in ("pairs", "triplets"))
    return Tried.united(tried).report(pairs, triplets, split_queries, corpus, per_positive=per_positive, fractions=fractions)


def _looked_up(queries: pl.LazyFrame, judgements: pl.LazyFrame, alike: pl.LazyFrame, scratch: Path) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """What the rules look up of passages, in files: clusters and held_out, as `Tables` has them."""
    owners = queries.filter(pl.col("split") != "train").select("query_id", owner="split")
    answers = judgements.filter(pl.col("relevance") >= 1).join(owners, on="query_id").select("owner", negative_id="passage_id")
    found = answers.unique().collect(engine="streaming")
    held_out = [found.filter(pl.col("owner").is_in(later)).select("negative_id", split=pl.lit(split)) for split, later in HELD_OUT.items()]
    waiting = {
        "clusters": clusters(alike.select("passage_id", "other_id").collect(engine="streaming")),
        "held_out": pl.concat(held_out).unique().sort("negative_id", "split"),
    }
    paths = {name: scratch / f"{name}.parquet" for name in waiting}
    io.write_tables({paths[name]: (table, None) for name, table in waiting.items()}, compression="lz4")
    return pl.scan_parquet(paths["clusters"]), pl.scan_parquet(paths["held_out"])


def _unite(number: int, ids: IdRange, *, stage: Path, scratch: Path) -> None:
    """Write one part of the triplets: the judged ones of some questions, and what was mined for them."""
    mined = [pl.scan_parquet(path).filter(ids.holds("query_id")) for path in sorted(scratch.glob("mined-*.parquet"))]
    found = pl.concat([pl.scan_parquet(scratch / f"judged-{number:05d}.parquet"), *mined])
    ordered = found.collect().sort(TRIPLETS.names(), nulls_last=True)
    parts.write_part({stage / "triplets.parquet": (ordered, TRIPLETS)}, number)
