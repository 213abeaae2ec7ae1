"""Put every question into a split, so that nothing leaks and nothing moves when data is added.

Questions that could give each other's answers away form a group: those that are equal or nearly so,
and those with a common or nearly equal positive passage. A group is never divided.

A group is named after its smallest anchor, and the split is a hash of that name and the seed. So the
split depends on nothing else: not on the order of rows, not on other groups. Anchors are what data is
hung on as it grows. Pairs are collected around questions: such a row's anchor is its question, and new
passages for a known question leave the group's anchors as they are. SQuAD-shaped data is collected
around paragraphs: there the anchor is the passage, and new questions on a known paragraph move
nothing. No name can do both at once: it would have to be the same for the question alone, the
passage alone and the two together. What does change a group's anchors is a row that ties it to
another question or paragraph, new or known; then the group may move.
"""

import math
from collections.abc import Collection
from hashlib import sha256

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dataprep.duplicates.same_texts import close
from dataprep.schemas import SPLIT_QUERIES
from dataprep.text import ID_HEX, digest, fold, number, numbered_id


def assign(  # noqa: PLR0913 - the tables of one stage, and one keyword per setting of the recipe
    queries: pl.LazyFrame,
    judgements: pl.LazyFrame,
    links: pl.LazyFrame,
    near_questions: pl.LazyFrame,
    rows: pl.LazyFrame,
    *,
    hung_on_passages: Collection[str],
    min_passage_jaccard: float,
    min_passage_cosine: float,
    seed: int,
    validation: float,
    test: float,
    max_group_positives: int,
) -> pl.LazyFrame:
    """Group the questions and give each group its split.

    Args:
        queries: QUERIES.
        judgements: JUDGEMENTS; relevance 1 ties.
        links: LINKS; passages linked by at least a threshold tie, whether a guard speaks or not.
        near_questions: NEAR_QUESTIONS; all of them tie.
        rows: ROWS as they were before texts were merged: what a row hangs on must not depend on
            which text was chosen to stand for it. Rows of questions that `queries` lacks are ignored.
        hung_on_passages: Sources (by name) that were collected around passages, as SQuAD was.
        min_passage_jaccard: Smallest similarity of passages that tie their questions.
        min_passage_cosine: The same of links that carry a cosine.
        seed: Seed of the splits.
        validation: Expected share of groups in validation.
        test: Expected share of groups in test.
        max_group_positives: A group with more positives goes to train.

    Returns:
        SPLIT_QUERIES, sorted by query_id.
    """
    asked = queries.select("query_id", "text", question=fold(pl.col("text"))).collect().sort("query_id")
    anchors = _anchors(asked, rows, hung_on_passages)
    positives = judgements.filter(pl.col("relevance") >= 1).select("query_id", "passage_id").collect()
    is_close = close(min_jaccard=min_passage_jaccard, min_cosine=min_passage_cosine)
    both_are_positive = pl.all_horizontal(pl.col("passage_id", "other_id").is_in(positives["passage_id"].implode()))
    ties = [
        asked.select(one="query_id", two=pl.format("question {}", "question")),
        anchors.select(one="query_id", two=numbered_id("g", pl.col("anchor"))),
        positives.select(one="query_id", two="passage_id"),
        links.filter(is_close & both_are_positive).select(one="passage_id", two="other_id").collect(),
        near_questions.select(one="query_id", two="other_id").collect(),
    ]
    placed = asked.select("query_id", "text").with_columns(component=_components(asked["query_id"], pl.concat(ties)))
    named = placed.lazy().join(anchors.lazy(), on="query_id").group_by("component").agg(group_id=numbered_id("g", pl.col("anchor").min()))
    counts = positives.lazy().join(placed.lazy(), on="query_id").group_by("component").agg(n_positives=pl.len())
    groups = named.join(counts, on="component", how="left").collect()
    by_hash = pl.Series([_split(name, seed=seed, validation=validation, test=test) for name in groups["group_id"]], dtype=pl.String)
    split = pl.when(pl.col("n_positives") > max_group_positives).then(pl.lit("train")).otherwise(by_hash)
    return placed.join(groups.with_columns(split=split), on="component", maintain_order="left").select(SPLIT_QUERIES.names()).lazy()


def assign_rows(queries: pl.LazyFrame, *, seed: int, validation: float, test: float) -> pl.LazyFrame:
    """Give each question a split of its own, as a row-wise split does. It leaks; it is here to be compared with.

    The sizes are those of `datasets.Dataset.train_test_split`: shares of the rows, rounded up.

    Args:
        queries: QUERIES, one per row where questions are not united.
        seed: Seed of the splits.
        validation: Share of validation.
        test: Share of test.

    Returns:
        SPLIT_QUERIES, sorted by query_id, each question a group.
    """
    asked = queries.collect().sort("query_id")
    groups = pl.Series([f"g{digest('row', name, length=ID_HEX)}" for name in asked["query_id"]], dtype=pl.String)
    drawn = pl.Series([digest(str(seed), name, length=ID_HEX) for name in groups], dtype=pl.String).rank("ordinal")
    n_test, n_validation = math.ceil(asked.height * test), math.ceil(asked.height * validation)
    split = pl.when(drawn <= n_test).then(pl.lit("test")).when(drawn <= n_test + n_validation).then(pl.lit("validation"))
    return asked.with_columns(group_id=groups, split=split.otherwise(pl.lit("train"))).select(SPLIT_QUERIES.names()).lazy()


def _anchors(asked: pl.DataFrame, rows: pl.LazyFrame, hung_on_passages: Collection[str]) -> pl.DataFrame:
    """query_id and anchor: what each of a question's rows hangs on, as the number of its folded text."""
    if not hung_on_passages:  # then all rows of a question hang on it
        return asked.select("query_id", anchor=number(pl.lit("question"), pl.col("question")))
    on_passage = pl.col("source").is_in(list(hung_on_passages))
    shape = pl.when(on_passage).then(pl.lit("passage")).otherwise(pl.lit("question"))
    text = fold(pl.when(on_passage).then("passage").otherwise("question"))
    hung = rows.select(question=number(fold(pl.col("question"))), anchor=number(shape, text)).unique()
    return (
        asked.lazy()
        .select("query_id", question=number(pl.col("question")))
        .join(hung, on="question")
        .select("query_id", "anchor")
        .collect()
    )


def _components(queries: pl.Series, ties: pl.DataFrame) -> pl.Series:
    """The number of each query's connected component; `ties` has in `one` and `two` what belongs together."""
    names = pl.concat([queries, ties["one"], ties["two"]])
    numbers = names.cast(pl.Categorical(pl.Categories.random())).to_physical().to_numpy()
    one, two = numbers[len(queries) : len(queries) + ties.height], numbers[len(queries) + ties.height :]
    n_names = int(numbers.max(initial=0)) + 1
    graph = coo_array((np.ones(len(one), bool), (one, two)), shape=(n_names, n_names))
    _, labels = connected_components(graph, directed=False)
    return pl.Series("component", labels[numbers[: len(queries)]])


def _split(group_id: str, *, seed: int, validation: float, test: float) -> str:
    """Split of a group: a hash of seed and group, taken as a number that is uniform on [0, 1)."""
    hashed = sha256(f"{seed}:{group_id}".encode()).digest()
    place = int.from_bytes(hashed[:8], "big") / 2**64
    return "test" if place < test else "validation" if place < test + validation else "train"
