"""Exact length statistics of every text column, in tokens, characters, words and sentences.

Each distinct text is measured once. A column's statistics follow from how often each length occurs in
it, which is a small table whatever the size of the corpus; so no percentile is an estimate.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import polars as pl

from dataprep.models.token_counts import TokenCounter
from dataprep.parts import IdRange, ranges_of
from dataprep.progress import Progress, Tally
from dataprep.schemas import SPLITS
from dataprep.statistics import spacy_counts, words_and_sentences
from dataprep.statistics.length_statistics import DISTRIBUTION, histogram, summarise, truncation
from dataprep.statistics.training_cost import epoch_cost
from dataprep.statistics.words_and_sentences import n_sentences, n_words
from dataprep.text import Kind

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from dataprep.models.base_tokenizer import BaseTokenizer  # the reader of models, which this module only takes from

_BATCH_TEXTS = 16_384
_RANGE_TEXTS = 1_000_000  # whose lengths are held at once
_LONGEST = 5
_COUNTED = pl.Schema({"made": pl.UInt32(), **DISTRIBUTION})  # `made` orders tables, columns and measures
_PLACE = ("table", "column", "split")
DEFINITIONS = {
    "characters": "Unicode code points",
    "tokens": "of the named tokenizer, special tokens and the recipe's prompts counted, before truncation",
    "percentiles": "p95 is the smallest length that at least 95 % of the texts do not exceed",
}


class _Side(NamedTuple):
    """One kind of texts: its name, the kind and column of its ids, the table that holds it, and the prompt before it."""

    name: str
    kind: Kind
    id: str
    texts: pl.LazyFrame
    prompt: str


class _Use(NamedTuple):
    """Where texts stand: table, column, of which side, and (id, split) of every row."""

    number: int
    table: str
    column: str
    of: str
    rows: pl.LazyFrame


class Measured(NamedTuple):
    """Length statistics as a table (lengths.parquet) and, with histograms and costs, as a document (lengths.json)."""

    table: pl.DataFrame
    document: dict[str, Any]


def measure(  # noqa: PLR0913 - four tables, and what the model will do to their texts
    queries: pl.LazyFrame,
    corpus: pl.LazyFrame,
    pairs: pl.LazyFrame,
    triplets: pl.LazyFrame,
    *,
    tokenizers: Mapping[str, "BaseTokenizer"],
    batch_size: int,
    query_prompt: str = "",
    passage_prompt: str = "",
    words: Literal["rule", "spacy"] = "rule",
    progress: Progress | None = None,
) -> Measured:
    """Measure the texts of a release's tables.

    Args:
        queries: SPLIT_QUERIES.
        corpus: CORPUS.
        pairs: PAIRS.
        triplets: TRIPLETS.
        tokenizers: Tokenizers by name, with the length at which their model truncates and the special
            tokens that it adds; all see a text in one pass. Truncation and padding that a tokenizer has
            set are left out of the measurement.
        batch_size: Rows per training batch, for the cost of padding.
        query_prompt: Text that is put before every question before it is tokenized.
        passage_prompt: Text that is put before every passage before it is tokenized.
        words: How words and sentences are counted: by a rule on the text, or by spaCy.
        progress: Called with the number of texts that are measured, and of all.

    Returns:
        One row per table, column, split and measure; columns of the tables without a row have none.
    """
    plain = {name: found._replace(tokenizer=_without_limits(found.tokenizer)) for name, found in tokenizers.items()}
    counters = {name: TokenCounter(found.tokenizer, n_special=found.n_special) for name, found in plain.items()}
    told = Tally(progress, queries, corpus)
    uses = _uses(queries, corpus, pairs, triplets)
    found, longest = [_COUNTED.to_frame()], list[dict[str, Any]]()
    for side in (_Side("question", "q", "query_id", queries, query_prompt), _Side("passage", "p", "passage_id", corpus, passage_prompt)):
        first = pl.DataFrame()
        for ids in ranges_of(side.kind, side.texts, _RANGE_TEXTS):
            texts = side.texts.select("text", id=side.id).filter(ids.holds("id"))
            lengths = _text_lengths(texts, counters, side.prompt, words, told)
            found.append(_counted_by_length([use for use in uses if use.of == side.name], ids, lengths, list(plain)))
            first = pl.concat([first, *(_longest_of(lengths, name) for name in plain)], how="diagonal")
        longest += _longest(first, side.name, plain)
    distributions = _distributions(found)
    document = {
        "definitions": DEFINITIONS | (spacy_counts if words == "spacy" else words_and_sentences).DEFINITIONS,
        "tokenizers": {name: _described(found) for name, found in plain.items()},
        "prompts": {"question": query_prompt, "passage": passage_prompt},
        "longest": longest,
    }
    return _summarised(distributions, {name: found.max_tokens for name, found in plain.items()}, document, batch_size=batch_size)


def _described(tokenizer: "BaseTokenizer") -> dict[str, Any]:
    return {
        "special_tokens_per_text": tokenizer.n_special,
        "max_tokens": tokenizer.max_tokens,
        "vocabulary": tokenizer.tokenizer.get_vocab_size(),
    }


def _summarised(distributions: pl.DataFrame, limits: Mapping[str, int | None], document: Mapping[str, Any], *, batch_size: int) -> Measured:
    """The table, and the document with what follows from how often each length occurs."""
    entries = [
        {**place, **summarise(lengths), **truncation(lengths, limits.get(place["tokenizer"]))} for place, lengths in _places(distributions)
    ]
    more = {
        "columns": [
            {**entry, "histogram": histogram(lengths)} for entry, (_, lengths) in zip(entries, _places(distributions), strict=True)
        ],
        "tokens_per_word": _tokens_per_word(entries),
        "training": [cost for name in limits for cost in _costs(distributions, name, limits[name], batch_size)],
    }
    return Measured(pl.DataFrame(entries, infer_schema_length=None), {**document, **more})


def _without_limits(tokenizer: "Tokenizer") -> "Tokenizer":
    """The tokenizer without truncation and padding; a copy where it had any."""
    if tokenizer.truncation is None and tokenizer.padding is None:
        return tokenizer
    copy = type(tokenizer).from_str(tokenizer.to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy


def _text_lengths(texts: pl.LazyFrame, counters: Mapping[str, TokenCounter], prompt: str, words: str, told: Tally) -> pl.DataFrame:
    """`id` and the lengths of each text; texts pass through Python in batches."""
    measured = texts.with_columns(
        characters=pl.col("text").str.len_chars(), words=n_words(pl.col("text")), sentences=n_sentences(pl.col("text"))
    )
    batches = measured.collect_batches(chunk_size=_BATCH_TEXTS, maintain_order=True)
    tokenized = (told.more(_counted(batch, counters, prompt, words)) for batch in batches)
    empty = measured.select(pl.exclude("text"), *(pl.lit(0, pl.UInt32).alias(f"tokens {name}") for name in counters))
    return pl.concat([pl.DataFrame(schema=empty.collect_schema()), *tokenized])


def _counted(batch: pl.DataFrame, counters: Mapping[str, TokenCounter], prompt: str, words: str) -> pl.DataFrame:
    texts = batch["text"]
    linguistic = spacy_counts.counts(texts.to_list()) if words == "spacy" else []
    tokens = [counter.count(prompt + texts).alias(f"tokens {name}") for name, counter in counters.items()]
    return batch.drop("text").with_columns(*linguistic, *tokens)


def _uses(queries: pl.LazyFrame, corpus: pl.LazyFrame, pairs: pl.LazyFrame, triplets: pl.LazyFrame) -> list[_Use]:
    """Where texts stand."""
    return [
        _Use(0, "queries", "question", "question", queries.select("split", id="query_id")),
        _Use(1, "corpus", "passage", "passage", corpus.select(pl.lit("corpus").alias("split"), id="passage_id")),
        _Use(2, "pairs", "anchor", "question", pairs.select("split", id="query_id")),
        _Use(3, "pairs", "positive", "passage", pairs.select("split", id="positive_id")),
        _Use(4, "triplets", "anchor", "question", triplets.select("split", id="query_id")),
        _Use(5, "triplets", "positive", "passage", triplets.select("split", id="positive_id")),
        _Use(6, "triplets", "negative", "passage", triplets.select("split", id="negative_id")),
    ]


def _counted_by_length(uses: Sequence[_Use], ids: IdRange, lengths: pl.DataFrame, tokenizers: Sequence[str]) -> pl.DataFrame:
    """How many rows of each table, column and split have each length, by measure, of the texts in a range: _COUNTED."""
    columns: dict[str, tuple[str, str | None]] = {name: (name, None) for name in ("characters", "words", "sentences")}
    columns |= {f"tokens {name}": ("tokens", name) for name in tokenizers}
    plans = []
    for use in uses:
        weighed = use.rows.filter(ids.holds("id")).group_by("split", "id").len("n_texts").join(lengths.lazy(), on="id")
        for number, (source, (measure_name, tokenizer)) in enumerate(columns.items()):
            counted = weighed.group_by("split", pl.col(source).cast(pl.Int64).alias("value")).agg(pl.col("n_texts").sum().cast(pl.Int64))
            place = {"table": use.table, "column": use.column, "measure": measure_name, "tokenizer": tokenizer}
            named = counted.with_columns(pl.lit(value, pl.String).alias(key) for key, value in place.items())
            plans.append(named.with_columns(made=pl.lit(use.number * len(columns) + number, pl.UInt32)).select(_COUNTED.names()))
    return pl.concat(pl.collect_all(plans))


def _distributions(counted: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The counts of all ranges together, in the order of tables, columns and measures."""
    keys = [name for name in _COUNTED.names() if name != "n_texts"]
    return pl.concat(counted).group_by(keys).agg(pl.col("n_texts").sum()).sort("made").select(DISTRIBUTION.names())


