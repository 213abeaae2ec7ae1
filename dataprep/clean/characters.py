"""Cleaning rules about single characters: composition, invisible ones, and white space."""

import polars as pl

from dataprep.clean.rules import Rule

# Characters that NFC may change or join to the one before: all combining marks, the parts of Hangul syllables,
# and those that Unicode keeps for compatibility only. Everything else is its own NFC.
_NOT_SURELY_NFC = (
    r"[\p{M}\u{374}\u{37E}\u{387}\u{958}-\u{95F}\u{9DC}-\u{9DF}\u{A33}-\u{A5E}\u{B5C}\u{B5D}\u{F43}-\u{F69}\u{1100}-\u{11FF}\u{1F70}-\u{1FFF}\u{2000}\u{2001}\u{2126}\u{212A}\u{212B}\u{2329}\u{232A}\u{2ADC}"
    r"\u{F900}-\u{FAFF}\u{FB1D}-\u{FB4F}\u{1D15E}-\u{1D1C0}\u{2F800}-\u{2FA1F}]"
)
UNICODE_NFC = Rule(
    concerns=lambda text: text.str.contains(_NOT_SURELY_NFC),
    mend=lambda text: text.str.normalize("NFC"),
    spares_plain=True,
)
"""Compose characters to NFC: e and a combining acute become é."""

# Control characters but those that count as white space, soft hyphen, zero-width space and word joiner,
# marks of direction, invisible operators, byte-order mark, annotation marks.
_INVISIBLE = (
    r"[\x00-\x08\x0E-\x1F\x7F-\u{84}\u{86}-\u{9F}\u{AD}\u{61C}\u{200B}\u{200E}\u{200F}"
    r"\u{202A}-\u{202E}\u{2060}-\u{206F}\u{FEFF}\u{FFF9}-\u{FFFB}]"
)
# Joiner and non-joiner shape Arabic, Indic and emoji; beside these they do nothing and only break up words.
_JOINERS, _UNJOINED = r"[\u{200C}\u{200D}]+", r"[\p{Latin}\p{Cyrillic}\p{Greek}\p{N}\p{P}\p{Z}\s]"


def _without_invisible(text: pl.Expr) -> pl.Expr:
    plain = text.str.replace_all(_INVISIBLE, "")
    for joiner in (rf"({_UNJOINED}|^){_JOINERS}", rf"{_JOINERS}({_UNJOINED}|$)"):
        plain = plain.str.replace_all(joiner, "$1")
    return plain


CONTROL_CHARACTERS = Rule(
    concerns=lambda text: text.str.contains(_INVISIBLE) | text.str.contains(_JOINERS),
    mend=_without_invisible,
    spares_plain=True,
)
"""Remove characters that nobody sees: control, zero-width and bidi characters, soft hyphens, byte-order marks.

Line breaks and tabs are white space and left to that rule.
"""

# A mark that ends a clause follows a word, a number, a quotation or a bracket; a comma or semicolon an abbreviation too.
_BEFORE_MARK = r"""[^\s.,;:!?(\[{„«–—\-/=+*<>|…&@#\\]"""
_AFTER_MARK = r"""(?:[\s"”’»)\]!?.,;:…]|$)"""
_FACE = r"[:;]['^-]?[)(DPdpoO|*\]/\\]"
_MEANT = (  # what looks like a space before punctuation, and is meant: "no ...", "no . . .", ":-)", "2 : 1"
    rf"{_BEFORE_MARK}\s+\.\.+",
    rf"{_BEFORE_MARK}(?:\s+\.){{2,}}",
    rf"\S\s+{_FACE}(?:\s|$)",
    r"\d\s+:\s+\d",
)
_SPACED_MARK = rf"({'|'.join(_MEANT)})|({_BEFORE_MARK})\s+([.,;:!?)\]}}]{_AFTER_MARK})|(\.)\s+([,;)]{_AFTER_MARK})"
SPACE_BEFORE_PUNCTUATION = Rule(
    concerns=lambda text: text.str.contains(r"[\s][.,;:!?)\]}]"),
    mend=lambda text: text.str.replace_all(_SPACED_MARK, "$1$2$3$4$5"),
)
"""Remove the space before a mark that ends something: "kot , pies ?" becomes "kot, pies?".

Stays: the space before dots of omission, faces, ratios ("2 : 1"), and before a mark that begins
something: ".5", ".pl", ",w".
"""

WHITE_SPACE = Rule(
    concerns=lambda text: text.str.contains(r"[^\S ]|  |^ | $"),
    mend=lambda text: text.str.replace_all(r"\s+", " ").str.strip_chars(" "),
)
"""Every run of white space, line breaks and no-break spaces included, becomes one space; the ends are trimmed."""
