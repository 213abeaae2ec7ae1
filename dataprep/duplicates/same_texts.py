"""Which texts stand for which: equal ones by their key, passages that are alike by links to the one that is kept.

Three frames go round here. Texts: id, text and is_positive (judged relevant somewhere), one row per
distinct text. A mapping: id, into_id, kind (by which it was mapped: exact, near or semantic), jaccard and
cosine, one row per text, which stands for itself where id = into_id. Links: as in schemas.LINKS.
"""

from collections.abc import Callable, Collection

import polars as pl

from dataprep.duplicates.guards import GUARDS, Guard, guards, strict_fold
from dataprep.duplicates.near import near_pairs
from dataprep.schemas import LINKS
from dataprep.text import fold

REVIEW_JACCARD = 0.7  # links from here on are kept although they merge nothing: opposite labels are looked for along them

_LINK = ("passage_id", "other_id", "kind", "jaccard", "cosine")
Alike = Callable[[pl.DataFrame], pl.DataFrame]  # texts (id, text) -> left, right (left > right as text), cosine


def close(*, min_jaccard: float, min_cosine: float) -> pl.Expr:
    """Whether a link is so close that one of its texts gives the other away: equal, or at a threshold at least. Guards do not count."""
    return (pl.col("kind") == "exact") | (pl.col("jaccard") >= min_jaccard).fill_null(value=False) | (pl.col("cosine") >= min_cosine)


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
    return texts.select("id", into_id=into, kind=pl.lit("exact"), jaccard=pl.lit(1.0), cosine=pl.lit(None, pl.Float64))


def passage_links(
    texts: pl.DataFrame,
    mapping: pl.DataFrame,
    *,
    shingle_words: int,
    min_jaccard: float,
    kinds: Collection[Guard],
    alike: Alike | None = None,
) -> pl.DataFrame:
    """Link the texts that stand for themselves wherever they are equal under `text.fold`, nearly so, or alike to a model.

    Args:
        texts: As `ranked` gives them.
        mapping: Exact mapping.
        shingle_words: n of the word n-grams.
        min_jaccard: Smallest similarity of a link.
        kinds: Guards that may speak.
        alike: Finds the pairs that a model takes for alike; None links by words alone.

    Returns:
        passage_id (the later in rank), other_id, kind, jaccard, cosine and guard. The guard speaks if it does
        for any text that passage_id stands for: each is compared with other_id itself.
    """
    kept = texts.filter(pl.col("id").is_in(mapping["into_id"].implode()))
    heads = kept.group_by("folded").agg(head=pl.col("id").min())
    found = near_pairs(heads.select(id="head", text="folded"), shingle_words=shingle_words, min_jaccard=min_jaccard).collect()
    found = _with_cosines(found, alike(heads.select(id="head").join(texts, on="id").select("id", "text")) if alike else None)
    nodes = kept.select("id", "rank", "folded").join(heads, on="folded")
    equal = nodes.join(nodes, on="head").filter(pl.col("rank") > pl.col("rank_right"), pl.col("folded") != "")
    near = found.join(nodes, left_on="left", right_on="head").join(nodes, left_on="right", right_on="head")
    is_later = pl.col("rank") > pl.col("rank_right")
    later, earlier = (pl.when(is_later).then(one).otherwise(other) for one, other in (("id", "id_right"), ("id_right", "id")))
    links = pl.concat(
        [
            equal.select(passage_id="id", other_id="id_right", kind=pl.lit("exact"), jaccard=pl.lit(1.0), cosine=pl.lit(None, pl.Float64)),
            near.select("kind", "jaccard", "cosine", passage_id=later, other_id=earlier).select(*_LINK),
        ]
    )
    return _guarded(links, texts, mapping, kinds=kinds)


def _with_cosines(near: pl.DataFrame, alike: pl.DataFrame | None) -> pl.DataFrame:
    """Near pairs with their cosine where it is known, and pairs that only the model finds alike: left, right, kind, jaccard, cosine."""
    cosines = pl.DataFrame(schema={"left": pl.String, "right": pl.String, "cosine": pl.Float64}) if alike is None else alike
    joined = near.join(cosines, on=["left", "right"], how="full", coalesce=True)
    kind = pl.when(pl.col("jaccard").is_null()).then(pl.lit("semantic")).otherwise(pl.lit("near"))
    return joined.with_columns(kind=kind).sort("left", "right")


