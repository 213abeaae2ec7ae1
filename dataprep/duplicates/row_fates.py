"""What becomes of each row once its texts are mapped: it stands for its pair, is merged, relabelled or dropped.

Rows are numbers here: row, label, own_query and own_passage (nodes that it came with), query and passage
(what they were mapped to). Most rows are alone with their pair and keep their texts; only contested ones
are looked at, and only `events` sees a text.
"""

from typing import Literal, NamedTuple

import polars as pl

from dataprep.duplicates.same_texts import ends
from dataprep.schemas import LEDGER

OnConflict = Literal["drop", "relevant", "not_relevant"]
_PAIR = ["query", "passage"]
_CONFLICT = [*_PAIR, "other", "kind", "jaccard", "cosine", "resolution"]
_SIMILARITY = pl.when(pl.col("kind") == "semantic").then("cosine").otherwise("jaccard")  # by which the passage was mapped
_IS_RELEVANT = pl.col("label").fill_null(1) > 0  # an assertion counts as relevant


class Fates(NamedTuple):
    """What becomes of the rows.

    Attributes:
        judgements: One per pair that stays: query, passage, row, relevance, is_judged; sorted by row.
        recorded: The rows of which the ledger may tell, as `settle` gives them, with kind, jaccard and cosine of their passage's
            move; sorted by row.
        conflicts: query, passage, other, kind, jaccard, cosine, resolution.
    """

    judgements: pl.DataFrame
    recorded: pl.DataFrame
    conflicts: pl.DataFrame


def fates(
    rows: pl.DataFrame, asked: pl.DataFrame, told: pl.DataFrame, links: pl.DataFrame, *, retitled: pl.Series, on_conflict: OnConflict
) -> Fates:
    """Judge each pair once, and tell what the ledger may say of the rows.

    Args:
        rows: question, passage (nodes) and label of each row, in the order of the rows.
        asked: Moves of the questions.
        told: Moves of the passages.
        links: Links of the passages.
        retitled: The passages whose title may be another row's.
        on_conflict: What happens to a pair judged both ways.
    """
    into = {"query": ends(rows["question"], asked), "passage": ends(rows["passage"], told)}
    mapped = rows.select("label", own_query="question", own_passage="passage", **into).with_row_index("row")
    is_contested = _contested(mapped)
    settled = settle(_with_measures(mapped.filter(is_contested), told), on_conflict=on_conflict)
    alone = mapped.filter(~is_contested).with_columns(settled="label", into="row")
    del mapped, into
    stand = settled.filter(pl.col("into") == pl.col("row"))
    judgements = pl.concat([_judged(alone), _judged(stand)]).sort("row")
    is_moved = pl.any_horizontal(pl.col("own_query") != pl.col("query"), pl.col("own_passage") != pl.col("passage"))
    changed = alone.filter(is_moved | pl.col("own_passage").is_in(retitled.implode()))
    untouched = {"is_conflict": pl.lit(value=False), "is_relabelled": pl.lit(value=False)}
    recorded = pl.concat([settled, _with_measures(changed, told).with_columns(**untouched).select(settled.columns)]).sort("row")
    conflicts = pl.concat([_same_pair_conflicts(settled, on_conflict=on_conflict), _near_pair_conflicts(judgements, links)])
    return Fates(judgements, recorded, conflicts)


