import csv
import os
import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep import schemas
from dataprep.clean import characters, cleaning, mojibake
from dataprep.recipes.curation import Clean

ALL = list(cleaning.RULES)
GOLDEN = Path(__file__).parent / "golden" / "clean" / "cases.csv"
FOLDER = Path(os.environ.get("DATAPREP_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))

# What the rules look for, so that made-up texts have work for them.
PIECES = st.sampled_from(
    [
        "Ala", "ma", "Łódź", "zażółć", '"', '""', "'", "''", "'''", "[[", "]]", "{{", "}}", "{", "}", "[", "]", "|", "Plik:", ".jpg|",
        "<b>", "</b>", "<br>", "<script>", "</script>", "<ref/>", "<", ">", "<!--", "-->", "&amp;", "&lt;", "&gt;", "&#60;", "amp;", "&",
        "(", ")", "()", " ", "  ", "\n", "\t", "\u00a0", "\u00ad", "\u200b", "\u200d", "\ufeff", "\u0301", "a\u0301", "\u1100\u1161",
        " ,", " .", " ?", ":)", "–", "Gorgippia Gorgippia –", "¿", "³", "siê", "Å‚", "Ä…", "\x9c", "\ufffd", "== x ==", "5", "Ĺ", "±",
        "\u212b", "thumb", "lt;",
    ]
)  # fmt: skip
NASTY = st.lists(PIECES, max_size=14).map("".join)
TEXTS = st.one_of(st.text(max_size=40), NASTY, st.lists(st.one_of(PIECES, st.text(max_size=3)), max_size=10).map("".join))


def rows(passages: Sequence[str | None], questions: Sequence[str | None] | None = None) -> pl.LazyFrame:
    n = len(passages)
    return pl.LazyFrame(
        {
            "row_id": [f"s:{i:04}" for i in range(n)],
            "source": ["s"] * n,
            "source_key": [f"k{i}" for i in range(n)],
            "question": questions or ["kto?"] * n,
            "passage": passages,
            "title": [""] * n,
            "label": [1] * n,
        },
        schema=schemas.ROWS,
    )


def cleaned(passages: Sequence[str | None], rules: Sequence[str] = ALL) -> list[str | None]:
    return cleaning.clean(rows(passages), rules=rules).rows.collect()["passage"].to_list()


def cases() -> list[tuple[str, str, str]]:
    def seen(text: str) -> str:
        return re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), text)

    with GOLDEN.open(encoding="utf-8", newline="") as file:
        return [(case["rule"], seen(case["before"]), seen(case["after"])) for case in csv.DictReader(file)]


def test_the_rules_and_their_order_are_those_of_the_recipe() -> None:
    assert list(Clean.model_fields) == ALL


@pytest.mark.parametrize(("rule", "before", "after"), cases())
def test_golden_cases(rule: str, before: str, after: str) -> None:
    assert cleaned([before], [rule]) == [after]


def test_every_rule_has_golden_cases_where_it_acts_and_where_it_does_not() -> None:
    acts = {rule for rule, before, after in cases() if before != after}
    keeps = {rule for rule, before, after in cases() if before == after}
    assert acts == keeps == set(ALL) - {"mojibake"}


@settings(max_examples=12, deadline=None)
@given(st.lists(TEXTS, min_size=20, max_size=60))
def test_a_cleaned_text_is_clean(passages: list[str]) -> None:
    once = cleaning.clean(rows(passages), rules=ALL).rows.collect()
    again = cleaning.clean(once.lazy(), rules=ALL)
    assert again.events.collect().is_empty()
    assert again.rows.collect().equals(once)


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=10, deadline=None)
@given(passages=st.lists(TEXTS, min_size=20, max_size=60))
def test_every_rule_alone_is_idempotent(name: str, passages: list[str]) -> None:
    rule = cleaning.RULES[name]
    once = pl.DataFrame({"text": passages}, schema={"text": pl.String}).select(rule(pl.col("text")))
    assert once.select(rule(pl.col("text"))).equals(once)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.one_of(st.none(), TEXTS), min_size=10, max_size=40), st.integers(0, 40))
def test_what_becomes_of_a_text_depends_on_nothing_but_the_text(passages: list[str | None], cut: int) -> None:
    assert cleaned(passages) == cleaned(passages[::-1])[::-1] == cleaned(passages[:cut]) + cleaned(passages[cut:])


@settings(max_examples=8, deadline=None)
@given(st.lists(st.one_of(st.none(), TEXTS), min_size=10, max_size=40))
def test_the_events_lead_from_the_text_that_was_read_to_the_clean_one(passages: list[str | None]) -> None:
    result = cleaning.clean(rows(passages), rules=ALL)
    after, events = pl.collect_all([result.rows, result.events])
    assert events.schema == schemas.LEDGER
    assert events["row_id"].is_sorted()
    for row_id, before, clean in zip(after["row_id"], passages, after["passage"], strict=True):
        text = before
        for event in events.filter(pl.col("row_id") == row_id, pl.col("column") == "passage").to_dicts():
            assert event["before"] == text != event["after"]
            assert (event["stage"], event["action"], event["source"]) == ("clean", "changed", "s")
            text = event["after"]
        assert text == clean


def test_what_nfc_does_not_look_at_is_its_own_nfc() -> None:
    letters = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    texts = pl.DataFrame({"text": letters + ["e" + letter for letter in letters]})
    passed = texts.filter(~characters.UNICODE_NFC.concerns(pl.col("text")))
    assert passed.select(pl.col("text").str.normalize("NFC")).equals(passed)
    assert passed.height > 2_000_000


