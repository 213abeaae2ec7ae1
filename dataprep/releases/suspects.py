"""Which rows of a release may break a contract, told from its numbers; `offenders` then judges these rows by their texts.

A sound release has no suspects, so none of its texts is compared. The functions bear the names of the queries that they go
before. What those queries find in a whole release they find among its suspects as well.
"""

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

import numpy as np
import polars as pl

from dataprep.duplicates.near import near_positions
from dataprep.duplicates.near_signatures import may_be_near
from dataprep.releases.numbers import TEXT_COLUMNS, Numbers, number, row_number
from dataprep.releases.release_files import Published
from dataprep.text import words_key

_HELD_OUT = (pl.col("split") != "train").fill_null(value=False)
_TRAIN = pl.col("split") == "train"
_BATCH_TEXTS = 100_000


class Suspects(NamedTuple):
    """Numbers of what may break a contract; None where it does not matter which.

    Attributes:
        queries: Ids of queries.
        passages: Ids of passages.
        anchors: Texts of training rows, by their words.
        positives: The same.
        negatives: The same.
    """

    queries: pl.Series | None = None
    passages: pl.Series | None = None
    anchors: pl.Series | None = None
    positives: pl.Series | None = None
    negatives: pl.Series | None = None

    def are_none(self) -> bool:
        """Whether nothing may break the contract."""
        return all(found is None or found.is_empty() for found in self)


def narrowed(tables: Published, found: Suspects) -> Published:
    """The rows of a release that concern the suspects alone."""

    def some(rows: pl.LazyFrame, **wanted: pl.Series | None) -> pl.LazyFrame:
        for column, known in wanted.items():
            rows = rows if known is None else with_numbers(rows, column, known)
        return rows

    judged = {"query-id": found.queries, "corpus-id": found.passages}
    trained = {"anchor": found.anchors, "positive": found.positives}
    return Published(
        corpus=some(tables.corpus, _id=found.passages),
        queries=some(tables.queries, _id=found.queries),
        qrels=some(tables.qrels, **judged),
        judgements=some(tables.judgements, **judged),
        pairs=some(tables.pairs, **trained),
        triplets=some(tables.triplets, **trained, negative=found.negatives),
        groups=some(tables.groups, **{"query-id": found.queries}),
    )


def with_numbers(rows: pl.LazyFrame, column: str, known: pl.Series) -> pl.LazyFrame:
    """The rows whose id or text, in a column, has one of the numbers."""
    key = words_key(pl.col(column)) if column in TEXT_COLUMNS else number(column)
    return rows.filter(key.is_in(known.implode(), nulls_equal=True))


def repeated_passages(release: Numbers) -> Suspects:
    """Ids of passages that stand twice."""
    return Suspects(passages=_twice(release.corpus["passage"]))


def repeated_queries(release: Numbers) -> Suspects:
    """Ids of queries that stand twice."""
    return Suspects(queries=_twice(release.queries["query"]))


def repeated_judgements(release: Numbers) -> Suspects:
    """Pairs that are judged twice."""
    return _judged(release.judgements.filter(row_number("query", "passage").is_duplicated()))


def dangling(release: Numbers) -> Suspects:
    """Judgements without their query or passage."""
    no_query = release.judgements.join(release.queries, on="query", how="anti")
    return _judged(pl.concat([no_query, release.judgements.join(release.corpus, on="passage", how="anti")]))


def qrels_unlike_judgements(release: Numbers) -> Suspects:
    """Rows that stand on one side only."""
    columns = ["query", "passage", "score", "split"]
    positive = release.judgements.filter(pl.col("score") >= 1)
    one_sided = [one.join(other, on=columns, how="anti") for one, other in ((release.qrels, positive), (positive, release.qrels))]
    return _judged(pl.concat(one_sided))


def two_labels(release: Numbers) -> Suspects:
    """Pairs of texts with two scores."""
    texts = _with_texts(release.judgements.select("query", "passage", "score"), release)
    texts = texts.filter(row_number("question", "text").is_duplicated())
    scores = texts.group_by("question", "text").agg(one=pl.col("score").min(), other=pl.col("score").max())
    return _judged(texts.join(scores.filter(pl.col("one") != pl.col("other")), on=["question", "text"], how="semi", nulls_equal=True))


def groups_in_two_splits(release: Numbers) -> Suspects:
    """Groups of several splits."""
    return Suspects(queries=_in_two_splits(release.groups, "group")["query"])


def judgements_in_another_split(release: Numbers) -> Suspects:
    """Judgements whose split is not that of their query."""
    of_query = release.groups.select("query", own="split")
    placed = release.judgements.join(of_query, on="query", how="left")
    return _judged(placed.filter(pl.col("split").ne_missing(pl.col("own"))))


def questions_in_two_splits(release: Numbers) -> Suspects:
    """Questions of several splits."""
    return Suspects(queries=_in_two_splits(release.queries.drop_nulls("split"), "question")["query"])


def positives_in_two_splits(release: Numbers) -> Suspects:
    """Passages that answer questions of several splits."""
    return _judged(_in_two_splits(release.qrels.join(release.corpus, on="passage"), "text"))


def held_out_questions_trained_on(release: Numbers) -> Suspects:
    """Held-out questions among the anchors."""
    anchors = release.training.filter(_TRAIN).select("anchor")
    found = release.queries.filter(_HELD_OUT).join(anchors, left_on="question", right_on="anchor", how="semi")
    return Suspects(queries=found["query"], anchors=found["question"])


def held_out_positives_trained_on(release: Numbers) -> Suspects:
    """Passages that answer held-out questions among the positives."""
    positives = release.training.filter(_TRAIN).select("positive")
    held_out = release.qrels.filter(_HELD_OUT).join(release.corpus, on="passage")
    found = held_out.join(positives, left_on="text", right_on="positive", how="semi")
    return _judged(found)._replace(positives=found["text"])