def _with_measures(rows: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Add kind, jaccard and cosine of the moves of the rows' passages: those of an equal text where there was none."""
    moves = told.select("kind", "jaccard", "cosine", own_passage="node", is_moved=pl.lit(value=True))
    joined = rows.join(moves, on="own_passage", how="left", maintain_order="left")
    kept = pl.col("is_moved").is_null()
    same = {"kind": pl.lit("exact"), "jaccard": pl.lit(1.0)}
    return joined.with_columns(pl.when(kept).then(value).otherwise(name).alias(name) for name, value in same.items()).drop("is_moved")


def _contested(rows: pl.DataFrame) -> pl.Series:
    """Whether more than one row speaks of the row's pair."""
    pair = pl.col("query").cast(pl.UInt64) * (1 << 32) + pl.col("passage")
    return rows.select(pair=pair).to_series().is_duplicated()


def settle(rows: pl.DataFrame, *, on_conflict: OnConflict) -> pl.DataFrame:
    """Settle on one label per pair, and on the row that stands for it.

    Judged and asserted relevant do not contradict each other.

    Args:
        rows: The rows, all those of a pair.
        on_conflict: Which label of a contradictory pair is believed; with "drop", no row of it goes on.

    Returns:
        The rows, sorted, with is_conflict, is_relabelled, in `settled` the label by which the row goes on
        (its own, or the believed one), and in `into` the row that stands for the pair (a row's own number where it
        is the one), null where the pair is dropped. First come rows that were not relabelled, then judged ones,
        then those whose own passage is the one kept, then the smaller row.
    """
    believes = on_conflict == "relevant"
    loses = pl.col("is_conflict") & (believes != _IS_RELEVANT) & (on_conflict != "drop")
    marked = rows.with_columns(is_conflict=_IS_RELEVANT.any().over(_PAIR) & (~_IS_RELEVANT).any().over(_PAIR))
    settled = pl.when("is_relabelled").then(pl.lit(int(believes), pl.Int8)).otherwise("label")
    labelled = marked.with_columns(is_relabelled=loses).with_columns(settled=settled)
    order = ["is_relabelled", pl.col("settled").is_null(), pl.col("own_passage") != pl.col("passage"), "row"]
    chosen = labelled.sort(order).with_columns(into=pl.col("row").first().over(_PAIR))
    is_dropped = pl.col("is_conflict") & (on_conflict == "drop")
    return chosen.with_columns(into=pl.when(~is_dropped).then("into")).sort("row")


def _judged(rows: pl.DataFrame) -> pl.DataFrame:
    """One judgement per pair: query, passage, row, relevance, is_judged.

    Args:
        rows: Rows that stand for their pair, with `settled`.
    """
    return rows.select(*_PAIR, "row", relevance=pl.col("settled").fill_null(1), is_judged=pl.col("settled").is_not_null())


def _same_pair_conflicts(rows: pl.DataFrame, *, on_conflict: OnConflict) -> pl.DataFrame:
    """The pairs that carried both labels: query, passage, other, kind, resolution, and jaccard and cosine of their rows' passages."""
    resolution = "dropped" if on_conflict == "drop" else "relabelled"
    pairs = rows.filter("is_conflict").group_by(_PAIR).agg(jaccard=_least("jaccard"), cosine=pl.col("cosine").min())
    return pairs.with_columns(other="passage", kind=pl.lit("same_pair"), resolution=pl.lit(resolution)).select(_CONFLICT)


def _least(measure: str) -> pl.Expr:
    """The smallest of several values; null if one was not measured."""
    return pl.when(pl.col(measure).is_not_null().all()).then(pl.col(measure).min())


def _near_pair_conflicts(judgements: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """Questions with opposite labels on two linked passages, both of which stay, to be looked at: columns of `_same_pair_conflicts`."""
    ends = links.select("jaccard", "cosine", passage="later", other="earlier")
    both_ways = pl.concat([ends, ends.select("jaccard", "cosine", passage="other", other="passage")])
    near = judgements.filter(pl.col("passage").is_in(both_ways["passage"].implode()))
    relevant, not_relevant = (near.filter(pl.col("relevance") == grade).select(_PAIR) for grade in (1, 0))
    found = relevant.join(both_ways, on="passage").join(not_relevant, left_on=["query", "other"], right_on=_PAIR)
    return found.with_columns(kind=pl.lit("near_pair"), resolution=pl.lit("listed")).select(_CONFLICT)


def events(rows: pl.DataFrame) -> pl.DataFrame:
    """What the ledger says of the rows.

    Args:
        rows: Settled rows with the columns of schemas.ROWS, and query_id, passage_id, kind, jaccard, cosine (of the
            passage's move), query_text, passage_text, passage_title (what stands in the release), is_own_passage, and
            into_id (the row_id of `into`).

    Returns:
        LEDGER of the stage "deduplicate", sorted by row_id: `changed` for each text that a surviving row got in
        exchange, `relabelled`, and the ends `merged` and `dropped`; each with the pair it was mapped to.
    """
    stays, is_dropped = pl.col("into") == pl.col("row"), pl.col("into").is_null()
    label = {"column": pl.lit("label"), "before": pl.col("label").cast(pl.String).fill_null("asserted")}
    recorded = [
        *_changed(rows.filter(stays)),
        _event(rows.filter("is_relabelled"), "relabelled", "label_conflict", **label, after=pl.col("settled").cast(pl.String)),
        _event(rows.filter(is_dropped), "dropped", "label_conflict", **label),
        _event(rows.filter(~stays), "merged", "duplicate_pair", into="into_id", score=_SIMILARITY),
    ]
    return pl.concat(recorded).sort("row_id", maintain_order=True)


def _changed(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """One event for each text of a row that another took the place of."""
    question = rows.filter(pl.col("question") != pl.col("query_text"))
    passage = rows.filter(~pl.col("is_own_passage"))
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
    known = {name: pl.col(name) for name in ("row_id", "source", "source_key", "query_id", "passage_id")}
    marks = {"stage": pl.lit("deduplicate"), "action": pl.lit(action), "rule": pl.lit(rule) if isinstance(rule, str) else rule}
    given = known | marks | {name: pl.col(value) if isinstance(value, str) else value for name, value in columns.items()}
    return rows.select(given.get(name, pl.lit(None)).cast(dtype).alias(name) for name, dtype in LEDGER.items())
