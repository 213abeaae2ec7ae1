"""Pairs of texts that say the same to a model: vectors on disk, close pairs within cells of the space."""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataprep.duplicates.cells import MAX_PAIRS_PER_VECTOR, TooManyPairsError, Vectors, close_pairs
from dataprep.errors import CallError

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
PAIRS = pl.Schema({"left": pl.String, "right": pl.String, "cosine": pl.Float64})
_BATCH = 8_192


def cosine_pairs(texts: pl.DataFrame, *, encode: Encode, min_cosine: float, scratch: Path | None = None) -> pl.DataFrame:
    """Find the pairs of texts whose vectors have at least a given cosine.

    Args:
        texts: Columns id (String, unique) and text (String, no nulls).
        encode: Vectors of some texts, of one dimension for all.
        min_cosine: Smallest cosine of a pair, above 0 and at most 1.
        scratch: Folder for a file of the vectors (4 bytes x dimensions x texts), deleted in the end.

    Returns:
        PAIRS: left, right (ids, left > right as text) and cosine, sorted by left and right. Every cosine is
        computed from the vectors themselves; a pair can be missed, see `cells`.

    Raises:
        CallError: The model takes most texts for alike, so that the threshold tells nothing.
    """
    ordered = texts.sort("id")
    if ordered.is_empty():
        return pl.DataFrame(schema=PAIRS)
    with TemporaryDirectory(dir=scratch) as folder:
        vectors = _encoded(ordered["text"], encode, Path(folder) / "vectors.npy")
        try:
            earlier, later, cosines = close_pairs(vectors, min_cosine=min_cosine)
        except TooManyPairsError:
            crowd = (
                f"on average more than {MAX_PAIRS_PER_VECTOR} other passages reach a cosine of {min_cosine:g} with each of {len(ordered):,}"
            )
            advice = 'raise it, choose another base model, or set passages = "near"'
            raise CallError(f"[deduplicate] min_passage_cosine: {crowd}, so it tells nothing; {advice}") from None
        del vectors
    ids = ordered["id"]
    found = pl.DataFrame({"left": ids.gather(later), "right": ids.gather(earlier), "cosine": cosines}, schema=PAIRS)
    return found.sort("left", "right")


def _encoded(texts: pl.Series, encode: Encode, file: Path) -> Vectors:
    """The vectors of all texts, scaled to length one, in a file that is read as it is needed."""
    first = _unit(encode(texts[:_BATCH].to_list()))
    vectors = np.lib.format.open_memmap(file, mode="w+", dtype=np.float32, shape=(len(texts), first.shape[1]))
    vectors[:_BATCH] = first
    for start in range(_BATCH, len(texts), _BATCH):
        vectors[start : start + _BATCH] = _unit(encode(texts[start : start + _BATCH].to_list()))
    return vectors


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors scaled to length one; zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)
