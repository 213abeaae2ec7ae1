"""Invariants of a release, each as a query for the rows that break it. A contract holds where its query is empty.

The tables are those of `dataprep.releases.release`, with a `split` column where a config has splits. Texts
count as equal when their folded forms are.
"""

from collections.abc import Sequence

import polars as pl

from dataprep.duplicates.near import near_pairs
from dataprep.schemas import TERMINAL_ACTIONS
from dataprep.text import fold

_HELD_OUT = pl.col("split") != "train"


def rows_without_one_end(ledger: pl.LazyFrame) -> pl.LazyFrame:
    """Source rows that were read twice or never, or that ended twice or never."""
    ended = pl.col("action").is_in(TERMINAL_ACTIONS)
    per_row = ledger.group_by("row_id").agg(
        n_read=(pl.col("action") == "read").sum(), n_ends=ended.sum(), ends=pl.col("action").filter(ended).sort()
    )
    return per_row.filter((pl.col("n_read") != 1) | (pl.col("n_ends") != 1)).sort("row_id")


def labels_changed_silently(ledger: pl.LazyFrame, rows: pl.LazyFrame, judgements: pl.LazyFrame) -> pl.LazyFrame:
    """Rows that ended in a judgement, or were merged into one, that says the opposite of their label without a `relabelled` event."""
    kept = ledger.filter(pl.col("action") == "kept").select("row_id", "query_id", "passage_id")
    kept = kept.join(judgements, left_on=["query_id", "passage_id"], right_on=["query-id", "corpus-id"], how="inner").select(
        "row_id", "score"
    )
    merged = ledger.filter(pl.col("action") == "merged").select("row_id", "into")
    through = merged.join(kept, left_on="into", right_on="row_id").select("row_id", "score")
    relabelled = ledger.filter(pl.col("action") == "relabelled").select("row_id")
    label = pl.col("label").fill_null(1)
    return (
        pl.concat([kept, through])
        .join(rows.select("row_id", "label"), on="row_id")
        .filter((label >= 1) != (pl.col("score") >= 1))
        .join(relabelled, on="row_id", how="anti")
        .sort("row_id")
    )


def groups_in_two_splits(groups: pl.LazyFrame) -> pl.LazyFrame:
    """Leakage: one group of tied questions, several splits."""
    splits = groups.group_by("group-id").agg(splits=pl.col("split").unique().sort())
    return splits.filter(pl.col("splits").list.len() > 1).sort("group-id")


def judgements_in_another_split(judgements: pl.LazyFrame, groups: pl.LazyFrame) -> pl.LazyFrame:
    """Judgements that stand in another split than their question, or whose question has none."""
    of_question = groups.select("query-id", question_split="split")
    found = judgements.join(of_question, on="query-id", how="left")
    return found.filter(pl.col("split").ne_missing(pl.col("question_split"))).sort("query-id", "corpus-id")


def questions_in_two_splits(queries: pl.LazyFrame, groups: pl.LazyFrame) -> pl.LazyFrame:
    """Leakage: one folded question, several splits."""
    placed = queries.join(groups.select("query-id", "split"), left_on="_id", right_on="query-id")
    per_text = placed.group_by(fold(pl.col("text")).alias("question")).agg(splits=pl.col("split").unique().sort())
    return per_text.filter(pl.col("splits").list.len() > 1).sort("question")


def positives_in_two_splits(qrels: pl.LazyFrame, corpus: pl.LazyFrame) -> pl.LazyFrame:
    """Leakage: one folded passage answers questions of several splits."""
    placed = qrels.join(corpus, left_on="corpus-id", right_on="_id")
    per_text = placed.group_by(fold(pl.col("text")).alias("passage")).agg(splits=pl.col("split").unique().sort())
    return per_text.filter(pl.col("splits").list.len() > 1).sort("passage")


