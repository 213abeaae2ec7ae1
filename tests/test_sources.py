"""Laws that hold for every kind of source of rows."""

import csv
import gzip
import json
import tempfile
from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.recipes.sources import Source
from dataprep.schemas import LEDGER, ROWS
from dataprep.sources import delimited, lines, opening, parquet, rules
from dataprep.sources.read import Ingested, part_of, read_source

NAMES = ("id", "question", "passage", "title", "label")
COLUMNS = {"id": "id", "title": "title"}
# Any text that a line of tsv can hold: no tab and no end of line.
LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\n\r\0"), max_size=12)
ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
LABELS = st.sampled_from(["1", "0", "1.0", "0.0", "true", "False", ""])
MEANINGS = {"1": 1, "1.0": 1, "true": 1, "0": 0, "0.0": 0, "False": 0, "": None}
FAST = settings(max_examples=25, deadline=None)

Row = tuple[str, str, str, str, str]


def rows_of(text: st.SearchStrategy[str]) -> st.SearchStrategy[list[Row]]:
    solid = text.filter(lambda t: bool(t.strip()))
    return st.lists(st.tuples(text.map(str.strip), solid, solid, text, LABELS), min_size=1, max_size=8)


def read(folder: Path, data: bytes, *, name: str = "rows.tsv", kind: str = "tsv", **more: Any) -> Ingested:
    (folder / name).write_bytes(data)
    source = Source.model_validate({"name": "s", "kind": kind, "path": name, "columns": COLUMNS, **more})
    return read_source(source, folder=folder, scratch=Path(tempfile.mkdtemp(dir=folder)))


def as_tsv(rows: list[Row]) -> bytes:
    return "\n".join("\t".join(row) for row in [NAMES, *rows]).encode()


def as_csv(rows: list[Row]) -> bytes:
    text = StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([NAMES, *rows])
    return text.getvalue().encode()


def as_jsonl(rows: list[Row]) -> bytes:
    return "\n".join(json.dumps(dict(zip(NAMES, row, strict=True)), ensure_ascii=False) for row in rows).encode()


def as_parquet(rows: list[Row]) -> bytes:
    with tempfile.NamedTemporaryFile() as file:
        pl.DataFrame(rows, schema=list(NAMES), orient="row").write_parquet(file.name)
        return Path(file.name).read_bytes()


WRITERS = {"tsv": as_tsv, "csv": as_csv, "jsonl": as_jsonl, "parquet": as_parquet}


def meant(rows: list[Row]) -> Counter[tuple[str, str, str, int | None]]:
    return Counter((question, passage, title, MEANINGS[label]) for _, question, passage, title, label in rows)


@pytest.mark.parametrize("kind", WRITERS)
@FAST
@given(data=st.data())
def test_rows_written_and_read_back_are_the_same_rows(kind: str, data: st.DataObject) -> None:
    rows = data.draw(rows_of(LINE if kind == "tsv" else ANY))
    with tempfile.TemporaryDirectory() as folder:
        got = read(Path(folder), WRITERS[kind](rows), kind=kind)
        frame = got.rows.collect()
        assert frame.schema == ROWS
        assert Counter(frame.select("question", "passage", "title", "label").rows()) == meant(rows)
        assert got.rejected.collect().is_empty()


@FAST
@given(rows=rows_of(LINE), data=st.data())
def test_ids_and_digest_do_not_depend_on_order_nor_on_the_format(rows: list[Row], data: st.DataObject) -> None:
    moved = data.draw(st.permutations(rows))
    with tempfile.TemporaryDirectory() as folder:
        first = read(Path(folder), as_tsv(rows))
        second = read(Path(folder), as_jsonl(moved), name="moved.jsonl", kind="jsonl")
        columns = ("row_id", "question", "passage", "title", "label")
        assert first.origin["sha256"] == second.origin["sha256"]
        assert first.rows.select(columns).sort("row_id").collect().equals(second.rows.select(columns).sort("row_id").collect())


