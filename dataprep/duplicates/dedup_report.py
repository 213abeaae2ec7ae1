"""What another threshold would merge, told from the links of a build: nothing is searched again.

The links of a build hold every pair of passages from a certain similarity on, merged or not, with the
guard that speaks against it. So the same choice of representatives can be made again at any threshold
above that, and compared with what the build did.
"""

import math
from typing import Any, NamedTuple

import polars as pl

from dataprep.build import Build
from dataprep.duplicates import numbered, same_texts
from dataprep.duplicates.guards import strict_fold
from dataprep.duplicates.same_texts import REVIEW_JACCARD, close
from dataprep.errors import CallError
from dataprep.recipes.curation import Deduplicate
from dataprep.reports.marking import Run, compare, excerpt
from dataprep.text import fold, number, numbered_id

_SHOWN = 50
_PAIR = ["passage_id", "into_id", "jaccard", "cosine"]
_BY_SIMILARITY = [pl.coalesce("jaccard", "cosine"), "passage_id", "into_id"]


class _Merges(NamedTuple):
    """Mappings of passages at the build's own thresholds and at the others: _PAIR; representatives left out."""

    now: pl.DataFrame
    then: pl.DataFrame


def dedup_report(build: Build, *, threshold: float, cosine: float | None = None) -> dict[str, Any]:
    """Compare what a build merged with what it would merge at another threshold.

    Args:
        build: A build whose deduplicate stage is finished.
        threshold: Smallest word n-gram Jaccard at which passages would be merged.
        cosine: Smallest cosine at which passages would be merged; None takes the recipe's where it merges by
            cosine, else there is none.

    Returns:
        Plain values. `threshold`, that of the `recipe`, and `measured_from`; `cosine` with the same of cosines,
        null where there are none; `counts` of all that follows; and at most 50 of each, the least similar first:
        `newly_merged`, also those that were merged into another, and `no_longer_merged`: passage_id,
        into_id, jaccard, cosine, both texts, and `marked`, the runs in which they differ;
        `kept_apart`: the same, with the `guard` that speaks; its count is told by guard;
        `new_conflicts` and `settled_conflicts`: a question, and the passage that it would then, or no
        longer, carry both labels for.

    Raises:
        CallError: The stage is not finished, or the links do not reach down to the threshold.
    """
    if not build.is_finished("deduplicate"):
        raise CallError(f"{build.folder} has no links yet; `dataprep run … --until deduplicate` finds them")
    settings = build.recipe.deduplicate
    measured_from = min(REVIEW_JACCARD, settings.min_passage_jaccard)
    _check_reach(build, "threshold", threshold, "min_passage_jaccard", measured_from)
    cosines = _cosines(build, cosine)
    links = build.table("deduplicate", "links").collect()
    texts = _texts(build, links)
    merges = _merges(links, texts, settings, threshold, cosines["threshold"] if cosines else None)
    newly = merges.then.join(merges.now, on=["passage_id", "into_id"], how="anti")
    no_longer = merges.now.join(merges.then, on="passage_id", how="anti")
    is_close = close(min_jaccard=threshold, min_cosine=cosines["threshold"] if cosines else math.inf)
    apart = links.filter(~pl.col("is_merged"), is_close, pl.col("guard").is_not_null())
    apart = apart.select("passage_id", "guard", "jaccard", "cosine", into_id="other_id")
    conflicts = [_conflicts(build, texts, mapping, settings) for mapping in merges]
    pair = ["question", "passage_id"]
    found = {"newly_merged": newly, "no_longer_merged": no_longer, "kept_apart": apart}
    changed = {
        "new_conflicts": conflicts[1].join(conflicts[0], on=pair, how="anti"),
        "settled_conflicts": conflicts[0].join(conflicts[1], on=pair, how="anti"),
    }
    by_guard = dict(apart.group_by("guard").len().sort("guard").iter_rows())
    counts = {name: rows.height for name, rows in (found | changed).items()} | {"kept_apart": by_guard}
    return {
        "threshold": threshold,
        "recipe": settings.min_passage_jaccard,
        "measured_from": measured_from,
        "cosine": cosines,
        "counts": {"merged_now": merges.now.height, "merged_then": merges.then.height, **counts},
        **{name: _shown(rows, texts) for name, rows in found.items()},
        **{name: rows.sort(pair).head(_SHOWN).to_dicts() for name, rows in changed.items()},
    }


def _check_reach(build: Build, name: str, value: float, key: str, measured_from: float) -> None:
    """Refuse a threshold that the links do not reach down to."""
    if measured_from <= value <= 1:
        return
    again = f"set deduplicate.{key} = {value:g} and run the build again"
    hint = again if 0 < value < measured_from else "name one there"
    raise CallError(f"{name} {value:g}: links of {build.folder} are measured from {measured_from:g} to 1; {hint}")


