"""BM25 for Polish: lower-cased words without stop words, Snowball stems, Lucene's weighting.

PyStemmer holds the stemmer, a sparse matrix of words and passages the index. The scores are those of bm25s
(method "lucene"), under test; bm25s itself would index anew for every k1 and b that is tried, needs lists of
Python integers, and ranks every passage for every question. k1 = 0.9 and b = 0.4 are the defaults of Anserini's passage baselines.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import Stemmer
from scipy import sparse

from dataprep.models.ranking import TOLERANCE, Doubles, Integers, keys_at, largest, run_frame
from dataprep.text import fold, passage_text

# Words that tie a sentence together and say nothing about its subject.
STOP_WORDS = frozenset(  # one string, for a list would take a page
    """
    a aby ale albo ani aż bardziej bardzo bez bo bowiem by być była było były był będzie będą będąc
    choć chociaż ci cię ciebie co coś czy czyli czym czego czemu dla dlaczego dlatego do dość
    gdy gdyż gdzie go ich ile ilu im inaczej innych iż i ja jak jaka jaki jakie jakich jakiego jakiej jakim jako
    je jeden jednak jego jej jemu jest jestem jeszcze jeśli jeżeli już ją kiedy kim kogo komu kto która które którego
    której który których którym którymi którą lecz lub ma mają mam mi między mimo mną mnie mogą może można mu my
    na nad nam nami nas nasz natomiast nawet nic nich nie nim nimi niż no o obok od on ona one oni ono oraz
    pan pani po pod podczas ponad ponieważ poprzez poza przed przede przez przy raz również
    są sam sama się skąd sobie swoje swoją swój swego swojego swojej ta tak taka taki takie także tam te tego tej ten też
    to tobie tu tutaj tych tylko tym tymi ty twój tę tą u w wam wami was we więc wobec wszystko wtedy wy
    z za zaś zawsze ze że żeby
    """.split()  # noqa: SIM905
)


def words(texts: pl.Series) -> pl.DataFrame:
    """The words of each text as BM25 sees them.

    Args:
        texts: One text per row; null counts as empty.

    Returns:
        `text` (row number) and `stem`, one row per word that is no stop word, in the order of the text.
    """
    split = pl.DataFrame({"words": texts}).select(pl.int_range(pl.len()).alias("text"), fold(pl.col("words")).str.split(" ").alias("word"))
    found = split.explode("word", empty_as_null=True).filter(pl.col("word") != "")
    distinct = found["word"].unique().sort()
    distinct = distinct.filter(~distinct.is_in(list(STOP_WORDS)))
    stems = Stemmer.Stemmer("polish").stemWords(distinct.to_list())
    known = pl.DataFrame({"word": distinct, "stem": pl.Series(stems, dtype=pl.String)})
    return found.join(known, on="word", how="inner", maintain_order="left").select("text", "stem")


K1, B = 0.9, 0.4
_BLOCK_PASSAGES = 50_000  # read at once
_BLOCK_POSTINGS = 4_000_000
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
        self._vocabulary = pl.DataFrame(schema={"stem": pl.String, "id": pl.Int32})
        self._lengths = np.zeros(ordered.height)  # words of each passage
        self._counts = self._count(ordered)
        self._weights = np.empty(self._counts.nnz)
        self.reweight(k1=k1, b=b)

    def reweight(self, *, k1: float, b: float) -> None:
        """Change k1 and b; nothing is read anew. Lucene's formula: idf = ln(1 + (N - df + 0.5) / (df + 0.5))."""
        starts, n_passages = self._counts.indptr, len(self.passage_ids)
        found = np.diff(starts)
        idf = np.log1p((n_passages - found + 0.5) / (found + 0.5))
        norms = k1 * (1 - b + b * self._lengths / max(self._lengths.mean(), 1)) if n_passages else self._lengths
        for first in range(0, len(self._weights), _BLOCK_POSTINGS):  # in parts, for a temporary array as long as the index is large
            part = slice(first, first + _BLOCK_POSTINGS)
            counts = self._counts.data[part]
            words_of = np.searchsorted(starts, np.arange(first, first + len(counts)), side="right") - 1
            self._weights[part] = counts / (counts + norms[self._counts.indices[part]]) * idf[words_of]

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
        """How often each word stands in each passage, as a sparse word-passage matrix."""
        parts = []
        for start in range(0, ordered.height, _BLOCK_PASSAGES):
            texts = ordered.slice(start, _BLOCK_PASSAGES).select(passage_text(pl.col("title"), pl.col("text"))).to_series()
            found = words(texts).group_by("text", "stem").len()
            self._learn(found["stem"])
            known = found.join(self._vocabulary, on="stem")
            self._lengths[start : start + len(texts)] = np.bincount(known["text"], known["len"], minlength=len(texts))
            parts.append(known.select("id", pl.col("text").cast(pl.Int32) + start, pl.col("len").cast(pl.Float32)))
        if not parts:
            return sparse.csr_array((0, ordered.height), dtype=np.float32)
        ids, places, counts = (pl.concat(parts)[name].to_numpy() for name in ("id", "text", "len"))
        return sparse.coo_array((counts, (ids, places)), shape=(self._vocabulary.height, ordered.height)).tocsr()

    def _learn(self, stems: pl.Series) -> None:
        """Number the words that are new."""
        new = pl.DataFrame({"stem": stems.unique().sort()}).join(self._vocabulary, on="stem", how="anti", maintain_order="left")
        self._vocabulary = pl.concat(
            [self._vocabulary, new.with_row_index("id", self._vocabulary.height).select("stem", pl.col("id").cast(pl.Int32))]
        )

    def _asked(self, texts: pl.Series) -> Iterator[tuple[Integers, Integers]]:
        """Each query's words that the index knows, the rarest first, and how often it has them."""
        found = words(texts).join(self._vocabulary, on="stem").group_by("text", "id").len()
        n_passages = np.diff(self._counts.indptr)
        ordered = found.with_columns(n=n_passages[found["id"].to_numpy()]).sort("text", "n", "id")
        ends = np.searchsorted(ordered["text"].to_numpy(), np.arange(len(texts) + 1))
        ids, times = ordered["id"].to_numpy(), ordered["len"].to_numpy()
        yield from ((ids[start:end], times[start:end]) for start, end in pairwise(ends))

    def _best(self, ids: Integers, times: Integers, k: int) -> Integers:
        """Order keys of a query's k best passages, best first."""
        if not len(ids):
            return np.empty(0, dtype=np.int64)
        rows = [slice(self._counts.indptr[i], self._counts.indptr[i + 1]) for i in ids]
        positions = np.concatenate([self._counts.indices[row] for row in rows])
        weights: Doubles = np.concatenate([self._weights[row] * n for row, n in zip(rows, times, strict=True)])
        scores = np.bincount(positions, weights, minlength=len(self.passage_ids))
        some = scores[np.unique(positions[: _SOME * k])]
        floor = np.partition(some, -k)[-k] if len(some) >= k else 0.0  # the k-th best of some is no higher than that of all
        high = np.flatnonzero(scores > max(0.0, floor - TOLERANCE))
        return largest(keys_at(scores[high], high), k)