def _guarded(links: pl.DataFrame, texts: pl.DataFrame, mapping: pl.DataFrame, *, kinds: Collection[Guard]) -> pl.DataFrame:
    """Add the first guard that speaks between other_id and any text that passage_id stands for."""
    members = mapping.select(member="id", passage_id="into_id").join(texts.select(member="id", left="text"), on="member")
    compared = links.join(members, on="passage_id").join(texts.select(other_id="id", right="text"), on="other_id")
    spoken = compared.select("passage_id", "other_id", guard=guards(compared["left"], compared["right"], kinds=kinds))
    first = spoken.group_by("passage_id", "other_id").agg(pl.col("guard").cast(pl.Enum(GUARDS)).min().cast(pl.String))
    return links.join(first, on=["passage_id", "other_id"])


def near_mapping(
    texts: pl.DataFrame, mapping: pl.DataFrame, links: pl.DataFrame, *, min_jaccard: float, min_cosine: float | None = None
) -> pl.DataFrame:
    """Merge texts that are alike, each directly into a text that is kept.

    In the order of rank, a text is kept unless it has an unguarded link that reaches a threshold to a text
    kept before. Then it goes to the most similar by words of those that reach `min_jaccard`, else to the
    most similar by cosine; the first in rank among equals.

    Args:
        texts: As `ranked` gives them.
        mapping: Exact mapping.
        links: As `passage_links` gives them.
        min_jaccard: Smallest similarity by words.
        min_cosine: Smallest cosine; None merges by words alone.

    Returns:
        The mapping, in which texts that stood for a merged one now go where it went.
    """
    by_words = pl.col("jaccard").fill_null(0) >= min_jaccard
    by_model = pl.lit(value=False) if min_cosine is None else (pl.col("cosine").fill_null(0) >= min_cosine)
    ranks = [
        texts.select(pl.col("id").alias(end), pl.col("rank").alias(name)) for end, name in (("passage_id", "rank"), ("other_id", "to"))
    ]
    open_links = links.filter(by_words | by_model, pl.col("guard").is_null()).join(ranks[0], on="passage_id").join(ranks[1], on="other_id")
    kind = pl.when(by_words).then(pl.lit("near")).otherwise(pl.lit("semantic")).alias("kind")
    similarity = pl.when(by_words).then("jaccard").otherwise("cosine")
    best_first = open_links.with_columns(kind).sort("rank", "kind", similarity, "to", descending=[False, False, True, False])
    goes: dict[int, int] = {}  # rank -> position in best_first
    for position, (rank, to) in enumerate(best_first.select("rank", "to").iter_rows()):
        if rank not in goes and to not in goes:
            goes[rank] = position
    merged = best_first[list(goes.values())].select("jaccard", "cosine", "kind", into_id="passage_id", target="other_id")
    followed = mapping.join(merged, on="into_id", how="left", suffix="_new")
    is_merged = pl.col("target").is_not_null()
    measures = [pl.when(is_merged).then(f"{name}_new").otherwise(name).alias(name) for name in ("kind", "jaccard", "cosine")]
    return followed.select("id", pl.coalesce("target", "into_id").alias("into_id"), *measures)


def all_links(links: pl.DataFrame, mapping: pl.DataFrame) -> pl.DataFrame:
    """The links as published: merges first named by the text that left, all others by the larger id.

    Returns:
        LINKS, sorted.
    """
    merged = mapping.filter(pl.col("id") != pl.col("into_id")).select(
        "kind", "jaccard", "cosine", passage_id="id", other_id="into_id", guard=pl.lit(None, pl.String), is_merged=pl.lit(value=True)
    )
    pair = ["passage_id", "other_id"]
    open_links = links.join(merged, on=pair, how="anti").with_columns(
        passage_id=pl.max_horizontal(pair), other_id=pl.min_horizontal(pair), is_merged=pl.lit(value=False)
    )
    return pl.concat([frame.select(LINKS.names()) for frame in (merged, open_links)]).sort(pair)
