"""Words and sentences as spaCy's Polish tokenizer and sentencizer see them; no model is downloaded."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from spacy.language import Language

DEFINITIONS = {
    "words": "tokens of spaCy's Polish tokenizer that are neither punctuation nor white space",
    "sentences": "of spaCy's sentencizer, which breaks after every . ! ? and so after abbreviations too",
}


def counts(texts: Sequence[str]) -> list[pl.Series]:
    """Series `words` and `sentences`, one number per text; about 40,000 words a second."""
    documents = [[(token.is_punct or token.is_space, token.is_sent_start) for token in document] for document in _polish().pipe(texts)]
    words = [sum(not is_mark for is_mark, _ in document) for document in documents]
    sentences = [sum(bool(starts) for _, starts in document) for document in documents]
    return [pl.Series("words", words, dtype=pl.UInt32), pl.Series("sentences", sentences, dtype=pl.UInt32)]


@cache
def _polish() -> "Language":
    import spacy  # noqa: PLC0415 - a second of import, and only on the recipe's wish

    language = spacy.blank("pl")
    language.add_pipe("sentencizer")
    return language
