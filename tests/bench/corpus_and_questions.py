"""Questions and passages in any number, with words as frequent as those of a language.

Words are drawn by Zipf and Mandelbrot's law, so that some stand in one passage of ten and most in a few; a
question has five words of its passage and two others. Nothing is copied from real data.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

_WORDS, _OFFSET = 80_000, 30.0
_PASSAGE_WORDS, _SHARED_WORDS, _OTHER_WORDS = 40, 5, 2
_BLOCK = 50_000
_SYLLABLES = [a + b for a in "bcdfghjklmnprstwz" for b in ("a", "e", "i", "o", "u", "y", "ow", "an")]


class Files(NamedTuple):
    """Where the tables are: corpus (passage_id, title, text), queries (query_id, text), positives (query_id, passage_id)."""

    corpus: Path
    queries: Path
    positives: Path


def write(folder: Path, *, n_passages: int, n_queries: int, seed: int = 1) -> Files:
    """Write so many passages, and questions on the first of them, as parquet."""
    rng = np.random.default_rng(seed)
    words = np.array(["".join(rng.choice(_SYLLABLES, rng.integers(2, 5))) for _ in range(_WORDS)])
    shares = 1 / (np.arange(_WORDS) + _OFFSET)
    shares /= shares.sum()
    first = None
    for start in range(0, n_passages, _BLOCK):
        drawn = rng.choice(_WORDS, size=(min(_BLOCK, n_passages - start), _PASSAGE_WORDS), p=shares)
        first = drawn if first is None else first
        ids = [f"p{i:08}" for i in range(start, start + len(drawn))]
        table = pl.DataFrame({"passage_id": ids, "title": "", "text": [" ".join(row) for row in words[drawn]]})
        table.write_parquet(folder / f"corpus-{start:08}.parquet")
    assert first is not None
    asked = rng.integers(0, len(first), n_queries) if n_queries > len(first) else rng.permutation(len(first))[:n_queries]
    texts = [
        " ".join(words[[*first[i][rng.permutation(_PASSAGE_WORDS)[:_SHARED_WORDS]], *rng.choice(_WORDS, _OTHER_WORDS, p=shares)]])
        for i in asked
    ]
    names = [f"q{i:08}" for i in range(n_queries)]
    files = Files(folder / "corpus-*.parquet", folder / "queries.parquet", folder / "positives.parquet")
    pl.DataFrame({"query_id": names, "text": texts}).write_parquet(files.queries)
    pl.DataFrame({"query_id": names, "passage_id": [f"p{i:08}" for i in asked]}).write_parquet(files.positives)
    return files
