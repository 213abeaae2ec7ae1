"""Cleaning rule: repair text that was decoded with the wrong encoding.

UTF-8 read as something else leaves telltale pairs (Å‚, Ä™), which ftfy repairs. It does not know the
damage between single-byte encodings that Polish texts carry from the 1990s: Windows-1250 or ISO 8859-2
read as Western European (za¿ó³æ), or one of the two read as the other (s±, ¶wiat). Both are repaired
here, the second under guard, for each of those characters is right somewhere: m³, ¿Qué?, España, 5 ± 2.
Quotes and everything else that ftfy can do stay as they are.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import ftfy
import polars as pl

from dataprep.rules import Rule, each

_POLISH = "ąćęłńśźżĄĆĘŁŃŚŹŻ"  # ó and Ó have one code in all these encodings
_ALPHABET = frozenset("aąbcćdeęfghijklłmnńoóprsśtuwyzźż")
_VOWELS = frozenset("aąeęioóuy")
_SYMBOLS = re.compile(r"[^\w\s]|[¹²³¼½¾]")
_NEVER_LEARNT = frozenset("³¹")  # a footnote mark or a power rather than a letter, if ² stands in the text too
_MIN_LETTERS = 4
_MAX_STRANGE_FRACTION = 0.2

# Frequent Polish words with at least one of the letters above.
_KNOWN = frozenset(
    """
    będzie będą być był była było były byli bądź część części coś cześć człowiek członek często dłużej dzięki działa działał długość
    dziś gdyż gdzieś główna główne głównie główny imię iż jakąś jaką język języka języku jeśli jeżeli każda każde każdy kiedyś którą
    którzy książka książki książkę książę ktoś leży liczyła lub ludność łączy mają mała małe mały mieć miał miała mógł mogą może można
    między miejscowość największa największe największy należy następnie napisał nią nią niż o oraz otrzymał państwa państwo państw
    pierwszą piąty podczas położona położone położony pomiędzy ponieważ powstał powstała powstało później października polską przykład
    rośliny roślina rząd są się śmierci śmierć średnia średnio święta święty świat świata światowa światowej świecie swoją tą tę także
    też urodził urodziła wciąż według więcej większość więc wiąże wśród września wysokość własny wszedł został została zostało zostały
    zespół zmarł zmarła znajdują żaden że żeby życia życie życiu żona żył żyje już również sądu sąd
    """.split()
)
_PLAIN = frozenset("a ale co czy czym dla do gdy gdzie i ile jak jaki jakie jest kiedy kim kto na nad nie o od oraz po pod przez przy u w we z za".split())
_PAST_TENSE = re.compile(r"[aiyąuó]ł$|[eo][dgkrt]ł$")


class _Theory(NamedTuple):
    """What became of each Polish letter if a text was written in one encoding and read in another.

    Attributes:
        letters: Character that stands in the text to the Polish letter that was meant.
        strangers: Characters that would have been no Polish letter, or that could not be there.
    """

    letters: Mapping[str, str]
    strangers: Mapping[str, str]


def _theory(written: str, read: Sequence[str]) -> _Theory:
    letters, strangers = dict[str, str](), dict[str, str]()
    for byte in range(0x80, 0x100):
        meant = bytes([byte]).decode(written, errors="replace")
        for encoding in read:
            if encoding == "cp1252" and byte >= 0xA0:  # noqa: PLR2004  # above, it is Latin-1
                continue
            seen = bytes([byte]).decode(encoding, errors="replace")
            if meant in _POLISH and seen != meant:
                letters[seen] = meant
            elif seen != meant and (seen.isalpha() or seen == "²"):
                strangers[seen] = meant
    letters.pop("\ufffd", None)
    return _Theory(letters, strangers)


# Control characters 80-9F were made Windows-1252 characters by ftfy, so each theory knows both.
_WESTERN = (_theory("cp1250", ("latin-1", "cp1252")), _theory("iso8859-2", ("latin-1",)))
_SISTERS = (_theory("cp1250", ("iso8859-2", "cp1252")), _theory("iso8859-2", ("cp1250",)))


def _repaired(text: str) -> str:
    whole = _utf8_again(text)
    best, best_evidence = whole, 0
    for theory in (*_WESTERN, *_SISTERS):
        evidence = _evidence(whole, theory)
        if evidence > best_evidence:
            best, best_evidence = whole.translate(str.maketrans(dict(theory.letters))), evidence
    return best


# Bytes that the wrong encoding does not have were lost, but only one Polish text can have had them.
_LOST = (("Å\ufffd", "Å\x81"), ("Ĺ\ufffd", "Ĺ\x81"), ("Ä\ufffd", "Ä\x98"), ("â€\ufffd", "â€\x9d"))


def _utf8_again(text: str) -> str:
    restored = text
    for lost, had in _LOST:
        restored = restored.replace(lost, had)
    fixed = ftfy.fix_encoding(restored)
    return fixed if fixed != restored else ftfy.fix_encoding(text)


def _evidence(text: str, theory: _Theory) -> int:
    """How many words the theory makes Polish; 0 if it does not hold.

    It holds if no letter that it says was damaged stands there undamaged, if hardly any word becomes
    strange, and if something cannot be chance: a known word, two different letters, a symbol inside a
    word, or a verb in the past tense in a text with Polish words.
    """
    seen = set(text)
    if seen & set(theory.letters.values()) or not seen & set(theory.letters):
        return 0
    words = [word for word in _words(text, theory) if any(sign in theory.letters or sign in theory.strangers for sign in word)]
    meant = {word: _meant(word, theory) for word in words}
    polish = [word for word in words if meant[word] is not None]
    if not polish or len(words) - len(polish) > _MAX_STRANGE_FRACTION * len(polish):
        return 0
    kinds = {theory.letters[sign].lower() for word in polish for sign in word if sign in theory.letters}
    is_sure = len(kinds) > 1 or any((meant[word] or "").lower() in _KNOWN or _has_symbol_inside(word) for word in polish)
    return len(polish) if is_sure or _tells_a_story(text, [meant[word] or "" for word in polish]) else 0


def _words(text: str, theory: _Theory) -> list[str]:
    signs = "".join(re.escape(sign) for sign in (*theory.letters, *theory.strangers))
    return re.findall(rf"(?:[^\W\d_]|[{signs}])+", text)


def _meant(word: str, theory: _Theory) -> str | None:
    """The word as the theory reads it, or null if that cannot be a Polish word."""
    if any(sign in theory.strangers for sign in word):
        return None
    meant = word.translate(str.maketrans(dict(theory.letters)))
    lower = meant.lower()
    if not set(lower) <= _ALPHABET or not set(lower) & _VOWELS:
        return None
    is_capital = [letter.isupper() for letter in meant]
    if any(capital and not before for before, capital in zip(is_capital, is_capital[1:], strict=False)):
        return None
    return meant if not _UNSPELLABLE.search(lower) else None


# No Polish word begins with ą or ę; they follow no vowel but i, and no vowel follows them. Before a vowel, ć, ń, ś, ź are written ci, ni, si, zi.
_UNSPELLABLE = re.compile(r"^[ąę]|[aąeęoóuy][ąę]|[ąęćńśź][aąeęioóuy]")


def _has_symbol_inside(word: str) -> bool:
    return len(word) >= _MIN_LETTERS and _SYMBOLS.search(word[1:-1]) is not None


def _tells_a_story(text: str, meant: Sequence[str]) -> bool:
    """Whether a verb in the past tense, the commonest Polish word in ł, stands among plain Polish words."""
    has_verb = any(len(word) >= _MIN_LETTERS and _PAST_TENSE.search(word) for word in meant)
    return has_verb and not _PLAIN.isdisjoint(re.findall(r"\w+", text.lower()))


def _class(signs: str) -> str:
    return "[" + "".join(f"\\u{{{ord(sign):X}}}" for sign in sorted(set(signs))) + "]"


_LEADS = "".join(map(chr, range(0xC2, 0xF5))) + "ĂĹДЕГвĆŽĻ├┼─ΓÔ≈√ƒ‚"
_FOLLOWERS = "".join(map(chr, (*range(0x80, 0xC0), 0xFFFD))) + "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸĽĄąľşťřĂ˘ˇ˝˛ŁłŚśŹźŤЈі‚є‡›ЃљЂ╝║│╗┤ÖÇéÑÜäüàûōáÄÅÉÊ≥õ∫"
_PAIRS = f"{_class(_LEADS)}{_class(_FOLLOWERS)}"
_CONTROLS = r"[\u{80}-\u{84}\u{86}-\u{9F}]"


def _may_be_damaged(text: pl.Expr, theories: Sequence[_Theory]) -> pl.Expr:
    signs = _class("".join(sign for theory in theories for sign in theory.letters))
    undamaged = [_class("".join(theory.letters.values())) for theory in theories]
    return text.str.contains(rf"\p{{L}}{signs}|{signs}\p{{L}}") & pl.any_horizontal(~text.str.contains(letters) for letters in undamaged)


MOJIBAKE = Rule(
    concerns=lambda text: (
        text.str.contains(rf"{_PAIRS}|{_CONTROLS}") | _may_be_damaged(text, _WESTERN) | _may_be_damaged(text, _SISTERS)
    ),
    mend=each(_repaired),
)
"""Repair text decoded with the wrong encoding, where the repair is sure; single words may stay damaged."""
