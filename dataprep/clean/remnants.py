"""Cleaning rules about what reading and extracting leave behind: CSV quotes, doubled titles, empty parentheses."""

import re

import polars as pl

from dataprep.clean.rules import Rule, each

# The whole field in quotes, with at least one quote inside, and those all doubled; or nothing in quotes.
_WRAPPED = r'^\s*"([^"]*""(?:[^"]|"")*|)"\s*$'
# Every quote of the field doubled: the wrapping was lost.
_ALL_DOUBLED = r'^[^"]*(?:""[^"]*)+$'
_DOUBLED = r'""([^\s"](?:[^"]*[^\s"])?)""'


def _unquoted(text: pl.Expr) -> pl.Expr:
    unwrapped = text.str.extract(_WRAPPED).str.replace_all('""', '"', literal=True)
    undoubled = text.str.replace_all(_DOUBLED, '"$1"')
    return pl.coalesce(unwrapped, pl.when(text.str.contains(_ALL_DOUBLED)).then(undoubled), text)


CSV_QUOTES = Rule(concerns=lambda text: text.str.contains('""', literal=True), mend=_unquoted)
"""Undo CSV quoting that was not undone when the source was read.

Quotes around a field are taken away only together with doubled quotes inside it, for a writer of CSV
wraps a field because of the quotes, and a quotation in quotes may well be the whole text. Without
wrapping, doubled quotes become single ones where all quotes of the text are doubled and they enclose
something; so `print("")` and an odd quote stay. On KLEJ-DYK every one of the 368 wrapped fields has
doubled quotes inside, and no other field has any quote.
"""

_MAX_TITLE_WORDS = 8
_MIN_LONE_LETTERS = 6
# Names that are doubled by themselves and long enough to be taken for a doubled title.
_REDUPLICATED = frozenset({"danger", "django", "everything", "humbert", "mister", "sister"})
_TITLE = re.compile(
    rf"""
    (?P<indent>\s*)
    (?P<title>[\w"„'(] (?:\S+\s+){{0,{_MAX_TITLE_WORDS - 1}}} \S*) \s+
    (?P<again>(?P<quote>["„]?) (?P=title) ["”]?)
    (?P<next>\s*[–—−-]\s | \s*\( | ,\s | \s+[^\W\d_])
    """,
    re.VERBOSE,
)


def _without_doubled_title(text: str) -> str:
    found = _TITLE.match(text)
    if found is None or not _is_doubled(found, text):
        return text
    return found["indent"] + text[found.start("again") :]


def _is_doubled(found: re.Match[str], text: str) -> bool:
    """Whether a beginning that stands twice is a title and the text's first words, rather than a name like Duran Duran."""
    title, follower = found["title"], found["next"].strip()
    if not (title[0].isupper() or title[0].isdigit() or title[0] in "\"„'"):
        return False
    rest = text[found.start("next") :]
    if re.search(rf"(?<!\w){re.escape(title)}\s+{re.escape(title)}(?!\w)", rest):
        return False
    if len(title.split()) > 1:
        return not follower[:1].isalpha() or follower[0].islower()
    if follower[:1].isalpha() or follower == ",":
        return False
    is_a_word_again = re.search(rf"(?<!\w){re.escape(title)}(?!\w)", rest) is not None
    looks_made = title.isupper() or any(letter.isdigit() for letter in title)
    is_long = len(title) >= _MIN_LONE_LETTERS and title.lower() not in _REDUPLICATED
    return is_a_word_again or looks_made or is_long


def _may_begin_twice(text: pl.Expr) -> pl.Expr:
    """Whether the first word, which must begin like a title, stands again among the next ones."""
    first = text.str.extract(r"""^\s*(["„'(]?[\p{Lu}\p{N}]\S*)\s""")
    return text.str.slice(first.str.len_chars(), _TITLE_CHARS).str.contains(first, literal=True).fill_null(value=False)


_TITLE_CHARS = 250  # longer than any eight words that are a title, and the first words again
DOUBLED_TITLE = Rule(concerns=_may_begin_twice, mend=each(_without_doubled_title))
"""Take away a title that was put before a text which begins with it: "Gorgippia Gorgippia – kolonia".

One to eight words, equal to the letter, the first with a capital or a digit, and then a dash, an opening
parenthesis, a comma or a lower-case word. Names that are doubled by themselves (Duran Duran, Baden
Baden, Wagga Wagga) are mostly single short words. So nothing is taken away where the text doubles the
words once more, and a single word only before a dash or a parenthesis, if it stands alone later on, has
at least six letters, is written in capitals or has a digit. What cannot be told apart: a long doubled
name that the text mentions once is shortened (New York New York, but for a few known ones), and a
short doubled title that is not mentioned again is kept.
"""

# Nothing, or nothing but commas and semicolons and white space; "(,)" and "(;)" may speak of the mark itself.
_EMPTY = r"\(\s*\)|\(\s*(?:[,;]\s*){2,}\)|\(\s+[,;]\s*\)|\([,;]\s+\)"
_HEADLESS = r"\((?:\s*[,;])+\s+(\p{L})"  # what stood first was lost, and the comma or semicolon behind it stayed
EMPTY_PARENTHESES = Rule(
    concerns=lambda text: text.str.contains(rf"\([\s,;]*\)|{_HEADLESS}"),
    mend=lambda text: text.str.replace_all(rf"(?:^|\s)\s*(?:{_EMPTY})", "").str.replace_all(_HEADLESS, "($1"),
)
"""Remove parentheses from which the content was lost: "Pagoda Liuhe () – pagoda". Those of a function, as in f(), stay.

Where only the first of several things was lost, the separator goes: "Mao Xinyu (; ur. 1970)".
"""
