"""Rows that the report page shows: few whatever the size of the build, chosen by the rows alone, never by chance.

Tables are scanned and filtered as streams; only what is shown is collected.
"""

from collections.abc import Sequence
from typing import Any

import polars as pl

_KEYS = ("stage", "action", "rule", "source")
_SHOWN = (*_KEYS, "row_id", "source_key", "column", "before", "after", "into", "score", "split", "query_id", "passage_id")
_ID_COLUMNS = ("query_id", "passage_id")
_SIMILARITY = pl.coalesce("jaccard", "cosine")
_HASH_DIGITS = 8  # of the row_id, which is a digest of the row's content: as good as a random number, and the same in every build
_HASH_VALUES = 16**_HASH_DIGITS
_MAX_COMPARED = 20_000  # characters of a text that are compared with another
_PER_ID = 3  # events of each row, question or passage that the page names
_SPARE = 30  # a share of a group is drawn with so many expected rows to spare that it all but never falls short


def ledger_sample(ledger: pl.LazyFrame, rows: pl.LazyFrame, *, limit: int, max_chars: int, named: Sequence[str] = ()) -> pl.DataFrame:
    """Events of the ledger with every rule of every stage and source represented; `read` events, one per row, are left out.

    Small groups of (stage, action, rule, source) are there whole, large ones with equal numbers of events.

    Args:
        ledger: LEDGER.
        rows: ROWS as read; rows that could not be read are missing there, so their texts are null here.
        limit: Most events, unless there are more groups than that: each group has at least one.
        max_chars: Longer questions and passages are cut.
        named: Ids of questions and passages that the page links to; up to three events of each are there beyond the limit.

    Returns:
        The ledger's columns with `question` and `passage` of the row as read, and `n_group`, the events of
        the group in the whole ledger; sorted by stage, rule, action and row.
    """
    events = ledger.filter(pl.col("action") != "read")
    groups = events.group_by(_KEYS).agg(n_group=pl.len()).sort(*_KEYS, nulls_last=True).collect(engine="streaming")
    quota = _fair_share(groups["n_group"].to_list(), limit)
    drawn = (quota + _SPARE) / pl.col("n_group").cast(pl.Float64) * 1.5
    ceilings = groups.with_columns(ceiling=(drawn.clip(upper_bound=1) * _HASH_VALUES).cast(pl.Int64))
    number = pl.col("row_id").str.slice(-16, _HASH_DIGITS).str.to_integer(base=16, dtype=pl.Int64)
    drawn_ids = (
        events.select("row_id", *_KEYS)
        .join(ceilings.lazy(), on=_KEYS, nulls_equal=True)
        .filter(number < pl.col("ceiling"))
        .select("row_id")
    )
    chosen = (
        _of_rows(events, drawn_ids.unique().collect(engine="streaming"))
        .join(ceilings.lazy(), on=_KEYS, nulls_equal=True)
        .select(*_SHOWN, "n_group")
        .with_columns(_cut("before"), _cut("after"))
        .collect(engine="streaming")
    )
    by_hash = chosen.sort(pl.col("row_id").str.slice(-16), *_SHOWN, nulls_last=True)
    sample = by_hash.group_by(_KEYS, maintain_order=True).head(quota)
    if named:
        sized = _events_of(events, named).join(groups, on=_KEYS, nulls_equal=True)
        sample = pl.concat([sample, sized.select(sample.columns)]).unique(maintain_order=True)
    texts = _of_rows(rows, sample.select("row_id")).select("row_id", pl.col("question", "passage").str.slice(0, max_chars))
    shown = sample.join(texts.collect(engine="streaming"), on="row_id", how="left")
    return shown.sort("stage", "rule", "action", "row_id", "column", "before", nulls_last=True)


