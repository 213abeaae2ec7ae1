"""The source rows of two builds, matched by their ledgers: which were edited, and which met another fate."""

from typing import Any

import polars as pl

from dataprep.compare.diff_tables import SAMPLE_ROWS
from dataprep.releases.release_files import Published
from dataprep.schemas import TERMINAL_ACTIONS

_SOURCE = ["source", "source_key"]


def compare_rows(old: pl.LazyFrame, new: pl.LazyFrame, old_release: Published, new_release: Published) -> dict[str, Any]:
    """Match the source rows of two builds and tell what became of them.

    Rows with one row_id have the same content. Of the others, two are one row with edited content where
    their source and source_key name just one row on either side.

    Args:
        old: LEDGER of the earlier build.
        new: LEDGER of the later one.
        old_release: Its release, for the texts.
        new_release: That of the later one.

    Returns:
        Numbers of rows that are the `same`, `edited`, `added` or `removed`; `fates`, how many matched
        rows ended by another action or rule, from which to which; and under `questions` and `passages`,
        of rows kept on both sides, how many distinct texts stand there as another text now, with a few
        of them before and after.
    """
    before, after = _ends(old), _ends(new)
    matched = _matched(before, after)
    turned = matched.filter(pl.col("fate") != pl.col("fate_new")).group_by("fate", "fate_new").agg(n=pl.len())
    tally, n_old, n_new, fates = pl.collect_all(
        [
            matched.select(same=pl.col("is_same").sum(), edited=(~pl.col("is_same")).sum()),
            before.select(pl.len()),
            after.select(pl.len()),
            turned.sort("n", "fate", "fate_new", descending=[True, False, False]),
        ],
        engine="streaming",
    )
    same, edited = tally.row(0)
    kept = matched.filter(pl.col("fate").str.starts_with("kept"), pl.col("fate_new").str.starts_with("kept"))
    return {
        "same": same,
        "edited": edited,
        "added": n_new.item() - same - edited,
        "removed": n_old.item() - same - edited,
        "fates": [{"old": fate, "new": fate_new, "n": n} for fate, fate_new, n in fates.iter_rows()],
        "questions": _changed_texts(kept, "query_id", old_release.queries, new_release.queries),
        "passages": _changed_texts(kept, "passage_id", old_release.corpus, new_release.corpus),
    }


def _ends(ledger: pl.LazyFrame) -> pl.LazyFrame:
    """One row per source row: how it ended, and as which question and passage."""
    fate = pl.concat_str("action", pl.lit(" by "), "stage", pl.lit("."), "rule")
    ends = ledger.filter(pl.col("action").is_in(TERMINAL_ACTIONS))
    return ends.select("row_id", *_SOURCE, "query_id", "passage_id", fate=fate)


def _matched(old: pl.LazyFrame, new: pl.LazyFrame) -> pl.LazyFrame:
    """Rows of both sides that are one and the same; columns of the new side end in _new."""
    same = old.join(new.drop(_SOURCE), on="row_id", suffix="_new").with_columns(is_same=pl.lit(value=True))
    edited = _alone(old, new).join(_alone(new, old).drop("row_id"), on=_SOURCE, suffix="_new").with_columns(is_same=pl.lit(value=False))
    return pl.concat([same, edited.select(same.collect_schema().names())])


def _alone(rows: pl.LazyFrame, others: pl.LazyFrame) -> pl.LazyFrame:
    """Rows whose row_id the others lack and whose source and source_key no other such row has."""
    unmatched = rows.join(others.select("row_id"), on="row_id", how="anti")
    single = unmatched.group_by(_SOURCE).agg(n=pl.len()).filter(pl.col("n") == 1)
    return unmatched.join(single, on=_SOURCE, how="semi")


def _changed_texts(kept: pl.LazyFrame, column: str, old: pl.LazyFrame, new: pl.LazyFrame) -> dict[str, Any]:
    """Distinct texts of the old side that the same row gives as another text on the new side."""
    changed = kept.select(old_id=column, new_id=f"{column}_new").filter(pl.col("old_id") != pl.col("new_id")).unique()
    counted, first = pl.collect_all([changed.select(pl.col("old_id").n_unique()), changed.bottom_k(SAMPLE_ROWS, by=["old_id", "new_id"])])
    texts = (
        first.lazy()
        .join(old.select(old_id="_id", old_text="text"), on="old_id", how="left")
        .join(new.select(new_id="_id", new_text="text"), on="new_id", how="left")
        .sort("old_id", "new_id")
    )
    return {"changed": counted.item(), "sample": texts.collect(engine="streaming").to_dicts()}
