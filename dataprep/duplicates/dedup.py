"""Bring rows into normal form: each text once, each (question, passage) pair once, every row accounted for.

Near-equal passages are merged, and if the recipe asks for it those that say the same to a model;
near-equal questions never: a question that differs in one word is often another question ("1849",
"1905"). What was merged, what merely resembles, and which labels contradict each other stays in tables
of its own.
"""

from collections.abc import Collection
from typing import Literal, NamedTuple

import polars as pl

from dataprep.duplicates import row_fates, same_texts
from dataprep.duplicates.guards import Guard
from dataprep.duplicates.near import near_pairs
from dataprep.duplicates.row_fates import OnConflict
from dataprep.schemas import CONFLICTS, CORPUS, MERGED_PASSAGES, NEAR_QUESTIONS, QUERIES
from dataprep.text import passage_id, query_id

_SEPARATOR = "\x1f"  # between a question and the id of its row, where each row is a query of its own


class Deduplicated(NamedTuple):
    """The normal form of the rows; each table sorted by its ids.

    corpus and queries hold what a judgement names. merged_passages, links and conflicts may name
    texts beyond that: those merged away, and those whose pairs were all dropped.
    """

    corpus: pl.LazyFrame
    queries: pl.LazyFrame
    judgements: pl.LazyFrame
    links: pl.LazyFrame
    merged_passages: pl.LazyFrame
    near_questions: pl.LazyFrame
    conflicts: pl.LazyFrame
    events: pl.LazyFrame


def deduplicate(  # noqa: PLR0913 - one keyword per setting of the recipe
    rows: pl.LazyFrame,
    *,
    questions: bool,
    passages: Literal["off", "exact", "near", "semantic"],
    min_passage_jaccard: float,
    min_passage_cosine: float,
    shingle_words: int,
    min_question_jaccard: float,
    guards: Collection[Guard],
    on_conflict: OnConflict,
    alike: same_texts.Alike | None = None,
) -> Deduplicated:
    """Unite equal questions and equal or nearly equal passages, and judge each pair once.

    Args:
        rows: schemas.ROWS; texts are not null.
        questions: Unite questions of equal key; false makes each row a query of its own.
        passages: Whether passages are merged never, when of equal key, also when nearly equal, or also when
            alike to a model. Links by words are found in any case.
        min_passage_jaccard: Smallest word n-gram Jaccard at which passages are merged.
        min_passage_cosine: Smallest cosine at which passages are merged.
        shingle_words: n of the word n-grams.
        min_question_jaccard: Smallest word-set Jaccard of near questions.
        guards: What merged passages must not differ in.
        on_conflict: What happens to a pair judged both ways.
        alike: Finds the pairs of texts that a model takes for alike; needed for "semantic" alone.

    Returns:
        The tables. Each input row stands for a judgement or ends as `merged` or `dropped` in the events.
    """
    table = _identified(rows.collect(), questions=questions)
    asked = same_texts.ranked(_texts(table, "query_id", "question"), kinds=guards)
    told = same_texts.ranked(_texts(table, "passage_id", "passage"), kinds=guards)
    asked_into = same_texts.exact_mapping(asked, unite=questions)
    told_into = same_texts.exact_mapping(told, unite=passages != "off")
    links = same_texts.passage_links(
        told,
        told_into,
        shingle_words=shingle_words,
        kinds=guards,
        min_jaccard=min(same_texts.REVIEW_JACCARD, min_passage_jaccard),
        alike=alike,
    )
    if passages in {"near", "semantic"}:
        min_cosine = min_passage_cosine if passages == "semantic" else None
        told_into = same_texts.near_mapping(told, told_into, links, min_jaccard=min_passage_jaccard, min_cosine=min_cosine)
    settled = row_fates.settle_labels(_mapped(table, asked, asked_into, told_into), on_conflict=on_conflict)
    chosen = row_fates.choose(settled, on_conflict=on_conflict)
    judged = row_fates.judgements(chosen)
    linked = same_texts.all_links(links, told_into)
    conflicts = [row_fates.same_pair_conflicts(chosen, on_conflict=on_conflict), row_fates.near_pair_conflicts(judged, linked)]
    stays = chosen.filter(pl.col("into") == pl.col("row_id"))
    asked_of = asked.filter(pl.col("id").is_in(judged["query_id"].implode()))
    return Deduplicated(
        corpus=_corpus(stays).lazy(),
        queries=asked_of.select(query_id="id", text="text").sort("query_id").select(QUERIES.names()).lazy(),
        judgements=judged.lazy(),
        links=linked.lazy(),
        merged_passages=_merged_passages(table, told_into).lazy(),
        near_questions=_near_questions(asked_of, min_jaccard=min_question_jaccard).lazy(),
        conflicts=pl.concat(conflicts).cast(CONFLICTS).sort(CONFLICTS.names()[:4]).lazy(),
        events=row_fates.events(chosen).lazy(),
    )


