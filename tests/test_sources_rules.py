"""Golden cases of every rule that rejects a row, and of each boundary, for every kind of text file."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dataprep.recipes.sources import Source
from dataprep.sources.read import Ingested, read_source

HEADER = b"id\tquestion\tpassage\tlabel\n"
GOOD = b"k\tq\tp\t1\n"


def read(folder: Path, data: bytes, *, name: str = "a.tsv", kind: str = "tsv", **more: Any) -> Ingested:
    (folder / name).write_bytes(data)
    source = Source.model_validate({"name": "s", "kind": kind, "path": name, "columns": {"id": "id"}, **more})
    return read_source(source, folder=folder, scratch=folder / "scratch")


def rejected(got: Ingested) -> list[tuple[str, str | None, str, str]]:
    """Key, rule, column and finding of the rejected rows, and a check that one good row stayed."""
    assert got.rows.select("source_key").collect()["source_key"].to_list() == ["k"]
    return got.rejected.sort("source_key").select("source_key", "rule", "column", "after").collect().rows()


@pytest.mark.parametrize("quoting", ["none", "standard"])
@pytest.mark.parametrize(
    ("line", "rule", "column", "after"),
    [
        (b"\tq\n", "columns", None, "2 columns; wanted 4"),
        (b"\tq\tp\t1\t\n", "columns", None, "5 columns; wanted 4"),
        (b"\tq\tp\xff\t1\n", "utf8", None, "byte 0xff at offset 38 of the file (invalid start byte); wanted UTF-8"),
        (b"\tq\tp\xc5\n", "utf8", None, "byte 0xc5 at offset 38 of the file (unexpected end of data); wanted UTF-8"),
        (b"\tq\tp\0\t1\n", "nul", None, "a NUL character; wanted text"),
        (b"\t\tp\t1\n", "empty", "question", "nothing but white space; wanted text"),
        (b"\tq\t\xc2\xa0 \xe2\x80\x83\t1\n", "empty", "passage", "nothing but white space; wanted text"),
        (b"\tq\tp\tyes\n", "label", "label", "'yes'; wanted 1, 0, true, false or nothing"),
        (b"\tq\tp\t2\n", "label", "label", "'2'; wanted 1, 0, true, false or nothing"),
        (b"\tq\tp\tNaN\n", "label", "label", "'NaN'; wanted 1, 0, true, false or nothing"),
        (b"\tq\tp\t-1\n", "label", "label", "'-1'; wanted 1, 0, true, false or nothing"),
        (b"\tq\tp\t0.5\n", "label", "label", "'0.5'; wanted 1, 0, true, false or nothing"),
    ],
)
def test_a_bad_line_is_rejected_and_the_others_stay(
    line: bytes, rule: str, column: str | None, after: str, quoting: str, tmp_path: Path
) -> None:
    got = read(tmp_path, HEADER + GOOD + line, quoting=quoting)
    assert rejected(got) == [("a.tsv:3", rule, column, after)]


@pytest.mark.parametrize("quoting", ["none", "standard"])
@pytest.mark.parametrize(
    ("text", "label"),
    [("1", 1), ("0", 0), ("1.0", 1), ("0.0", 0), ("true", 1), ("False", 0), (" 1 ", 1), ("", None), (" ", None)],
)
def test_labels_that_are_accepted(text: str, label: int | None, quoting: str, tmp_path: Path) -> None:
    got = read(tmp_path, HEADER + f"k\tq\tp\t{text}\n".encode(), quoting=quoting)
    assert got.rows.collect()["label"].to_list() == [label]


@pytest.mark.parametrize(("columns", "found"), [({}, [1]), ({"label": "id"}, [0])])
def test_a_label_that_the_recipe_does_not_name_is_the_column_of_that_name(
    columns: dict[str, str], found: list[int], tmp_path: Path
) -> None:
    got = read(tmp_path, HEADER + b"0\tq\tp\t1\n", columns=columns)
    assert got.rows.collect()["label"].to_list() == found


def test_a_source_without_labels_asserts_its_pairs(tmp_path: Path) -> None:
    got = read(tmp_path, b"question\tpassage\nq\tp\n", columns={}).rows.collect()
    assert got.select("title", "label").rows() == [("", None)]


@pytest.mark.parametrize("quoting", ["none", "standard"])
def test_a_mark_at_the_start_crlf_and_empty_lines_are_no_text(quoting: str, tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf" + HEADER.replace(b"\n", b"\r\n") + b"\r\n\n" + b"k\tq\tp\t1\r\n" + b"\tq\xff\tp\t1"
    got = read(tmp_path, data, quoting=quoting)
    assert got.rows.drop("row_id", "source").collect().rows() == [("k", "q", "p", "", 1)]
    assert rejected(got) == [
        ("a.tsv:5", "utf8", None, f"byte 0xff at offset {data.index(bytes([0xFF]))} of the file (invalid start byte); wanted UTF-8")
    ]


@pytest.mark.parametrize(
    ("name", "data", "quoting", "question"),
    [
        ("a.tsv", HEADER + b'k\t"q ""x"""\tp\t1\n', "auto", '"q ""x"""'),
        ("a.tsv", HEADER + b'k\t"q ""x\t"""\tp\t1\n', "standard", 'q "x\t"'),
        ("a.csv", b'id,question,passage,label\r\nk,"q ""x"",\r\ny",p,1\r\n', "auto", 'q "x",\r\ny'),
        ("a.csv", b'id,question,passage,label\nk,"q",p,1\n', "none", '"q"'),
    ],
)
def test_quotes_are_text_in_tsv_and_wrap_fields_in_csv(name: str, data: bytes, quoting: str, question: str, tmp_path: Path) -> None:
    got = read(tmp_path, data, name=name, kind=name[2:], quoting=quoting)
    assert got.rows.collect()["question"].to_list() == [question]