def _cosines(build: Build, cosine: float | None) -> dict[str, float] | None:
    """The threshold of cosines, that of the recipe, and from where they are measured; None where no cosine was."""
    settings = build.recipe.deduplicate
    if settings.passages != "semantic":
        if cosine is not None:
            raise CallError(f'cosine {cosine:g}: {build.folder} has none; set deduplicate.passages = "semantic" and run the build again')
        return None
    least = settings.min_passage_cosine
    threshold = least if cosine is None else cosine
    _check_reach(build, "cosine", threshold, "min_passage_cosine", least)
    return {"threshold": threshold, "recipe": least, "measured_from": least}


def _texts(build: Build, links: pl.DataFrame) -> pl.DataFrame:
    """The linked passages as `numbered` ranks them: passage_id, text, node and key."""
    linked = pl.concat([links["passage_id"], links["other_id"]]).unique().implode()
    # From the rows, for a passage whose pairs were all dropped stands in no table of the stage.
    rows = build.table("filter", "rows").select("label", text="passage", id=number(pl.col("passage")))
    named = rows.with_columns(passage_id=numbered_id("p", pl.col("id"))).filter(pl.col("passage_id").is_in(linked))
    is_positive = (pl.col("label") == 1).fill_null(value=False).any()
    texts = named.group_by("id", "passage_id").agg(pl.col("text").first(), is_positive=is_positive)
    keyed = numbered.keyed(texts.with_columns(n_chars=pl.col("text").str.len_chars()), kinds=build.recipe.deduplicate.guards)
    return numbered.ranked(keyed.collect()).select("passage_id", "text", "node", "key")


def _merges(links: pl.DataFrame, texts: pl.DataFrame, settings: Deduplicate, threshold: float, cosine: float | None) -> _Merges:
    """Choose the representatives again, as the build does, over the links between those that stand for their equals."""
    exact = same_texts.exact_moves(texts, unite=settings.passages != "off")
    standing = texts.join(exact, on="node", how="anti")
    nodes = [
        standing.select(pl.col("passage_id").alias(end), pl.col("node").alias(name))
        for end, name in (("passage_id", "one"), ("other_id", "two"))
    ]
    between = links.join(nodes[0], on="passage_id").join(nodes[1], on="other_id")
    later, earlier = pl.max_horizontal("one", "two").alias("later"), pl.min_horizontal("one", "two").alias("earlier")
    then = same_texts.near_moves(
        exact, between.select(later, earlier, "jaccard", "cosine", "guard"), min_jaccard=threshold, min_cosine=cosine
    )
    ids = texts.sort("node")["passage_id"]
    away = then.with_columns(passage_id=ids.gather(then["node"]), into_id=ids.gather(then["into"]))
    now = links.filter("is_merged").with_columns(into_id="other_id")
    return _Merges(now.select(_PAIR), away.select(_PAIR))


def _conflicts(build: Build, texts: pl.DataFrame, merged: pl.DataFrame, settings: Deduplicate) -> pl.DataFrame:
    """Questions that carry both labels for one passage once passages are merged: question, passage_id, n_rows; of linked passages only."""
    if not settings.questions:
        return pl.DataFrame(schema={"question": pl.String, "passage_id": pl.String, "n_rows": pl.UInt32})
    into = texts.select("passage_id", "text").join(merged.select("passage_id", "into_id"), on="passage_id", how="left")
    of_text = into.select(passage="text", passage_id=pl.coalesce("into_id", "passage_id")).lazy()
    rows = build.table("filter", "rows").join(of_text, on="passage")
    question = pl.col("question")
    pairs = rows.group_by("passage_id", key=strict_fold(question) if "symbol" in settings.guards else fold(question)).agg(
        question=pl.col("question").min(), n_rows=pl.len(), labels=(pl.col("label").fill_null(1) > 0).n_unique()
    )
    return pairs.filter(pl.col("labels") > 1).select("question", "passage_id", "n_rows").collect()


def _shown(pairs: pl.DataFrame, texts: pl.DataFrame) -> list[dict[str, Any]]:
    """The least similar pairs with their texts, and what differs marked."""
    first = pairs.sort(_BY_SIMILARITY).head(_SHOWN)
    told = first.join(texts.select("passage_id", "text"), on="passage_id", maintain_order="left").join(
        texts.select(into_id="passage_id", into_text="text"), on="into_id", maintain_order="left"
    )
    return [{**row, "marked": [run._asdict() for run in _marked(row)]} for row in told.to_dicts()]


def _marked(row: dict[str, Any]) -> list[Run]:
    return excerpt(compare(row["text"], row["into_text"], by="words"))