def _identified(rows: pl.DataFrame, *, questions: bool) -> pl.DataFrame:
    """Add the ids of the rows' own texts."""
    asked = pl.col("question") if questions else pl.concat_str("question", "row_id", separator=_SEPARATOR)
    return rows.with_columns(own_query_id=query_id(asked), own_passage_id=passage_id(pl.col("passage")))


def _texts(table: pl.DataFrame, own_id: str, column: str) -> pl.DataFrame:
    """The distinct texts of a column, and whether a row with the text was judged relevant."""
    is_positive = (pl.col("label") == 1).fill_null(value=False).any()
    return table.group_by(id=f"own_{own_id}").agg(text=pl.col(column).first(), is_positive=is_positive)


def _mapped(table: pl.DataFrame, asked: pl.DataFrame, asked_into: pl.DataFrame, told_into: pl.DataFrame) -> pl.DataFrame:
    """Add to each row the ids and texts that its own were mapped to."""
    question_of = asked_into.join(asked.select(into_id="id", query_text="text"), on="into_id")
    passage_of = told_into.join(_passages(table).rename({"passage_id": "into_id", "text": "passage_text"}), on="into_id")
    questions = question_of.select("query_text", own_query_id="id", query_id="into_id")
    passages = passage_of.rename({"id": "own_passage_id", "into_id": "passage_id"})
    return table.join(questions, on="own_query_id").join(passages, on="own_passage_id")


def _passages(table: pl.DataFrame) -> pl.DataFrame:
    """The distinct passages, each with the first of its non-empty titles in sorted order, else ""."""
    title = pl.col("title").filter(pl.col("title") != "").min().fill_null("")
    return table.group_by(passage_id="own_passage_id").agg(passage_title=title, text=pl.col("passage").first())


def _corpus(stays: pl.DataFrame) -> pl.DataFrame:
    """The passages of the rows that stand for a judgement."""
    passages = stays.select("passage_id", title="passage_title", text="passage_text").unique()
    return passages.select(CORPUS.names()).sort("passage_id")


def _merged_passages(table: pl.DataFrame, told_into: pl.DataFrame) -> pl.DataFrame:
    """The passages that were merged away."""
    away = told_into.filter(pl.col("id") != pl.col("into_id")).select(passage_id="id", into_id="into_id")
    texts = _passages(table).rename({"passage_title": "title"})
    return away.join(texts, on="passage_id").select(MERGED_PASSAGES.names()).sort("passage_id")


def _near_questions(asked: pl.DataFrame, *, min_jaccard: float) -> pl.DataFrame:
    """Pairs of near-equal questions, one question for all that are equal under `text.fold`.

    Questions that are equal but for a symbol ("C", "C++") are listed as well, each with the first of them.
    """
    heads = asked.filter(pl.col("folded") != "").group_by("folded", "key").agg(id=pl.col("id").min())
    first = heads.group_by("folded").agg(head=pl.col("id").min())
    found = near_pairs(first.select(id="head", text="folded"), shingle_words=1, min_jaccard=min_jaccard).collect()
    alike = heads.join(first, on="folded").filter(pl.col("id") != pl.col("head"))
    near = [
        found.select(query_id="left", other_id="right", jaccard="jaccard"),
        alike.select(query_id="id", other_id="head", jaccard=pl.lit(1.0)),
    ]
    return pl.concat(near).cast(NEAR_QUESTIONS).sort("query_id", "other_id")
