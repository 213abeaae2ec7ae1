"""Bring rows into normal form: each text once, each (question, passage) pair once, every row accounted for.

Near-equal passages are merged, and if the recipe asks for it those that say the same to a model;
near-equal questions never: a question that differs in one word is often another question ("1849",
"1905"). What was merged, what merely resembles, and which labels contradict each other stays in tables
of its own.

All of it is decided on numbers (`numbered`); texts are read again, a part at a time, to be compared and written
(docs/decisions/0014).
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal

import polars as pl

from dataprep.duplicates import dedup_tables, row_fates, same_texts
from dataprep.duplicates.guards import Guard
from dataprep.duplicates.near import near_positions
from dataprep.duplicates.numbered import numbered
from dataprep.duplicates.row_fates import OnConflict
from dataprep.duplicates.row_texts import RowTexts
from dataprep.parts import Each, in_turn


def deduplicate(  # noqa: PLR0913 - one keyword per setting of the recipe
    rows: Sequence[pl.LazyFrame],
    stage: Path,
    *,
    scratch: Path,
    questions: bool,
    passages: Literal["off", "exact", "near", "semantic"],
    min_passage_jaccard: float,
    min_passage_cosine: float,
    shingle_words: int,
    min_question_jaccard: float,
    guards: Collection[Guard],
    on_conflict: OnConflict,
    alike: same_texts.Alike | None = None,
    each: Each = in_turn,
) -> None:
    """Unite equal questions and equal or nearly equal passages, and judge each pair once.

    Each input row stands for a judgement or ends as `merged` or `dropped` in the events. corpus and queries hold
    what a judgement names; merged_passages, links and conflicts may name texts beyond that: those merged
    away, and those whose pairs were all dropped.

    Args:
        rows: schemas.ROWS in parts, sorted by row_id; texts are not null.
        stage: Where the tables of `dedup_tables` are written, each sorted by its ids; large ones in as many parts as the rows have.
        scratch: Folder for what waits; emptied by the caller.
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
        each: Carries out what is done part by part.
    """
    known = numbered(rows, each_row_asks=not questions, kinds=guards, scratch=scratch, each=each)
    found_in = RowTexts(rows)
    titles = _titles(known.rows, found_in)
    asked = same_texts.exact_moves(known.questions, unite=questions)
    told = same_texts.exact_moves(known.passages, unite=passages != "off")
    heads, members = same_texts.heads_and_members(known.passages, told)
    known = known._replace(passages=known.passages.select("node", "id", "row"))
    links = same_texts.passage_links(
        heads,
        members,
        known.passages,
        told,
        found_in,
        shingle_words=shingle_words,
        kinds=guards,
        min_jaccard=min(same_texts.REVIEW_JACCARD, min_passage_jaccard),
        alike=alike,
    )
    del heads
    if passages in {"near", "semantic"}:
        min_cosine = min_passage_cosine if passages == "semantic" else None
        told = same_texts.near_moves(told, links, min_jaccard=min_passage_jaccard, min_cosine=min_cosine)
    fates = row_fates.fates(known.rows, asked, told, links, retitled=titles["node"], on_conflict=on_conflict)
    known = known._replace(rows=known.rows.clear())
    texts = dedup_tables.Texts(known.questions.select("node", "id", "row"), known.passages, titles, found_in)
    near_questions = _near_questions(known.questions, fates.judgements, found_in, min_jaccard=min_question_jaccard)
    del known
    dedup_tables.write_links(stage, links, told, near_questions, fates.conflicts, texts)
    dedup_tables.write_texts(stage, fates.judgements, told, texts, scratch=scratch, n_parts=len(rows))
    dedup_tables.write_events(stage, fates.recorded, texts)


def _titles(rows: pl.DataFrame, found_in: RowTexts) -> pl.DataFrame:
    """Of the passages with several titles the first of those that are not empty: node, title."""
    several = rows.select("passage", "title").with_row_index("row").filter(pl.col("passage").is_duplicated())
    differ = several.filter(pl.col("title").min().over("passage") != pl.col("title").max().over("passage")).drop("title")
    titles = found_in.at(differ["row"], "title").filter(pl.col("title") != "")
    return differ.join(titles, on="row").group_by(node="passage").agg(pl.col("title").min())


def _near_questions(questions: pl.DataFrame, judgements: pl.DataFrame, found_in: RowTexts, *, min_jaccard: float) -> pl.DataFrame:
    """Pairs of near-equal judged questions, one question for all that are equal under `text.fold`: one, other (numbers of ids), jaccard.

    Questions that are equal but for a symbol ("C", "C++") are listed as well, each with the first of them.
    """
    judged = dedup_tables.standing(questions, judgements["query"])
    asked = judged.filter(pl.col("folded").is_not_null()).select("id", "row", "folded", "key")
    shared = asked.filter(pl.col("folded").is_duplicated()).sort("id")
    firsts = shared.unique(["folded", "key"], keep="first", maintain_order=True).with_columns(head=pl.col("id").first().over("folded"))
    symbols = firsts.filter(pl.col("id") != pl.col("head")).select(one="id", other="head", jaccard=pl.lit(1.0))
    later = shared.filter(pl.col("id") != pl.col("id").first().over("folded"))
    heads = asked.join(later, on="id", how="anti").select("id", "row").sort("row")
    n_bytes = found_in.n_bytes("question")
    found = near_positions(found_in.runs(heads["row"], "question"), n_bytes=n_bytes, shingle_words=1, min_jaccard=min_jaccard)
    ids = [heads["id"].gather(side) for side in (found.left, found.right)]
    near = pl.DataFrame({"left": ids[0], "right": ids[1], "jaccard": found.jaccard})
    ordered = near.select(one=pl.max_horizontal("left", "right"), other=pl.min_horizontal("left", "right"), jaccard="jaccard")
    return pl.concat([ordered, symbols])
