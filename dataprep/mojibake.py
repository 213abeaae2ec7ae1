"""Cleaning rule: repair text that was decoded with the wrong encoding.

UTF-8 read as something else leaves telltale pairs (Å‚, Ä™), which ftfy repairs. It does not know the
damage between single-byte encodings that Polish texts carry from the 1990s: Windows-1250 or ISO 8859-2
read as Western European (za¿ó³æ), or one of the two read as the other (s±, ¶wiat). Both are repaired
here, the second under guard, for each of those characters is right somewhere: m³, ¿Qué?, España, 5 ± 2.
Quotes and everything else that ftfy can do stay as they are.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import ftfy
import polars as pl

from dataprep.rules import Rule, each

_POLISH = "ąćęłńśźżĄĆĘŁŃŚŹŻ"  # ó and Ó have one code in all these encodings
_ALPHABET = frozenset("aąbcćdeęfghijklłmnńoóprsśtuwyzźż")
_VOWELS = frozenset("aąeęioóuy")
_SYMBOL = re.compile(r"[^\w\s]|[¹²³¼½¾]")
_MARKS = "¹³"  # at the end of a word, these may be a footnote or a power
_SURE_SIGN = re.compile(r"^[¶¬\x80-\x84\x86-\x9f]|^³[a-z]|[ñÑ](?![aeiouyóAEIOUYÓ])")
_CONTROL = re.compile(r"[\x80-\x84\x86-\x9f]")
_FTFY = ftfy.TextFixerConfig(uncurl_quotes=False, fix_c1_controls=False)
_MIN_LETTERS = 4
_MAX_STRANGE_FRACTION = 0.2

# Frequent Polish words with at least one of the letters above.
_KNOWN = frozenset(
    """
    być był była było były bądź będzie będą coś cześć często części część członek człowiek działa działał dzięki dziś długość dłużej
    gdyż gdzieś główna główne głównie główny imię jaką jakąś jeśli jeżeli już język języka języku każda każde każdy kiedyś książka
    książki książkę książę ktoś którą leży liczyła ludność mają mała małe mały miał miała miejscowość mieć między mogą może można
    mógł największa największe największy należy napisał następnie niż otrzymał państw państwa państwo października pierwszą piąty
    polską pomiędzy ponieważ powstał powstała powstało położona położone położony przykład później roślina rośliny rząd również się
    swoją są sąd sądu także też tą tę urodził urodziła wciąż według więc więcej większość września wszedł wysokość własny wśród
    zespół zmarł zmarła znajdują został została zostało zostały łączy śmierci śmierć średnia średnio świat świata światowa światowej
    świecie święta święty żaden że żeby żona życia życie życiu żyje płk św śp żył
    """.split()
)
_PLAIN = frozenset(
    "a ale co czy czym dla do gdy gdzie i ile jak jaki jakie jest kiedy kim kto na nad nie o od oraz po pod przez przy u w we z za".split()
)
_POLISH_SPELLING = re.compile(
    r"[aiyąuó]ł$|[eo][dgkrt]ł$"  # verbs in the past tense
    r"|[aeiyo]ć$|(?:[aeu]j|[csz]j|sk|[cdlwyz]n)ą$|jąc"  # other endings
    r"|[bcdfgmnpswz]ię|[aeiouy]ś[bcćdgklłmnprtwz]"
)


class _Theory(NamedTuple):
    """What became of a text that was written in one encoding and read in another.

    Attributes:
        meant: Character that stands in the text to the letter that was meant, where the two differ.
        polish: Those of them that were a Polish letter.
    """

    meant: Mapping[str, str]
    polish: Mapping[str, str]


def _theory(written: str, read: str) -> _Theory:
    meant = dict[str, str]()
    for byte in map(int.to_bytes, range(0x80, 0x100)):
        letter = byte.decode(written, errors="replace")
        # Readers of ISO 8859 show its control characters 80-9F as Windows-1252 does.
        for seen in {byte.decode(encoding, errors="replace") for encoding in (read, "cp1252" if byte < b"\xa0" else read)} - {"\ufffd"}:
            if seen != letter and (letter.isalpha() or seen == "²"):
                meant[seen] = letter
    return _Theory(meant, {seen: letter for seen, letter in meant.items() if letter in _POLISH})


_WESTERN = (_theory("cp1250", "latin-1"), _theory("iso8859-2", "latin-1"))
_SISTERS = (_theory("cp1250", "iso8859-2"), _theory("iso8859-2", "cp1250"))
_THEORIES = (*_WESTERN, *_SISTERS)
_SIGNS = "".join(sorted({re.escape(sign) for theory in _THEORIES for sign in theory.meant}))
_WORD = re.compile(rf"(?:[^\W\d_]|[{_SIGNS}])+")
# Two bytes of UTF-8, read as two characters: not the damage that the theories are about.
_UTF8_PAIR = re.compile("[ÂÃÄÅĂĹâ][\x80-\xbf€‚„…†‡ˆ‰Š‹›ŚŤŽŹśťžźˇ˘ŁĄşĽ˝ľż™šœŸ–—‘’“”•]|[≈√ƒ├┼─Γ][^\x00-\x7f]")


def _repaired(text: str) -> str:
    return _CONTROL.sub(_meant_by_control, _utf8_again(_single_byte_again(text)))


def _meant_by_control(control: re.Match[str]) -> str:
    """What a control character 80-9F was: by Windows-1250 if that is fit there, otherwise a letter of Mac Roman inside a word."""
    byte, before, after = control[0].encode("latin-1"), control.string[: control.start()][-1:], control.string[control.end() :][:1]
    meant = byte.decode("cp1250", errors="ignore") or control[0]
    is_inside = before.isalpha() and after.isalpha()
    is_letter = meant.isalpha() and (meant.islower() or before.isupper())
    is_fit = is_letter or meant == "’" or (meant in "–—" and after.isupper())
    return byte.decode("mac_roman") if is_inside and not is_fit else meant


def _single_byte_again(text: str) -> str:
    evidence = [_evidence(text, theory) for theory in _THEORIES]
    best = max(range(len(_THEORIES)), key=evidence.__getitem__)
    return text.translate(str.maketrans(dict(_THEORIES[best].meant))) if evidence[best] else text


# Bytes that the wrong encoding does not have were lost, but these places tell which they were.
_LOST = (
    (re.compile("(?<![a-zà-ÿ])([ÅĹ])\ufffd"), "\\1\x81"),  # Ł at the beginning of a word or among capitals
    (re.compile("â€\ufffd(?!\\w)"), "â€\x9d"),  # a closing quote
)


def _utf8_again(text: str) -> str:
    """Characters whose bytes were read as two or three: first what ftfy finds, then Polish words that it held for chance."""
    restored = text
    for lost, had in _LOST:
        restored = lost.sub(had, restored)
    fixed = ftfy.fix_encoding(restored, _FTFY)
    fixed = fixed if fixed != restored else ftfy.fix_encoding(text, _FTFY)
    fixed = _SPLIT_MARK.sub(lambda mark: _SPLIT_MARKS[mark[0]], fixed)
    for word, letters in _SPLIT_WORDS:
        fixed = word.sub(lambda found, letters=letters: _joined(found[0], letters), fixed)  # type: ignore[misc]
    return fixed


def _joined(word: str, letters: Mapping[str, str]) -> str:
    joined = word
    for split, letter in letters.items():
        joined = joined.replace(split, letter)
    return joined if _is_polish(joined) else word


def _split_words(encoding: str) -> tuple[re.Pattern[str], Mapping[str, str]]:
    letters = {letter.encode().decode(encoding, errors="replace"): letter for letter in _POLISH + "óÓ"}
    pairs = "|".join(re.escape(pair) for pair in letters)
    word = rf"(?<!\w)[A-Za-z{_POLISH}]*(?:(?:{pairs})[A-Za-z{_POLISH}]*)+(?!\w)"
    return re.compile(word), letters


_READINGS = ("latin-1", "cp1252", "cp1250", "iso8859-2", "cp1251", "mac_roman", "cp437", "cp852")
_SPLIT_WORDS = tuple(map(_split_words, _READINGS))
_SPLIT_MARKS = {mark.encode().decode(encoding, errors="replace"): mark for encoding in _READINGS for mark in "„”“’‘–—…"}
_SPLIT_MARK = re.compile("|".join(re.escape(split) for split in _SPLIT_MARKS if "\ufffd" not in split))


def _evidence(text: str, theory: _Theory) -> int:
    """How many words the theory makes Polish; 0 if it does not hold.

    It holds if no letter that it says was damaged stands there undamaged, if hardly any word becomes
    strange, and if something cannot be chance: a known word, two different letters, a sign where no
    language has it, or the same letter in two words or a verb in the past tense among Polish words.
    """
    if not theory.polish.keys() & set(text) or set(theory.polish.values()) & set(text) or _UTF8_PAIR.search(text):
        return 0
    damaged = [word for word in _WORD.findall(text) if any(sign in theory.meant for sign in word)]
    meant = {word: word.translate(str.maketrans(dict(theory.meant))) for word in damaged}
    polish = [word for word in damaged if _is_polish(meant[word])]
    n_strange = sum(not _is_polish(meant[word]) and not _has_foreign_letter(word, theory) for word in damaged)
    if not polish or n_strange > _MAX_STRANGE_FRACTION * len(polish):
        return 0
    signs = Counter(sign for word in polish for sign in set(word.rstrip(_MARKS)) & theory.polish.keys())
    ends = Counter(word[-1] for word in set(polish) if word[-1] in _MARKS)
    is_sure = len({theory.polish[sign].lower() for sign in signs}) > 1
    is_sure |= any(meant[word].lower() in _KNOWN or _is_no_language(word) for word in polish)
    is_likely = max((*signs.values(), *ends.values())) > 1 or any(_looks_polish(meant[word]) for word in polish)
    return len(polish) if is_sure or (is_likely and not _PLAIN.isdisjoint(re.findall(r"\w+", text.lower()))) else 0


def _has_foreign_letter(word: str, theory: _Theory) -> bool:
    """Whether a word has a letter like é, which both encodings share and which tells nothing."""
    return any(sign.isalpha() and sign not in theory.meant and sign.lower() not in _ALPHABET for sign in word)


def _is_polish(word: str) -> bool:
    lower = word.lower()
    has_capital_inside = any(letter.isupper() and not before.isupper() for before, letter in pairwise(word))
    is_spelt = set(lower) <= _ALPHABET and (bool(set(lower) & _VOWELS) or lower in _KNOWN) and not _UNSPELLABLE.search(lower)
    return is_spelt and not has_capital_inside


# No Polish word begins with ą or ę; they follow no vowel but i, and no vowel follows them. Before a vowel, ć, ń, ś, ź are written ci, ni, si, zi.
_UNSPELLABLE = re.compile(r"^[ąę]|[aąeęoóuy][ąę]|[ąęćńśź][aąeęioóuy]")


def _is_no_language(word: str) -> bool:
    """Whether a word has a sign where no language has it: za¿ó, ¶wiat, ³atwo, Poznañ."""
    is_long = len(word) >= _MIN_LETTERS
    return is_long and (_SURE_SIGN.search(word) is not None or _SYMBOL.search(word[1:-1]) is not None)


def _looks_polish(word: str) -> bool:
    """Whether a word has a spelling that is common in Polish, and not easily made by a footnote mark."""
    return len(word) >= _MIN_LETTERS and _POLISH_SPELLING.search(word) is not None


def _class(signs: str) -> str:
    return "[" + "".join(f"\\u{{{ord(sign):X}}}" for sign in sorted(set(signs))) + "]"


_LEADS = "".join(map(chr, range(0xC2, 0xF1))) + "ĂĹДЕГвĆŽĻ├┼─ΓÔ≈√ƒ‚"
_FOLLOWERS = (
    "".join(map(chr, (*range(0x80, 0xC0), 0xFFFD))) + "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸĽĄąľşťřĂ˘ˇ˝˛ŁłŚśŹźŤЈјі‚є‡›ЃљЂ╝║│╗┤ÖÇéÑÜäüàûōáÄÅÉÊ≥õ∫"
)
_PAIRS = rf"{_class(_LEADS)}{_class(_FOLLOWERS)}|[≈√ƒ├┼─][^\x00-\x7F]"
_CONTROLS = r"[\u{80}-\u{84}\u{86}-\u{9F}]"


def _may_be_damaged(text: pl.Expr, theories: Sequence[_Theory]) -> pl.Expr:
    signs = _class("".join(sign for theory in theories for sign in theory.polish))
    undamaged = [_class("".join(theory.polish.values())) for theory in theories]
    return text.str.contains(rf"\p{{L}}{signs}|{signs}\p{{L}}") & pl.any_horizontal(~text.str.contains(letters) for letters in undamaged)


MOJIBAKE = Rule(
    concerns=lambda text: text.str.contains(rf"{_PAIRS}|{_CONTROLS}") | _may_be_damaged(text, _WESTERN) | _may_be_damaged(text, _SISTERS),
    mend=each(_repaired),
)
"""Repair text decoded with the wrong encoding, where the repair is sure; single words may stay damaged."""
