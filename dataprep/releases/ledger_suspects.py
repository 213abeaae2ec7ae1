"""Which rows of a ledger may break a contract, told from the numbers of their ids; `offenders` then judges these rows."""

import polars as pl

from dataprep.releases.numbers import number, row_number
from dataprep.schemas import TERMINAL_ACTIONS


def rows_without_one_end(ledger: pl.LazyFrame) -> pl.Series:
    """Rows, by number, that were not read once or did not end once.

    Args:
        ledger: LEDGER.
    """
    n_ends = pl.col("action").is_in(TERMINAL_ACTIONS).sum()
    per_row = ledger.group_by(row=number("row_id")).agg(n_read=(pl.col("action") == "read").sum(), n_ends=n_ends)
    return per_row.filter((pl.col("n_read") != 1) | (pl.col("n_ends") != 1)).collect(engine="streaming")["row"]


def labels_changed_silently(ledger: pl.LazyFrame, rows: pl.LazyFrame, judgements: pl.LazyFrame) -> pl.Series:
    """Rows, by number, that ended in a judgement of another label, and those that stand for the judgement.

    Args:
        ledger: LEDGER.
        rows: ROWS as read.
        judgements: Those of the release.
    """
    action = pl.col("action")
    ended = ledger.filter(action.is_in(["kept", "merged"])).select(
        row=number("row_id"), judged=pl.when(action == "kept").then(row_number("query_id", "passage_id")), into=number("into")
    )
    scores = judgements.select(judged=row_number("query-id", "corpus-id"), is_right=pl.col("score") >= 1).collect(engine="streaming")
    ends = ended.collect(engine="streaming")
    kept = ends.drop("into").join(scores, on="judged").select("row", "is_right", stands="row")
    merged = ends.join(kept.drop("stands"), left_on="into", right_on="row").select("row", "is_right", stands="into")
    labels = rows.select(row=number("row_id"), was_right=pl.col("label").fill_null(1) >= 1).collect(engine="streaming")
    changed = pl.concat([kept, merged]).join(labels, on="row").filter(pl.col("is_right") != pl.col("was_right"))
    return pl.concat([changed["row"], changed["stands"]]).unique()
