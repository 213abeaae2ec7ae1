"""Find and mask personal data: PESEL, NIP, REGON, IBAN, phone numbers, e-mail addresses.

Precision comes first: a number counts only if its checksum is right, and where chance would pass one
number in ten (NIP, REGON) or a number has no checksum (phone), only if its form or the word before it
says what it is. So years, ISBNs, coordinates and populations are left alone.

Checksums: PESEL, NIP and REGON as the Polish statistical and tax offices publish them; IBAN by
ISO 13616 (remainder 1 modulo 97).
"""

import re
from collections.abc import Callable
from datetime import date
from typing import NamedTuple

import polars as pl

from dataprep.clean.rules import each


class Finding(NamedTuple):
    """One piece of personal data: its kind, and where it begins and ends in the text."""

    kind: str
    start: int
    end: int


class _Pattern(NamedTuple):
    """How one kind looks: the group `it` is the data, the rest is what must stand beside it."""

    kind: str
    pattern: re.Pattern[str]
    is_valid: Callable[[str], bool]


def find(text: str) -> list[Finding]:
    """Personal data in a text, from left to right. Findings do not overlap; the first pattern takes the text."""
    taken = list[Finding]()
    for kind, pattern, is_valid in _PATTERNS:
        for found in pattern.finditer(text):
            start, end = found.span("it")
            is_free = all(end <= one.start or one.end <= start for one in taken)
            if is_free and is_valid(found["it"]):
                taken.append(Finding(kind, start, end))
    return sorted(taken, key=lambda finding: finding.start)


def kinds(text: pl.Expr) -> pl.Expr:
    """Kinds of personal data in each text, sorted; an empty list where there is none, null where the text is null."""
    found = pl.when(_may_hold(text)).then(text).map_batches(_kinds, return_dtype=_KINDS, is_elementwise=True)
    return pl.when(text.is_not_null()).then(found.fill_null([]))


def masked(text: pl.Expr) -> pl.Expr:
    """Texts with each piece of personal data replaced by its kind in brackets: [PESEL]. Null in, null out."""
    return pl.coalesce(each(mask)(pl.when(_may_hold(text)).then(text)), text)


def mask(text: str) -> str:
    """A text with each piece of personal data replaced by its kind in brackets."""
    for finding in reversed(find(text)):
        text = f"{text[: finding.start]}[{finding.kind}]{text[finding.end :]}"
    return text


_KINDS = pl.List(pl.String)


def _kinds(texts: pl.Series) -> pl.Series:
    found = [None if text is None else sorted({finding.kind for finding in find(text)}) for text in texts]
    return pl.Series(texts.name, found, dtype=_KINDS)


def _may_hold(text: pl.Expr) -> pl.Expr:
    return text.str.contains(r"@|[0-9][0-9 ()-]{5,}[0-9]|[A-Z]{2}[0-9]{2} ?[0-9A-Z]{4}")


def _digits(text: str) -> list[int]:
    return [int(sign) for sign in text if sign.isdigit()]


def _weighed(digits: list[int], weights: tuple[int, ...]) -> int:
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=False))


def _is_pesel(text: str) -> bool:
    digits = _digits(text)
    century, month = divmod(10 * digits[2] + digits[3], 20)
    year = (1900, 2000, 2100, 2200, 1800)[century] + 10 * digits[0] + digits[1]
    try:
        date(year, month, 10 * digits[4] + digits[5])
    except ValueError:
        return False
    return (_weighed(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) + digits[10]) % 10 == 0


