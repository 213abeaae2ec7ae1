"""Which texts stand for which: equal ones by their key, passages that are alike by links to the one that is kept.

Texts are nodes here, numbered in the order in which they may stand for others (`numbered`): of two, the
smaller node is the one that is kept. Moves: node, into, kind (exact, near or semantic), jaccard and cosine, a row per
text that does not stand for itself. Links: later and earlier (nodes, later > earlier), kind, jaccard, cosine,
and the guard that speaks against taking one for the other.
"""

from collections.abc import Callable, Collection

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataprep.duplicates.guards import GUARDS, Guard, guards
from dataprep.duplicates.near import near_positions
from dataprep.duplicates.row_texts import RowTexts
from dataprep.schemas import LINKS
from dataprep.text import numbered_id

REVIEW_JACCARD = 0.7  # links from here on are kept although they merge nothing: opposite labels are looked for along them

Nodes = NDArray[np.uint32]
Alike = Callable[[pl.DataFrame], pl.DataFrame]  # texts (id, text) -> left, right (left > right as text), cosine
_MOVE = ("node", "into", "kind", "jaccard", "cosine")
_MAX_COMPARED = 20_000  # pairs of texts in memory at once, as words and as objects
_MAX_BYTES = 1 << 25  # of such pairs: long texts come fewer at a time, for a text's words take some 17 times its bytes


def close(*, min_jaccard: float, min_cosine: float) -> pl.Expr:
    """Whether a link is so close that one of its texts gives the other away: equal, or at a threshold at least. Guards do not count."""
    return (pl.col("kind") == "exact") | (pl.col("jaccard") >= min_jaccard).fill_null(value=False) | (pl.col("cosine") >= min_cosine)


def exact_moves(texts: pl.DataFrame, *, unite: bool) -> pl.DataFrame:
    """Move every text to the first of those of equal key; none if `unite` is false.

    Args:
        texts: node and key, in the order of the nodes.
        unite: Whether equal texts are one.
    """
    repeated = texts.filter(pl.lit(unite) & pl.col("key").is_duplicated())
    moved = repeated.select("node", into=pl.col("node").min().over("key")).filter(pl.col("node") != pl.col("into"))
    return moved.select("node", "into", kind=pl.lit("exact"), jaccard=pl.lit(1.0), cosine=pl.lit(None, pl.Float64))


def ends(nodes: pl.Series, moves: pl.DataFrame) -> pl.Series:
    """For each of some nodes the one that stands for it: its own where it was not moved."""
    asked, moved = nodes.to_numpy(), moves["node"].to_numpy()
    into: Nodes = np.arange(max(asked.max(initial=0), moved.max(initial=0)) + 1, dtype=np.uint32)
    into[moved] = moves["into"].to_numpy()
    return pl.Series(nodes.name, into[asked])


