import json
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from unicodedata import normalize

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from dataprep.errors import CallError
from dataprep.filtering import identifier, language

FOLDER = Path(os.environ.get("DATAPREP_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))

FOREIGN = {
    "cs": [
        "Kde se narodil Karel Čapek?", "Jaké je hlavní město České republiky?", "Proč je nebe modré?",
        "Kolik obyvatel má město Brno a jeho okolí?", "Řeka Vltava pramení na Šumavě a vlévá se do Labe u Mělníka.",
        "Praha je hlavní a současně největší město České republiky a patnácté největší město Evropské unie.",
    ],
    "sk": [
        "Kto napísal prvú slovenskú báseň?", "Bratislava je hlavné a najväčšie mesto Slovenska ležiace na brehu Dunaja.",
        "Kedy vzniklo Slovenské národné divadlo?", "Aká je najvyššia hora Slovenska?",
        "Tatry sú najvyššie pohorie v Karpatskom oblúku a nachádzajú sa na hranici s Poľskom.",
    ],
    "de": [
        "Wann wurde die Stadt Berlin gegründet?", "Der Rhein entspringt in den Schweizer Alpen und mündet in die Nordsee.",
        "Wie heißt der höchste Berg in Deutschland?", "Was ist Liebe?",
        "Johann Wolfgang von Goethe war ein deutscher Dichter und Naturforscher.",
    ],
    "en": [
        "What is the capital of France?", "The Battle of Grunwald was fought on 15 July 1410 during the Polish-Lithuanian war.",
        "How many people live in Warsaw?", "When did World War II end?", "Where is the Louvre?",
        "Marie Skłodowska-Curie was born in Warsaw, in what was then the Kingdom of Poland.",
    ],
    "ru": [
        "Кто написал роман «Война и мир»?", "Москва является столицей России и крупнейшим городом страны.",
        "Когда началась Вторая мировая война?", "Как называется самая длинная река в мире?", "Лев Толстой родился в Ясной Поляне.",
    ],
    "uk": [
        "Хто був першим президентом України?", "Київ є столицею та найбільшим містом України.", "Коли було засновано місто Львів?",
        "Скільки людей живе в Україні?", "Дніпро тече через усю країну.",
    ],
    "fr": [
        "Quelle est la capitale de la Pologne?", "Qui a peint la Joconde?", "Combien d'habitants compte la ville de Lyon?",
        "La tour Eiffel est une tour de fer puddlé de 330 mètres de hauteur située à Paris.",
        "Frédéric Chopin est un compositeur et pianiste virtuose d'origine polonaise.",
    ],
    "es": [
        "¿Cuál es la capital de España?", "El río Amazonas es el más largo y caudaloso del mundo.",
        "¿Quién escribió Don Quijote de la Mancha?", "¿Cuándo terminó la guerra civil española?",
        "La Sagrada Familia es una basílica católica de Barcelona.",
    ],
    "it": [
        "Qual è la capitale d'Italia?", "Il Colosseo è il più grande anfiteatro romano del mondo.", "Chi ha scritto la Divina Commedia?",
        "Quando è nato Leonardo da Vinci?", "La città di Venezia sorge su un gruppo di isole.",
    ],
    "lt": [
        "Koks yra didžiausias Lietuvos miestas?", "Vilnius yra Lietuvos sostinė ir didžiausias šalies miestas.",
        "Kada įvyko Žalgirio mūšis?", "Kas parašė pirmąją lietuvišką knygą?", "Nemunas yra ilgiausia Lietuvos upė.",
    ],
    "hr": [
        "Koji je glavni grad Hrvatske?", "Zagreb je glavni i najveći grad Republike Hrvatske.", "Kada je osnovano Sveučilište u Zagrebu?",
        "Tko je napisao roman Zlatarovo zlato?", "Plitvička jezera najstariji su nacionalni park u Hrvatskoj.",
    ],
    "hu": [
        "Mikor született Petőfi Sándor?", "Budapest Magyarország fővárosa és legnagyobb városa.", "Melyik a legnagyobb tó Magyarországon?",
        "Hány lakosa van Debrecennek?", "A Duna Európa második leghosszabb folyója.",
    ],
    "nl": [
        "Wat is de hoofdstad van Nederland?", "Amsterdam is de hoofdstad en grootste stad van Nederland.", "Wie schilderde De Nachtwacht?",
        "Hoe heet de langste rivier van Europa?", "De oorlog begon in september en duurde zes jaar.",
    ],
    "ro": [
        "Care este capitala României?", "București este capitala și cel mai mare oraș al României.", "Cine a scris poezia Luceafărul?",
        "Dunărea se varsă în Marea Neagră printr-o deltă.",
    ],
}  # fmt: skip
POLISH = [
    "Kim był Youssou N'Dour?",
    "ile katod ma duodioda?",
    "Czy Jeffs i Warren byli spokrewnieni?",
    "Czy McDonald's to restauracja?",
    "Co w języku polskim oznacza εαν τι αιτησητε με?",
    "Kogo spotkali Mantis, Drax i Quill na planecie Thanosa?",
    "Gdzie lezy Krakow?",
    "Jak nazywa sie stolica Francji?",
    "Kto wygral mecz?",
    "Zażółć gęślą jaźń",
    "Bitwa o Caen",
    "Katedra św. Józefa w Thiruvananthapuram",
    "毛遠新, pinyin Máo Yuǎnxīn; ur. 14 lutego 1941) – bratanek Mao Zedonga.",
    "Fiodor Dostojewski (ros. Фёдор Михайлович Достоевский) – rosyjski pisarz i myśliciel.",
]


def verdicts(
    texts: Sequence[str | None], languages: tuple[str, ...] = ("pl",), min_language_chars: int = 40, **settings: bool
) -> pl.DataFrame:
    judged = language.judge(pl.col("text"), languages=languages, min_language_chars=min_language_chars, **settings)
    return pl.DataFrame({"text": texts}, schema={"text": pl.String}).with_columns(verdict=judged).unnest("verdict")


def kept_fraction(texts: list[str]) -> float:
    fraction = verdicts(texts)["is_kept"].mean()
    assert isinstance(fraction, float)
    return fraction


@pytest.mark.parametrize("name", FOREIGN)
def test_other_languages_are_recognised(name: str) -> None:
    judged = verdicts(FOREIGN[name])
    assert judged.filter("is_kept")["text"].to_list() == []
    assert sum(len(texts) for texts in FOREIGN.values()) > 60


@pytest.mark.parametrize("text", POLISH)
def test_short_and_strange_polish_is_kept(text: str) -> None:
    assert verdicts([text])["is_kept"].to_list() == [True]


def test_the_wanted_languages_are_kept_whichever_they_are() -> None:
    texts = [FOREIGN["de"][1], FOREIGN["cs"][5], "Zamek stoi na wzgórzu nad rzeką i jest otoczony murem."]
    assert verdicts(texts, ("de", "cs"))["is_kept"].to_list() == [True, True, False]
    assert verdicts(texts, ("pl", "de"))["is_kept"].to_list() == [True, False, True]


def test_an_unknown_language_is_named() -> None:
    with pytest.raises(CallError, match="'xx' is not known"):
        verdicts(["tak"], ("pl", "xx"))


def test_null_is_judged_null_and_order_does_not_count() -> None:
    texts = ["Gdzie leży Kraków?", None, "Where is the Louvre?", "", "Gdzie leży Kraków?"]
    judged = verdicts(texts)
    assert judged["is_kept"].to_list() == [True, None, False, True, True]
    assert judged["probability"].is_between(0, 1).drop_nulls().all()
    assert verdicts(texts[::-1]).reverse().equals(judged)


def test_the_second_opinion_is_asked_about_low_scores_alone_and_saves_polish() -> None:
    english, foreign_names = FOREIGN["en"][1], "Co w języku polskim oznacza εαν τι αιτησητε με?"
    judged = verdicts(["Gdzie leży Kraków?", english, foreign_names])
    assert judged["second_opinion"].to_list() == [None, False, True]
    assert judged["is_kept"].to_list() == [True, False, True]
    alone = verdicts(["Gdzie leży Kraków?", english, foreign_names], second_opinion=False)
    assert alone["second_opinion"].to_list() == [None] * 3
    assert alone["is_kept"].to_list() == [True, False, False]
    assert alone["probability"].equals(judged["probability"])


def test_only_polish_has_a_second_opinion() -> None:
    judged = verdicts(["Kim jest ten, który czyta?", FOREIGN["en"][1]], ("de",))
    assert judged["second_opinion"].to_list() == [None, None]
    assert judged["is_kept"].to_list() == [False, False]


@pytest.mark.parametrize(
    ("text", "is_polish"),
    [
        ("Kto i co?", True),
        ("Who and what?", False),
        ("Piosenki „Hey Jude”, „Let It Be” i „Yesterday” są zespołu The Beatles, który był też w Polsce", True),
        ("Řeka Vltava pramení na Šumavě a vlévá se do Labe", False),
        ("", False),
    ],
)
def test_a_text_reads_polish_by_its_words(text: str, is_polish: bool) -> None:  # noqa: FBT001 - a case
    assert language.reads_polish(text) is is_polish


def test_a_longer_minimum_is_more_lenient() -> None:
    texts = [text for of in FOREIGN.values() for text in of] + POLISH
    kept = [set(verdicts(texts, min_language_chars=chars).filter("is_kept")["text"]) for chars in (0, 40, 1_000)]
    assert kept[0] <= kept[1] <= kept[2]


def test_the_identifier_is_not_loaded_before_it_is_needed() -> None:
    code = "import sys, dataprep.filtering.filters; sys.exit('py3langid' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@cache
def py3langid() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


ANY = st.one_of(
    st.sampled_from([text for of in FOREIGN.values() for text in of] + POLISH), st.text(max_size=40), st.text("zażółćŁS ß", max_size=9)
)


@settings(deadline=None)
@given(
    texts=st.lists(ANY.flatmap(lambda text: st.sampled_from([text, text.upper(), normalize("NFD", text)])), max_size=8),
    few=st.sampled_from([0, 1, 3, 64]),
)
def test_many_texts_are_identified_as_py3langid_identifies_each(texts: list[str], few: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(identifier, "_FEW", few)
        opinions = list(identifier.identify(texts, ["sr", "pl", "cs"]))
    for text, opinion in zip(texts, opinions, strict=True):
        shares = [share for name, share in py3langid().rank(text) if name in {"sr", "pl", "cs"}]
        assert opinion == (*py3langid().classify(text), sum(shares))


def test_a_text_is_identified_the_same_whether_or_not_it_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [text for of in FOREIGN.values() for text in of]
    wanted = verdicts(texts)
    assert verdicts(texts[::-1]).sort("text").equals(wanted.sort("text"))
    monkeypatch.setattr(language, "_MAX_REMEMBERED", 3)
    assert all(verdicts(texts[n:]).equals(wanted[n:]) for n in range(5))


@pytest.mark.real
@pytest.mark.skipif(not FOLDER.is_dir(), reason="no real data: DATAPREP_REAL_DATA names no folder")
def test_of_real_polish_questions_at_least_998_in_1000_are_kept() -> None:
    lines = (FOLDER / "klej-dyk" / "train.tsv").read_text(encoding="utf-8").split("\n")[1:-1]
    questions = {line.split("\t")[1].strip('"') for line in lines}
    for dump in ("initial-2022-06-01", "dev-2022-09-01"):
        for article in json.loads((FOLDER / "poquad" / f"{dump}.json").read_text(encoding="utf-8"))["data"]:
            questions |= {qa["question"].strip() for paragraph in article["paragraphs"] for qa in paragraph["qas"]}
    without_accents = str.maketrans("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ", "acelnoszzACELNOSZZ")
    assert len(questions) > 5_000
    assert kept_fraction(sorted(questions)) >= 0.998
    assert kept_fraction([question.translate(without_accents) for question in sorted(questions)]) >= 0.998


@given(st.text(st.sampled_from("aąbcćłśżz ĄŁA(„-é1ш"), max_size=40))
def test_what_reads_plainly_reads_polish(text: str) -> None:
    (is_plain,) = pl.Series([text]).to_frame("t").select(language.reads_plainly(pl.col("t"))).to_series()
    assert not is_plain or language.reads_polish(text)


def test_a_plain_text_is_kept_without_asking_the_identifier() -> None:
    texts = ["Dokąd żubry szły jesienią przez śnieg?", "Der Rhein entspringt in den Schweizer Alpen und mündet in die Nordsee.", None]
    frame = pl.DataFrame({"t": texts}).select(language.judge(pl.col("t"), languages=["pl"], min_language_chars=40).alias("v")).unnest("v")
    assert frame["is_kept"].to_list() == [True, False, None]
    assert frame["probability"].is_null().to_list() == [True, False, True]
