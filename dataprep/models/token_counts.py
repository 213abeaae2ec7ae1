"""How many tokens texts have, each distinct word tokenized once where the tokenizer reads words one by one.

Tokenizers split a text at white space before anything else, nearly all of them, so a text has as many
tokens as its words have, each taken with the space before it. Corpora repeat their words: a million
passages hold fifty million words, of which some hundred thousand are distinct. Where the rule does not
hold, for a tokenizer or for a text of unusual characters, the text itself is tokenized.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl
from tokenizers import Tokenizer

from dataprep.usual import LETTERS

_BATCH_TEXTS = 8_192
_MAX_WORDS = 2_000_000  # remembered; some 200 MB

# Characters that no normaliser turns into white space or joins with a neighbour, with single spaces between them.
_PLAIN = rf"\A[\x21-\x7e{''.join(LETTERS)}„”“’‘–—…«»]+(?: [\x21-\x7e{''.join(LETTERS)}„”“’‘–—…«»]+)*\z"
_LOCAL_NORMALIZERS = frozenset({"BertNormalizer", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "StripAccents", "Precompiled"})
_SPLITTERS = frozenset({"BertPreTokenizer", "Whitespace", "WhitespaceSplit"})  # at white space, whatever they split beyond that
_LOCAL_PRE_TOKENIZERS = _SPLITTERS | {"Punctuation", "Digits", "Metaspace", "ByteLevel"}


class TokenCounter:
    """Counts a tokenizer's tokens; remembers the words it has seen.

    Args:
        tokenizer: Without truncation and padding.
        n_special: Special tokens that the model adds to each text; they are counted.
    """

    def __init__(self, tokenizer: Tokenizer, *, n_special: int) -> None:
        self._tokenizer, self._n_special = tokenizer, n_special
        self._reads_words = reads_word_by_word(tokenizer)
        self._known: dict[str, int] = {}

    def count(self, texts: pl.Series) -> pl.Series:
        """Tokens of each text, untruncated, special tokens counted (UInt32). Null in, null out."""
        parts = [self._count(texts.slice(start, _BATCH_TEXTS)) for start in range(0, len(texts), _BATCH_TEXTS)]
        counted = pl.concat([pl.Series([], dtype=pl.UInt32), *parts]).rename(texts.name)
        return pl.select(pl.when(texts.is_not_null()).then(counted + self._n_special)).to_series().rename(texts.name)

    def _count(self, texts: pl.Series) -> pl.Series:
        if not self._reads_words:
            return self._of_whole(texts)
        is_plain = texts.str.contains(_PLAIN).fill_null(value=False)
        n_tokens = texts.is_null().cast(pl.UInt32)
        places = (~is_plain & texts.is_not_null()).arg_true()
        n_tokens = n_tokens.scatter(places, self._of_whole(texts.gather(places))) if len(places) else n_tokens
        places = is_plain.arg_true()
        return n_tokens.scatter(places, self._of_words(texts.gather(places))) if len(places) else n_tokens

    def _of_whole(self, texts: pl.Series) -> pl.Series:
        encoded = self._tokenizer.encode_batch_fast(texts.fill_null("").to_list(), add_special_tokens=False)
        return pl.Series([len(encoding) for encoding in encoded], dtype=pl.UInt32)

    def _of_words(self, texts: pl.Series) -> pl.Series:
        split = texts.str.replace_all(" ", "\0 ", literal=True).str.split("\0")  # each word keeps the space before it
        words = pl.DataFrame({"text": pl.int_range(len(texts), dtype=pl.UInt32, eager=True), "word": split}).explode("word")
        distinct = words["word"].unique()
        lengths = pl.DataFrame({"word": distinct, "n": pl.Series(list(self._of_distinct(distinct)), dtype=pl.UInt32)})
        return words.join(lengths, on="word").group_by("text").agg(pl.col("n").sum()).sort("text")["n"]

    def _of_distinct(self, words: pl.Series) -> Iterator[int]:
        known, all_words = self._known, words.to_list()
        new = [word for word in all_words if word not in known]
        found = {word: len(e) for word, e in zip(new, self._tokenizer.encode_batch_fast(new, add_special_tokens=False), strict=True)}
        if len(known) + len(found) <= _MAX_WORDS:
            known.update(found)
        return (known[word] if word in known else found[word] for word in all_words)


def reads_word_by_word(tokenizer: Tokenizer) -> bool:
    """Whether a text of plain characters has the tokens of its words, each taken with the space before it.

    That is so if its normaliser looks at no more than a character and its neighbours, its pre-tokenizer
    splits at white space, and no added token holds or swallows white space.
    """
    added = tokenizer.get_added_tokens_decoder().values()
    if any(token.rstrip or any(map(str.isspace, token.content)) for token in added):
        return False
    normalizers, steps = _steps(tokenizer.normalizer, "normalizers"), _steps(tokenizer.pre_tokenizer, "pretokenizers")
    is_local = all(step["type"] in _LOCAL_NORMALIZERS for step in normalizers) and all(s["type"] in _LOCAL_PRE_TOKENIZERS for s in steps)
    return is_local and any(_splits(step) for step in steps)


def _splits(step: Mapping[str, Any]) -> bool:
    by_itself = {"Metaspace": step.get("split", True), "ByteLevel": step.get("use_regex", True)}
    return step["type"] in _SPLITTERS or bool(by_itself.get(step["type"]))


def _steps(part: Any, inner: str) -> list[dict[str, Any]]:  # noqa: ANN401 - a normaliser or pre-tokenizer; they share no class
    """The steps of a sequence, or the part itself, as the tokenizer's file has them."""
    if part is None:
        return []
    state: dict[str, Any] = json.loads(part.__getstate__())
    return list(state[inner]) if state["type"] == "Sequence" else [state]
