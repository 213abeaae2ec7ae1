"""Cleaning rules about markup: HTML and the wiki's.

Only what is surely markup is touched. A tag is a known name with well-formed attributes, so `3 < 5`,
`a<b`, `vector<int>` and `<jan@example.pl>` are text; an entity has a known name and its semicolon, so
`AT&T`, `R&B` and `?a=1&para=2` are text.
"""

import re
from collections.abc import Callable
from functools import cache, partial
from html import unescape
from html.entities import html5

import polars as pl
from selectolax.lexbor import LexborHTMLParser

from dataprep.clean.rules import Rule, each

_BLOCKS = """
address article aside blockquote body br caption center dd div dl dt figcaption figure footer form h1 h2 h3 h4 h5 h6 head
header hr html li main nav ol option p pre section table tbody td tfoot th thead title tr ul gallery poem references
"""
_INLINE = """
a abbr acronym b bdi bdo big button cite code del dfn em font i iframe img input ins kbd label link mark math meta noscript q
s samp script small span strike strong style sub sup svg tt u var wbr ref nowiki noinclude includeonly onlyinclude
"""
_BLOCK_TAGS, _INLINE_TAGS = frozenset(_BLOCKS.split()), frozenset(_INLINE.split())
_DROPPED = ("script", "style", "ref")  # their content is no text of the passage
_IN_PAIRS = frozenset(("a", "b", "i", "q", "s", "u", *_DROPPED))  # "a<b>c" may be arithmetic; an open script would swallow the rest

_ATTRIBUTES = (
    r"""(?:\s+[A-Za-z_:][\w:.-]*\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>=]+)|\s+(?:async|defer|nowrap|checked|disabled|hidden))*\s*/?"""
)
_TAG = re.compile(rf"<(/?)({'|'.join(sorted((*_BLOCK_TAGS, *_INLINE_TAGS), key=len, reverse=True))})({_ATTRIBUTES})>", re.IGNORECASE)
_DOCTYPE = re.compile(r"<!doctype[^<>]*>", re.IGNORECASE)
_COMMENT = re.compile(rf"<!--.*?-->|{_DOCTYPE.pattern}", re.IGNORECASE | re.DOTALL)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_RAISED_DIGITS = re.compile(r"<sup>([0-9+−-]+)</sup>", re.IGNORECASE)
_SUPERSCRIPTS = str.maketrans("0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")


def _without_html(text: str) -> str:
    *commented, rest = text.rpartition("-->")  # behind the last end no comment ends: each that begins there would be read to the end
    shown = _COMMENT.sub(" ", "".join(commented)) + _DOCTYPE.sub(" ", rest)
    plain = _RAISED_DIGITS.sub(lambda digits: digits[1].translate(_SUPERSCRIPTS), shown)
    partners = cache(partial(_partners, plain))  # a text may have a hundred thousand tags, but it has few names of them
    tags = [tag for tag in _TAG.finditer(plain) if _is_tag(tag, partners)]
    return _text_of(plain, tags) if tags else _decoded(plain)


def _is_tag(tag: re.Match[str], partners: Callable[[str], tuple[int, int]]) -> bool:
    """Whether a name in angle brackets is markup: tags that need a partner must have it."""
    name, is_closing, is_whole = tag[2].lower(), tag[1] == "/", tag[3].endswith("/")
    if name not in _IN_PAIRS or is_whole:
        return True
    opened, closed = partners(name)
    return opened <= tag.start() if is_closing else tag.end() <= closed


def _partners(text: str, name: str) -> tuple[int, int]:
    """Where the first tag that opens ends, and where the last tag that closes starts; out of reach if there is none."""
    opening = re.search(rf"<{name}\b", text, re.IGNORECASE)
    closing = [found.start() for found in re.finditer(rf"</{name}\s*>", text, re.IGNORECASE)]
    return opening.end() if opening else len(text) + 1, max(closing, default=-1)


def _text_of(text: str, tags: list[re.Match[str]]) -> str:
    """What a browser would show, given which of the signs `<` are tags; blocks are kept apart by a space."""
    source, end = list[str](), 0
    for tag in tags:
        inline = "" if tag[3].endswith("/") else tag[0]
        source += [_escaped(text[end : tag.start()]), " " if tag[2].lower() in _BLOCK_TAGS else inline]
        end = tag.end()
    tree = LexborHTMLParser("<body>" + "".join([*source, _escaped(text[end:])]))
    tree.strip_tags(list(_DROPPED))
    return tree.root.text(deep=True) if tree.root else ""


def _escaped(text: str) -> str:
    """Text between tags, such that a parser gives back every sign that is not part of a known entity."""
    parts, end = list[str](), 0
    for entity in _ENTITY.finditer(text):
        if _is_entity(entity[0]):
            parts += [text[end : entity.start()].replace("&", "&amp;"), entity[0]]
            end = entity.end()
    return "".join([*parts, text[end:].replace("&", "&amp;")]).replace("<", "&lt;")


