"""Word n-grams of texts as 64-bit hashes, made from the hashes of their words.

How often can two different n-grams get one hash? With 64 bits, 50 million distinct n-grams give
7·10⁻⁵ expected colliding pairs, and one such pair adds one common n-gram to two texts that
share no other: it cannot make a link.
"""

from typing import NamedTuple

import numpy as np
import polars as pl

from dataprep.words import Hashes, Integers, Words, words

_FACTOR = np.uint64(0xD1342543DE82EF95)  # odd; a word counts differently at each place of the n-gram


class Shingles(NamedTuple):
    """The n-grams of a run of texts: `counts[i]` hashes for text i, one text after the other, repeats included."""

    hashes: Hashes
    counts: Integers


def shingles(texts: pl.Series, *, shingle_words: int) -> Shingles:
    """Hash the word n-grams of each text.

    Args:
        texts: Texts, folded or not. No nulls.
        shingle_words: n. A text with fewer words has one shingle, all of its words.

    Returns:
        The hashes in the texts' order. A text without a word has none.
    """
    return shingles_of(words(texts), shingle_words=shingle_words)


def shingles_of(found: Words, *, shingle_words: int) -> Shingles:
    """Hash the n-grams of words that were found; the rest as above."""
    n_words = found.counts
    padded = np.append(found.hashes, np.zeros(shingle_words, np.uint64))
    rolled = found.hashes
    for step in range(1, shingle_words):
        rolled = rolled * _FACTOR + padded[step : step + len(rolled)]
    counts = np.where(n_words > 0, np.maximum(n_words - shingle_words + 1, 1), 0)
    first_words, first_shingles = np.cumsum(n_words) - n_words, np.cumsum(counts) - counts
    hashes = rolled[np.arange(int(counts.sum())) + np.repeat(first_words - first_shingles, counts)]
    is_short = (n_words > 0) & (n_words < shingle_words)
    hashes[first_shingles[is_short]] = _short(padded, first_words[is_short], n_words[is_short], shingle_words)
    return Shingles(hashes, counts)


def _short(padded: Hashes, first_words: Integers, n_words: Integers, shingle_words: int) -> Hashes:
    """Hashes of texts with fewer than n words: as if words of hash 0 followed, not those of the next text."""
    hashes = padded[first_words]
    for step in range(1, shingle_words):
        hashes = hashes * _FACTOR + np.where(step < n_words, padded[first_words + step], np.uint64(0))
    return hashes
