"""What becomes of each row once its texts are mapped: it stands for its pair, is merged, relabelled or dropped.

Rows here are schemas.ROWS with query_id and passage_id (what they were mapped to), own_query_id and
own_passage_id (what they came with), kind, jaccard and cosine (of the passage's mapping), query_text,
passage_text and passage_title (what stands in the release).
"""

from typing import Literal

import polars as pl

from dataprep.schemas import CONFLICTS, JUDGEMENTS, LEDGER

OnConflict = Literal["drop", "relevant", "not_relevant"]
_PAIR = ["query_id", "passage_id"]
_SIMILARITY = pl.when(pl.col("kind") == "semantic").then("cosine").otherwise("jaccard")  # by which the passage was mapped
_IS_RELEVANT = pl.col("label").fill_null(1) > 0  # an assertion counts as relevant


def settle_labels(rows: pl.DataFrame, *, on_conflict: OnConflict) -> pl.DataFrame:
    """Mark the rows of pairs that carry both labels, and settle on one.

    Judged and asserted relevant do not contradict each other.

    Returns:
        The rows with is_conflict, is_relabelled, and in `settled` the label by which the row goes on:
        its own, or the believed one.
    """
    marked = rows.with_columns(is_conflict=_IS_RELEVANT.any().over(_PAIR) & (~_IS_RELEVANT).any().over(_PAIR))
    believes = on_conflict == "relevant"
    loses = pl.col("is_conflict") & (believes != _IS_RELEVANT) & (on_conflict != "drop")
    settled = pl.when("is_relabelled").then(pl.lit(int(believes), pl.Int8)).otherwise("label")
    return marked.with_columns(is_relabelled=loses).with_columns(settled=settled)


def choose(rows: pl.DataFrame, *, on_conflict: OnConflict) -> pl.DataFrame:
    """Choose the row that stands for each pair.

    Args:
        rows: As `settle_labels` gives them.
        on_conflict: With "drop", no row of a contradictory pair goes on.

    Returns:
        The rows with `into`: the row_id that stands for the pair (a row's own where it is the one),
        null where the pair is dropped. First come rows that were not relabelled, then judged ones,
        then those whose own passage is the one kept, then the smaller row_id.
    """
    order = ["is_relabelled", pl.col("settled").is_null(), pl.col("own_passage_id") != pl.col("passage_id"), "row_id"]
    chosen = rows.sort(order).with_columns(into=pl.col("row_id").first().over(_PAIR))
    is_dropped = pl.col("is_conflict") & (on_conflict == "drop")
    return chosen.with_columns(into=pl.when(~is_dropped).then("into")).sort("row_id")


def judgements(rows: pl.DataFrame) -> pl.DataFrame:
    """One judgement per pair, from the rows that stand for one.

    Returns:
        JUDGEMENTS, sorted.
    """
    return (
        rows.filter(pl.col("into") == pl.col("row_id"))
        .select(*_PAIR, "row_id", relevance=pl.col("settled").fill_null(1), is_judged=pl.col("settled").is_not_null())
        .select(JUDGEMENTS.names())
        .sort(_PAIR)
    )


def same_pair_conflicts(rows: pl.DataFrame, *, on_conflict: OnConflict) -> pl.DataFrame:
    """The pairs that carried both labels."""
    resolution = "dropped" if on_conflict == "drop" else "relabelled"
    pairs = rows.filter("is_conflict").group_by(_PAIR).agg(jaccard=_least("jaccard"), cosine=pl.col("cosine").min())
    marks = {"other_id": pl.col("passage_id"), "kind": pl.lit("same_pair"), "resolution": pl.lit(resolution)}
    return pairs.with_columns(**marks).select(CONFLICTS.names())


def _least(measure: str) -> pl.Expr:
    """The smallest of several values; null if one was not measured."""
    return pl.when(pl.col(measure).is_not_null().all()).then(pl.col(measure).min())


def near_pair_conflicts(judged: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """Questions with opposite labels on two linked passages, both of which stay: to be looked at."""
    both_ways = pl.concat([links, links.rename({"passage_id": "other_id", "other_id": "passage_id"}).select(links.columns)])
    relevant, other = (judged.filter(pl.col("relevance") == grade).select(_PAIR) for grade in (1, 0))
    found = relevant.join(both_ways, on="passage_id").join(other, left_on=["query_id", "other_id"], right_on=_PAIR)
    return found.with_columns(kind=pl.lit("near_pair"), resolution=pl.lit("listed")).select(CONFLICTS.names())


def events(rows: pl.DataFrame) -> pl.DataFrame:
    """What the ledger says of the rows.

    Returns:
        LEDGER of the stage "deduplicate": `changed` for each text that a surviving row got in exchange,
        `relabelled`, and the ends `merged` and `dropped`; each with the pair it was mapped to.
    """
    stays, is_dropped = pl.col("into") == pl.col("row_id"), pl.col("into").is_null()
    label = {"column": pl.lit("label"), "before": pl.col("label").cast(pl.String).fill_null("asserted")}
    recorded = [
        *_changed(rows.filter(stays)),
        _event(rows.filter("is_relabelled"), "relabelled", "label_conflict", **label, after=pl.col("settled").cast(pl.String)),
        _event(rows.filter(is_dropped), "dropped", "label_conflict", **label),
        _event(rows.filter(~stays), "merged", "duplicate_pair", into="into", score=_SIMILARITY),
    ]
    return pl.concat(recorded).sort("row_id", maintain_order=True)


def _changed(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """One event for each text of a row that another took the place of."""
    question = rows.filter(pl.col("question") != pl.col("query_text"))
    passage = rows.filter(pl.col("own_passage_id") != pl.col("passage_id"))
    title = rows.filter(pl.col("title") != pl.col("passage_title"))
    columns: dict[str, dict[str, pl.Expr | str]] = {
        "question": {"column": pl.lit("question"), "before": "question", "after": "query_text", "score": pl.lit(1.0)},
        "passage": {"column": pl.lit("passage"), "before": "passage", "after": "passage_text", "score": _SIMILARITY},
        "title": {"column": pl.lit("title"), "before": "title", "after": "passage_title"},
    }
    return [
        _event(question, "changed", "exact_duplicate_question", **columns["question"]),
        _event(passage, "changed", pl.format("{}_duplicate_passage", "kind"), **columns["passage"]),
        _event(title, "changed", "title_of_passage", **columns["title"]),
    ]


def _event(rows: pl.DataFrame, action: str, rule: str | pl.Expr, **columns: pl.Expr | str) -> pl.DataFrame:
    """Ledger rows of one action: the row, its pair, and the columns given; the others are null."""
    known = {name: pl.col(name) for name in ("row_id", "source", "source_key", *_PAIR)}
    marks = {"stage": pl.lit("deduplicate"), "action": pl.lit(action), "rule": pl.lit(rule) if isinstance(rule, str) else rule}
    given = known | marks | {name: pl.col(value) if isinstance(value, str) else value for name, value in columns.items()}
    return rows.select(given.get(name, pl.lit(None)).cast(dtype).alias(name) for name, dtype in LEDGER.items())
