"""Tables and files on disk."""

import errno
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataprep import io, schemas

TEXTS = st.lists(st.text(), max_size=20)


@given(ids=TEXTS, texts=TEXTS)
def test_a_table_written_and_scanned_is_the_same(ids: list[str], texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("io") / "t.parquet"
    n = min(len(ids), len(texts))
    frame = pl.DataFrame({"query_id": ids[:n], "text": texts[:n]}, schema=schemas.QUERIES)
    io.write_table(frame, path, schemas.QUERIES)
    assert pl.read_parquet(path).equals(frame)


def test_equal_tables_have_equal_bytes(tmp_path: Path) -> None:
    frame = pl.DataFrame({"query_id": [f"q{n}" for n in range(120_000)], "text": ["Kto?"] * 120_000}, schema=schemas.QUERIES)
    io.write_table(frame, tmp_path / "a.parquet")
    io.write_table(frame.lazy().filter(pl.col("query_id") != ""), tmp_path / "b.parquet")
    assert io.file_sha256(tmp_path / "a.parquet") == io.file_sha256(tmp_path / "b.parquet")


def test_a_table_of_another_schema_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"t\.parquet"):
        io.write_table(pl.DataFrame({"text": ["a"], "query_id": ["b"]}), tmp_path / "t.parquet", schemas.QUERIES)
    assert not (tmp_path / "t.parquet").exists()


@given(texts=st.lists(TEXTS, max_size=4))
def test_frames_written_one_after_the_other_are_one_table(texts: list[list[str]], tmp_path_factory: pytest.TempPathFactory) -> None:
    frames = [pl.DataFrame({"query_id": some, "text": some}, schema=schemas.QUERIES) for some in texts]
    folder = tmp_path_factory.mktemp("io")
    io.write_frames(iter(frames), folder / "frames.parquet", schemas.QUERIES)
    io.write_table(pl.concat([schemas.QUERIES.to_frame(), *frames]), folder / "table.parquet")
    assert pl.read_parquet(folder / "frames.parquet").equals(pl.read_parquet(folder / "table.parquet"))


def test_frames_of_another_schema_and_what_breaks_while_they_are_made_are_told(tmp_path: Path) -> None:
    def broken() -> Iterator[pl.DataFrame]:
        yield schemas.QUERIES.to_frame()
        raise OSError("gone")

    with pytest.raises(pl.exceptions.SchemaError):
        io.write_frames(iter([pl.DataFrame({"text": ["a"], "query_id": ["b"]})]), tmp_path / "t.parquet", schemas.QUERIES)
    with pytest.raises(OSError, match="gone"):
        io.write_frames(broken(), tmp_path / "t.parquet", schemas.QUERIES)


def test_a_full_disk_is_told_by_its_number_however_polars_tells_it() -> None:
    for error in (pl.exceptions.ComputeError("No space left on device (os error 28)"), OSError("No space left on device (os error 28)")):
        with pytest.raises(OSError, match="No space") as told, io.full_disk_as_os_error():
            raise error
        assert told.value.errno == errno.ENOSPC
    with pytest.raises(FileNotFoundError), io.full_disk_as_os_error():
        raise FileNotFoundError


def test_tables_written_together_are_those_written_alone(tmp_path: Path) -> None:
    rows = pl.LazyFrame({"query_id": ["b", "a"], "text": ["x", "y"]}, schema=schemas.QUERIES)
    halves = {tmp_path / f"{name}.parquet": (rows.filter(query_id=name), schemas.QUERIES) for name in ("a", "b")}
    io.write_tables(halves)
    assert [pl.read_parquet(path)["text"].to_list() for path in halves] == [["y"], ["x"]]


def test_json_has_sorted_keys_and_plain_letters(tmp_path: Path) -> None:
    io.write_json({"ż": 1, "a": {"c": 1, "b": 2}}, tmp_path / "x.json")
    assert (tmp_path / "x.json").read_text(encoding="utf-8") == '{\n  "a": {\n    "b": 2,\n    "c": 1\n  },\n  "ż": 1\n}\n'
    assert io.read_json(tmp_path / "x.json")["ż"] == 1


def test_a_text_file_is_replaced_whole_and_leaves_no_partial_file(tmp_path: Path) -> None:
    io.write_text("alt", tmp_path / "x.md")
    io.write_text("neu", tmp_path / "x.md")
    with pytest.raises(UnicodeEncodeError):
        io.write_text("\ud800", tmp_path / "x.md")
    assert (tmp_path / "x.md").read_text(encoding="utf-8") == "neu"
    assert [path.name for path in tmp_path.iterdir()] == ["x.md"]
