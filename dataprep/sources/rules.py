"""What makes a record a row: the rules that hold for every kind of source, and the ids.

Rules found here; a reader has its own before them (see the modules of the kinds):
    nul: question, passage, title or id has a NUL character.
    empty: question or passage is missing, or nothing but white space.
    label: the label is none of 1, 0, 1.0, 0.0, true, false (in any case) or nothing. Nothing means
        that the source asserts the pair without a judgement.
"""

import polars as pl

from dataprep.identity import as_number, content_digest
from dataprep.sources.lines import NUL

RAW_CHARS = 2_000
ROLES = ("id", "question", "passage", "title", "label")
ROW = pl.Schema(
    {
        "digest": pl.String,  # identity.content_digest; becomes the row id, save for later ones of equal rows
        "number": pl.UInt64,  # the same as a number
        "source_key": pl.String,
        "question": pl.String,
        "passage": pl.String,
        "title": pl.String,
        "label": pl.Int8,
        "rule": pl.String,  # why the row is rejected; null where it is a row
        "column": pl.String,
        "before": pl.String,  # raw text of a rejected row, its first RAW_CHARS characters
        "after": pl.String,  # what was found and wanted
    }
)
"""A record that was judged: what the chunks on disk hold."""

_LABELS = {"1": 1, "1.0": 1, "true": 1, "0": 0, "0.0": 0, "false": 0, "": None}
_TEXT_ROLES = ("id", "question", "passage", "title")


def judge(records: pl.DataFrame) -> pl.DataFrame:
    """Tell rows from records that must be rejected, and give each its digest.

    Args:
        records: What a reader gives: `position`, `raw`, `rule`, `found` and text columns of `ROLES`.
            `raw` may be null where the source has no text of its own; absent roles count as null.

    Returns:
        As many rows, of schema `ROW`; those that the reader could not read come last.
    """
    absent = [pl.lit(None, pl.String).alias(role) for role in ROLES if role not in records.columns]
    full = records.with_columns(absent)
    is_read = pl.col("rule").is_null()
    judged = pl.concat([_read(full.filter(is_read)), _unread(full.filter(~is_read))])
    return judged.with_columns(number=as_number(pl.col("digest"))).select(ROW.names()).cast(ROW)


def _unread(records: pl.DataFrame) -> pl.DataFrame:
    """Records whose text makes no row: the text is their content."""
    nothing = pl.lit(None, pl.String)
    return records.select(
        digest=content_digest(pl.col("raw")),
        source_key="position",
        question=nothing,
        passage=nothing,
        title=nothing,
        label=pl.lit(None, pl.Int8),
        rule="rule",
        column=nothing,
        before=pl.col("raw").str.head(RAW_CHARS),
        after="found",
    )


def _read(records: pl.DataFrame) -> pl.DataFrame:
    """Records with fields: judge what the fields hold."""
    label = pl.col("label").fill_null("").str.strip_chars().str.to_lowercase()
    judged = records.with_columns(_fault(label).struct.unnest())
    is_bad = pl.col("rule").is_not_null()
    written_out = pl.coalesce("raw", pl.struct(ROLES).struct.json_encode())
    bad = judged.filter(is_bad).with_columns(before=written_out.str.head(RAW_CHARS))
    good = judged.filter(~is_bad).with_columns(before=pl.lit(None, pl.String))
    return pl.concat([good, bad]).select(
        digest=content_digest(*map(pl.col, ROLES)),
        source_key=pl.coalesce(pl.col("id").replace("", None), "position"),
        question="question",
        passage="passage",
        title=pl.col("title").fill_null(""),
        label=label.replace_strict(_LABELS, default=None, return_dtype=pl.Int8),
        rule="rule",
        column="column",
        before="before",
        after="found",
    )


def _fault(label: pl.Expr) -> pl.Expr:
    """Rule, column and finding of the first rule that a record breaks; nulls where it breaks none."""
    fault = pl.struct(rule=pl.lit(None, pl.String), column=pl.lit(None, pl.String), found=pl.lit(None, pl.String))
    found_label = pl.concat_str([pl.lit("'"), pl.col("label").str.head(80), pl.lit("'; wanted 1, 0, true, false or nothing")])
    broken = [(_has_nul(role), "nul", role, pl.lit(NUL)) for role in _TEXT_ROLES]
    broken += [(_is_empty(role), "empty", role, pl.lit("nothing but white space; wanted text")) for role in ("question", "passage")]
    broken += [(~label.is_in(list(_LABELS)), "label", "label", found_label)]
    for condition, rule, column, found in reversed(broken):
        outcome = pl.struct(rule=pl.lit(rule), column=pl.lit(column), found=found)
        fault = pl.when(condition).then(outcome).otherwise(fault)
    return fault


def _has_nul(role: str) -> pl.Expr:
    return pl.col(role).fill_null("").str.contains("\0", literal=True)


def _is_empty(role: str) -> pl.Expr:
    return pl.col(role).fill_null("").str.strip_chars() == ""
