"""Quality statistics of a release (quality.json): what every rule did, and what the data are like before and after."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from dataprep import io
from dataprep.statistics.prevented_leaks import question_wise_leaks, row_wise_leaks
from dataprep.statistics.repetition import repetition
from dataprep.statistics.row_keys import row_keys, text_key
from dataprep.statistics.rule_examples import rule_counts
from dataprep.statistics.shortcuts import id_is_below, probe, sampled
from dataprep.statistics.writing import question_style, scripts
from dataprep.text import fold

_MANY_POSITIVES = 10
# The forms of each question word, folded; the word that comes first in a question counts.
QUESTION_WORDS: Mapping[str, tuple[str, ...]] = {
    "kto": ("kto", "kogo", "komu", "kim"),
    "co": ("co", "czego", "czemu", "czym"),
    "gdzie": ("gdzie", "skąd", "dokąd", "którędy"),
    "kiedy": ("kiedy", "odkąd"),
    "jaki": ("jaki", "jaka", "jakie", "jakiego", "jakiej", "jakiemu", "jaką", "jakim", "jacy", "jakich", "jakimi"),
    "który": ("który", "która", "które", "którego", "której", "któremu", "którą", "którym", "którzy", "których", "którymi"),
    "ile": ("ile", "ilu", "iloma"),
    "jak": ("jak",),
    "dlaczego": ("dlaczego",),
    "czyj": ("czyj", "czyja", "czyje", "czyjego", "czyjej", "czyjemu", "czyją", "czyim", "czyi", "czyich", "czyimi"),
    "czy": ("czy",),
}


class Curated(NamedTuple):
    """The stages' tables that quality is told from."""

    rows: pl.LazyFrame  # ROWS as read
    ledger: pl.LazyFrame
    split_queries: pl.LazyFrame
    corpus: pl.LazyFrame
    judgements: pl.LazyFrame
    links: pl.LazyFrame
    near_questions: pl.LazyFrame
    conflicts: pl.LazyFrame
    measures: pl.LazyFrame  # what the filters measured, by row_id


def quality(
    tables: Curated,
    *,
    rules: Mapping[str, Sequence[str]],
    origins: Sequence[Mapping[str, Any]],
    train_fraction: float,
) -> dict[str, Any]:
    """Tell what curation did and what came of it.

    Args:
        tables: The stages' tables.
        rules: Names of the rules of each stage, also of those that may have touched nothing.
        origins: One per source, with `name`, `licence` and `rows`.
        train_fraction: Share of the rows that a row-wise split would train on.

    Returns:
        A document for quality.json; lists are sorted, counts are whole numbers, shares are 0-1.
    """
    judged, keys = tables.judgements.with_columns(label=pl.when("is_judged").then("relevance")), row_keys(tables.rows)
    after = of_release(tables.split_queries, tables.corpus, tables.judgements, train_fraction=train_fraction)
    return {
        "rules": rule_counts(tables.ledger, rules),
        "reported": _reported(tables),
        "labels": {"before": _labels(tables.rows), "after": _labels(judged)},
        "repetition": repetition(keys),
        "duplicates": _duplicates(tables),
        "conflicts": _tally(tables.conflicts, ["kind", "resolution"]),
        "row_wise_split": row_wise_leaks(keys, train_fraction=train_fraction),
        "languages": _languages(tables),
        "licences": [
            {"source": o["name"], "licence": o["licence"], "rows": o["rows"]} for o in sorted(origins, key=lambda o: str(o["name"]))
        ],
        "shortcuts": {"before": probe(sampled(tables.rows)), "after": probe(_with_texts(sampled(judged, id_is_below), tables))},
        **after,
        "questions": {"before": _questions(keys), "after": after["questions"]},
        "question_style": {"before": question_style(tables.rows.select(text="question")), "after": after["question_style"]},
        "scripts": {"before": scripts(tables.rows.select(text="passage")), "after": after["scripts"]},
    }


def of_release(split_queries: pl.LazyFrame, corpus: pl.LazyFrame, judgements: pl.LazyFrame, *, train_fraction: float) -> dict[str, Any]:
    """The part that follows from the release's own tables, so that whoever has these alone can count it again.

    Args:
        split_queries: SPLIT_QUERIES.
        corpus: CORPUS.
        judgements: JUDGEMENTS; `query_id` and `relevance` are read.
        train_fraction: Share of the questions that a question-wise split would train on.
    """
    return {
        "questions": _questions_after(split_queries, judgements),
        "positives_per_question": _positives_per_question(split_queries, judgements),
        "question_wise_split": question_wise_leaks(split_queries, train_fraction=train_fraction),
        "question_words": _question_words(split_queries),
        "question_style": question_style(split_queries),
        "scripts": scripts(corpus),
        "largest_group": _largest_group(split_queries, judgements),
    }


def _with_texts(judged: pl.LazyFrame, tables: Curated) -> pl.LazyFrame:
    """Some of the release's judgements with `question`, `passage` and `label`, as ROWS has them."""
    few = judged.select("query_id", "passage_id", "label").collect()
    questions = tables.split_queries.select("query_id", question="text")
    passages = tables.corpus.filter(pl.col("passage_id") <= pl.lit(few["passage_id"].max(), pl.String)).select("passage_id", passage="text")
    return few.lazy().join(questions, on="query_id").join(passages, on="passage_id").select("question", "passage", "label")


