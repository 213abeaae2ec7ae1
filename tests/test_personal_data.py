from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.filtering import personal_data

FOUND = {
    "PESEL 44051401359, Jan": "PESEL [PESEL], Jan",
    "nr 02070803628.": "nr [PESEL].",
    "NIP 526-10-40-828": "NIP [NIP]",
    "526-104-08-28": "[NIP]",
    "NIP: 5261040828": "NIP: [NIP]",
    "NIP PL5261040828": "NIP PL[NIP]",
    "REGON 012100784 i": "REGON [REGON] i",
    "REGON: 23511332857188": "REGON: [REGON]",
    "PL61 1090 1014 0000 0712 1981 2874 Bank": "[IBAN] Bank",
    "konto 61109010140000071219812874": "konto [IBAN]",
    "DE89370400440532013000 oraz GB29 NWBK 6016 1331 9268 19": "[IBAN] oraz [IBAN]",
    "tel. (22) 123-45-67": "tel. [PHONE]",
    "telefon: 600 700 800": "telefon: [PHONE]",
    "+48 600 700 800, +1 (555) 123-4567, 0048 22 555 11 22": "[PHONE], [PHONE], [PHONE]",
    "komórka 600-700-801 lub 600-700-800": "komórka [PHONE] lub [PHONE]",
    "jan.kowalski+x@poczta.example.com.pl, ok": "[EMAIL], ok",
}
NOT_FOUND = [
    "44051401358",  # wrong checksum
    "44951401352",  # no such month
    "44053201353",  # no such day
    "11111111111 i 00000000000",
    "5261040828",  # a NIP by its checksum, but nothing says so; KRS and old ISBNs look the same
    "526-10-40-829 i NIP 5261040829",
    "012100784",
    "REGON 012100785",
    "REGON 23511332857189",
    "PL61 1090 1014 0000 0712 1981 2875",
    "00000000000000000000000000",
    "w latach 1939-1945 i 1 września 1939",
    "ISBN 978-83-01-00123-4, ISBN 83-01-00123-4, EAN 5901234123457, KRS 0000123456",
    "52°13′56″N 21°00′30″E; +52.2297, +21.0122",
    "ludność 38 433 600, czyli 600 700 800 groszy, 1 234 567 890",
    "wzrost o +100 000 000 zł",
    "telefon z 1876 roku, tel. 112, telefon 997",
    "sygnatura 123-456-789, 600-700-8001",
    "@jan, a@b, jan@kowalski",
    "3,14159265358979",
]


def found(text: str) -> list[str]:
    return [finding.kind for finding in personal_data.find(text)]


@pytest.mark.parametrize(("text", "masked"), FOUND.items())
def test_personal_data_is_masked_by_its_kind(text: str, masked: str) -> None:
    assert personal_data.mask(text) == masked


@pytest.mark.parametrize("text", NOT_FOUND)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert found(text) == []


@given(st.dates(date(1800, 1, 1), date(2299, 12, 31)), st.integers(0, 9_999))
def test_a_number_with_a_date_and_the_right_check_digit_is_a_pesel_and_no_other_digit_will_do(born: date, serial: int) -> None:
    month = born.month + {18: 80, 19: 0, 20: 20, 21: 40, 22: 60}[born.year // 100]
    digits = f"{born.year % 100:02}{month:02}{born.day:02}{serial:04}"
    check = -sum(int(digit) * weight for digit, weight in zip(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3), strict=True)) % 10
    assert [last for last in range(10) if found(f"{digits}{last}") == ["PESEL"]] == [check]


def test_a_pesel_must_have_a_day_of_the_calendar() -> None:
    for day in (date(2023, 2, 28) + timedelta(days=n) for n in range(2)):
        digits = f"{day.year % 100:02}{day.month + 20:02}{day.day:02}0000"
        assert any(found(f"{digits}{last}") for last in range(10))
    assert not any(found(f"2322290000{last}") for last in range(10))  # 29 February 2023


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.text("0123456789 -+()@.aPLtel", max_size=40), st.sampled_from([*FOUND, *NOT_FOUND])), max_size=20))
def test_expressions_and_functions_agree_and_masking_is_idempotent(texts: list[str]) -> None:
    frame = pl.DataFrame({"text": [*texts, None]}, schema={"text": pl.String})
    got = frame.select(kinds=personal_data.kinds(pl.col("text")), masked=personal_data.masked(pl.col("text")))
    assert got["kinds"].to_list() == [*(sorted(set(found(text))) for text in texts), None]
    assert got["masked"].to_list() == [*(personal_data.mask(text) for text in texts), None]
    assert [personal_data.mask(text) for text in got["masked"].drop_nulls()] == got["masked"].drop_nulls().to_list()