def _events_of(events: pl.LazyFrame, ids: Sequence[str]) -> pl.DataFrame:
    """The first few events of each question and passage, in the order of their rows."""
    wanted = pl.Series("id", sorted(set(ids)), dtype=pl.String)
    found = events.filter(pl.any_horizontal(pl.col(name).is_in(wanted.implode()) for name in _ID_COLUMNS))
    told = found.select(*_SHOWN).with_columns(_cut("before"), _cut("after")).collect(engine="streaming").sort(*_SHOWN, nulls_last=True)
    per_id = [told.filter(pl.col(name).is_in(wanted.implode())).group_by(name, maintain_order=True).head(_PER_ID) for name in _ID_COLUMNS]
    return pl.concat([part.select(_SHOWN) for part in per_id]).unique(maintain_order=True)


def _of_rows(table: pl.LazyFrame, ids: pl.DataFrame) -> pl.LazyFrame:
    """The rows with these row_ids, by a predicate that the scan applies before it decodes the texts."""
    return table.filter(pl.col("row_id").is_in(ids["row_id"].unique().implode()))


def _fair_share(sizes: Sequence[int], limit: int) -> int:
    """The most events per group with which all groups together stay within the limit, at least 1."""
    left, n_groups = limit, len(sizes)
    for i, size in enumerate(sorted(sizes)):
        share = left // (n_groups - i)
        if size > share:
            return max(share, 1)
        left -= size
    return max([*sizes, 1])


def merged_passages(
    links: pl.LazyFrame, corpus: pl.LazyFrame, merged: pl.LazyFrame, *, n_clusters: int, n_members: int
) -> list[dict[str, Any]]:
    """Clusters of united passages in the corpus: half of those shown are the largest, half those whose members resemble each other least.

    Args:
        links: LINKS.
        corpus: CORPUS.
        merged: MERGED_PASSAGES.
        n_clusters: Most clusters.
        n_members: Most merged texts shown of a cluster, the least similar first.

    Returns:
        Per cluster `into_id`, `text` (that stayed), `n_merged` (in all) and `members` with passage_id, text,
        kind, jaccard and cosine.
    """
    stayed = corpus.select(into_id="passage_id", stayed=_cut("text"))
    unions = links.filter("is_merged").select("passage_id", "kind", "jaccard", "cosine", similarity=_SIMILARITY, into_id="other_id")
    unions = unions.join(stayed, on="into_id", how="semi")
    clusters = unions.group_by("into_id").agg(n_merged=pl.len(), least=pl.col("similarity").min())
    half = n_clusters // 2
    largest = clusters.sort("n_merged", "least", "into_id", descending=[True, False, False]).head(half)
    riskiest = clusters.sort("least", "n_merged", "into_id", descending=[False, True, False]).head(n_clusters)
    chosen = pl.concat(pl.collect_all([largest, riskiest])).unique("into_id", maintain_order=True).head(n_clusters)
    members = (
        unions.join(chosen.lazy(), on="into_id")
        .filter(pl.struct("similarity", "passage_id").rank("ordinal").over("into_id") <= n_members)
        .join(merged.select("passage_id", _cut("text")), on="passage_id")
        .join(stayed, on="into_id")
        .sort("similarity", "passage_id")
        .collect()
    )
    found = []
    for cluster in chosen.sort("least", "into_id").to_dicts():
        own = members.filter(pl.col("into_id") == cluster["into_id"])
        shown = own.select("passage_id", "text", "kind", "jaccard", "cosine").to_dicts()
        found.append({"into_id": cluster["into_id"], "n_merged": cluster["n_merged"], "text": own["stayed"][0], "members": shown})
    return found


def kept_apart(links: pl.LazyFrame, corpus: pl.LazyFrame, merged: pl.LazyFrame, *, per_guard: int) -> list[dict[str, Any]]:
    """Near-equal passages that a guard kept apart, the most similar of each guard.

    Returns:
        Dicts with guard, jaccard, cosine, passage_id, other_id, text and other_text, sorted by guard.
    """
    guarded = links.filter(pl.col("guard").is_not_null())
    ordered = guarded.sort("guard", _SIMILARITY, "passage_id", "other_id", descending=[False, True, False, False])
    return _with_texts(ordered.group_by("guard", maintain_order=True).head(per_guard), corpus, merged)


