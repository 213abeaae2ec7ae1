"""Which language a text is in, and whether that is reason to drop it.

The first opinion is py3langid's: naive Bayes over byte n-grams (Lui and Baldwin, 2012), trained on 140
languages and shipped inside its wheel. What decides is the probability of the wanted languages, not the
likeliest language: "Kim był Youssou N'Dour?" is called Creole, yet Polish has 0.05 there and 0.0001 in
any French sentence. Short texts and texts without diacritics are dropped only if some other language is
clearly ahead. Where the score is too low to keep a text, a second opinion that shares nothing with the
first is heard: whether the text reads Polish word by word. Such a text is never dropped for its language.

The identifier costs ten times what reading the letters costs. So where the second opinion counts,
texts that it would keep anyway, by spelling alone, are not sent to the identifier: two in three texts of
Wikipedia, nearly all of others.
"""

import re
from collections.abc import Sequence
from functools import cache

import polars as pl

from dataprep.errors import CallError
from dataprep.filtering.identifier import Opinion, identify, known_languages

# Chosen on 5,335 Polish questions, all of which are kept, and on the sentences in 14 other languages of the tests, all of which go.
MIN_PROBABILITY = 0.01
MIN_LENIENT_PROBABILITY = 0.005
MIN_RIVAL_PROBABILITY = 0.25
_MIN_POLISH_FRACTION = 0.12
_MIN_POLISH_WORDS = 4

_MAX_CHARS = 200  # the first sentence or two tell; what follows costs time, and lists of foreign names in it mislead
_MAX_REMEMBERED = 1 << 17  # some 60 MB
_JUDGEMENT = pl.Struct({"language": pl.String, "probability": pl.Float64, "second_opinion": pl.Boolean, "is_kept": pl.Boolean})
_PLAIN = pl.lit({"language": "pl", "probability": None, "second_opinion": True, "is_kept": True}, dtype=_JUDGEMENT)

_POLISH_LETTERS = frozenset("ąęłńśźż")
_LATIN_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzóć") | _POLISH_LETTERS  # ć is Croatian too
# Frequent words that no language of the neighbourhood shares.
_FREQUENT = """
w we się jest są był była było były oraz przez dla który która które którzy którego której jako przy także czy gdzie kiedy
dlaczego ile jaki jaka jakie jakiego jakiej kim czym roku latach jego jej tym tej tego może można pod między ponieważ lub
albo ze od ur zm podczas nie kto co jak nazwa oznacza
"""
_POLISH_WORDS = frozenset(_FREQUENT.split())

_LOWER = "".join(sorted(_LATIN_LETTERS))
_LETTERS = _LOWER + _LOWER.upper()
_STRANGE = rf"[\p{{L}}\p{{M}}--[{_LETTERS}]]|[{_LOWER}][{_LOWER.upper()}]"  # a letter that Polish lacks, or a capital inside a word
_SPELT = rf"(?:^|[\s(„])[{_LOWER}]*[{''.join(sorted(_POLISH_LETTERS))}]"  # a word that begins small and has a Polish letter
_MIN_SPELT_WORDS = 2


def judge(text: pl.Expr, *, languages: Sequence[str], min_language_chars: int, second_opinion: bool = True) -> pl.Expr:
    """Judge whether texts are in one of the wanted languages.

    Args:
        text: String expression, one text per row.
        languages: The wanted languages (ISO 639-1), at least one.
        min_language_chars: Texts shorter than this are judged leniently.
        second_opinion: Ask `reads_polish` about texts that would be dropped, if Polish is wanted.

    Returns:
        Struct expression: `language`, the likeliest one; `probability` that it is a wanted one, 0-1, null
        where the spelling alone told; `second_opinion`, whether the text reads Polish word by word, null
        where that was not asked; `is_kept`. Null where the text is null.

    Raises:
        CallError: A language is not known to the identifier. Raised when the expression is made.
    """
    known = known_languages()
    unknown = sorted(set(languages) - known)
    if unknown:
        raise CallError(f"[filter] languages: {unknown[0]!r} is not known; known are {', '.join(sorted(known))}")

    hears_second = second_opinion and "pl" in languages

    def judged(texts: pl.Series) -> pl.Series:
        is_plain = texts.to_frame("text").select(reads_plainly(pl.col("text")) & hears_second).to_series()
        distinct = texts.filter(~is_plain).unique()
        opinions = _identified([text[:_MAX_CHARS] for text in distinct], languages)
        first = [_first_opinion(text, opinion, languages, min_language_chars) for text, opinion in zip(distinct, opinions, strict=True)]
        second = [reads_polish(text) if hears_second and not is_kept else None for text, (*_, is_kept) in zip(distinct, first, strict=True)]
        verdicts = [(name, share, words, is_kept or bool(words)) for (name, share, is_kept), words in zip(first, second, strict=True)]
        table = pl.DataFrame({"text": distinct, "verdict": pl.Series(verdicts, dtype=_JUDGEMENT)}, schema_overrides={"text": pl.String})
        asked = pl.DataFrame({"text": texts.set(is_plain, None)}).join(table, on="text", how="left", maintain_order="left")["verdict"]
        return pl.select(pl.when(is_plain).then(_PLAIN).otherwise(asked)).to_series()

    return text.map_batches(judged, return_dtype=_JUDGEMENT, is_elementwise=True)