def _is_nip(text: str) -> bool:
    digits = _digits(text)
    return _weighed(digits, (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11 == digits[9] and digits[:3] != [0, 0, 0]


def _is_regon(text: str) -> bool:
    digits = _digits(text)
    if not any(digits):
        return False
    is_short = _weighed(digits, (8, 9, 2, 3, 4, 5, 6, 7)) % 11 % 10 == digits[8]
    long_weights = (2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8)
    return is_short and (len(digits) == 9 or _weighed(digits, long_weights) % 11 % 10 == digits[13])  # noqa: PLR2004  # REGON's two lengths


_IBAN_CHARS = {
    "AT": 20, "BE": 16, "CH": 21, "CZ": 24, "DE": 22, "DK": 18, "ES": 24, "FR": 27, "GB": 22, "HU": 28, "IE": 22, "IT": 27, "LT": 20,
    "LV": 21, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SE": 24, "SK": 24, "UA": 29,
}  # fmt: skip


def _is_iban(text: str) -> bool:
    plain = re.sub(r"[ -]", "", text)
    plain = f"PL{plain}" if plain.isdigit() else plain  # a Polish account number is its IBAN without the country
    is_number = any(sign in "123456789" for sign in plain[4:])
    return is_number and int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


def _is_any(text: str) -> bool:
    return len(set(_digits(text))) != 1


_ALONE = r"(?<![\w+])(?<![0-9][-–/.,])"
_END = r"(?![0-9]|[-–/.][0-9])"
_COUNTRY_IBAN = "|".join(rf"{country}[0-9]{{2}}(?: ?[0-9A-Z]){{{n_chars - 4}}}" for country, n_chars in _IBAN_CHARS.items())
_PHONE_WORD = r"(?i:\b(?:tel|telefon|telefonu|telefonem|kom|komórka|fax|faks|infolinia|sms|dzwoń|zadzwoń)\b)"
_MOBILE = r"(?:45|50|51|53|57|60|66|69|72|73|78|79|88)[0-9]"  # prefixes of the Polish numbering plan

_PATTERNS = tuple(
    _Pattern(kind, re.compile(pattern), is_valid)
    for kind, pattern, is_valid in (
        ("IBAN", rf"(?<![A-Za-z0-9])(?P<it>{_COUNTRY_IBAN})(?![0-9A-Za-z])", _is_iban),
        ("IBAN", rf"{_ALONE}(?P<it>[0-9]{{2}}(?:[ -]?[0-9]{{4}}){{6}}){_END}", _is_iban),
        ("REGON", rf"(?i:\bREGON\b)[\s:.-]{{0,4}}(?P<it>[0-9]{{14}}|[0-9]{{9}}){_END}", _is_regon),
        ("NIP", rf"(?i:\bNIP\b)[\s:.-]{{0,4}}(?:PL ?)?(?P<it>(?:[0-9][ -]?){{9}}[0-9]){_END}", _is_nip),
        ("NIP", rf"{_ALONE}(?P<it>[0-9]{{3}}-[0-9]{{3}}-[0-9]{{2}}-[0-9]{{2}}|[0-9]{{3}}-[0-9]{{2}}-[0-9]{{2}}-[0-9]{{3}}){_END}", _is_nip),
        ("PESEL", rf"{_ALONE}(?P<it>[0-9]{{11}}){_END}", _is_pesel),
        ("PHONE", rf"(?<![\w.+-])(?P<it>(?:\+|00)48(?:[ -]?\(?[0-9]\)?){{9}}){_END}", _is_any),
        ("PHONE", rf"(?<![\w.+-])(?P<it>\+(?!48)[1-9](?:[ -]?\(?[0-9]\)?){{9,13}}){_END}", _is_any),
        ("PHONE", rf"{_PHONE_WORD}[\s.:]{{0,3}}(?:(?:nr|kom)[\s.:]{{0,2}})?(?P<it>\(?[0-9](?:[ -]?\(?[0-9]\)?){{6,11}}){_END}", _is_any),
        ("PHONE", rf"{_ALONE}(?P<it>{_MOBILE}-[0-9]{{3}}-[0-9]{{3}}){_END}", _is_any),
        ("EMAIL", r"(?<![\w.+-])(?P<it>[A-Za-z0-9][\w.+-]*@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24})(?![\w-])", bool),
    )
)
