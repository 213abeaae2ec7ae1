"""The words of many texts as BM25 sees them: numbers of their Snowball stems, stop words left out.

A word is a 64-bit hash until it is met for the first time; only then is its stem asked for.
"""

from typing import NamedTuple

import numpy as np
import polars as pl
import Stemmer
from numpy.typing import NDArray

from dataprep.folding import chunks
from dataprep.words import Hashes, Integers, Spans, hashes_of, spans

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
_STOP_WORD = -1


class Stems(NamedTuple):
    """The words of some texts in their order: number of the text, from 0, and of the stem."""

    texts: Integers
    numbers: NDArray[np.int32]


class Vocabulary:
    """Stems by number, in the order in which they were met."""

    def __init__(self) -> None:
        self.stems: list[str] = []
        self._numbers: dict[str, int] = {}
        self._known = pl.DataFrame(schema={"hash": pl.UInt64, "number": pl.Int32})
        self._stemmer = Stemmer.Stemmer("polish")

    def read(self, texts: pl.Series) -> Stems:
        """The stems of some texts; those that are new are numbered.

        Args:
            texts: One text per row; null counts as empty.
        """
        parts, first = [Stems(np.empty(0, np.int64), np.empty(0, np.int32))], 0
        for chunk in chunks(texts.fill_null("")):
            found = spans(chunk)
            hashes = hashes_of(found)
            numbers = self._looked_up(hashes)
            if numbers.null_count():
                self._number(found, hashes, numbers.is_null().to_numpy())
                numbers = self._looked_up(hashes)
            is_wanted = (numbers != _STOP_WORD).to_numpy()
            owners = np.repeat(np.arange(first, first + len(chunk)), found.counts)
            parts.append(Stems(owners[is_wanted], numbers.to_numpy()[is_wanted]))
            first += len(chunk)
        return Stems(*map(np.concatenate, zip(*parts, strict=True)))

    def _looked_up(self, hashes: Hashes) -> pl.Series:
        return pl.DataFrame({"hash": hashes}).join(self._known, on="hash", how="left", maintain_order="left")["number"]

    def _number(self, found: Spans, hashes: Hashes, is_new: NDArray[np.bool_]) -> None:
        """Number the stems of words that are new, in the order of the words."""
        places = np.flatnonzero(is_new)
        new, firsts = np.unique(hashes[places], return_index=True)
        order = np.argsort(firsts)
        words = [found.data[found.starts[i] : found.ends[i]].tobytes().decode() for i in places[firsts[order]]]
        numbers = [
            _STOP_WORD if word in STOP_WORDS else self._numbers.setdefault(stem, len(self._numbers))
            for word, stem in zip(words, self._stemmer.stemWords(words), strict=True)
        ]
        self.stems.extend(list(self._numbers)[len(self.stems) :])
        more = pl.DataFrame({"hash": new[order], "number": np.array(numbers, np.int32)})
        self._known = pl.concat([self._known, more])