def label_conflicts(
    conflicts: pl.LazyFrame, queries: pl.LazyFrame, corpus: pl.LazyFrame, merged: pl.LazyFrame, left: pl.LazyFrame, *, limit: int
) -> list[dict[str, Any]]:
    """Conflicts of labels, those between two passages first.

    Args:
        conflicts: CONFLICTS.
        queries: SPLIT_QUERIES.
        corpus: CORPUS.
        merged: MERGED_PASSAGES.
        left: query_id, question, passage_id and passage of the rows that a conflict drove out; their texts
            may stand nowhere else.
        limit: Most conflicts.

    Returns:
        Dicts with kind, resolution, jaccard, cosine, question, passage_id, other_id, text and other_text.
    """
    order = ["kind", _SIMILARITY, "query_id", "passage_id", "other_id"]
    first = conflicts.sort(order, descending=[False, True, False, False, False]).head(limit)
    asked = first.collect()
    questions = _texts(asked["query_id"], queries.select("text", id="query_id"), left.select(text="question", id="query_id"))
    found = asked.lazy().join(questions.select(query_id="id", question="text"), on="query_id", how="left", maintain_order="left")
    return _with_texts(found, corpus, merged, left.select("passage_id", text="passage"))


def members(queries: pl.LazyFrame, group_id: str | None, *, limit: int) -> list[dict[str, Any]]:
    """query_id and text of the first questions of a group, sorted by query_id; none without a group."""
    found = queries.filter(pl.col("group_id") == pl.lit(group_id, pl.String)).select("query_id", "text")
    return found.bottom_k(limit, by="query_id").sort("query_id").collect(engine="streaming").to_dicts()


def near_questions(near: pl.LazyFrame, queries: pl.LazyFrame, *, limit: int) -> list[dict[str, Any]]:
    """Near-equal questions, tied into one group and never united; the least similar first.

    Returns:
        Dicts with jaccard, query_id, other_id, text, other_text and split.
    """
    first = near.sort("jaccard", "query_id", "other_id").head(limit)
    joined = first.join(queries.select("query_id", "text", "split"), on="query_id", maintain_order="left")
    others = queries.select(other_id="query_id", other_text="text")
    return joined.join(others, on="other_id", maintain_order="left").collect().to_dicts()


def _with_texts(pairs: pl.LazyFrame, *tables: pl.LazyFrame) -> list[dict[str, Any]]:
    """Texts of passage_id and other_id, from the first table that has them: the corpus, or what was merged or driven away."""
    wanted = pairs.collect()
    texts = _texts(pl.concat([wanted["passage_id"], wanted["other_id"]]), *(table.select("text", id="passage_id") for table in tables))
    one = wanted.lazy().join(texts.select(passage_id="id", text="text"), on="passage_id", how="left", maintain_order="left")
    both = one.join(texts.select(other_id="id", other_text="text"), on="other_id", how="left", maintain_order="left")
    return both.collect().to_dicts()


def _texts(ids: pl.Series, *tables: pl.LazyFrame) -> pl.LazyFrame:
    """`id` and `text` of each id, from the first table that has it; of several texts there the first in sorted order."""
    wanted = ids.unique().alias("id").to_frame().lazy()
    found = [table.select("id", _cut("text"), place=pl.lit(i)).join(wanted, on="id", how="semi") for i, table in enumerate(tables)]
    ordered = pl.concat(found).collect(engine="streaming").sort("id", "place", "text")
    return ordered.unique("id", keep="first", maintain_order=True).lazy()


def _cut(column: str) -> pl.Expr:
    return pl.col(column).str.slice(0, _MAX_COMPARED)
