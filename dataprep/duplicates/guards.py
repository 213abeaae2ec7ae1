"""What near-equal texts must not differ in: a number, a negation, a name or a symbol.

Two texts that differ in one word mostly say the same, yet not when that word answers the question:
"dynastia Jagiellonów" and "dynastia Wazów", "1849" and "1905", "jest" and "nie jest". A guard
speaks whenever it may be so: a merge that is held back costs little (the two stay linked, and in
one split), a wrong one loses a passage. Of 67 near-equal pairs among real Polish questions, 29
differ in a digit, a negation or a capitalised word, and about 17 have another answer.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple, get_args

import polars as pl

from dataprep.text import fold
from dataprep.usual import UNUSUAL, where_matching

Guard = Literal["number", "negation", "name", "symbol"]
GUARDS: tuple[Guard, ...] = get_args(Guard)

_WORD = r"[\p{L}\p{M}\p{N}]+"
_SYMBOL = r"[[\p{Sc}\p{Sm}%‰°#&^]--[|~]]"  # | and ~ are remnants of tables and signatures
_TOKEN = rf"{_WORD}|{_SYMBOL}|[.!?…\n]"
_SENTENCE_ENDS = frozenset(".!?…\n")
# A mark between digits belongs to the number, and a dash right before one is its sign. Each becomes a symbol of its own.
_BETWEEN_DIGITS = {r"\s*[-–—]\s*": "↔", r"[.,]": "⋅", r"\s*:\s*": "∶", r"\s*/\s*": "∕"}
_SIGN = r"(^|[\s(\[=<>„\"])[-–](\p{N})"
_MAY_BE_SYMBOL = rf"{_SYMBOL}|\p{{N}}\s*[-–—.,:/]\s*\p{{N}}|{_SIGN}|{UNUSUAL}"

_NUMBER_WORDS = re.compile(
    r"jed(en|n[aeio]|nego|nemu|nej|ną|nym|nych|nymi)|dw(a|ie|aj|óch|u|om|oma|iema|oje|ojga)|tr(zy|zej|zech|zem|zema|oje|ojga)"
    r"|czter(y|ej|ech|em|ema)|(pię|sze|dziewię|dziesię)(ć|ść|ciu|ściu|cioma|ścioma)|(siedem|siedmiu|siedmioma|osiem|ośmiu|ośmioma)"
    r"|\w+(naście|nastu|dzieści|dziestu|dziesiąt|dziesięciu)|st[ou]|dwieście|dwustu|(trzy|cztery)sta|(trzy|czterech)stu"
    r"|(pięć|sześć|siedem|osiem|dziewięć)set|tysi(ąc|ąca|ące|ącem|ęcy|ącami|ącach)|mili(on|ard)\w*|pół|półtor[aej]j?|połow[aęyąo]\w?|ćwierć"
    r"|(pierwsz|czwart|piąt|szóst|siódm|ósm|dziewiąt|dziesiąt)(y|a|e|ego|ej|emu|ą|ym|ych|ymi)|drug(i|a|ie|iego|iej|iemu|ą|im|ich|imi)"
    r"|trzeci(a|e|ego|ej|emu|ą|m|ch|mi)?|stycz(eń|nia|niu|niem)|lut(y|ego|emu|ym)|mar(zec|ca|cu|cem)|kwie(cień|tnia|tniu|tniem)"
    r"|maj(a|u|em)?|(czerw|lip)(iec|ca|cu|cem)|sierp(ień|nia|niu|niem)|wrze(sień|śnia|śniu|śniem)|październik(a|u|iem)?"
    r"|listopad(a|em|zie)?|grud(zień|nia|niu|niem)"
)
_NEGATIONS = re.compile(
    r"nie|beze?|ani|nigdy|nigdzie|nikt|nikogo|nikomu|nikim|nic|niczego|niczemu|niczym|brak(u|uje|owało)?|o?prócz"
    r"|żad(en|n[aeą]|nego|nej|nemu|nym|nych|nymi)"
)
_MAX_WORDS = 1 << 17  # whose kind is remembered: the vocabulary is much smaller than the text
_NEGATING_PREFIXES = ("nie", "bez")


def strict_fold(text: pl.Expr, *, folded: pl.Expr | None = None) -> pl.Expr:
    """Key under which two texts are equal although their case, punctuation or white space differ.

    `text.fold`, except that symbols stay: "3 < 5" and "3 > 5", "-5" and "5", "C" and "C++",
    "1:2" and "1,2" differ. Only texts with something that may be a symbol are read for symbols.

    Args:
        text: String expression, one text per row.
        folded: The same under `text.fold`, if it is known.

    Returns:
        String expression of the same length. Null in, null out. A text without letters, digits and symbols folds to "".
    """
    both = [text, fold(text) if folded is None else folded]
    return pl.map_batches(both, _strict_fold, return_dtype=pl.String, is_elementwise=True)


def _strict_fold(both: Sequence[pl.Series]) -> pl.Series:
    texts, folded = both
    return where_matching(texts, _MAY_BE_SYMBOL, _folded_with_symbols, otherwise=folded)


def _folded_with_symbols(text: pl.Expr) -> pl.Expr:
    return _tokens(text, rf"{_WORD}|{_SYMBOL}").list.join(" ").str.to_lowercase().str.normalize("NFKC")


def guards(left: pl.Series, right: pl.Series, *, kinds: Collection[Guard] = GUARDS) -> pl.Series:
    """Say for each pair of texts what forbids to take one for the other.

    Args:
        left: Texts, with their case. No nulls.
        right: As many texts; the answer is the same if the sides are exchanged.
        kinds: The guards that may speak.

    Returns:
        The first of `kinds`, in the order of GUARDS, in which the two texts differ, else null:
        number (digits, number words, months), negation, name (capitalised words), symbol.
        Where these words are the same, but stand in another order, that is a difference too.
    """
    distinct = pl.concat([left, right]).unique().to_frame("text")
    tokens = distinct.select("text", tokens=_tokens(pl.col("text"), _TOKEN))
    read = {text: _read(found) for text, found in tokens.iter_rows()}
    spoken = (_first(read[one], read[two], kinds) for one, two in zip(left, right, strict=True))
    return pl.Series("guard", spoken, dtype=pl.String)


class _Text(NamedTuple):
    """A text as the guards see it; words are lower-cased."""

    words: tuple[str, ...]
    numbers: tuple[str, ...]
    negations: tuple[str, ...]
    symbols: tuple[str, ...]
    names: frozenset[str]  # capitalised within a sentence
    openers: frozenset[str]  # capitalised where a sentence starts: a name or not


def _tokens(text: pl.Expr, pattern: str) -> pl.Expr:
    """List of the words and symbols of a text, in order and with their case."""
    marked = text.map_batches(_normal, return_dtype=pl.String, is_elementwise=True)
    for mark, symbol in _BETWEEN_DIGITS.items():
        for _ in range(2):  # in 1-2-3 the matches overlap: the second pass finds what the first stepped over
            marked = marked.str.replace_all(rf"(\p{{N}}){mark}(\p{{N}})", f"${{1}}{symbol}${{2}}")
    return marked.str.replace_all(_SIGN, "${1}−${2}").str.extract_all(pattern)


def _normal(texts: pl.Series) -> pl.Series:
    return where_matching(texts, UNUSUAL, lambda text: text.str.normalize("NFKC"), otherwise=texts)


def _read(tokens: list[str]) -> _Text:
    """Sort a text's tokens by what they may mean."""
    words: list[str] = []
    symbols: list[str] = []
    names: set[str] = set()
    openers: set[str] = set()
    is_start = True
    for token in tokens:
        if token in _SENTENCE_ENDS:
            is_start = True
        elif not token[0].isalnum():
            symbols.append(token)
        else:
            word = token.lower()
            words.append(word)
            if word != token:
                (openers if is_start else names).add(word)
            is_start = False
    numbers, negations = tuple(filter(_is_number, words)), tuple(filter(_is_negation, words))
    return _Text(tuple(words), numbers, negations, tuple(symbols), frozenset(names), frozenset(openers))


