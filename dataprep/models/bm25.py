"""BM25 for Polish: lower-cased words without stop words, Snowball stems, Lucene's weighting.

bm25s holds the index and the formula (method "lucene"), PyStemmer the stemmer. k1 = 0.9 and b = 0.4 are
the defaults of Anserini's passage baselines; on Polish question-passage pairs they beat 1.2 and 0.75.
"""

from typing import Any

import bm25s
import numpy as np
import polars as pl
import Stemmer

from dataprep.models.ranking import Integers, largest, order_keys, run_frame
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


class Index:
    """BM25 index of a corpus."""

    def __init__(self, corpus: pl.DataFrame, *, k1: float = 0.9, b: float = 0.4) -> None:
        """Index title and text of every passage.

        Args:
            corpus: passage_id, title, text; in any row order.
            k1: Saturation of term frequency.
            b: Length normalisation, 0 to 1.
        """
        ordered = corpus.sort("passage_id")
        self.passage_ids = ordered["passage_id"]
        found = words(ordered.select(passage_text(pl.col("title"), pl.col("text"))).to_series())
        vocabulary = found["stem"].unique().sort()
        self._vocabulary = pl.DataFrame({"stem": vocabulary}).with_row_index("id")
        self._bm25: Any = bm25s.BM25(k1=k1, b=b, method="lucene")
        if self._vocabulary.height:
            ids = {stem: i for i, stem in enumerate(vocabulary)}
            self._bm25.index((self._ids(found, ordered.height), ids), show_progress=False)

    def search(self, queries: pl.DataFrame, *, k: int) -> pl.DataFrame:
        """The k best passages of each query; passages that share no word with it are not retrieved.

        Args:
            queries: query_id, text.
            k: Most passages per query.

        Returns:
            query_id, passage_id, score, rank (from 1), in the order of the queries and ranks.
        """
        wanted = self._ids(words(queries["text"]), queries.height)
        return run_frame(queries["query_id"].to_list(), self.passage_ids, [self._best(ids, k) for ids in wanted])

    def _ids(self, found: pl.DataFrame, n_texts: int) -> list[list[int]]:
        """Vocabulary ids of each text's words; words unknown to the index are left out."""
        known = found.join(self._vocabulary, on="stem", how="inner", maintain_order="left")
        lists = known.group_by("text", maintain_order=True).agg("id")
        shared = list(range(self._vocabulary.height))  # one object per id: a list of lists of fresh integers takes four times the memory
        ids: list[list[int]] = [[] for _ in range(n_texts)]
        for text, row in lists.iter_rows():
            ids[text] = [shared[i] for i in row]
        return ids

    def _best(self, ids: list[int], k: int) -> Integers:
        if not ids:
            return np.empty(0, dtype=np.int64)
        scores = self._bm25.get_scores(ids)
        n_found = int(np.count_nonzero(scores > 0))
        return largest(order_keys(scores), min(k, n_found))
