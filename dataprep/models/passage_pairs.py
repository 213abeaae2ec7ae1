"""Training pairs out of passages alone: a sentence and the rest of its passage, a title and its text.

The inverse cloze task (Lee, Chang and Toutanova 2019, "Latent Retrieval for Weakly Supervised Open Domain
Question Answering", section 4): a sentence taken out of a passage asks for what is left of it. No question
and no judgement is needed, so every passage that may be trained on gives pairs.
"""

import polars as pl

from dataprep.text import passage_text

MIN_CHARS = 20  # of a sentence and of what is left
_ABBREVIATIONS = (
    *(
        "abp",
        "al",
        "ang",
        "bł",
        "bp",
        "dr",
        "fr",
        "franc",
        "gen",
        "gm",
        "godz",
        "gr",
        "hab",
        "hiszp",
        "hr",
        "im",
        "in",
        "inż",
        "itd",
        "itp",
    ),
    *("jap", "kard", "kpt", "ks", "lit", "łac", "mgr", "mjr", "mec", "mł", "nazw", "niem", "np", "nr", "ok", "pl", "płk", "por", "pow"),
    *("poz", "prof", "pw", "red", "ros", "sw", "św", "t", "tj", "tys", "tzn", "tzw", "ul", "ur", "w", "wg", "właśc", "woj", "ww", "zm"),
)
_DOT, _BREAK = "\ue000", "\ue001"  # private-use characters: no text has them after cleaning
_ABBREVIATED = rf"(?i)\b({'|'.join(_ABBREVIATIONS)})\."
_INITIAL = r"\b(\p{Lu})\."  # J. Kowalski
_SENTENCE_END = r"([.!?…][\"”»)]?)\s+([\p{Lu}\p{N}„«\"(])"


def sentences(text: pl.Expr) -> pl.Expr:
    """A text's sentences.

    A sentence ends at . ! ? or … before white space and a capital, a digit or an opening quote, but not after
    one of the commonest Polish abbreviations or an initial. A rule, not a parser: it errs on long sentences.

    Args:
        text: String expression.

    Returns:
        List of strings; joined with spaces they are the text but for white space at their borders.
    """
    masked = text.str.replace_all(_ABBREVIATED, f"${{1}}{_DOT}").str.replace_all(_INITIAL, f"${{1}}{_DOT}")
    broken = masked.str.replace_all(_SENTENCE_END, f"${{1}}{_BREAK}${{2}}")
    return broken.str.replace_all(_DOT, ".", literal=True).str.split(_BREAK)


def sentence_pairs(passages: pl.LazyFrame, *, first_only: bool) -> pl.LazyFrame:
    """Sentences and what is left of their passages.

    Args:
        passages: passage_id, title, text.
        first_only: Only the first sentence of each passage asks; else each in turn.

    Returns:
        anchor (the sentence), positive (title and the other sentences), group (passage_id: two rows of one passage
        answer each other and must not share a batch). Passages of one sentence give no row, nor do
        sentences and rests of fewer than 20 characters.
    """
    split = passages.select("passage_id", "title", sentences=sentences(pl.col("text"))).filter(pl.col("sentences").list.len() > 1)
    numbered = split.with_columns(place=pl.int_ranges(1 if first_only else pl.col("sentences").list.len())).explode("place")
    before, after = pl.col("sentences").list.head(pl.col("place")), pl.col("sentences").list.slice(pl.col("place") + 1)
    rest = pl.concat_list(before, after).list.join(" ")
    asked = numbered.select(anchor=pl.col("sentences").list.get(pl.col("place")), rest=rest, title="title", group="passage_id")
    long_enough = asked.filter(pl.col("anchor").str.len_chars() >= MIN_CHARS, pl.col("rest").str.len_chars() >= MIN_CHARS)
    return long_enough.select("anchor", passage_text(pl.col("title"), pl.col("rest")).alias("positive"), "group")


def title_pairs(passages: pl.LazyFrame) -> pl.LazyFrame:
    """Titles and texts of the passages that have a title.

    Args:
        passages: passage_id, title, text.

    Returns:
        anchor (the title), positive (the text without it), group (passage_id).
    """
    return passages.filter(pl.col("title") != "").select(anchor="title", positive="text", group="passage_id")