def _places(distributions: pl.DataFrame) -> Iterator[tuple[dict[str, Any], pl.DataFrame]]:
    """Each table, column, split and measure with its lengths: tables as they are made, splits from train to test."""
    keys = [*_PLACE, "measure", "tokenizer"]
    splits = pl.col("split").replace_strict(SPLITS, range(len(SPLITS)), default=len(SPLITS), return_dtype=pl.UInt8)
    ordered = distributions.with_row_index("made").with_columns(pl.col("made").min().over("table", "column", "measure", "tokenizer"))
    ordered = ordered.sort("made", splits, "value")
    for key, lengths in ordered.group_by(keys, maintain_order=True):
        yield dict(zip(keys, key, strict=True)), lengths.select("value", "n_texts")


def _tokens_per_word(entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """All tokens over all words, per table, column, split and tokenizer; null where there is no word."""
    words = {tuple(e[key] for key in _PLACE): e["total"] for e in entries if e["measure"] == "words"}
    return [
        {key: e[key] for key in (*_PLACE, "tokenizer")}
        | {"tokens_per_word": e["total"] / n if (n := words[tuple(e[key] for key in _PLACE)]) else None}
        for e in entries
        if e["measure"] == "tokens"
    ]


def _longest_of(lengths: pl.DataFrame, tokenizer: str) -> pl.DataFrame:
    """The longest texts; equal lengths in the order of the ids."""
    return lengths.lazy().sort(f"tokens {tokenizer}", "id", descending=[True, False]).head(_LONGEST).collect()


def _longest(lengths: pl.DataFrame, column: str, tokenizers: Iterable[str]) -> list[dict[str, Any]]:
    """The longest texts by id, per tokenizer, out of the longest of each range."""
    return [
        {"column": column, "tokenizer": name, "id": row["id"], "tokens": row[f"tokens {name}"], "characters": row["characters"]}
        for name in tokenizers
        for row in _longest_of(lengths.unique("id"), name).to_dicts()
    ]


def _costs(distributions: pl.DataFrame, tokenizer: str, max_tokens: int | None, batch_size: int) -> list[dict[str, Any]]:
    """What one epoch over the train split of each training table costs."""
    tokens = distributions.filter((pl.col("tokenizer") == tokenizer) & (pl.col("split") == "train"))
    costs = []
    for table in ("pairs", "triplets"):
        rows = tokens.filter(pl.col("table") == table).sort("column", "value")
        columns = [lengths.select("value", "n_texts") for _, lengths in rows.group_by("column", maintain_order=True)]
        costs.append({"table": table, "tokenizer": tokenizer, **epoch_cost(columns, max_tokens=max_tokens, batch_size=batch_size)})
    return costs
