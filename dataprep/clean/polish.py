"""How Polish words look: what their spelling allows, and which of them are frequent."""

import re
from itertools import pairwise

LETTERS = "ąćęłńśźżĄĆĘŁŃŚŹŻ"
"""The letters that ASCII and Western European encodings lack; ó and Ó have one code in all."""

_ALPHABET = frozenset("aąbcćdeęfghijklłmnńoóprsśtuwyzźż")
_VOWELS = frozenset("aąeęioóuy")
_MIN_LETTERS = 4
# No word begins with ą or ę; they follow no vowel but i, and no vowel follows them.
# Before a vowel, the sounds of ć, ń, ś, ź are written ci, ni, si, zi.
_UNSPELLABLE = re.compile(r"^[ąę]|[aąeęoóuy][ąę]|[ąęćńśź][aąeęioóuy]")
_TYPICAL = re.compile(
    r"[aiyąuó]ł$|[eo][dgkrt]ł$"  # verbs in the past tense
    r"|[aeiyo]ć$|(?:[aeu]j|[csz]j|sk|[cdlwyz]n)ą$|jąc"  # other endings
    r"|[bcdfgmnpswz]ię|[aeiouy]ś[bcćdgklłmnprtwz]|ń(?:sk|stw|c)"
)
_FREQUENT = """
być był była było były bądź będzie będą coś cześć często części część członek człowiek działa działał dzięki dziś długość dłużej
gdyż gdzieś główna główne głównie główny imię jaką jakąś ją jeśli jeżeli już język języka języku każda każde każdy kiedyś książka
książki książkę książę ktoś którą leży liczyła ludność mają mała małe mały miał miała miejscowość mieć między mogą może można mógł
największa największe największy należy napisał następnie niż otrzymał państw państwa państwo października pierwszą piąty polską
pomiędzy ponieważ powstał powstała powstało położona położone położony przykład później płk roślina rośliny rząd również się swoją
są sąd sądu także też tą tę urodził urodziła wciąż według więc więcej większość września wszedł wysokość własny wśród zespół zmarł
zmarła znajdują został została zostało zostały łączy śmierci śmierć śp średnia średnio św świat świata światowa światowej świecie
święta święty żaden że żeby żona życia życie życiu żyje żył
"""
_PLAIN = "a ale co czy czym dla do gdy gdzie i ile jak jaki jakie jest kiedy kim kto na nad nie o od oraz po pod przez przy u w we z za"

FREQUENT_WORDS = frozenset(_FREQUENT.split())
"""Frequent words with at least one of the letters above."""

PLAIN_WORDS = frozenset(_PLAIN.split())
"""Frequent short words in ASCII."""


def can_be_polish(word: str) -> bool:
    """Whether a word can be Polish by its letters, its spelling and the place of its capitals."""
    lower = word.lower()
    has_capital_inside = any(letter.isupper() and not before.isupper() for before, letter in pairwise(word))
    has_vowel = not _VOWELS.isdisjoint(lower) or lower in FREQUENT_WORDS
    return _ALPHABET.issuperset(lower) and has_vowel and not has_capital_inside and _UNSPELLABLE.search(lower) is None


def is_typical(word: str) -> bool:
    """Whether a word has a spelling that is common in Polish, and not easily made by a footnote mark."""
    return len(word) >= _MIN_LETTERS and _TYPICAL.search(word) is not None


def has_plain_word(text: str) -> bool:
    """Whether a text has one of the frequent short words."""
    return not PLAIN_WORDS.isdisjoint(re.findall(r"\w+", text.lower()))


def has_foreign_letter(word: str) -> bool:
    """Whether a word has a letter that Polish lacks."""
    return any(letter.isalpha() and letter.lower() not in _ALPHABET for letter in word)