def held_out_questions_trained_on(anchors: pl.LazyFrame, queries: pl.LazyFrame, groups: pl.LazyFrame) -> pl.LazyFrame:
    """Leakage: training anchors equal to a question of validation or test.

    Args:
        anchors: The `anchor` of every training row.
        queries: The release's questions.
        groups: Their splits.
    """
    held_out = groups.filter(_HELD_OUT).join(queries, left_on="query-id", right_on="_id")
    keys = held_out.select("query-id", "split", key=fold(pl.col("text")))
    return _distinct(anchors, "anchor").join(keys, on="key").sort("anchor", "query-id")


def held_out_questions_nearly_trained_on(
    anchors: pl.LazyFrame, queries: pl.LazyFrame, groups: pl.LazyFrame, *, min_jaccard: float
) -> pl.LazyFrame:
    """Leakage: questions of validation or test whose word set is nearly that of a training anchor.

    Args:
        anchors: The `anchor` of every training row.
        queries: The release's questions.
        groups: Their splits.
        min_jaccard: Smallest Jaccard similarity of the word sets that counts as nearly equal.
    """
    held_out = groups.filter(_HELD_OUT).join(queries, left_on="query-id", right_on="_id").select(id="query-id", text="text")
    trained = _distinct(anchors, "anchor").select(id=pl.lit("anchor: ") + pl.col("anchor"), text="anchor")
    pairs = _both_ways(near_pairs(pl.concat([held_out, trained]), shingle_words=1, min_jaccard=min_jaccard))
    found = pairs.join(held_out, on="id").join(trained.select(other_id="id", anchor="text"), on="other_id")
    return found.select("id", "text", "anchor", "jaccard").sort("id", "anchor")


def held_out_positives_trained_on(positives: pl.LazyFrame, qrels: pl.LazyFrame, corpus: pl.LazyFrame) -> pl.LazyFrame:
    """Leakage: passages that answer a question of validation or test and are the positive of a training row.

    Args:
        positives: The `positive` of every training row.
        qrels: Positives of all splits.
        corpus: The release's passages.
    """
    held_out = qrels.filter(_HELD_OUT).join(corpus, left_on="corpus-id", right_on="_id")
    keys = held_out.select("query-id", "corpus-id", "split", key=fold(pl.col("text")))
    return _distinct(positives, "positive").join(keys, on="key").sort("positive", "query-id")


def dangling(judgements: pl.LazyFrame, queries: pl.LazyFrame, corpus: pl.LazyFrame) -> pl.LazyFrame:
    """Judgements that name a question or passage which the release has not."""
    no_query = judgements.join(queries, left_on="query-id", right_on="_id", how="anti").with_columns(missing=pl.lit("query-id"))
    no_passage = judgements.join(corpus, left_on="corpus-id", right_on="_id", how="anti").with_columns(missing=pl.lit("corpus-id"))
    return pl.concat([no_query, no_passage]).sort("query-id", "corpus-id")


def qrels_unlike_judgements(qrels: pl.LazyFrame, judgements: pl.LazyFrame) -> pl.LazyFrame:
    """Rows of qrels that are no positive judgement, and positive judgements that qrels lack."""
    columns = ["query-id", "corpus-id", "score", "split"]
    positive = judgements.filter(pl.col("score") >= 1)
    surplus = qrels.join(positive, on=columns, how="anti").with_columns(fault=pl.lit("only in qrels, or not positive"))
    missing = positive.join(qrels, on=columns, how="anti").with_columns(fault=pl.lit("missing in qrels"))
    return pl.concat([surplus.select(*columns, "fault"), missing.select(*columns, "fault")]).sort(columns)


def repeated(rows: pl.LazyFrame, keys: Sequence[str]) -> pl.LazyFrame:
    """Keys that stand more than once."""
    return rows.group_by(keys).agg(n_rows=pl.len()).filter(pl.col("n_rows") > 1).sort(keys)