def held_out_questions_nearly_trained_on(release: Numbers, tables: Published, *, min_jaccard: float) -> Suspects:
    """Held-out questions that are near to an anchor, or equal to one.

    Args:
        release: The numbers.
        tables: The texts: each question is read once, and the anchors that are no question of the release.
        min_jaccard: Threshold, above 0.
    """
    anchors = release.training.filter(_TRAIN)["anchor"].unique()
    foreign = anchors.filter(~anchors.is_in(release.queries["question"].implode()))
    others = narrowed(tables, Suspects(anchors=foreign)).training_rows("anchor").unique("anchor").collect()
    found = near_positions(
        chain(_batches(tables.queries, "text"), [others["anchor"]]),
        n_bytes=_n_bytes(tables.queries, "text") + _n_bytes(others.lazy(), "anchor"),
        shingle_words=1,
        min_jaccard=min_jaccard,
    )
    keys = pl.concat([_keys(tables.queries, "text"), _keys(others.lazy(), "anchor")])
    held_out = release.queries.filter(_HELD_OUT)
    is_held_out, is_anchor = (keys.is_in(known.implode()).fill_null(value=False).to_numpy() for known in (held_out["question"], anchors))
    ends = [(one[where := is_held_out[one] & is_anchor[other]], other[where]) for one, other in (found[:2], found[1::-1])]
    asked, trained = (keys.gather(np.concatenate(places)) for places in zip(*ends, strict=True))
    equal = anchors.filter(anchors.is_in(held_out["question"].implode()))
    queries = held_out.filter(pl.col("question").is_in(pl.concat([asked, equal]).implode()))["query"]
    return Suspects(queries=queries, anchors=pl.concat([trained, equal]))


def trained_without_judgement(release: Numbers) -> Suspects:
    """Training rows whose positive is none of their anchor, in their split."""
    true = _with_texts(release.qrels, release).select("split", anchor="question", positive="text")
    return _of_training(release, release.training.join(true, on=["anchor", "positive", "split"], how="anti"), "positive")


def negatives_that_are_positives(release: Numbers) -> Suspects:
    """Triplets whose negative is a positive of their anchor."""
    true = _with_texts(release.qrels, release).select(anchor="question", negative="text")
    return _of_training(release, release.training.join(true, on=["anchor", "negative"], how="semi"), "negative")


def negatives_near_positives(release: Numbers, *, min_jaccard: float) -> Suspects:
    """Triplets whose negative may be near to a positive of their anchor, or is no passage of the release.

    Args:
        release: The numbers.
        min_jaccard: Threshold, above 0.
    """
    places = release.corpus.select("text").with_row_index("place").unique("text")
    wrong = release.training.drop_nulls("negative").select("anchor", "negative").unique()
    wrong = wrong.join(places, left_on="negative", right_on="text", how="left")
    right = _with_texts(release.qrels, release).select(anchor="question", positive="text").unique()
    right = right.join(places.rename({"place": "right_place"}), left_on="positive", right_on="text")
    pairs = wrong.join(right, on="anchor")
    known = pairs.drop_nulls("place")
    ends = (known[column].to_numpy().astype(np.int64) for column in ("place", "right_place"))
    near = known.filter(may_be_near(release.signatures, *ends, min_jaccard=min_jaccard))
    found = pl.concat([near, pairs.filter(pl.col("place").is_null())])
    of_right = release.corpus.join(found, left_on="text", right_on="positive", how="semi")
    return _of_training(release, found, "negative")._replace(passages=of_right["passage"])


def _twice(numbers: pl.Series) -> pl.Series:
    return numbers.filter(numbers.is_duplicated()).unique()


def _judged(rows: pl.DataFrame) -> Suspects:
    """The queries and passages of some judgements."""
    return Suspects(queries=rows["query"].unique(), passages=rows["passage"].unique())


def _in_two_splits(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """The rows whose value of a column stands in several splits."""
    splits = rows.group_by(column).agg(n=pl.col("split").n_unique())
    return rows.join(splits.filter(pl.col("n") > 1), on=column, how="semi", nulls_equal=True)


def _with_texts(judged: pl.DataFrame, release: Numbers) -> pl.DataFrame:
    """Judgements with the numbers of their texts, `question` and `text`."""
    return judged.join(release.queries.select("query", "question"), on="query").join(release.corpus, on="passage")


def _of_training(release: Numbers, rows: pl.DataFrame, column: str) -> Suspects:
    """Some training rows, told by anchor and one more text, with the queries and passages of these texts."""
    anchors, texts = rows["anchor"].unique(), rows[column].unique()
    queries = release.queries.filter(pl.col("question").is_in(anchors.implode()))["query"]
    passages = release.corpus.filter(pl.col("text").is_in(texts.implode()))["passage"]
    return Suspects(queries=queries, passages=passages, anchors=anchors)._replace(**{f"{column}s": texts})


def _keys(rows: pl.LazyFrame, column: str) -> pl.Series:
    return rows.select(words_key(pl.col(column))).collect(engine="streaming").to_series()


def _batches(rows: pl.LazyFrame, column: str) -> Iterator[pl.Series]:
    for batch in rows.select(pl.col(column).fill_null("")).collect_batches(chunk_size=_BATCH_TEXTS, maintain_order=True):
        yield batch[column]


def _n_bytes(rows: pl.LazyFrame, column: str) -> int:
    return int(rows.select(pl.col(column).str.len_bytes().cast(pl.Int64).sum()).collect(engine="streaming").item())
