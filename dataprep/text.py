"""Keys under which texts count as equal, and the ids made from them."""

from hashlib import sha256
from typing import Literal

import numpy as np
import polars as pl
import pyarrow as pa

from dataprep import folding, words

Kind = Literal["q", "p", "g"]

ID_HEX = 20  # 80 bits: 10^10 distinct texts collide with probability 4e-5 (birthday bound n²/2^81)
ROW_HEX = 16
_ID_BYTES = ID_HEX // 2
_HALVES = ">u8,>u2"  # an id's bytes
_LOW = 1 << 16  # of a number, what is left of 80 bits behind 64
_SEPARATOR = "\x1f"


def fold(text: pl.Expr) -> pl.Expr:
    """Key under which two texts count as the same text when leaks and duplicates are looked for.

    NFKC, lower case, NFKC again (lower-casing can undo it), every run of anything but letters and
    digits to one space, ends trimmed. So case, punctuation and white space do not count.

    Args:
        text: String expression, one text per row.

    Returns:
        String expression of the same length. Null in, null out. Idempotent. A text without any
        letter or digit folds to "".
    """
    return text.map_batches(folding.folded, return_dtype=pl.String, is_elementwise=True)


def words_key(text: pl.Expr) -> pl.Expr:
    """A number of 64 bits per text, equal for texts whose folded forms are equal, without making these. Null in, null out.

    Among 10⁸ texts two others have one number with probability 3·10⁻⁴ (birthday bound n²/2⁶⁵).
    """
    return text.map_batches(_words_keys, return_dtype=pl.UInt64, is_elementwise=True)


def digest(*parts: str, length: int) -> str:
    """First `length` hex digits of the SHA-256 of the parts, which no other parts joined could give."""
    return sha256(_SEPARATOR.join(parts).encode()).hexdigest()[:length]


def number(*parts: pl.Expr) -> pl.Expr:
    """First 80 bits of the SHA-256 of a text as an Int128: what an id is made of, in 16 bytes; several parts as in `digest`."""
    text = pl.concat_str(parts, separator=_SEPARATOR) if len(parts) > 1 else parts[0]
    return text.map_batches(_numbers, return_dtype=pl.Int128, is_elementwise=True)


def numbered_id(kind: Kind, numbers: pl.Expr) -> pl.Expr:
    """The id of a question ("q"), passage ("p") or group ("g") by its text's number; numbers sort as their ids do."""
    return numbers.map_batches(lambda values: _ids(kind, values), return_dtype=pl.String, is_elementwise=True)


def query_id(text: pl.Expr) -> pl.Expr:
    """Id of a question: "q" and 20 hex digits of the SHA-256 of its cleaned text, the same in every release."""
    return numbered_id("q", number(text))


def passage_id(text: pl.Expr) -> pl.Expr:
    """Id of a passage: "p" and 20 hex digits of the SHA-256 of its cleaned text, the same in every release."""
    return numbered_id("p", number(text))


def _words_keys(texts: pl.Series) -> pl.Series:
    keys = np.concatenate([words.keys_of(words.words(chunk)) for chunk in folding.chunks(texts.fill_null(""))])
    return pl.select(pl.when(texts.is_not_null()).then(pl.lit(pl.Series(keys, dtype=pl.UInt64)))).to_series().rename(texts.name)


def _numbers(texts: pl.Series) -> pl.Series:
    as_bytes = texts.fill_null("").cast(pl.Binary)  # for making a str of a text and encoding it costs twice what hashing it does
    digests = b"".join([sha256(text).digest()[:_ID_BYTES] for text in as_bytes])
    halves = np.frombuffer(digests, dtype=_HALVES)
    high, low = (pl.lit(pl.Series(halves[half].astype(np.uint64))).cast(pl.Int128) for half in ("f0", "f1"))
    return pl.select(pl.when(texts.is_not_null()).then(high * _LOW + low)).to_series().rename(texts.name)


def _ids(kind: Kind, numbers: pl.Series) -> pl.Series:
    known = numbers.fill_null(0).to_frame("number")
    halves = np.empty(known.height, dtype=_HALVES)
    halves["f0"] = known.select((pl.col("number") // _LOW).cast(pl.UInt64)).to_series().to_numpy()
    halves["f1"] = known.select((pl.col("number") % _LOW).cast(pl.UInt16)).to_series().to_numpy()
    binary = pa.Array.from_buffers(pa.binary(_ID_BYTES), known.height, [None, pa.py_buffer(halves)])
    hexes = pl.Series(pl.from_arrow(binary)).bin.encode("hex")
    return pl.select(pl.when(numbers.is_not_null()).then(pl.lit(kind) + hexes)).to_series().rename(numbers.name)


def passage_text(title: pl.Expr, text: pl.Expr) -> pl.Expr:
    """A passage as models and BM25 read it: its title, a space and its text, as BEIR and mteb join them; the text alone without a title."""
    return pl.when(title.fill_null("") == "").then(text).otherwise(title + pl.lit(" ") + text)