def heads_and_members(texts: pl.DataFrame, moves: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One text for all that are equal under `text.fold`, of those that stand for themselves.

    Args:
        texts: The passages of `numbered`.
        moves: Exact moves.

    Returns:
        The heads (node and row, in the order of rows), and the members of those that have others beside them: head, member (nodes).
    """
    standing = ends(texts["node"], moves) == texts["node"]
    shared = texts.filter(standing & texts["folded"].is_not_null()).filter(pl.col("folded").is_duplicated())
    members = shared.select(member="node", head=pl.col("node").first().over("folded"))
    apart = members.filter(pl.col("member") != pl.col("head"))["member"]
    heads = texts.select("node", "row").filter(standing & ~pl.col("node").is_in(apart.implode()))
    return heads.sort("row"), members


def passage_links(  # noqa: PLR0913 - the tables, and one keyword per setting of the recipe
    heads: pl.DataFrame,
    members: pl.DataFrame,
    texts: pl.DataFrame,
    moves: pl.DataFrame,
    found_in: RowTexts,
    *,
    shingle_words: int,
    min_jaccard: float,
    kinds: Collection[Guard],
    alike: Alike | None = None,
) -> pl.DataFrame:
    """Link the passages that stand for themselves wherever they are equal under `text.fold`, nearly so, or alike to a model.

    Args:
        heads: As `heads_and_members` gives them.
        members: The same.
        texts: node, id and row of every passage.
        moves: Exact moves.
        found_in: The rows that the texts are read from.
        shingle_words: n of the word n-grams.
        min_jaccard: Smallest similarity of a link.
        kinds: Guards that may speak.
        alike: Finds the pairs that a model takes for alike; None links by words alone.

    Returns:
        Links. The guard speaks if it does for any text that `later` stands for: each is compared with
        `earlier` itself.
    """
    near = _near(heads, found_in, shingle_words=shingle_words, min_jaccard=min_jaccard)
    if alike is not None:
        named = heads.join(texts.select("node", "id"), on="node", maintain_order="left")
        near = _with_cosines(near, _alike(named, found_in, alike))
    spread = near.join(members, left_on="one", right_on="head", how="left").join(
        members, left_on="two", right_on="head", how="left", suffix="_two"
    )
    pairs = spread.select("kind", "jaccard", "cosine", one=pl.coalesce("member", "one"), two=pl.coalesce("member_two", "two"))
    equal = members.join(members, on="head").filter(pl.col("member") > pl.col("member_right"))
    links = pl.concat(
        [
            equal.select(
                later="member", earlier="member_right", kind=pl.lit("exact"), jaccard=pl.lit(1.0), cosine=pl.lit(None, pl.Float64)
            ),
            pairs.select(
                pl.max_horizontal("one", "two").alias("later"),
                pl.min_horizontal("one", "two").alias("earlier"),
                "kind",
                "jaccard",
                "cosine",
            ),
        ]
    )
    return _guarded(links.sort("later", "earlier"), texts, moves, found_in, kinds=kinds)


def _near(heads: pl.DataFrame, found_in: RowTexts, *, shingle_words: int, min_jaccard: float) -> pl.DataFrame:
    """Near pairs of heads: one, two (nodes), kind, jaccard, cosine."""
    runs = found_in.runs(heads["row"], "passage")
    found = near_positions(runs, n_bytes=found_in.n_bytes("passage"), shingle_words=shingle_words, min_jaccard=min_jaccard)
    one, two = (heads["node"].gather(side) for side in (found.left, found.right))
    pairs = pl.DataFrame({"one": one, "two": two, "jaccard": found.jaccard})
    return pairs.select("one", "two", "jaccard", kind=pl.lit("near"), cosine=pl.lit(None, pl.Float64))


def _alike(heads: pl.DataFrame, found_in: RowTexts, alike: Alike) -> pl.DataFrame:
    """Pairs of heads that a model finds alike: one, two (nodes), cosine."""
    named = heads.select("node", "row", id=numbered_id("p", pl.col("id")))
    found = alike(named.join(found_in.at(heads["row"], "passage"), on="row").select("id", text="passage"))
    node = {end: named.select(pl.col("id").alias(end), pl.col("node").alias(name)) for end, name in (("left", "one"), ("right", "two"))}
    return found.join(node["left"], on="left").join(node["right"], on="right").select("one", "two", "cosine")


def _with_cosines(near: pl.DataFrame, alike: pl.DataFrame) -> pl.DataFrame:
    """Near pairs with their cosine where it is known, and pairs that only the model finds alike."""
    both = [pl.max_horizontal("one", "two").alias("one"), pl.min_horizontal("one", "two").alias("two")]
    words, model = near.select(*both, "jaccard"), alike.select(*both, "cosine")
    joined = words.join(model, on=["one", "two"], how="full", coalesce=True)
    return joined.with_columns(kind=pl.when(pl.col("jaccard").is_null()).then(pl.lit("semantic")).otherwise(pl.lit("near")))


def _guarded(
    links: pl.DataFrame, texts: pl.DataFrame, moves: pl.DataFrame, found_in: RowTexts, *, kinds: Collection[Guard]
) -> pl.DataFrame:
    """Add the first guard that speaks between `earlier` and any text that `later` stands for."""
    own = links.select("later", "earlier", member="later")
    others = links.join(moves.select(member="node", later="into"), on="later").select("later", "earlier", "member")
    compared = pl.concat([own, others])
    nodes = pl.concat([compared["member"], compared["earlier"]]).unique()
    row_of = texts.select("node", "row").filter(pl.col("node").is_in(nodes.implode()))
    text_of = row_of.join(found_in.at(row_of["row"], "passage"), on="row").select("node", text="passage")
    spoken, n_bytes = [], pl.sum_horizontal(pl.col("one", "two").str.len_bytes().cast(pl.UInt64))
    for some in compared.iter_slices(_MAX_COMPARED):
        one, two = (some.join(text_of, left_on=end, right_on="node", maintain_order="left")["text"] for end in ("member", "earlier"))
        sides = some.with_columns(one=one, two=two).with_columns(run=n_bytes.cum_sum() // _MAX_BYTES)
        spoken += [
            few.select("later", "earlier", guard=guards(few["one"], few["two"], kinds=kinds).cast(pl.Enum(GUARDS)))
            for few in sides.partition_by("run")
        ]
    first = (
        pl.concat(spoken).group_by("later", "earlier").agg(pl.col("guard").min())
        if spoken
        else own.select("later", "earlier", guard=pl.lit(None))
    )
    return links.join(first.with_columns(pl.col("guard").cast(pl.String)), on=["later", "earlier"], maintain_order="left")


def near_moves(moves: pl.DataFrame, links: pl.DataFrame, *, min_jaccard: float, min_cosine: float | None = None) -> pl.DataFrame:
    """Merge texts that are alike, each directly into a text that is kept.

    In the order of their nodes, a text is kept unless it has an unguarded link that reaches a threshold to a
    text kept before. Then it goes to the most similar by words of those that reach `min_jaccard`, else to the
    most similar by cosine; the smallest node among equals.

    Args:
        moves: Exact moves.
        links: As `passage_links` gives them.
        min_jaccard: Smallest similarity by words.
        min_cosine: Smallest cosine; None merges by words alone.

    Returns:
        The moves, in which texts that stood for a merged one now go where it went.
    """
    by_words = pl.col("jaccard").fill_null(0) >= min_jaccard
    by_model = pl.lit(value=False) if min_cosine is None else (pl.col("cosine").fill_null(0) >= min_cosine)
    kind = pl.when(by_words).then(pl.lit("near")).otherwise(pl.lit("semantic")).alias("kind")
    similarity = pl.when(by_words).then("jaccard").otherwise("cosine")
    open_links = links.filter(by_words | by_model, pl.col("guard").is_null()).with_columns(kind)
    best_first = open_links.sort("later", "kind", similarity, "earlier", descending=[False, False, True, False])
    goes: dict[int, int] = {}  # node -> position in best_first
    for position, (later, earlier) in enumerate(best_first.select("later", "earlier").iter_rows()):
        if later not in goes and earlier not in goes:
            goes[later] = position
    merged = best_first[list(goes.values())].select("kind", "jaccard", "cosine", node="later", into="earlier")
    followed = moves.select("node", away="into").join(merged.rename({"node": "away"}), on="away")
    stay = moves.join(merged, left_on="into", right_on="node", how="anti")
    return pl.concat([part.select(_MOVE) for part in (stay, followed, merged)]).sort("node")


def all_links(links: pl.DataFrame, moves: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    """The links as published: merges first named by the text that left, all others by the larger id.

    Args:
        links: As `passage_links` gives them.
        moves: All moves.
        ids: The number that the id of each node is made of.

    Returns:
        LINKS, sorted.
    """
    merged = moves.select(
        "kind", "jaccard", "cosine", one="node", other="into", guard=pl.lit(None, pl.String), is_merged=pl.lit(value=True)
    )
    apart = links.join(moves, left_on=["later", "earlier"], right_on=["node", "into"], how="anti")
    columns = [*merged.columns]
    pairs = pl.concat(
        [merged, apart.rename({"later": "one", "earlier": "other"}).with_columns(is_merged=pl.lit(value=False)).select(columns)]
    )
    numbers = pairs.with_columns(one=ids.gather(pairs["one"]), other=ids.gather(pairs["other"]))
    first, second = (
        pl.when("is_merged").then(own).otherwise(bound("one", "other"))
        for own, bound in (("one", pl.max_horizontal), ("other", pl.min_horizontal))
    )
    named = numbers.with_columns(passage_id=numbered_id("p", first), other_id=numbered_id("p", second))
    return named.select(LINKS.names()).sort("passage_id", "other_id")