def test_no_plain_text_concerns_a_rule_that_spares_plain_texts() -> None:
    letters = pl.DataFrame({"text": [chr(code) for code in range(0x10000) if not 0xD800 <= code < 0xE000]})
    plain = letters.filter(~pl.col("text").str.contains(mojibake.ODD))
    assert set("Zażółć gęślą jaźń – „tak”.") <= set(plain["text"])
    pairs = plain.join(plain, how="cross").select(pl.col("text") + pl.col("text_right")).filter(~pl.col("text").str.contains(mojibake.ODD))
    rules = [rule for rule in cleaning._RULES.values() if rule.spares_plain]  # each looks at single characters and at pairs of them
    assert rules
    assert not any(pairs.select(rule.concerns(pl.col("text"))).to_series().any() for rule in rules)


def test_what_a_rule_lays_bare_in_a_plain_text_is_seen_by_the_rules_about_characters() -> None:
    assert cleaned(["Kra&shy;ków ma Wisłę &#8203;i Wawel."]) == ["Kraków ma Wisłę i Wawel."]


def test_a_text_that_never_settles_in_time_stays_as_it_was_read() -> None:
    nested = "&" + "amp;" * 20 + "lt;"
    assert cleaned([nested, "&amp;amp;lt;"]) == [nested, "<"]


def test_a_text_of_which_nothing_is_left_is_empty_and_on_record() -> None:
    result = cleaning.clean(rows(["\u200b  ", None, ""]), rules=ALL)
    assert result.rows.collect()["passage"].to_list() == ["", None, ""]
    assert result.events.collect()["after"].to_list()[-1] == ""
    assert result.events.collect()["row_id"].unique().to_list() == ["s:0000"]


def test_only_the_rules_that_are_on_run_in_the_order_of_the_recipe() -> None:
    assert cleaned([" <b>a</b> () "], []) == [" <b>a</b> () "]
    assert cleaned([" <b>a</b> () "], ["white_space", "html"]) == ["a ()"]
    events = cleaning.clean(rows([" <b>a</b> () "]), rules=["white_space", "html"]).events.collect()
    assert events["rule"].to_list() == ["html", "white_space"]


def test_all_three_columns_are_cleaned() -> None:
    frame = rows([" a"], [" b"]).with_columns(title=pl.lit(" c"))
    result = cleaning.clean(frame, rules=ALL)
    assert result.rows.select("question", "passage", "title").collect().row(0) == ("b", "a", "c")
    assert result.events.collect()["column"].to_list() == ["question", "passage", "title"]


def test_no_rows_are_no_events() -> None:
    result = cleaning.clean(rows([]), rules=ALL)
    assert result.rows.collect().schema == schemas.ROWS
    assert result.events.collect().schema == schemas.LEDGER


UNTOUCHED = [
    "Słowo „cytat” i ‚wewnątrz’, półpauza – i pauza — oraz apostrof d’Artagnan, O'Brien i wielokropek…",
    "Fiodor Dostojewski (ros. Фёдор Достоевский), Αθήνα, 毛遠新, 강남스타일, नमस्ते, العربية, עברית",
    "Objętość 5 m³, 10¹, 20 °C, ½ kg, 5 ± 2, 3 < 5, AT&T, R&B, §5 ust. 2, 50 %, №5, €100",
    "URL https://example.pl/a?b=1&c=2#d oraz C:\\Windows i e-mail jan@example.pl",
    "WIELKIE LITERY I małe; CamelCase; x_y; f(x) = x² + 1; (a, b); [1]; {x}; a|b; 'tak'",
    "Kto napisał powieść „Lalka”?",
    "Gdańsk (kaszb. Gduńsk, niem. Danzig) – miasto; pow. 262 km², lud. 486 345 (2023).",
]  # fmt: skip


def test_right_texts_stay_as_they_are() -> None:
    assert cleaned(UNTOUCHED) == UNTOUCHED


@pytest.mark.real
@pytest.mark.skipif(not FOLDER.is_dir(), reason="no real data: DATAPREP_REAL_DATA names no folder")
def test_klej_dyk_has_the_defects_that_are_known() -> None:
    lines = (FOLDER / "klej-dyk" / "train.tsv").read_text(encoding="utf-8").split("\n")[1:-1]
    questions, passages = zip(*(line.split("\t")[1:3] for line in lines), strict=True)
    result = cleaning.clean(rows(passages, questions), rules=ALL)
    after, events = pl.collect_all([result.rows, result.events])
    found = dict(events.group_by("rule").agg(pl.col("row_id").n_unique()).iter_rows())
    assert found == {
        "mojibake": 1, "control_characters": 2, "csv_quotes": 345, "html": 2, "wiki_markup": 32, "doubled_title": 59,
        "empty_parentheses": 10, "space_before_punctuation": 63, "white_space": 175,
    }  # fmt: skip
    unquoted = events.filter(pl.col("rule") == "csv_quotes").group_by("column").len()
    assert dict(unquoted.iter_rows()) == {"question": 58, "passage": 310}
    assert after["passage"].str.contains('""', literal=True).sum() == 1  # a slip of the source itself: "Tongzoenen is ongezond""/


@pytest.mark.parametrize(("piece", "cleaned"), [("<b>", "<b>"), ("</i>", "</i>"), ("<!--", "<!--"), ("ko\x9ca ", "kośa ")])
def test_a_text_of_nothing_but_damage_is_read_in_one_go(piece: str, cleaned: str) -> None:
    """Looking at all that stands before or behind each piece took minutes."""
    assert cleaning.trace(pl.Series([200_000 * piece]), ALL).struct.field("text").item() == (200_000 * cleaned).strip()
