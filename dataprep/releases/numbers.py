"""A release in numbers: ids and texts as hashes of 64 bits, so that rows are compared without holding a text.

Equal ids and equal folded texts have equal numbers; the converse holds but for chance. So what offends a contract
offends it in numbers too, unless the number of an offender, of all things, is that of another text by chance:
among 10⁸ texts 5·10⁻¹² per offender. What offends in numbers alone is no offender; texts decide.
"""

from typing import NamedTuple

import polars as pl

from dataprep.duplicates.near_signatures import Signatures, joined, signatures
from dataprep.releases.release_files import Published
from dataprep.text import words_key

TEXT_COLUMNS = ("anchor", "positive", "negative")
_SEED = 1  # numbers are compared within one process alone, so they may change with every version of Polars
_BATCH_TEXTS = 50_000


class Numbers(NamedTuple):
    """The tables of a release.

    Attributes:
        queries: query (id), question (text) and split, null where no group names the query.
        corpus: passage (id) and text, in the order of `signatures`.
        signatures: Of the passages.
        groups: query, group, split.
        judgements: query, passage, score, split.
        qrels: The same of the positives.
        training: anchor, positive, negative (null in pairs) and split of pairs and triplets.
    """

    queries: pl.DataFrame
    corpus: pl.DataFrame
    signatures: Signatures
    groups: pl.DataFrame
    judgements: pl.DataFrame
    qrels: pl.DataFrame
    training: pl.DataFrame


def number(column: str) -> pl.Expr:
    """The number of an id or of whatever else is equal only letter by letter. Null in, null out."""
    return pl.when(pl.col(column).is_not_null()).then(pl.col(column).hash(_SEED))


def row_number(*columns: str) -> pl.Expr:
    """One number for the values of several columns, whatever their names; nulls are equal."""
    return pl.struct(pl.col(column).alias(str(place)) for place, column in enumerate(columns)).hash(_SEED)


def numbers(tables: Published, *, shingle_words: int) -> Numbers:
    """Read every table of a release once.

    Args:
        tables: The release.
        shingle_words: n of the word n-grams that passages are compared by.
    """
    split = pl.col("split").cast(pl.Categorical)
    groups = _read(tables.groups.select(query=number("query-id"), group=number("group-id"), split=split))
    asked = _read(tables.queries.select(query=number("_id"), plain=number("text"), text=words_key(pl.col("text"))))
    told, signed = _passages(tables.corpus, shingle_words)
    judged = {"query": number("query-id"), "passage": number("corpus-id"), "score": pl.col("score").cast(pl.Int64), "split": split}
    of_text = pl.concat([asked.select("plain", "text"), told.select("plain", "text")]).unique("plain")
    return Numbers(
        queries=asked.select("query", question="text").join(groups.select("query", "split"), on="query", how="left", maintain_order="left"),
        corpus=told.drop("plain"),
        signatures=signed,
        groups=groups,
        judgements=_read(tables.judgements.select(**judged)),
        qrels=_read(tables.qrels.select(**judged)),
        training=pl.concat([_training(rows.with_columns(split), of_text) for rows in (tables.pairs, tables.triplets)], how="diagonal"),
    )


def _read(rows: pl.LazyFrame) -> pl.DataFrame:
    return rows.collect(engine="streaming")


def _passages(corpus: pl.LazyFrame, shingle_words: int) -> tuple[pl.DataFrame, Signatures]:
    """Per passage: passage (id), plain (text letter by letter), text (its words); and the signatures."""
    frames, signed = [], [signatures(pl.Series(dtype=pl.String), shingle_words=shingle_words)]
    rows = corpus.select("text", passage=number("_id"), plain=number("text"))
    for batch in rows.collect_batches(chunk_size=_BATCH_TEXTS, maintain_order=True):
        signed.append(signatures(batch["text"].fill_null(""), shingle_words=shingle_words))
        text = pl.when(pl.col("text").is_not_null()).then(pl.lit(pl.Series(signed[-1].keys)))
        frames.append(batch.select("passage", "plain", text=text))
    nothing = pl.DataFrame(schema=dict.fromkeys(("passage", "plain", "text"), pl.UInt64))
    return pl.concat([nothing, *frames]), joined(signed)


def _training(rows: pl.LazyFrame, of_text: pl.DataFrame) -> pl.DataFrame:
    """Training rows by the words of their texts. Nearly all their texts are the release's own, which were read."""
    columns = [name for name in TEXT_COLUMNS if name in rows.collect_schema()]
    found = _read(rows.select("split", *(number(column).alias(column) for column in columns)))
    for column in columns:
        keys = found.join(of_text, left_on=column, right_on="plain", how="left", maintain_order="left")["text"]
        if keys.null_count():
            foreign = found[column].filter(keys.is_null()).unique()
            read = _read(rows.filter(number(column).is_in(foreign.implode())).select(plain=number(column), text=words_key(pl.col(column))))
            more = found.join(read.unique("plain"), left_on=column, right_on="plain", how="left", maintain_order="left")["text"]
            keys = keys.fill_null(more)
        found = found.with_columns(keys.alias(column))
    return found
