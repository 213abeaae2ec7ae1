"""Folding many texts at once, on their bytes; the rule itself stands in `text.fold`.

Nearly every Polish text consists of ASCII, Latin letters with diacritics and typographic punctuation
(see `usual`). Those are folded by byte tables, many texts in one array; any other goes through Unicode's
own normalisation. Both ways give the same folded text.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from dataprep.usual import LETTERS, UNUSUAL, where_matching

pl.Series(np.empty(0))  # Polars looks NumPy up at its first array, and fails if two threads of one query do so at once

Bytes = NDArray[np.uint8]

END, SPACE = 0, 32  # of a text; of a word

_CHUNK_BYTES = 1 << 20  # few enough for the processor's cache, many enough for NumPy

_ASCII = bytes(byte if byte in (END, *range(0x80, 0x100)) or chr(byte).isalnum() else SPACE for byte in range(0x100)).lower()
_SECOND = np.zeros(3 * 0x40, np.uint8) + np.tile(np.arange(0x80, 0xC0, dtype=np.uint8), 3)  # of two bytes, by the first and the second
for _letter in LETTERS:
    _SECOND[ord(_letter) - 0xC0] = _letter.lower().encode()[1]


def folded(texts: pl.Series) -> pl.Series:
    """The folded texts. Null in, null out."""
    if texts.is_empty():
        return texts
    whole = pl.concat([_folded_part(part) for part in chunks(texts.fill_null(""))]).rename(texts.name)
    return pl.select(pl.when(texts.is_not_null()).then(whole)).to_series() if texts.null_count() else whole


def chunks(texts: pl.Series, *, max_texts: int | None = None) -> Iterator[pl.Series]:
    """Runs of texts of about a megabyte, which the processor's cache holds: at least one text each; one empty run if there are none."""
    ends = np.cumsum(texts.str.len_bytes().to_numpy())
    start, done = 0, 0
    while start < len(texts) or start == 0:
        stop = max(int(np.searchsorted(ends, done + _CHUNK_BYTES, side="right")), start + 1)
        stop = stop if max_texts is None else min(stop, start + max_texts)
        yield texts.slice(start, stop - start)
        start, done = stop, int(ends[min(stop, len(ends)) - 1]) if len(ends) else 0


def folded_bytes(texts: pl.Series) -> Bytes:
    """The texts' folded bytes, one text after the other: anything between words is a run of SPACE, END stands after each text.

    Args:
        texts: Texts, none null.
    """
    return folded_usual(joined(where_matching(texts, UNUSUAL, _fold_by_unicode, otherwise=texts)))


def joined(texts: pl.Series) -> Bytes:
    """The texts' bytes, one text after the other, END after each. No nulls."""
    return np.frombuffer(texts.str.join("\0").cast(pl.Binary).item() + b"\0", np.uint8)


def folded_usual(joined: Bytes) -> Bytes:
    """Texts of usual characters, joined, with each byte folded where it stands; as above."""
    data = np.frombuffer(bytearray(joined.tobytes().translate(_ASCII)), np.uint8)
    letters = np.flatnonzero((data >= 0xC3) & (data <= 0xC5))  # noqa: PLR2004 - first bytes of U+00C0 to U+017F
    data[letters + 1] = _SECOND[(data[letters].astype(np.int64) - 0xC3) * 0x40 + data[letters + 1] - 0x80]
    for first, length in ((0xC2, 2), (0xE2, 3)):
        marks = np.flatnonzero(data == first)
        marks = marks[data[marks + 1] == 0x80] if length == 3 else marks  # noqa: PLR2004 - letters have other second bytes
        for offset in range(length):
            data[marks + offset] = SPACE
    return data


def _folded_part(texts: pl.Series) -> pl.Series:
    data = folded_bytes(texts)
    is_gap = data <= SPACE
    is_spare = data == SPACE
    is_spare[1:] &= is_gap[:-1]  # a space is kept behind a word
    kept = data[~is_spare]
    ends = np.flatnonzero(kept == END)
    is_trailing = ends[kept[ends - 1] == SPACE] - 1  # ends[0] = 0 reads the last byte, which is END
    if len(is_trailing):
        kept = np.delete(kept, is_trailing)
    return _strings(kept)


def _strings(data: Bytes) -> pl.Series:
    """The texts between the END bytes. Nothing is decoded: what folding keeps of UTF-8 is UTF-8."""
    ends = np.flatnonzero(data == END)
    starts = np.append(0, ends + 1) - np.arange(len(ends) + 1)
    texts = pa.LargeStringArray.from_buffers(len(ends), pa.py_buffer(starts), pa.py_buffer(data[data != END]))
    return pl.Series(pl.from_arrow(texts))


def _fold_by_unicode(text: pl.Expr) -> pl.Expr:
    lower = text.str.normalize("NFKC").str.to_lowercase().str.normalize("NFKC")
    return lower.str.replace_all(r"[^\p{L}\p{M}\p{N}]+", " ").str.strip_chars(" ")
