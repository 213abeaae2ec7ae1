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
from typing import NamedTuple

import ftfy
import polars as pl

from dataprep.clean import polish
from dataprep.clean.rules import Rule, each

_SYMBOL = re.compile(r"[^\w\s]|[¹²³¼½¾]")
_MARKS = "¹³"  # at the end of a word, these may be a footnote or a power
_SURE_SIGN = re.compile(r"^[¶¬\x80-\x84\x86-\x9f]|^³[a-z]")
_CONTROL = re.compile(r"[\x80-\x84\x86-\x9f]")
_FTFY = ftfy.TextFixerConfig(uncurl_quotes=False, fix_c1_controls=False)
_MIN_LETTERS = 4
_MAX_STRANGE_FRACTION = 0.2


class _Theory(NamedTuple):
    """What became of a text that was written in one encoding and read in another.

    Attributes:
        meant: Character that stands in the text to the letter that was meant, where the two differ.
        letters: Those of them that were a Polish letter.
        shown: Every character that the encoding in which it was read can show.
    """

    meant: Mapping[str, str]
    letters: Mapping[str, str]
    shown: frozenset[str]

    def read(self, text: str) -> str:
        """The text as it was meant."""
        return "".join(self.meant.get(sign, sign) for sign in text)


def _theory(written: str, read: str) -> _Theory:
    meant, shown = dict[str, str](), set[str]()
    for byte in map(int.to_bytes, range(0x80, 0x100)):
        letter = byte.decode(written, errors="replace")
        # Readers of ISO 8859 show its control characters 80-9F as Windows-1252 does.
        seen = {byte.decode(encoding, errors="replace") for encoding in (read, "cp1252" if byte < b"\xa0" else read)} - {"\ufffd"}
        shown |= seen
        meant |= {sign: letter for sign in seen if sign != letter and (letter.isalpha() or sign == "²")}
    return _Theory(meant, {sign: letter for sign, letter in meant.items() if letter in polish.LETTERS}, frozenset(shown))


_WESTERN = (_theory("cp1250", "latin-1"), _theory("iso8859-2", "latin-1"))
_SISTERS = (_theory("cp1250", "iso8859-2"), _theory("iso8859-2", "cp1250"))
_THEORIES = (*_WESTERN, *_SISTERS)
_SIGNS = "".join(sorted({re.escape(sign) for theory in _THEORIES for sign in theory.meant}))
_WORD = re.compile(rf"(?:[^\W\d_]|[{_SIGNS}])+")
# Two bytes of UTF-8, read as two characters: not the damage that the theories are about.
_UTF8_PAIR = re.compile("[ÂÃÄÅĂĹâ][\x80-\xbf€‚„…†‡ˆ‰Š‹›ŚŤŽŹśťžźˇ˘ŁĄşĽ˝ľż™šœŸ–—‘’“”•]|[≈√ƒ├┼─Γ][^\x00-\x7f]")


_SPLIT_BYTES = re.compile(r"[^\x00-\x7f][\x80-\x9f]")


def _repaired(text: str) -> str:
    single = _single_byte_again(text)
    if not _SPLIT_BYTES.search(single):  # else ftfy needs the control characters
        single = _CONTROL.sub(_meant_by_control, single)
    return _CONTROL.sub(_meant_by_control, _utf8_again(single))


def _meant_by_control(control: re.Match[str]) -> str:
    """What a control character 80-9F was: by Windows-1250 if that is fit there, otherwise a letter of Mac Roman inside a word."""
    text, place, byte = control.string, control.start(), control[0].encode("latin-1")
    before, after = text[max(place - 1, 0) : place], text[place + 1 : place + 2]  # no more of it: there may be a million of them
    meant = byte.decode("cp1250", errors="ignore") or control[0]
    is_inside = before.isalpha() and after.isalpha()
    is_letter = meant.isalpha() and (meant.islower() or before.isupper())
    is_fit = is_letter or meant == "’" or (meant in "–—" and after.isupper())
    return byte.decode("mac_roman") if is_inside and not is_fit else meant


def _single_byte_again(text: str) -> str:
    evidence = [_evidence(text, theory) for theory in _THEORIES]
    best = max(range(len(_THEORIES)), key=evidence.__getitem__)
    return _THEORIES[best].read(text) if evidence[best] else text


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
    return joined if polish.can_be_polish(joined) else word


def _split_words(encoding: str) -> tuple[re.Pattern[str], Mapping[str, str]]:
    letters = {letter.encode().decode(encoding, errors="replace"): letter for letter in polish.LETTERS + "óÓ"}
    pairs = "|".join(re.escape(pair) for pair in letters)
    word = rf"(?<!\w)[A-Za-z{polish.LETTERS}]*(?:(?:{pairs})[A-Za-z{polish.LETTERS}]*)+(?!\w)"
    return re.compile(word), letters