@FAST
@given(row=rows_of(LINE), n=st.integers(2, 5))
def test_equal_rows_have_distinct_ids_and_more_of_them_keep_the_old_ones(row: list[Row], n: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        few = read(Path(folder), as_tsv(row[:1] * n)).rows.collect()["row_id"]
        more = read(Path(folder), as_tsv(row[:1] * (n + 1))).rows.collect()["row_id"]
    assert few.n_unique() == n
    assert set(few) < set(more)
    assert all(len(row_id.removeprefix("s:")) == 16 for row_id in few)


@FAST
@given(texts=st.lists(st.text(st.characters(codec="utf-8"), max_size=9).map(str.encode) | st.binary(max_size=9), max_size=9))
@pytest.mark.parametrize(("kind", "quoting"), [("tsv", "none"), ("tsv", "standard"), ("jsonl", "none")])
def test_rows_and_rejected_rows_add_up_to_the_lines(kind: str, quoting: str, texts: list[bytes]) -> None:
    good = as_tsv([("", "q", "p", "", "1")]) if kind == "tsv" else as_jsonl([("", "q", "p", "", "1")])
    # A record over several lines counts once, so physical lines are compared where none can span lines.
    noise = [t.replace(b"\n", b" ").replace(b"\r", b" ").replace(b'"', b"'" if quoting == "standard" else b'"') for t in texts]
    with tempfile.TemporaryDirectory() as folder:
        got = read(Path(folder), b"\n".join([good, *noise]), kind=kind, quoting=quoting)
        rejected = got.rejected.collect()
        assert rejected.schema == LEDGER
        n_lines = 1 + sum(1 for line in noise if line)
        assert got.rows.collect().height + rejected.height == got.origin["rows"] == n_lines
        assert rejected["row_id"].n_unique() == rejected.height
        assert set(rejected["action"]) <= {"rejected"}
        assert not rejected.select("rule", "before", "after", "source_key").null_count().sum_horizontal().sum()


@pytest.mark.parametrize("kind", ["tsv", "csv", "jsonl"])
def test_small_chunks_give_what_one_chunk_gives(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(f"k{n}", "pytanie?" + "x" * (n % 40), "zdanie\u2028 ó" * (n % 7 + 1), "", "1") for n in range(60)] * 2
    data = WRITERS[kind](rows).rstrip() + b"\n\nbad \xff\n\nbad \xff\nragged"
    whole = read(tmp_path, data, kind=kind)
    monkeypatch.setattr(lines, "CHUNK_BYTES", 100)
    monkeypatch.setattr(opening, "BLOCK_BYTES", 50)
    parts = read(tmp_path, data, kind=kind)
    assert len(list(tmp_path.glob("tmp*/s/chunk-*.parquet"))) > 60
    assert whole.origin == parts.origin
    for one, other in ((whole.rows, parts.rows), (whole.rejected, parts.rejected)):
        assert one.collect().sort("row_id").equals(other.collect().sort("row_id"))
    assert parts.rows.collect()["row_id"].n_unique() == 120
    assert f"at offset {data.rindex(bytes([0xFF]))} of the file" in parts.rejected.filter(rule="utf8").collect()["after"].to_list()[-1]


def test_rows_of_parquet_are_numbered_through_all_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_CHUNK_ROWS", 2)
    got = read(tmp_path, as_parquet([("", f"q{n}", "p", "", "1") for n in range(5)]), kind="parquet")
    assert sorted(got.rows.select("source_key", "question").collect().rows()) == [(f"rows.tsv:{n + 1}", f"q{n}") for n in range(5)]


def test_every_part_of_a_row_and_nothing_else_is_in_its_id(tmp_path: Path) -> None:
    row = ("k", "q", "p", "t", "1")
    changed = [row, *((*row[:n], new, *row[n + 1 :]) for n, new in enumerate(("l", "r", "s", "u", "1.0")))]
    ids = [read(tmp_path, as_tsv([one])).rows.collect()["row_id"].item() for one in changed]
    assert len(set(ids)) == 6
    assert read(tmp_path, as_csv([row]), name="other.csv", kind="csv").rows.collect()["row_id"].item() == ids[0]


def test_rows_of_several_files_are_one_source_wherever_they_stand(tmp_path: Path) -> None:
    rows = [(f"k{n}", f"q{n}", f"p{n}", "", "1") for n in range(4)]
    whole = read(tmp_path, as_tsv(rows))
    (tmp_path / "b.tsv").write_bytes(as_tsv(rows[:3]))
    (tmp_path / "a.tsv").write_bytes(as_tsv(rows[3:]))
    parts = read(tmp_path, as_tsv([]), name="c.tsv", path="[abc].tsv")
    assert parts.origin["sha256"] == whole.origin["sha256"]
    assert [file["name"] for file in parts.origin["files"]] == ["a.tsv", "b.tsv", "c.tsv"]


def test_origin_says_what_was_read(tmp_path: Path) -> None:
    data = gzip.compress(as_tsv([("", "q", "p", "", "1"), ("", "q", " ", "", "1")]), mtime=0)
    origin = read(tmp_path, data, name="a.tsv.gz", licence="cc0-1.0").origin
    assert {**origin, "sha256": "", "files": []} == {
        "name": "s", "kind": "tsv", "revision": None, "sha256": "", "rows": 2, "licence": "cc0-1.0", "files": [],
    }  # fmt: skip
    assert len(origin["sha256"]) == 64
    assert origin["files"][0]["name"] == "a.tsv.gz"
    assert origin["files"][0]["bytes"] == len(data)


def test_a_changed_rejected_row_changes_the_digest(tmp_path: Path) -> None:
    good = as_tsv([("", "q", "p", "", "1")])
    assert read(tmp_path, good + b"\nx").origin["sha256"] != read(tmp_path, good + b"\ny").origin["sha256"]


@pytest.mark.parametrize("of", [1, 3])
def test_parts_in_their_order_are_all_rows_sorted_by_id(of: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_CHUNK_ROWS", 4)
    got = read(tmp_path, as_parquet([("", f"q{n // 2}", "p", "", "1") for n in range(30)]), kind="parquet")
    assert len(got.chunks) > 1
    name = got.origin["name"]
    ids = [row_id for part in range(of) for row_id in part_of(got.chunks, name, part, of).collect()["row_id"]]
    assert ids == got.rows.collect()["row_id"].sort().to_list()
    assert len(set(ids)) == 30


def test_the_source_key_is_the_own_id_else_file_and_physical_line(tmp_path: Path) -> None:
    got = read(tmp_path, as_tsv([("k", "q", "p", "", ""), ("", "q", "p", "", "")]) + b"\n\n\t\nragged")
    keys = got.rows.collect()["source_key"].to_list() + got.rejected.collect()["source_key"].to_list()
    assert sorted(keys) == ["k", "rows.tsv:3", "rows.tsv:5", "rows.tsv:6"]


@pytest.mark.parametrize("kind", WRITERS)
def test_a_field_of_20_million_characters_is_read(kind: str, tmp_path: Path) -> None:
    huge = "ą" * 10_000_000
    got = read(tmp_path, WRITERS[kind]([("", "q", huge, "", "1"), ("", "q", "p", "", "0")]), kind=kind)
    assert got.rows.collect()["passage"].str.len_bytes().sort().to_list() == [1, 20_000_000]


def test_the_ledger_keeps_the_first_characters_of_a_long_rejected_row(tmp_path: Path) -> None:
    got = read(tmp_path, as_tsv([]) + b"\n" + b"x" * 5_000)
    assert got.rejected.collect()["before"].str.len_chars().to_list() == [rules.RAW_CHARS] == [2_000]


def test_a_quote_that_is_never_closed_costs_one_line_even_beyond_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "MAX_FIELD_CHARS", 30)
    good = [("", f"q{n}", "p", "", "1") for n in range(9)]
    data = as_tsv(good[:4]) + b'\n"never closed\n' + as_tsv(good[4:]).split(b"\n", 1)[1]
    got = read(tmp_path, data, quoting="standard")
    assert sorted(got.rows.collect()["question"]) == [f"q{n}" for n in range(9)]
    assert got.rejected.collect().select("rule", "before", "source_key").rows() == [("csv", '"never closed', "rows.tsv:6")]
