from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.clean import cleaning, mojibake

POLISH = [
    "Zażółć gęślą jaźń.",
    "Łódź i Świętochłowice – „Pan Tadeusz” to epopeja.",
    "Gdzie urodził się Chopin?",
    "Kto wygrał turniej?",
    "Oni są w domu.",
    "Kim był król?",
    "Gdzie leży Kraków?",
    "Książka leży na półce, a żółw śpi.",
    "Ile osób może wejść?",
    "Czym jest mąka i z czego się ją robi?",
    "W którym roku powstała Legia?",
    "Mikołaj Kopernik był polskim astronomem, który wstrzymał Słońce i ruszył Ziemię.",
    "Jak nazywa się największe jezioro na świecie?",
]
# Written in the first, read in the second; the sloppy reader shows what has no character as a control character.
SINGLE_BYTE = [("cp1250", "latin-1"), ("cp1250", "sloppy-windows-1252"), ("cp1250", "iso8859-2")]
SINGLE_BYTE_ISO = [("iso8859-2", "latin-1"), ("iso8859-2", "cp1252"), ("iso8859-2", "cp1250")]
READ_AS = ["latin-1", "sloppy-windows-1252", "sloppy-windows-1250", "iso8859-2", "mac_roman", "cp437"]


def repaired(texts: Sequence[str]) -> list[str]:
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    return frame.select(cleaning.RULES["mojibake"](pl.col("text")))["text"].to_list()


def damaged(texts: Sequence[str], written: str, read: str) -> list[str]:
    return [text.encode(written).decode(read) for text in texts]


@pytest.mark.parametrize("read", READ_AS)
def test_utf8_that_was_read_as_something_else_is_repaired(read: str) -> None:
    assert repaired(damaged(POLISH, "utf-8", read)) == POLISH


@pytest.mark.parametrize(("written", "read"), SINGLE_BYTE)
def test_windows_1250_that_was_read_as_something_else_is_repaired(written: str, read: str) -> None:
    assert repaired(damaged(POLISH, written, read)) == POLISH


@pytest.mark.parametrize(("written", "read"), SINGLE_BYTE_ISO)
def test_iso_8859_2_that_was_read_as_something_else_is_repaired(written: str, read: str) -> None:
    texts = [text for text in POLISH if "–" not in text]  # ISO 8859-2 has no dash and no Polish quotes
    assert repaired(damaged(texts, written, read)) == texts


def test_damage_on_top_of_damage_is_repaired() -> None:
    once = damaged(POLISH, "utf-8", "latin-1")
    assert repaired(damaged(once, "utf-8", "latin-1")) == POLISH


def test_bytes_that_were_lost_are_guessed_where_only_one_letter_fits() -> None:
    assert repaired(["Å\ufffdÃ³dÅº jest duÅ¼a"]) == ["Łódź jest duża"]
    assert repaired(["rÅ\ufffdninÃ³w"]) == ["r\ufffdninów"]  # a Japanese ō


def test_control_characters_are_what_the_word_around_them_says() -> None:
    assert repaired(["Vel\x87zquez", "my\x9cl", "D\x92Artagnan", "Lata 1939\x961945"]) == [
        "Velázquez", "myśl", "D’Artagnan", "Lata 1939–1945",
    ]  # fmt: skip


RIGHT = [
    "¿Qué es España? ¿Dónde está el niño? ¡Hola!",
    "Czym są x³ + y³ = z³ i 10¹ oraz 10²?",
    "Wzory x³ + y³, a³ + b³, 10¹, 5 ± 2, a±b",
    "5 µm i 3 µm, ½ kg, 20 °C, cm³ i dm³, m³/h, £5 i ¥300, § 5 ¶ 3",
    "Wojna¹ i pokój³. Kowalski¹, Nowak²",
    "Jan Kowalski¹ Adam Nowak³",
    "La fête de la forêt, le chêne et le cœur; être ou ne pas être; œuvre, Œdipe",
    "Você fala português? Três pessoas em França e São João.",
    "Jaroslav Hašek, Miloš Zeman, Niš, Škoda, Tomáš Masaryk, Edvard Beneš, Piešťany, Dušan Mihajlović",
    "Ľudovít Štúr a Ľubľana; kde je nejvyšší hora Česka?",
    "Rødgrød med fløde, Ælfred Ætheling, Encyclopædia Britannica, Björk Guðmundsdóttir, Ångström",
    "Árvíztűrő tükörfúrógép; Magyarország és Győr",
    "Įvairūs lietuviški žodžiai šalis",
    "¯\\_(ツ)_/¯ 日本語 Ελληνικά Москва — столица, Советский Союз — её; Tiếng Việt; İstanbul",
    "Pêche Melba i Crêpe Suzette to desery",
    "naïve café – „cytat” ‚x’ “y” … Kraków–Łódź",
    "Zażółć gęślą jaźń: objętość 3 m³, España, ¿Qué?, œuvre, ± 5",
]


@pytest.mark.parametrize("text", [*RIGHT, *POLISH])
def test_right_texts_of_many_languages_are_left_alone(text: str) -> None:
    assert repaired([text]) == [text]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text(st.characters(max_codepoint=0x7F), max_size=30), min_size=20, max_size=60))
def test_ascii_is_never_damaged(texts: list[str]) -> None:
    assert not pl.DataFrame({"text": texts}).select(mojibake.MOJIBAKE.concerns(pl.col("text")))["text"].any()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text("aąbcćeęilłnńoósśzźż w", max_size=30), min_size=20, max_size=60))
def test_polish_letters_are_never_changed(texts: list[str]) -> None:
    assert repaired(texts) == texts


def test_a_text_with_undamaged_polish_letters_was_not_damaged_there() -> None:
    assert mojibake._single_byte_again("¶wstęp jest tam, gdzie akapity") == "śwstęp jest tam, gdzie akapity"
    assert mojibake._single_byte_again("¶wstęp jest tam, gdzie są akapity") == "¶wstęp jest tam, gdzie są akapity"