def test_broken_quoting_costs_its_first_line_alone(tmp_path: Path) -> None:
    data = b'id,question,passage,label\n,"q"x,p,1\n,"never closed,p,1\nk,"q\n""1""",p,1\n,q\n,a\rb,p,1\n'
    got = read(tmp_path, data, name="a.csv", kind="csv")
    assert [(key, rule) for key, rule, *_ in rejected(got)] == [
        ("a.csv:2", "csv"),
        ("a.csv:3", "csv"),
        ("a.csv:6", "columns"),
        ("a.csv:7", "csv"),
    ]
    assert got.rejected.sort("source_key").collect()["before"].to_list() == [',"q"x,p,1', ',"never closed,p,1', ",q", ",a\rb,p,1"]


def test_the_ledger_shows_a_rejected_line_as_it_stands_in_the_file(tmp_path: Path) -> None:
    got = read(tmp_path, HEADER + GOOD + b"\tq\xff\tp\t1\n")
    event = got.rejected.collect().row(0, named=True)
    assert {name: value for name, value in event.items() if value is not None and name != "row_id"} == {
        "source": "s",
        "source_key": "a.tsv:3",
        "stage": "ingest",
        "action": "rejected",
        "rule": "utf8",
        "before": "\tq\\xff\tp\t1",
        "after": "byte 0xff at offset 36 of the file (invalid start byte); wanted UTF-8",
    }


JSON_GOOD = b'{"id": "k", "question": "q", "passage": "p", "label": 1}\n'


@pytest.mark.parametrize(
    ("line", "rule", "column", "said"),
    [
        (b'{"question": "q", "pass', "json", None, "Unterminated string"),
        (b'["q", "p"]', "json", None, "a JSON list; wanted an object"),
        (b"[" * 100_000, "json", None, "recursion"),
        (b'{"question": "q", "passage": "\\ud83d"}', "json", None, "'passage': half of a surrogate pair"),
        (b'{"question": "q", "passage": "\xff"}', "utf8", None, "byte 0xff at offset 87"),
        (b'{"question": "q", "passage": "a\\u0000b"}', "nul", "passage", "NUL"),
        (b'{"question": "q"}', "columns", None, "no key 'passage'"),
        (b'{"question": "q", "passage": ["p"]}', "columns", None, "'passage' is a list"),
        (b'{"question": null, "passage": "p"}', "empty", "question", "nothing but white space"),
        (b'{"question": "q", "passage": "p", "label": "yes"}', "label", "label", "'yes'"),
        (b'{"question": "q", "passage": "p", "label": 2}', "label", "label", "'2'"),
        (b'{"question": "q", "passage": "p", "label": NaN}', "label", "label", "'NaN'"),
    ],
)
def test_a_bad_object_is_rejected_and_the_others_stay(line: bytes, rule: str, column: str | None, said: str, tmp_path: Path) -> None:
    got = read(tmp_path, JSON_GOOD + line, name="a.jsonl", kind="jsonl")
    ((key, *found, after),) = rejected(got)
    assert (key, found) == ("a.jsonl:2", [rule, column])
    assert said in after


@pytest.mark.parametrize(
    ("value", "label"), [("1", 1), ("0", 0), ("1.0", 1), ("true", 1), ("false", 0), ('"1"', 1), ("null", None), ('""', None)]
)
def test_json_labels_that_are_accepted(value: str, label: int | None, tmp_path: Path) -> None:
    got = read(tmp_path, f'{{"question": 7, "passage": "p", "label": {value}}}'.encode(), name="a.jsonl", kind="jsonl", columns={})
    assert got.rows.select("question", "label").collect().rows() == [("7", label)]


def test_typed_columns_are_read_as_text_and_judged_alike(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "id": [7, 8, 9, 10],
            "question": pl.Series(["q", "q", None, "\0"], dtype=pl.Categorical),
            "passage": ["p"] * 4,
            "label": [1.0, float("nan"), 0, 1],
        }
    )
    frame.write_parquet(tmp_path / "x")
    got = read(tmp_path, (tmp_path / "x").read_bytes(), name="a.parquet", kind="parquet")
    assert got.rows.select("source_key", "question", "label").collect().rows() == [("7", "q", 1)]
    assert got.rejected.sort(pl.col("source_key").cast(pl.Int64)).select("source_key", "rule", "before").collect().rows() == [
        ("8", "label", '{"id":"8","question":"q","passage":"p","title":null,"label":"NaN"}'),
        ("9", "empty", '{"id":"9","question":null,"passage":"p","title":null,"label":"0.0"}'),
        ("10", "nul", '{"id":"10","question":"\\u0000","passage":"p","title":null,"label":"1.0"}'),
    ]