def _reported(tables: Curated) -> list[dict[str, Any]]:
    """Rows in which a rule found what it only reports: all of them, and those that the release kept."""
    found = tables.measures.select("row_id", rule="reported").explode("rule", empty_as_null=False, keep_nulls=False)
    named = found.with_columns(rule=pl.format("filter.{}", "rule"))
    kept = named.join(tables.judgements, on=text_key("row_id"), how="semi").group_by("rule").agg(kept=pl.len())
    counted = named.group_by("rule").agg(rows=pl.len()).join(kept, on="rule", how="left")
    return counted.select("rule", "rows", pl.col("kept").fill_null(0)).sort("rule").collect().to_dicts()


def _labels(rows: pl.LazyFrame) -> dict[str, int]:
    label = pl.col("label")
    counted = rows.select(relevant=(label >= 1).sum(), not_relevant=(label == 0).sum(), asserted=label.is_null().sum())
    return counted.collect().row(0, named=True)


def _questions(keys: pl.DataFrame) -> dict[str, int]:
    """Distinct folded questions, and those that some row answers."""
    answered = keys.filter(pl.col("label").fill_null(1) >= 1)
    return {"distinct": keys["folded_question"].n_unique(), "answerable": answered["folded_question"].n_unique()}


def _questions_after(split_queries: pl.LazyFrame, judgements: pl.LazyFrame) -> dict[str, int]:
    answered = judgements.filter(pl.col("relevance") >= 1).select(pl.col("query_id").n_unique()).collect().item()
    return {"distinct": io.height(split_queries), "answerable": answered}


def _positives_per_question(split_queries: pl.LazyFrame, judgements: pl.LazyFrame) -> list[dict[str, Any]]:
    """Number of questions per number of positives; ten and more are one class."""
    positives = judgements.filter(pl.col("relevance") >= 1).group_by("query_id").agg(n=pl.len())
    counted = split_queries.join(positives, on="query_id", how="left").select(pl.col("n").fill_null(0).clip(upper_bound=_MANY_POSITIVES))
    rows = counted.group_by("n").agg(n_questions=pl.len()).sort("n").collect().iter_rows()
    return [{"n_positives": f"{n}+" if n == _MANY_POSITIVES else str(n), "n_questions": count} for n, count in rows]


def _duplicates(tables: Curated) -> dict[str, Any]:
    """Passages merged by kind, near-duplicates that stay apart by guard, near questions, and rows that were merged."""
    merged = pl.col("is_merged")
    return {
        "passages_merged": _tally(tables.links.filter(merged), ["kind"]),
        "passages_kept_apart": _tally(tables.links.filter(~merged), ["kind", "guard"]),
        "near_questions": io.height(tables.near_questions),
        "rows_merged": _tally(tables.ledger.filter(pl.col("action") == "merged"), ["rule"]),
    }


def _tally(rows: pl.LazyFrame, keys: list[str]) -> list[dict[str, Any]]:
    return rows.group_by(keys).agg(n=pl.len()).sort(keys).collect().to_dicts()


def _question_words(queries: pl.LazyFrame) -> list[dict[str, Any]]:
    """Number of questions by the question word that comes first in them; questions without one are `other`."""
    lemma = {form: word for word, forms in QUESTION_WORDS.items() for form in forms}
    pattern = rf"(?:^| )({'|'.join(lemma)})(?: |$)"
    first = fold(pl.col("text")).str.extract(pattern).replace_strict(lemma, default="other", return_dtype=pl.String)
    counted = queries.group_by(first.alias("word")).agg(n_questions=pl.len()).collect()
    found = dict(counted.iter_rows())
    return [{"word": word, "n_questions": found.get(word, 0)} for word in (*QUESTION_WORDS, "other")]


def _languages(tables: Curated) -> dict[str, Any]:
    """Rows by the likeliest language of question and passage, measured and kept, the commonest first; {} where none was identified."""
    columns = {name: f"{name}_language" for name in ("question", "passage") if f"{name}_language" in tables.measures.collect_schema()}
    if not columns:
        return {}
    kept = tables.measures.join(tables.judgements, on=text_key("row_id"), how="semi")
    found: dict[str, Any] = {}
    for when, rows in (("before", tables.measures), ("after", kept)):
        counted = rows.group_by(columns.values()).agg(n=pl.len()).collect()
        per_language = {name: counted.group_by(language=column).agg(pl.col("n").sum()) for name, column in columns.items()}
        found[when] = {name: found.sort("n", "language", descending=[True, False]).to_dicts() for name, found in per_language.items()}
    return found


def _largest_group(split_queries: pl.LazyFrame, judgements: pl.LazyFrame) -> dict[str, Any]:
    """The group with the most positives: how large it is, and its share of all positives; null without questions."""
    positives = judgements.filter(pl.col("relevance") >= 1).group_by("query_id").agg(n=pl.len())
    groups = (
        split_queries.join(positives, on="query_id", how="left")
        .group_by("group_id", "split")
        .agg(n_questions=pl.len(), n_positives=pl.col("n").sum())
        .with_columns(positives_fraction=(pl.col("n_positives") / pl.col("n_positives").sum()).fill_nan(None).round(6))
        .sort("n_positives", "n_questions", "group_id", descending=[True, True, False])
        .head(1)
    )
    rows = groups.collect().to_dicts()
    return rows[0] if rows else {}
