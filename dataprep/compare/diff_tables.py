"""The tables of two releases, row by row: what was added, removed, changed, and moved to another split.

An id is a hash of its text, so a text that was edited shows as one id removed and another one added;
only ledgers tell that both come from one source row (`diff_rows`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from dataprep.releases.release_files import Published
from dataprep.schemas import SPLITS

SAMPLE_ROWS = 5
_TIED_ROWS = 3
_KEYS: Mapping[str, tuple[str, ...]] = {
    "corpus": ("_id",),
    "queries": ("_id",),
    "qrels": ("query-id", "corpus-id"),
    "judgements": ("query-id", "corpus-id"),
    "pairs": ("anchor", "positive"),
    "triplets": ("anchor", "positive", "negative"),
}
_NO_SPLIT = len(SPLITS)


def compare_tables(old: Published, new: Published) -> dict[str, dict[str, Any]]:
    """Compare each table of two releases.

    Args:
        old: The earlier release.
        new: The later one.

    Returns:
        Per table the distinct rows of both sides (`old`, `new`), and how many were `added`, `removed`,
        `changed` (same key, another title, text or score) and `moved` (same key, another split). For
        corpus and queries also the first few added and removed, by id.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, keys in _KEYS.items():
        before, after = getattr(old, name), getattr(new, name)
        found[name] = _counts(before, after, keys)
        if name in {"corpus", "queries"}:
            found[name] |= {"added_sample": _only_in(after, before), "removed_sample": _only_in(before, after)}
    return found


def _counts(old: pl.LazyFrame, new: pl.LazyFrame, keys: Sequence[str]) -> dict[str, int]:
    """Rows by what became of them. Rows pass as digests of 16 bytes, so texts need not fit in memory."""
    sides = pl.concat([_digests(old, keys, "old", "new"), _digests(new, keys, "new", "old")])
    rows = sides.group_by("key", "key_again").max()
    in_old, in_new = (pl.col(f"{side}_value").is_not_null() for side in ("old", "new"))
    counted = rows.select(
        old=in_old.sum(),
        new=in_new.sum(),
        added=(in_new & ~in_old).sum(),
        removed=(in_old & ~in_new).sum(),
        changed=(in_old & in_new & (pl.col("old_value") != pl.col("new_value"))).sum(),
        moved=(in_old & in_new & (pl.col("old_split") != pl.col("new_split"))).sum(),
    )
    return counted.collect(engine="streaming").row(0, named=True)


def _digests(rows: pl.LazyFrame, keys: Sequence[str], side: str, other: str) -> pl.LazyFrame:
    """Two 64-bit hashes of a row's key, and on its own side a hash of what else it holds, and its split."""
    names = rows.collect_schema().names()
    key, value = pl.struct(keys), pl.struct(pl.exclude("split"))
    split = pl.col("split").replace_strict(SPLITS, range(_NO_SPLIT), return_dtype=pl.UInt8) if "split" in names else pl.lit(_NO_SPLIT)
    return rows.select(
        key.hash(seed=0).alias("key"),
        key.hash(seed=1).alias("key_again"),
        value.hash(seed=2).alias(f"{side}_value"),
        pl.lit(None, pl.UInt64).alias(f"{other}_value"),
        split.cast(pl.UInt8).alias(f"{side}_split"),
        pl.lit(None, pl.UInt8).alias(f"{other}_split"),
    ).select("key", "key_again", "old_value", "new_value", "old_split", "new_split")


def _only_in(rows: pl.LazyFrame, others: pl.LazyFrame) -> list[dict[str, str]]:
    """The first few rows by id whose id the others lack."""
    found = rows.join(others.select("_id"), on="_id", how="anti").select("_id", "text")
    return found.bottom_k(SAMPLE_ROWS, by="_id").sort("_id").collect(engine="streaming").to_dicts()


def compare_splits(old: Published, new: Published) -> dict[str, Any]:
    """Which questions changed their split, and what ties made them.

    Args:
        old: The earlier release.
        new: The later one.

    Returns:
        `n_moved`, how many went from which split to which (`by_splits`), `groups_united` (new groups
        with questions of several old ones) and `groups_divided` (the reverse), and a `sample` of moved
        questions with both groups, the number of old groups and of new questions in the new group, and
        some of the questions that tied it.
    """
    both = old.groups.join(new.groups.rename({"group-id": "new-group", "split": "new-split"}), on="query-id")
    moved = both.filter(pl.col("split") != pl.col("new-split"))
    by_splits = moved.group_by("split", "new-split").agg(n=pl.len()).sort("split", "new-split")
    tally, united, divided = pl.collect_all(
        [by_splits, _several(both, per="new-group", of="group-id"), _several(both, per="group-id", of="new-group")], engine="streaming"
    )
    return {
        "n_moved": int(tally["n"].sum()),
        "by_splits": [{"old": old_split, "new": new_split, "n": n} for old_split, new_split, n in tally.iter_rows()],
        "groups_united": united.item(),
        "groups_divided": divided.item(),
        "sample": _moved_sample(moved, old, new) if tally.height else [],
    }


def _several(rows: pl.LazyFrame, *, per: str, of: str) -> pl.LazyFrame:
    """Number of groups of one side that hold questions of several groups of the other."""
    return rows.group_by(per).agg(pl.col(of).n_unique()).select((pl.col(of) > 1).sum())


def _moved_sample(moved: pl.LazyFrame, old: Published, new: Published) -> list[dict[str, Any]]:
    """The first moved questions, and who else is in their new group."""
    first = moved.bottom_k(SAMPLE_ROWS, by="query-id").sort("query-id").collect(engine="streaming")
    texts = new.queries.rename({"_id": "query-id"})
    members = (
        new.groups.select("query-id", new_group="group-id")
        .join(first.lazy().select(new_group="new-group").unique(), on="new_group", how="semi")
        .join(old.groups.select("query-id", old_group="group-id"), on="query-id", how="left")
        .join(texts, on="query-id")
        .sort("query-id")
        .collect(engine="streaming")
    )
    return [
        {**_renamed(row), **_ties(row, members)} for row in first.lazy().join(texts, on="query-id").sort("query-id").collect().to_dicts()
    ]


def _renamed(row: Mapping[str, str]) -> dict[str, str]:
    names = {"_id": "query-id", "text": "text", "old_split": "split", "new_split": "new-split", "old_group": "group-id"}
    return {name: row[column] for name, column in names.items()} | {"new_group": row["new-group"]}


def _ties(row: Mapping[str, str], members: pl.DataFrame) -> dict[str, Any]:
    """How many old groups and new questions make up the new group, and questions that came from elsewhere."""
    group = members.filter(pl.col("new_group") == row["new-group"])
    others = group.filter(pl.col("old_group").ne_missing(row["group-id"]))
    return {
        "n_old_groups": group["old_group"].drop_nulls().n_unique(),
        "n_new_questions": group["old_group"].null_count(),
        "tied_to": others["text"].head(_TIED_ROWS).to_list(),
    }
