"""Which texts stand for which: equal ones by their key, near-equal passages by links to the one that is kept.

Three frames go round here. Texts: id, text and is_positive (judged relevant somewhere), one row per
distinct text. A mapping: id, into_id, kind (exact or near) and jaccard, one row per text, which
stands for itself where id = into_id. Links: as in schemas.LINKS.
"""

from collections import defaultdict
from collections.abc import Collection

import polars as pl

from dataprep.duplicates.guards import GUARDS, Guard, guards, strict_fold
from dataprep.duplicates.near import near_pairs
from dataprep.schemas import LINKS
from dataprep.text import fold

REVIEW_JACCARD = 0.7  # links from here on are kept although they merge nothing: opposite labels are looked for along them


def ranked(texts: pl.DataFrame, *, kinds: Collection[Guard]) -> pl.DataFrame:
    """Add the keys of sameness, and the rank by which a text is chosen to stand for others.

    Args:
        texts: Columns id, text, is_positive.
        kinds: With "symbol" among them, texts that differ in a symbol have different keys.

    Returns:
        The texts with folded, key and rank (from 0: judged positive, then longer, then smaller id), sorted
        by rank. A text without letters and digits is its own key.
    """
    key = strict_fold(pl.col("text")) if "symbol" in kinds else pl.col("folded")
    order = ["is_positive", pl.col("text").str.len_chars(), "id"]
    keyed = texts.with_columns(folded=fold(pl.col("text"))).with_columns(key=pl.when(pl.col("folded") == "").then("text").otherwise(key))
    return keyed.sort(order, descending=[True, True, False]).with_row_index("rank")


def exact_mapping(texts: pl.DataFrame, *, unite: bool) -> pl.DataFrame:
    """Map every text to the first in rank among those of equal key; to itself if `unite` is false."""
    into = pl.col("id").first().over("key") if unite else pl.col("id")
    return texts.select("id", into_id=into, kind=pl.lit("exact"), jaccard=pl.lit(1.0))


def passage_links(
    texts: pl.DataFrame, mapping: pl.DataFrame, *, shingle_words: int, min_jaccard: float, kinds: Collection[Guard]
) -> pl.DataFrame:
    """Link the texts that stand for themselves wherever they are equal under `text.fold` or nearly so.

    Args:
        texts: As `ranked` gives them.
        mapping: Exact mapping.
        shingle_words: n of the word n-grams.
        min_jaccard: Smallest similarity of a link.
        kinds: Guards that may speak.

    Returns:
        passage_id (the later in rank), other_id, kind, jaccard and guard. The guard speaks if it does
        for any text that passage_id stands for: each is compared with other_id itself.
    """
    kept = texts.filter(pl.col("id").is_in(mapping["into_id"].implode()))
    heads = kept.group_by("folded").agg(head=pl.col("id").min())
    found = near_pairs(heads.select(id="head", text="folded"), shingle_words=shingle_words, min_jaccard=min_jaccard).collect()
    nodes = kept.select("id", "rank", "folded").join(heads, on="folded")
    equal = nodes.join(nodes, on="head").filter(pl.col("rank") > pl.col("rank_right"), pl.col("folded") != "")
    near = found.join(nodes, left_on="left", right_on="head").join(nodes, left_on="right", right_on="head")
    is_later = pl.col("rank") > pl.col("rank_right")
    later, earlier = (pl.when(is_later).then(one).otherwise(other) for one, other in (("id", "id_right"), ("id_right", "id")))
    links = pl.concat(
        [
            equal.select(passage_id="id", other_id="id_right", kind=pl.lit("exact"), jaccard=pl.lit(1.0)),
            near.select(passage_id=later, other_id=earlier, kind=pl.lit("near"), jaccard="jaccard"),
        ]
    )
    return _guarded(links, texts, mapping, kinds=kinds)


def _guarded(links: pl.DataFrame, texts: pl.DataFrame, mapping: pl.DataFrame, *, kinds: Collection[Guard]) -> pl.DataFrame:
    """Add the first guard that speaks between other_id and any text that passage_id stands for."""
    members = mapping.select(member="id", passage_id="into_id").join(texts.select(member="id", left="text"), on="member")
    compared = links.join(members, on="passage_id").join(texts.select(other_id="id", right="text"), on="other_id")
    spoken = compared.select("passage_id", "other_id", guard=guards(compared["left"], compared["right"], kinds=kinds))
    first = spoken.group_by("passage_id", "other_id").agg(pl.col("guard").cast(pl.Enum(GUARDS)).min().cast(pl.String))
    return links.join(first, on=["passage_id", "other_id"])


def near_mapping(texts: pl.DataFrame, mapping: pl.DataFrame, links: pl.DataFrame, *, min_jaccard: float) -> pl.DataFrame:
    """Merge near-equal texts into kept ones they match directly; there are no chains.

    In the order of rank, a text is kept unless it has an unguarded link of at least `min_jaccard` to a
    text kept before; then it goes to the most similar of those, the first in rank among equals.

    Returns:
        The mapping, in which texts that stood for a merged one now go where it went.
    """
    candidates = defaultdict(list)
    open_links = links.filter(pl.col("jaccard") >= min_jaccard, pl.col("guard").is_null())
    with_ranks = open_links.join(texts.select(passage_id="id", rank="rank"), on="passage_id").join(
        texts.select(other_id="id", other_rank="rank"), on="other_id"
    )
    for rank, other_rank, jaccard in with_ranks.select("rank", "other_rank", "jaccard").iter_rows():
        candidates[rank].append((-jaccard, other_rank))
    into: dict[int, tuple[float, int]] = {}
    for rank in sorted(candidates):
        matching = [candidate for candidate in candidates[rank] if candidate[1] not in into]
        if matching:
            into[rank] = min(matching)
    ids = texts["id"]
    merged = pl.DataFrame(
        {
            "into_id": ids.gather(list(into)),
            "target": ids.gather([rank for _, rank in into.values()]),
            "near": [-j for j, _ in into.values()],
        },
        schema={"into_id": pl.String, "target": pl.String, "near": pl.Float64},
    )
    is_near = pl.col("target").is_not_null()
    kind = pl.when(is_near).then(pl.lit("near")).otherwise("kind").alias("kind")
    followed = mapping.join(merged, on="into_id", how="left")
    return followed.select("id", pl.coalesce("target", "into_id").alias("into_id"), kind, pl.coalesce("near", "jaccard").alias("jaccard"))


def all_links(links: pl.DataFrame, mapping: pl.DataFrame) -> pl.DataFrame:
    """The links as published: merges first named by the text that left, all others by the larger id.

    Returns:
        LINKS, sorted.
    """
    merged = mapping.filter(pl.col("id") != pl.col("into_id")).select(
        "kind", "jaccard", passage_id="id", other_id="into_id", guard=pl.lit(None, pl.String), is_merged=pl.lit(value=True)
    )
    pair = ["passage_id", "other_id"]
    open_links = links.join(merged, on=pair, how="anti").with_columns(
        passage_id=pl.max_horizontal(pair), other_id=pl.min_horizontal(pair), is_merged=pl.lit(value=False)
    )
    return pl.concat([frame.select(LINKS.names()) for frame in (merged, open_links)]).sort(pair)
