"""How the texts are written: style of the questions, and scripts other than Latin in the passages."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from dataprep.statistics.row_keys import text_key

# Unicode scripts by what people call them.
SCRIPTS: Mapping[str, str] = {
    "Cyrillic": r"\p{Cyrillic}",
    "Greek": r"\p{Greek}",
    "Chinese or Japanese": r"[\p{Han}\p{Hiragana}\p{Katakana}]",
    "Korean": r"\p{Hangul}",
    "Hebrew": r"\p{Hebrew}",
    "Arabic": r"\p{Arabic}",
}


def question_style(questions: pl.LazyFrame) -> dict[str, int]:
    """Number of distinct questions, of those that start with a small letter, and of those without a question mark.

    Args:
        questions: `text`; equal texts count once. A mark that quotes or white space follow is a question mark too.
    """
    text = pl.col("text")
    marks = questions.select(
        question=text_key(text),
        lower_case_start=text.str.contains(r"^[\s\"'„“”«»(]*\p{Ll}"),
        without_question_mark=~text.str.contains(r"\?[\s\"'”“»)]*$"),
    )
    distinct = marks.unique("question")
    counted = distinct.select(pl.len().alias("questions"), pl.col("lower_case_start", "without_question_mark").sum())
    return counted.collect().row(0, named=True)


def scripts(passages: pl.LazyFrame) -> list[dict[str, Any]]:
    """Number of texts that hold a letter of each script; a script that none holds is there with 0.

    Args:
        passages: `text`, one per row.
    """
    text = pl.col("text")
    foreign = passages.select("text").filter(text.str.contains("|".join(SCRIPTS.values())))  # few: only they are read for each
    counted = foreign.select(text.str.contains(pattern).sum().alias(script) for script, pattern in SCRIPTS.items()).collect()
    return [{"script": script, "n_texts": n} for script, n in counted.row(0, named=True).items()]