@cache
def _remembered(languages: Sequence[str]) -> dict[str, Opinion]:  # noqa: ARG001 - opinions are about these
    """Opinions on the texts that were met, for a question comes again with each of its passages."""
    return {}


def _identified(texts: Sequence[str], languages: Sequence[str]) -> list[Opinion]:
    """The identifier's opinion on each text."""
    remembered = _remembered(tuple(languages))
    known = {text: opinion for text in texts if (opinion := remembered.get(text))}
    new = [text for text in dict.fromkeys(texts) if text not in known]
    known |= zip(new, identify(new, languages), strict=True)
    if len(remembered) + len(new) > _MAX_REMEMBERED:
        remembered.clear()
    remembered.update(known)
    return [known[text] for text in texts]


def _first_opinion(text: str, opinion: Opinion, languages: Sequence[str], min_language_chars: int) -> tuple[str, float, bool]:
    """The likeliest language, the probability of the wanted ones, and whether the text is kept by it."""
    likeliest, most, probability = opinion
    if likeliest in languages:
        return likeliest, probability, True
    is_short = len(text) < min_language_chars or _POLISH_LETTERS.isdisjoint(text.lower())
    is_foreign = probability < (MIN_LENIENT_PROBABILITY if is_short else MIN_PROBABILITY)
    return likeliest, probability, not is_foreign or (is_short and most < MIN_RIVAL_PROBABILITY)


def reads_plainly(text: pl.Expr) -> pl.Expr:
    """Whether a text reads Polish by its spelling alone; `reads_polish` holds for every such text.

    It has no letter that Polish lacks, so no word speaks against, and of its words at least two, and
    more than an eighth, begin small and have a Polish letter. Null in, null out.
    """
    n_spelt, n_words = text.str.count_matches(_SPELT), text.str.count_matches(rf"[^{_LETTERS}]+") + 1
    is_enough = (n_spelt >= _MIN_SPELT_WORDS) & (n_spelt > n_words * _MIN_POLISH_FRACTION)
    return ~text.str.contains(_STRANGE) & is_enough


def reads_polish(text: str) -> bool:
    """Whether a text reads Polish word by word: the second opinion.

    A word speaks for Polish if it is a frequent Polish one, or has a Polish letter and is no name; it
    speaks against if it has a letter that Polish lacks. An eighth of the words in Latin letters is
    enough, and so are four words if no more speak against, for Polish sentences hold long foreign lists.
    """
    words = [word for word in re.findall(r"[^\W\d_]+", text) if word[0].lower() in _LATIN_LETTERS]
    n_for, n_against = sum(map(_speaks_for, words)), sum(map(_speaks_against, words))
    return n_for >= max(_MIN_POLISH_WORDS, n_against) or n_for - n_against > len(words) * _MIN_POLISH_FRACTION


def _speaks_for(word: str) -> bool:
    is_spelt = word[0].islower() and not _POLISH_LETTERS.isdisjoint(word) and _LATIN_LETTERS.issuperset(word)
    return word.lower() in _POLISH_WORDS or is_spelt


def _speaks_against(word: str) -> bool:
    return word[0].islower() and not _LATIN_LETTERS.issuperset(word)