def empty_texts(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Rows whose text is null or blank, or whose title is null."""
    names = rows.collect_schema().names()
    blank = pl.col("text").fill_null("").str.strip_chars() == ""
    return rows.filter(blank | pl.col("title").is_null() if "title" in names else blank).sort("_id")


def two_labels(judgements: pl.LazyFrame, queries: pl.LazyFrame, corpus: pl.LazyFrame) -> pl.LazyFrame:
    """The same folded question and passage judged both ways."""
    texts = _with_texts(judgements, queries, corpus)
    per_pair = texts.group_by("question", "passage").agg(scores=pl.col("score").unique().sort())
    return per_pair.filter(pl.col("scores").list.len() > 1).sort("question", "passage")


def trained_without_judgement(rows: pl.LazyFrame, qrels: pl.LazyFrame, queries: pl.LazyFrame, corpus: pl.LazyFrame) -> pl.LazyFrame:
    """Training rows whose (anchor, positive) is no positive of qrels in their split."""
    true = _with_texts(qrels, queries, corpus)
    keys = rows.select("anchor", "positive", "split").unique()
    keys = keys.with_columns(question=fold(pl.col("anchor")), passage=fold(pl.col("positive")))
    return keys.join(true, on=["question", "passage", "split"], how="anti").sort("anchor", "positive")


def negatives_that_are_positives(triplets: pl.LazyFrame, qrels: pl.LazyFrame, queries: pl.LazyFrame, corpus: pl.LazyFrame) -> pl.LazyFrame:
    """Triplets whose negative is a judged positive of their anchor."""
    true = _with_texts(qrels, queries, corpus).select("question", "passage")
    keys = triplets.select("anchor", "negative").unique()
    keys = keys.with_columns(question=fold(pl.col("anchor")), passage=fold(pl.col("negative")))
    return keys.join(true, on=["question", "passage"], how="semi").sort("anchor", "negative")


def negatives_near_positives(
    triplets: pl.LazyFrame, qrels: pl.LazyFrame, queries: pl.LazyFrame, corpus: pl.LazyFrame, *, shingle_words: int, min_jaccard: float
) -> pl.LazyFrame:
    """Triplets whose negative is a near-duplicate of a judged positive of their anchor.

    Args:
        triplets: Triplets of all splits.
        qrels: Positives of all splits.
        queries: The release's questions.
        corpus: The release's passages.
        shingle_words: n of the word n-grams.
        min_jaccard: Smallest Jaccard similarity of the n-gram sets that counts as nearly equal.
    """
    wrong = triplets.select(question=fold(pl.col("anchor")), other=fold(pl.col("negative")), negative="negative").unique()
    right = _with_texts(qrels, queries, corpus).select("question", "passage").unique()
    right = right.join(wrong.select("question"), on="question", how="semi")
    texts = pl.concat([wrong.select(id="other"), right.select(id="passage")]).unique().with_columns(text="id")
    close = _both_ways(near_pairs(texts, shingle_words=shingle_words, min_jaccard=min_jaccard))
    found = wrong.join(close, left_on="other", right_on="id").rename({"other_id": "passage"})
    return found.join(right, on=["question", "passage"]).select("question", "negative", "passage", "jaccard").sort(pl.all())


def _with_texts(judgements: pl.LazyFrame, queries: pl.LazyFrame, corpus: pl.LazyFrame) -> pl.LazyFrame:
    """Judgements with the folded question and passage."""
    questions = queries.select(pl.col("_id").alias("query-id"), question=fold(pl.col("text")))
    passages = corpus.select(pl.col("_id").alias("corpus-id"), passage=fold(pl.col("text")))
    return judgements.join(questions, on="query-id").join(passages, on="corpus-id")


def _distinct(rows: pl.LazyFrame, column: str) -> pl.LazyFrame:
    """Distinct texts of a column with their folded form as `key`."""
    return rows.select(column).unique().with_columns(key=fold(pl.col(column)))


def _both_ways(pairs: pl.LazyFrame) -> pl.LazyFrame:
    """Unordered pairs, each in both orders."""
    one_way = pairs.select("jaccard", id="left", other_id="right")
    return pl.concat([one_way, pairs.select("jaccard", id="right", other_id="left")])
