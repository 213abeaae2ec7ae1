"""BM25 for Polish: lower-cased words without stop words, Snowball stems, Lucene's weighting.

A sparse matrix of stems and passages is the index. The scores are those of bm25s
(method "lucene"), under test; bm25s itself would index anew for every k1 and b that is tried, needs lists of
Python integers, and ranks every passage for every question. k1 = 0.9 and b = 0.4 are the defaults of Anserini's passage baselines.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse

from dataprep.models.ranking import TOLERANCE, Integers, keys_at, largest, run_frame
from dataprep.models.stems import Vocabulary
from dataprep.text import passage_text

K1, B = 0.9, 0.4
_BLOCK_PASSAGES = 50_000  # read at once
_BLOCK_POSTINGS = 4_000_000
_PLACE_BITS = 32  # of a passage's or a stem's number beside another in one integer
_PLACES = (1 << _PLACE_BITS) - 1
_SOME = 4  # times k occurrences of the rarest words: the best passages are mostly among them


class Index:
    """BM25 index of a corpus."""

    def __init__(self, corpus: pl.DataFrame, *, k1: float = K1, b: float = B) -> None:
        """Index title and text of every passage.

        Args:
            corpus: passage_id, title, text; in any row order.
            k1: Saturation of term frequency.
            b: Length normalisation, 0 to 1.
        """
        ordered = corpus.sort("passage_id")
        self.passage_ids = ordered["passage_id"]
        self._vocabulary = Vocabulary()
        self._lengths = np.zeros(ordered.height)  # words of each passage
        self._counts = self._count(ordered)
        self._weights = np.empty(self._counts.nnz)
        self._starts: list[int] = self._counts.indptr.tolist()  # of each stem's passages
        self.reweight(k1=k1, b=b)

    def reweight(self, *, k1: float, b: float) -> None:
        """Change k1 and b; nothing is read anew. Lucene's formula: idf = ln(1 + (N - df + 0.5) / (df + 0.5))."""
        starts, n_passages = self._counts.indptr, len(self.passage_ids)
        found = np.diff(starts)
        idf = np.log1p((n_passages - found + 0.5) / (found + 0.5))
        norms = k1 * (1 - b + b * self._lengths / max(self._lengths.mean(), 1)) if n_passages else self._lengths
        cuts = np.unique(np.append(np.searchsorted(starts, np.arange(0, len(self._weights), _BLOCK_POSTINGS)), len(found)))
        for first, last in pairwise(cuts):  # in parts, for a temporary array as long as the index is large
            part = slice(starts[first], starts[last])
            counts = self._counts.data[part]
            self._weights[part] = counts / (counts + norms[self._counts.indices[part]]) * np.repeat(idf[first:last], found[first:last])

    def search(self, queries: pl.DataFrame, *, k: int) -> pl.DataFrame:
        """The k best passages of each query; passages that share no word with it are not retrieved.

        Args:
            queries: query_id, text.
            k: Most passages per query.

        Returns:
            query_id, passage_id, score, rank (from 1), in the order of the queries and ranks.
        """
        keys = [self._best(ids, times, k) for ids, times in self._asked(queries["text"])]
        return run_frame(queries["query_id"].to_list(), self.passage_ids, keys)

    def _count(self, ordered: pl.DataFrame) -> Any:  # noqa: ANN401 - scipy's sparse arrays have no types
        """How often each stem stands in each passage, as a sparse stem-passage matrix."""
        keys, counts = [np.empty(0, np.int64)], [np.empty(0, np.float32)]
        for start in range(0, ordered.height, _BLOCK_PASSAGES):
            texts = ordered.slice(start, _BLOCK_PASSAGES).select(passage_text(pl.col("title"), pl.col("text"))).to_series()
            found = self._vocabulary.read(texts)
            self._lengths[start : start + len(texts)] = np.bincount(found.texts, minlength=len(texts))
            occurring = np.sort(found.numbers.astype(np.int64) << _PLACE_BITS | (found.texts + start))
            firsts = np.flatnonzero(np.diff(occurring, prepend=-1))
            keys.append(occurring[firsts])
            counts.append(np.diff(firsts, append=len(occurring)).astype(np.float32))
        stems, places = ((np.concatenate(keys) >> _PLACE_BITS).astype(np.int32), (np.concatenate(keys) & _PLACES).astype(np.int32))
        shape = (len(self._vocabulary.stems), ordered.height)
        return sparse.coo_array((np.concatenate(counts), (stems, places)), shape=shape).tocsr()

    def _asked(self, texts: pl.Series) -> Iterator[tuple[list[int], Integers]]:
        """Each query's stems that the index knows, the rarest first, and how often it has them."""
        found = self._vocabulary.read(texts)
        is_known = found.numbers < self._counts.shape[0]
        asked, times = np.unique(found.texts[is_known] << _PLACE_BITS | found.numbers[is_known], return_counts=True)
        owners, ids = asked >> _PLACE_BITS, asked & _PLACES
        order = np.lexsort((ids, np.diff(self._counts.indptr)[ids], owners))
        ends = np.searchsorted(owners, np.arange(len(texts) + 1))
        ids, times = ids[order], times[order]
        yield from ((ids[start:end].tolist(), times[start:end]) for start, end in pairwise(ends))

    def _best(self, ids: list[int], times: Integers, k: int) -> Integers:
        """Order keys of a query's k best passages, best first."""
        if not ids:
            return np.empty(0, dtype=np.int64)
        starts = self._starts
        positions = np.concatenate([self._counts.indices[starts[i] : starts[i + 1]] for i in ids])
        weights = np.concatenate([self._weights[starts[i] : starts[i + 1]] for i in ids])
        if len(times) < times.sum():
            weights *= np.repeat(times, [starts[i + 1] - starts[i] for i in ids])
        scores = np.bincount(positions, weights, minlength=len(self.passage_ids))
        first = np.sort(positions[: _SOME * k])
        some = scores[first[np.diff(first, prepend=-1) > 0]]
        floor = np.partition(some, -k)[-k] if len(some) >= k else 0.0  # the k-th best of some is no higher than that of all
        high = np.flatnonzero(scores > max(0.0, floor - TOLERANCE))
        return largest(keys_at(scores[high], high), k)
