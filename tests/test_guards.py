"""The guards speak where an answer may change, and hold their peace where only the wording does."""

from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataprep.duplicates.guards import GUARDS, Guard, guards, strict_fold
from dataprep.text import fold

TEXTS = st.text(max_size=30) | st.lists(
    st.sampled_from(["nie", "Jan", "jan", "lubi", "5", "-5", "3,5", "<", ".", "Anna", "niebo", "C++", "dwa"]), max_size=8
).map(" ".join)


def guard(left: str, right: str, kinds: Sequence[Guard] = GUARDS) -> str | None:
    spoken: str | None = guards(pl.Series([left]), pl.Series([right]), kinds=kinds).item()
    return spoken


def key(text: str) -> str:
    folded: str = pl.select(strict_fold(pl.lit(text))).item()
    return folded


@pytest.mark.parametrize(
    ("left", "right", "spoken"),
    [
        ("Bitwa rozegrała się w 1849 roku.", "Bitwa rozegrała się w 1905 roku.", "number"),
        ("Rzeka ma 1048 km długości.", "Rzeka ma ponad tysiąc km długości.", "number"),
        ("Miał dwóch synów.", "Miał trzech synów.", "number"),
        ("Zmarł 3 maja w Krakowie.", "Zmarł 3 lutego w Krakowie.", "number"),
        ("Wygrał od 5 do 10 razy.", "Wygrał od 10 do 5 razy.", "number"),
        ("Jestem przedsiębiorcą.", "Nie jestem przedsiębiorcą.", "negation"),
        ("To jest możliwy wynik.", "To jest niemożliwy wynik.", "negation"),
        ("Herbata z cukrem.", "Herbata bez cukru.", "negation"),
        ("Wstęp jest płatny.", "Wstęp jest bezpłatny.", "negation"),
        ("Ptak ten nie lata, pływa.", "Ptak ten lata, nie pływa.", "negation"),
        ("ostatni król z dynastii Jagiellonów", "ostatni król z dynastii Wazów", "name"),
        ("Wtedy Polska pokonała Niemcy.", "Wtedy Niemcy pokonała Polska.", "name"),
        ("Mickiewicz napisał tę powieść.", "Słowacki napisał tę powieść.", "name"),
        ("Rządził tam Jan II.", "Rządził tam Jan III.", "name"),
        ("Należy do NATO od dawna.", "Należy do ONZ od dawna.", "name"),
        ("Prawdą jest, że a < b.", "Prawdą jest, że a > b.", "symbol"),
        ("Pisze w języku C.", "Pisze w języku C++.", "symbol"),
        ("Temperatura wynosi 5 stopni.", "Temperatura wynosi -5 stopni.", "symbol"),
        ("Kosztuje 5 €.", "Kosztuje 5 $.", "symbol"),
        ("Wynik to 2:1.", "Wynik to 2,1.", "symbol"),
    ],
)
def test_each_guard_speaks(left: str, right: str, spoken: str) -> None:
    assert guard(left, right) == spoken
    assert guard(left, right, [kind for kind in GUARDS if kind != spoken]) != spoken


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Kot śpi na piecu.", "kot śpi, na piecu"),  # case and punctuation
        ("Mały kot śpi na piecu.", "Stary kot śpi na piecu.".lower()),  # an ordinary word
        ("Zadebiutował na pierwszym miejscu listy.", "Album zadebiutował na pierwszym miejscu listy."),  # the first word is new
        ("Mieszkał w Warszawie.", "Mieszkał w WARSZAWIE."),  # a name in another case
        ("Nie jest dobry.", "Nie był dobry."),  # the negation stays where it is
        ("Wojna trwała w latach 1939-1945.", "Wojna trwała w latach 1939 – 1945."),  # dashes mean the same
        ("Waży 3,5 kg.", "Waży 3.5 kg."),  # so do decimal marks
        ("Wieś leży nad rzeką | mapa", "Wieś leży nad rzeką ~ mapa"),  # remnants of tables are no symbols
    ],
)
def test_a_difference_of_wording_is_let_pass(left: str, right: str) -> None:
    assert guard(left, right) is None


@given(left=TEXTS, right=TEXTS)
def test_the_sides_may_be_exchanged(left: str, right: str) -> None:
    assert guard(left, right) == guard(right, left)


@given(text=TEXTS)
def test_a_text_differs_from_itself_in_nothing(text: str) -> None:
    assert guard(text, text) is None


@given(left=TEXTS, right=TEXTS)
def test_texts_of_one_strict_key_have_one_fold(left: str, right: str) -> None:
    folded = pl.select(a=fold(pl.lit(left)), b=fold(pl.lit(right)), c=strict_fold(pl.lit(left)), d=strict_fold(pl.lit(right))).row(0)
    assert folded[2] != folded[3] or folded[0] == folded[1]


@pytest.mark.parametrize(("left", "right"), [("3 < 5", "3 > 5"), ("-5", "5"), ("C", "C++"), ("1:2", "1,2"), ("a 1-2-3", "a 1 2 3")])
def test_the_strict_key_keeps_symbols_apart(left: str, right: str) -> None:
    assert key(left) != key(right)


@pytest.mark.parametrize(
    ("left", "right"), [("Ala ma kota.", "ala  ma kota"), ("(1939-1945)", "1939–1945"), ("ﬁrma", "Firma"), ("„Lalka”", "Lalka")]
)
def test_the_strict_key_ignores_case_punctuation_and_white_space(left: str, right: str) -> None:
    assert key(left) == key(right)
