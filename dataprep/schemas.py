"""One schema per table that crosses a stage. A table is written only if it has exactly its schema."""

import polars as pl

SPLITS = ("train", "validation", "test")
TERMINAL_ACTIONS = ("rejected", "dropped", "merged", "kept")
ACTIONS = ("read", "changed", "relabelled", *TERMINAL_ACTIONS)

ROWS = pl.Schema(
    {
        "row_id": pl.String,  # <source>:<16 hex>, a function of the row's content and occurrence number
        "source": pl.String,
        "source_key": pl.String,  # the source's own id, else file:line
        "question": pl.String,
        "passage": pl.String,
        "title": pl.String,  # "" where there is none
        "label": pl.Int8,  # 1 judged relevant, 0 judged not relevant, null asserted without a judgement
    }
)
LEDGER = pl.Schema(
    {
        "row_id": pl.String,
        "source": pl.String,
        "source_key": pl.String,
        "stage": pl.String,
        "action": pl.String,  # one of ACTIONS
        "rule": pl.String,
        "column": pl.String,  # question, passage, title or label; null where the whole row is meant
        "before": pl.String,
        "after": pl.String,
        "into": pl.String,  # row_id that it was merged into
        "score": pl.Float64,  # the measured value or similarity that decided
        "split": pl.String,
        "query_id": pl.String,
        "passage_id": pl.String,
    }
)
# Texts of rows that stand in a reference set, each with its best match there.
CONTAMINATION = pl.Schema(
    {
        "row_id": pl.String,
        "column": pl.String,  # question or passage
        "text": pl.String,
        "reference": pl.String,  # name of the reference set
        "reference_key": pl.String,  # its own id of the row, else file:line
        "reference_text": pl.String,
        "kind": pl.String,  # exact (equal folded text) or near
        "jaccard": pl.Float64,  # 1 for exact ones
    }
)
QUERIES = pl.Schema({"query_id": pl.String, "text": pl.String})
CORPUS = pl.Schema({"passage_id": pl.String, "title": pl.String, "text": pl.String})
JUDGEMENTS = pl.Schema(
    {
        "query_id": pl.String,
        "passage_id": pl.String,
        "relevance": pl.Int8,  # 1 relevant, 0 not relevant
        "is_judged": pl.Boolean,  # false: the source asserts the pair without a judgement
        "row_id": pl.String,  # the row that stands for the pair
    }
)
# How two passages resemble each other; the basis of merges, of groups and of negatives' exclusion.
LINKS = pl.Schema(
    {
        "passage_id": pl.String,
        "other_id": pl.String,  # passage_id > other_id as text, except that a merged one stands first
        "kind": pl.String,  # exact (equal folded text), near (by words) or semantic (by the base model's vectors alone)
        "jaccard": pl.Float64,  # exact word-n-gram Jaccard, 0-1; null for pairs that only a model finds alike
        "cosine": pl.Float64,  # of the base model's vectors; null where they were not compared, or are less alike
        "guard": pl.String,  # number, negation, name, symbol: why it must not be merged; null where nothing speaks against it
        "is_merged": pl.Boolean,  # passage_id was merged into other_id
    }
)
# The text of passages that were merged away, so that a link can be shown.
MERGED_PASSAGES = pl.Schema({"passage_id": pl.String, "into_id": pl.String, "title": pl.String, "text": pl.String})
NEAR_QUESTIONS = pl.Schema({"query_id": pl.String, "other_id": pl.String, "jaccard": pl.Float64})
CONFLICTS = pl.Schema(
    {
        "query_id": pl.String,
        "passage_id": pl.String,
        "other_id": pl.String,  # the passage it conflicts with; equal to passage_id for the very same pair
        "kind": pl.String,  # same_pair (after merging) or near_pair (near-duplicates that stay apart)
        "jaccard": pl.Float64,  # both as in LINKS
        "cosine": pl.Float64,
        "resolution": pl.String,  # dropped, relabelled or listed
    }
)
SPLIT_QUERIES = pl.Schema({"query_id": pl.String, "text": pl.String, "group_id": pl.String, "split": pl.String})
PAIRS = pl.Schema({"query_id": pl.String, "positive_id": pl.String, "split": pl.String})
TRIPLETS = pl.Schema(
    {
        "query_id": pl.String,
        "positive_id": pl.String,
        "negative_id": pl.String,
        "retriever": pl.String,  # judged, bm25 or base
        "score": pl.Float64,  # the retriever's score of the negative; null for judged ones
        "rank": pl.Int32,  # the retriever's rank of the negative, from 1; null for judged ones
        "split": pl.String,
    }
)
# What a system retrieved.
RUN = pl.Schema(
    {
        "system": pl.String,  # bm25, base or finetuned
        "dimension": pl.Int32,  # of the vectors; null for systems without any
        "query_id": pl.String,
        "passage_id": pl.String,
        "score": pl.Float64,
        "rank": pl.Int32,  # from 1; score descending, ties by passage_id ascending
    }
)