@lru_cache(maxsize=_MAX_WORDS)
def _is_number(word: str) -> bool:
    return any(map(str.isdigit, word)) or _NUMBER_WORDS.fullmatch(word) is not None


@lru_cache(maxsize=_MAX_WORDS)
def _is_negation(word: str) -> bool:
    return _NEGATIONS.fullmatch(word) is not None


def _first(left: _Text, right: _Text, kinds: Collection[Guard]) -> Guard | None:
    """The first guard that is asked for and speaks."""
    if left.words == right.words:
        return "symbol" if "symbol" in kinds and left.symbols != right.symbols else None
    return next((kind for kind in _speaking(left, right) if kind in kinds), None)


def _speaking(left: _Text, right: _Text) -> Iterator[Guard]:
    """All guards that speak, in the order of GUARDS."""
    ours, theirs = _differing(left.words, right.words)
    only_left, only_right = Counter(ours) - Counter(theirs), Counter(theirs) - Counter(ours)
    if left.numbers != right.numbers:
        yield "number"
    negations_differ = left.negations != right.negations
    if negations_differ or _negated(only_left, only_right) or (left.negations and _moved(left, right, only_left | only_right)):
        yield "negation"
    names = left.names | right.names
    if [w for w in ours if w in names] != [w for w in theirs if w in names] or (
        # A sentence's first word is capitalised anyhow; that it was exchanged for another such word says it may be a name.
        left.openers & only_left.keys() and right.openers & only_right.keys()
    ):
        yield "name"
    if left.symbols != right.symbols:
        yield "symbol"


def _differing(left: Sequence[str], right: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Both without what they begin and end with alike."""
    start = next((place for place, (one, other) in enumerate(zip(left, right, strict=False)) if one != other), min(len(left), len(right)))
    left, right = left[start:], right[start:]
    end = next((place for place, (one, other) in enumerate(zip(reversed(left), reversed(right), strict=False)) if one != other), None)
    stop = min(len(left), len(right)) if end is None else end
    return left[: len(left) - stop], right[: len(right) - stop]


def _negated(only_left: Counter[str], only_right: Counter[str]) -> bool:
    """Whether a word of one side is a word of the other with a negating prefix: możliwy, niemożliwy."""
    return any(
        prefix + word in others
        for words, others in ((only_left, only_right), (only_right, only_left))
        for word in words
        for prefix in _NEGATING_PREFIXES
    )


def _moved(left: _Text, right: _Text, changed: Collection[str]) -> bool:
    """Whether a negation stands between other words: "nie lubi psów, lubi koty", "lubi psów, nie lubi kotów"."""
    pairs = zip(_neighbours(left.words, changed), _neighbours(right.words, changed), strict=True)
    return any(None not in (one, other) and one != other for both in pairs for one, other in zip(*both, strict=True))


def _neighbours(words: Sequence[str], changed: Collection[str]) -> list[tuple[str | None, str | None]]:
    """The words before and after each negation; null for one that the other text lacks, "" at an end."""
    padded = ["", *(None if word in changed else word for word in words), ""]
    return [(padded[place], padded[place + 2]) for place, word in enumerate(words) if _is_negation(word)]
