"""py3langid's opinion of many texts at once: the same numbers to the last bit, in a third of the time.

py3langid leads a text byte by byte through an automaton, notes the n-grams that it met, and adds up their
weights. Here the automaton is led through many texts abreast, the last few go on one by one, and only the sum is
taken text by text, in the order of py3langid's own, for a sum of floats depends on its order.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

_MAX_TEXTS = 4_096  # at once; some 20 MB
_FEW = 64  # texts that are not worth the cost of a step abreast: some 8 us, and 0.1 us for a byte of one text
_FEATURE_BITS, _PLACE_BITS = np.uint64(17), np.uint64(35)  # of a number; the texts take the other 12


class Opinion(NamedTuple):
    """The likeliest language, its probability, and the probability that it is a wanted one."""

    language: str
    probability: float
    wanted: float


class _Model(NamedTuple):
    """py3langid's model as arrays: the automaton by state, then the weights by feature and column, and the columns' languages.

    Attributes:
        automaton: `first` (in rows), `following` and `feature` as py3langid has them, which is quicker for one text.
    """

    first: NDArray[np.int64]  # state -> where its row of successors begins
    following: NDArray[np.uint32]  # that and a byte -> the next state
    feature: NDArray[np.int64]  # state -> what was met, below 0 for nothing
    automaton: tuple[Sequence[int], Sequence[int], Sequence[int]]
    weights: NDArray[np.float32]
    prior: NDArray[np.float32]
    languages: Sequence[str]
    twins: Sequence[tuple[int, int]]  # columns of one language


def known_languages() -> frozenset[str]:
    """The languages that can be told apart (ISO 639-1); loads the model."""
    return frozenset(_model().languages)


def identify(texts: Sequence[str], wanted: Sequence[str]) -> Iterator[Opinion]:
    """An opinion on each text, which is read whole."""
    model = _model()
    columns = [model.languages.index(language) for language in wanted]
    for start in range(0, len(texts), _MAX_TEXTS):
        shares = _shares(texts[start : start + _MAX_TEXTS])
        best = shares.argmax(axis=1)
        most = shares[np.arange(len(best)), best].tolist()
        for column, probability, of_wanted in zip(best, most, shares[:, columns].tolist(), strict=True):
            yield Opinion(model.languages[column], probability, sum(sorted(of_wanted, reverse=True)))


@cache
def _model() -> _Model:
    """The model, loaded once."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415  # half a second that a run without languages saves

    found = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    plain = found.tk_row, found.tk_nextmove, found.tk_output
    automaton = np.array(found.tk_row, np.int64) << 8, np.array(found.tk_nextmove, np.uint32), np.array(found.tk_output, np.int64)
    twins = [(found.nb_classes.index(name), column) for column, name in enumerate(found.nb_classes) if name in found.nb_classes[:column]]
    return _Model(*automaton, plain, found.nb_ptc.astype(np.float32), found.nb_pc, found.nb_classes, twins)


def _shares(texts: Sequence[str]) -> NDArray[np.float32]:
    """Probability of each column for each text."""
    model = _model()
    coded = [_coded(text) for text in texts]
    features, counts, n_features = _features(coded)
    shares = np.zeros((len(texts), len(model.languages)), np.float32)
    amounts, ends = np.log1p(counts.astype(np.float32)), np.cumsum(n_features)
    for text in np.flatnonzero(n_features):
        met = slice(ends[text] - n_features[text], ends[text])
        shares[text] = amounts[met] @ model.weights[features[met]] + model.prior
    shares *= np.array([1 / np.sqrt(len(text) or 1) for text in coded], np.float32)[:, None]
    np.exp(shares - shares.max(axis=1, keepdims=True), out=shares)
    shares /= shares.sum(axis=1, keepdims=True)
    for one, other in model.twins:
        shares[:, one] += shares[:, other]
        shares[:, other] = 0
    return shares


def _coded(text: str) -> bytes:
    """The bytes that are read of a text."""
    lowered = text.lower() if text.isupper() else text
    return normalize("NFC", lowered).encode()


def _features(coded: Sequence[bytes]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The features that each text has, in the order in which it has them first; how often; and how many features a text has."""
    met = _walk(coded)
    met.sort()
    is_first = np.append(True, met[1:] >> _PLACE_BITS != met[:-1] >> _PLACE_BITS)[: len(met)]
    first = np.flatnonzero(is_first)
    counts = np.diff(first, append=len(met))
    text_and_feature, place = met[first] >> _PLACE_BITS, met[first] & np.uint64((1 << int(_PLACE_BITS)) - 1)
    text = text_and_feature >> _FEATURE_BITS
    order = np.lexsort((place, text))
    features = (text_and_feature & np.uint64((1 << int(_FEATURE_BITS)) - 1))[order]
    return features.astype(np.int64), counts[order], np.bincount(text.astype(np.int64), minlength=len(coded))


def _walk(coded: Sequence[bytes]) -> NDArray[np.uint64]:
    """What the automaton meets, each as a number: of the text, then of the feature, then of the byte at which it was met."""
    model = _model()
    sizes = np.array([len(text) for text in coded])
    order = np.argsort(-sizes, kind="stable")  # so that the texts that go on are the first ones
    data, starts = np.frombuffer(b"".join(coded), np.uint8), (np.cumsum(sizes) - sizes)[order]
    n_longer = np.searchsorted(-sizes[order], -np.arange(sizes.max(initial=0)))
    n_abreast = int(np.searchsorted(-n_longer, -_FEW, side="right"))
    numbers = order.astype(np.uint64) << _FEATURE_BITS
    met, state = [np.empty(0, np.uint64)], np.zeros(len(coded), np.uint32)
    for place, n_left in enumerate(n_longer[:n_abreast]):
        state = model.following[model.first[state[:n_left]] + data[starts[:n_left] + place]]
        feature = model.feature[state]
        found = np.flatnonzero(feature >= 0)
        met.append((numbers[found] | feature[found].astype(np.uint64)) << _PLACE_BITS | np.uint64(place))
    n_alone = int(np.searchsorted(-sizes[order], -n_abreast))
    for number, text, begun in zip(numbers, order[:n_alone], state.tolist(), strict=False):
        places, features = _walk_on(coded[text], n_abreast, begun)
        met.append((number | features) << _PLACE_BITS | places)
    return np.concatenate(met)


def _walk_on(text: bytes, start: int, state: int) -> NDArray[np.uint64]:
    """Where in one text, from a place on, features are met, and which."""
    first, following, feature = _model().automaton
    met = [
        (place, feature[state])
        for place, byte in enumerate(text[start:], start)
        if feature[state := following[(first[state] << 8) + byte]] >= 0
    ]
    return np.array(met, np.uint64).reshape(-1, 2).T