_READINGS = ("latin-1", "cp1252", "cp1250", "iso8859-2", "cp1251", "mac_roman", "cp437", "cp852")
_SPLIT_WORDS = tuple(map(_split_words, _READINGS))
_SPLIT_MARKS = {mark.encode().decode(encoding, errors="replace"): mark for encoding in _READINGS for mark in "„”“’‘–—…"}
_SPLIT_MARK = re.compile("|".join(re.escape(split) for split in _SPLIT_MARKS if "\ufffd" not in split))


def _evidence(text: str, theory: _Theory) -> int:
    """How many words the theory makes Polish; 0 if it does not hold.

    It holds if the text has no letter that the wrong encoding cannot show, if no letter that was damaged
    stands there undamaged, if hardly any word becomes strange, and if something cannot be chance.
    """
    letters = {sign for sign in text if sign.isalpha() and not sign.isascii()}
    if not letters <= theory.shown or not letters.isdisjoint(theory.letters.values()) or _UTF8_PAIR.search(text):
        return 0
    read = {word: theory.read(word) for word in _WORD.findall(text) if not theory.meant.keys().isdisjoint(word)}
    mended = {word: meant for word, meant in read.items() if _shared(word, theory) and polish.can_be_polish(meant)}
    # A letter like é, which both encodings share, says nothing about the word that has it.
    n_strange = sum(word not in mended and not polish.has_foreign_letter(_shared(word, theory)) for word in read)
    if not mended or n_strange > _MAX_STRANGE_FRACTION * len(mended):
        return 0
    has_plain_word = polish.has_plain_word(text)
    holds = _is_sure(mended, theory, has_plain_word=has_plain_word) or (has_plain_word and _is_likely(mended, theory))
    return len(mended) if holds else 0


def _shared(word: str, theory: _Theory) -> str:
    return "".join(sign for sign in word if sign not in theory.meant)


def _is_sure(mended: Mapping[str, str], theory: _Theory, *, has_plain_word: bool) -> bool:
    """Two different letters, a sign where no language has it, or a frequent word, if not made by a letter alone (Kurdish tê)."""
    letters = {theory.letters[sign].lower() for word in mended for sign in word.rstrip(_MARKS) if sign in theory.letters}
    is_known = any(meant.lower() in polish.FREQUENT_WORDS and (has_plain_word or not word.isalpha()) for word, meant in mended.items())
    return len(letters) > 1 or is_known or any(map(_is_no_language, mended))


def _is_likely(mended: Mapping[str, str], theory: _Theory) -> bool:
    """The same symbol in two words (a footnote mark stands once), or a spelling that is typical of Polish."""
    signs = Counter(sign for word in mended for sign in set(word) & theory.letters.keys() if not sign.isalpha())
    return max(signs.values(), default=0) > 1 or any(polish.is_typical(meant) for meant in mended.values())


def _is_no_language(word: str) -> bool:
    """Whether a word has a sign where no language has it: za¿ó, ¶wiat, ³atwo."""
    is_long = len(word) >= _MIN_LETTERS
    return is_long and (_SURE_SIGN.search(word) is not None or _SYMBOL.search(word[1:-1]) is not None)


def _class(signs: str) -> str:
    return "[" + "".join(f"\\u{{{ord(sign):X}}}" for sign in sorted(set(signs))) + "]"


_LEADS = "".join(map(chr, range(0xC2, 0xF1))) + "ĂĹДЕГвĆŽĻ├┼─ΓÔ≈√ƒ‚"
_FOLLOWERS = (
    "".join(map(chr, (*range(0x80, 0xC0), 0xFFFD))) + "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸĽĄąľşťřĂ˘ˇ˝˛ŁłŚśŹźŤЈјі‚є‡›ЃљЂ╝║│╗┤ÖÇéÑÜäüàûōáÄÅÉÊ≥õ∫"
)
_PAIRS = rf"{_class(_LEADS)}{_class(_FOLLOWERS)}|[≈√ƒ├┼─][^\x00-\x7F]"
_PLAIN = "".join(map(chr, range(0x20, 0x7F))) + "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ„”’–—…"
ODD = rf"[^{re.escape(_PLAIN)}]|{_class(''.join(set(_LEADS) & set(_PLAIN)))}{_class(_FOLLOWERS)}"
"""Pattern of what plain texts lack: they have ASCII, Polish letters, quotes and dashes alone, and none of the pairs that may be damage."""
_CONTROLS = r"[\u{80}-\u{84}\u{86}-\u{9F}]"


def _may_be_damaged(text: pl.Expr, theories: Sequence[_Theory]) -> pl.Expr:
    signs = _class("".join(sign for theory in theories for sign in theory.letters))
    undamaged = [_class("".join(theory.letters.values())) for theory in theories]
    return text.str.contains(rf"\p{{L}}{signs}|{signs}\p{{L}}") & pl.any_horizontal(~text.str.contains(letters) for letters in undamaged)


MOJIBAKE = Rule(
    concerns=lambda text: text.str.contains(rf"{_PAIRS}|{_CONTROLS}") | _may_be_damaged(text, _WESTERN) | _may_be_damaged(text, _SISTERS),
    mend=each(_repaired),
    spares_plain=True,
)
"""Repair text decoded with the wrong encoding, where the repair is sure; single words may stay damaged."""
