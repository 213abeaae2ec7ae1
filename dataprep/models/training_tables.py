"""The tables that a model can be trained on, by the name that a recipe's `[[train.stages]]` gives them.

A table is anchor, positive and possibly negative, always in this order, for losses take the first column for
the question; and `group`, null or a name: rows of one group must not share a batch. Which table helps is no
belief but an ablation: passages judged not relevant were mostly on the subject, and 2,900 of them taught a
small model more than 500 clean pairs did (docs/ablation.md).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from dataprep.models.passage_crops import crop_pairs
from dataprep.models.passage_pairs import sentence_pairs, title_pairs
from dataprep.text import passage_text

CROPS = 4  # pairs of spans per passage


class Sources(NamedTuple):
    """What training tables are made from."""

    queries: pl.LazyFrame  # SPLIT_QUERIES
    judgements: pl.LazyFrame  # JUDGEMENTS
    corpus: pl.LazyFrame  # CORPUS
    links: pl.LazyFrame  # LINKS
    pairs: pl.LazyFrame  # PAIRS
    triplets: pl.LazyFrame  # TRIPLETS


def mixed_table(names: Sequence[str], sources: Sources, *, adapt_to_corpus: bool, min_passage_jaccard: float) -> pl.LazyFrame:
    """The rows of several tables with equal columns as one table; arguments and columns are those of `training_table`."""
    options: dict[str, Any] = {"adapt_to_corpus": adapt_to_corpus, "min_passage_jaccard": min_passage_jaccard}
    return pl.concat([training_table(name, sources, **options) for name in names]).unique().sort(pl.all())


def training_table(name: str, sources: Sources, *, adapt_to_corpus: bool, min_passage_jaccard: float) -> pl.LazyFrame:
    """A training table as texts.

    Args:
        name: One of `TABLES`.
        sources: The build's tables.
        adapt_to_corpus: Whether tables of passages take the whole corpus in place of the training passages.
        min_passage_jaccard: Links at or above it make a passage as good as one that answers a held-out question.

    Returns:
        anchor, positive, negative where the table has one, and group; distinct rows, sorted.
    """
    own = training_passages(sources, min_passage_jaccard=min_passage_jaccard)
    if name in _FROM_QUESTIONS:
        table = _FROM_QUESTIONS[name](sources)
    elif name == "weak_pairs":
        table = _weak_pairs(sources, own)
    else:
        table = _FROM_PASSAGES[name]((sources.corpus if adapt_to_corpus else own).select("passage_id", "title", "text"))
    return table.unique().sort(pl.all())


def training_passages(sources: Sources, *, min_passage_jaccard: float) -> pl.LazyFrame:
    """Passages judged for training questions, without those that answer a held-out question or nearly equal one that does.

    Args:
        sources: The build's tables.
        min_passage_jaccard: Links at or above it count as nearly equal; exact and semantic ones always do.

    Returns:
        CORPUS.
    """
    judged = sources.judgements.join(sources.queries.select("query_id", "split"), on="query_id")
    answers = judged.filter(pl.col("split") != "train", pl.col("relevance") > 0).select("passage_id")
    is_close = pl.col("kind").is_in(["exact", "semantic"]) | (pl.col("jaccard") >= min_passage_jaccard)
    close = sources.links.filter(is_close).select("passage_id", "other_id")
    both_ways = pl.concat([close, close.select(passage_id="other_id", other_id="passage_id")])
    near = both_ways.join(answers, on="passage_id", how="semi").select(passage_id="other_id")
    wanted = judged.filter(pl.col("split") == "train").select("passage_id").unique()
    held_out = pl.concat([answers, near]).unique()
    return sources.corpus.join(wanted.join(held_out, on="passage_id", how="anti"), on="passage_id", how="semi")


def _pairs(sources: Sources) -> pl.LazyFrame:
    return _texts(sources, sources.pairs.filter(pl.col("split") == "train"), "positive")


def _weak_pairs(sources: Sources, passages: pl.LazyFrame) -> pl.LazyFrame:
    """Label-0 passages as weak positives beside the real ones."""
    asked = sources.queries.filter(pl.col("split") == "train")
    rows = sources.judgements.join(asked, on="query_id", how="semi").join(passages, on="passage_id", how="semi")
    return _texts(sources, rows.select("query_id", positive_id="passage_id"), "positive")


def _triplets(sources: Sources) -> pl.LazyFrame:
    return _texts(sources, sources.triplets.filter(pl.col("split") == "train"), "positive", "negative")


def _judged_triplets(sources: Sources) -> pl.LazyFrame:
    is_judged = (pl.col("split") == "train") & (pl.col("retriever") == "judged")
    return _texts(sources, sources.triplets.filter(is_judged), "positive", "negative")


def _texts(sources: Sources, rows: pl.LazyFrame, *columns: str) -> pl.LazyFrame:
    """Ids to texts: query_id becomes anchor, `<column>_id` becomes the column."""
    texts = rows.join(sources.queries.select("query_id", anchor="text"), on="query_id")
    passages = sources.corpus.select("passage_id", text=passage_text(pl.col("title"), pl.col("text")))
    for column in columns:
        texts = texts.join(passages.rename({"passage_id": f"{column}_id", "text": column}), on=f"{column}_id")
    return texts.select("anchor", *columns, pl.lit(None, dtype=pl.String).alias("group"))


_FROM_QUESTIONS: Mapping[str, Callable[[Sources], pl.LazyFrame]] = {
    "pairs": _pairs,
    "triplets": _triplets,
    "judged_triplets": _judged_triplets,
}
_FROM_PASSAGES: Mapping[str, Callable[[pl.LazyFrame], pl.LazyFrame]] = {
    "first_sentences": lambda passages: sentence_pairs(passages, first_only=True),
    "sentences": lambda passages: sentence_pairs(passages, first_only=False),
    "titles": title_pairs,
    "crops": lambda passages: crop_pairs(passages, per_passage=CROPS),
}
TABLES = (*_FROM_QUESTIONS, "weak_pairs", *_FROM_PASSAGES)
