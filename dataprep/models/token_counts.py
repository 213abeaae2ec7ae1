"""How many tokens texts have, each distinct word tokenized once where the tokenizer reads words one by one.

Tokenizers split a text at white space before anything else, nearly all of them, so a text has as many
tokens as its words have, each taken with the space before it. Corpora repeat their words: a million
passages hold fifty million words, of which some hundred thousand are distinct. Where the rule does not
hold, for a tokenizer or for a text of unusual characters, the text itself is tokenized.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from tokenizers import Tokenizer

from dataprep.folding import END, SPACE, chunks
from dataprep.usual import LETTERS
from dataprep.words import Hashes, Spans, hashes_of

_BATCH_TEXTS = 16_384
_MAX_WORDS = 5_000_000  # remembered; 60 MB
_KNOWN = pl.Schema({"hash": pl.UInt64, "n": pl.UInt32})  # of each word, with the space before it if there is one, and its tokens

# Characters that no normaliser turns into white space or joins with a neighbour, with single spaces between them.
_WORD = rf"[\x21-\x7e\u0400-\u045f{''.join(LETTERS)}„”“’‘–—…«»]+"  # Cyrillic letters among them
_PLAIN = rf"\A{_WORD}(?: {_WORD})*\z"
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
        self._known = pl.DataFrame(schema=_KNOWN)

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
        found = [_words(chunk) for chunk in chunks(texts)]
        hashes = np.concatenate([hashes_of(words) for words in found])
        known = self._known  # as it is now: polars may count two columns side by side, and each word is to stand there once
        lengths = _joined(hashes, known)
        if lengths.null_count():
            more = self._measured(found, hashes, lengths.is_null().to_numpy())
            lengths = lengths.fill_null(_joined(hashes, more))
            self._known = pl.concat([known, more]) if known.height < _MAX_WORDS else more
        ends = np.cumsum(np.concatenate([words.counts for words in found]))
        sums = np.append(0, np.cumsum(lengths.to_numpy().astype(np.int64)))
        return pl.Series(np.diff(sums[np.append(0, ends)]), dtype=pl.UInt32)

    def _measured(self, found: Sequence[Spans], hashes: Hashes, is_new: NDArray[np.bool_]) -> pl.DataFrame:
        """Tokenize words that are new, each once."""
        places = np.flatnonzero(is_new)
        firsts = np.sort(places[np.unique(hashes[places], return_index=True)[1]])
        before = np.cumsum([0, *(len(words.starts) for words in found)])
        texts = [
            words.data[words.starts[i] : words.ends[i]].tobytes().decode()
            for words, first, last in zip(found, before, before[1:], strict=False)
            for i in firsts[(firsts >= first) & (firsts < last)] - first
        ]
        lengths = [len(encoding) for encoding in self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)]
        return pl.DataFrame({"hash": hashes[firsts], "n": pl.Series(lengths, dtype=pl.UInt32)}, schema=_KNOWN)


def _words(texts: pl.Series) -> Spans:
    """The words of plain texts, each with the space before it if there is one."""
    data = np.frombuffer(texts.str.join("\0").cast(pl.Binary).item() + b"\0", np.uint8)
    ends = np.flatnonzero(data <= SPACE)
    is_last = data[ends] == END
    starts = np.append(0, np.where(is_last, ends + 1, ends)[:-1])
    return Spans(data, starts, ends, np.diff(np.flatnonzero(is_last), prepend=-1))


def _joined(hashes: Hashes, known: pl.DataFrame) -> pl.Series:
    """Tokens of each word, null where it is not known."""
    return pl.DataFrame({"hash": hashes}).join(known, on="hash", how="left", maintain_order="left")["n"]


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