def _decoded(text: str) -> str:
    return _ENTITY.sub(lambda entity: unescape(entity[0]) if _is_entity(entity[0]) else entity[0], text)


def _is_entity(entity: str) -> bool:
    return entity[1] == "#" or entity[1:] in html5


HTML = Rule(
    concerns=lambda text: text.str.contains(r"<[A-Za-z/!]|&(?:#[0-9xX]|[A-Za-z])[A-Za-z0-9]*;"),
    mend=each(_without_html),
)
"""Decode entities and remove tags; scripts, styles and footnotes go with their content.

`10<sup>5</sup>` becomes 10⁵, for 105 would be another number. `&lt;b&gt;bold&lt;/b&gt;` is read as markup
that was escaped once too often; so is prose about tags, which cannot be told apart from it.
"""

_FILE = r"(?:Plik|Grafika|Obraz|File|Image|Datei|Fichier)"
_IMAGE_WORDS = "thumb|mini|mały|left|right|center|none|lewo|prawo|środek|ramka|frame|frameless|bezramki|border"
_IMAGE_OPTION = rf"(?:{_IMAGE_WORDS}|\d+(?:x\d+)?px|upright[^|\]]*|alt=[^|\]]*)"
_EXTENSION = r"\.(?:jpe?g|png|gif|svg|tiff?|webp|xcf|og[agv]|webm|mp[34]|pdf|djvu|midi?)"
_TEMPLATE = r"\{\{\s*[\p{L}#][^{}]*\}\}"  # the innermost; those around it are next, in the next pass
_REPLACED = (
    (r"(?i)\[\[\s*(?:Kategoria|Category)\s*:[^\[\]]*\]\]", ""),
    (rf"(?i)\[\[\s*{_FILE}\s*:[^|\[\]]*(?:\|\s*{_IMAGE_OPTION}\s*)*\]\]", ""),
    (rf"(?i)\b{_FILE}:\s*[^|\[\]<>\n]{{1,200}}?{_EXTENSION}\s*\|(?:\s*{_IMAGE_OPTION}\s*\|)*", ""),
    (r"\[\[(?:[^\[\]]*\|)?([^\[\]|]*)\]\]", "$1"),
    (r"\[(?:https?|ftp)://[^\s\[\]]+\s+([^\[\]]+)\]", "$1"),
    (r"\[(?:https?|ftp)://[^\s\[\]]+\]", ""),
    (r"(?m)^[ \t]*={2,6}[ \t]*([^=\n]*[^=\s])[ \t]*={2,6}[ \t]*$", "$1"),
    (r"""(^|[\s("„«–—/-])'{2,5}([^'\s](?:[^']|'[^'])*?)'{2,5}""", "$1$2"),  # italics and bold that begin and end
)
_LONE_APOSTROPHES = r"(^|[^\d'])'{2,5}"  # 5'' is five inches or seconds


def _without_wiki(text: pl.Expr) -> pl.Expr:
    is_one_apostrophe = text.str.contains(r"^(?:[^']|'[^'])*\p{L}''\p{L}(?:[^']|'[^'])*$")  # d''Italia, escaped for a database
    plain = pl.when(is_one_apostrophe).then(text.str.replace("''", "'", literal=True)).otherwise(text)
    for pattern, kept in _REPLACED:
        plain = plain.str.replace_all(pattern, kept)
    plain = plain.str.replace_all(r"'{3,5}", "").str.replace_all(_LONE_APOSTROPHES, "$1")
    is_latex = plain.str.contains(r"\\[A-Za-z]")
    plain = pl.when(is_latex).then(plain).otherwise(plain.str.replace_all(_TEMPLATE, ""))
    for opening, closing in (("[", "]"), ("{", "}")):
        is_lone = (_count(plain, opening) != _count(plain, closing)) & ~is_latex
        without = plain.str.replace_all(2 * opening, "", literal=True).str.replace_all(2 * closing, "", literal=True)
        plain = pl.when(is_lone).then(without).otherwise(plain)
    return plain


def _count(text: pl.Expr, sign: str) -> pl.Expr:
    return text.str.count_matches(sign, literal=True)


_WIKI_SIGNS = (  # looked for one by one: together they are fifty times slower
    r"''|\[\[|\]\]|\{\{|\}\}|\[(?:https?|ftp)://",
    r"(?m)^[ \t]*==",
    rf"(?i)\b{_FILE}:",
)
WIKI_MARKUP = Rule(
    concerns=lambda text: pl.any_horizontal(text.str.contains(sign) for sign in _WIKI_SIGNS),
    mend=_without_wiki,
)
"""Remove remnants of wiki markup: ''' and '', [[…|…]], Plik:…|, {{…}}, headings, bracketed addresses.

What a reader would see stays: the label of a link, the caption of a picture. Stray pairs of brackets go
only where opening and closing ones do not balance, and never beside LaTeX. `5''` stays, and so do marks
like [1], which can as well be an index, an interval or an omission.
"""
