"""Finding and opening files: what works, and for the rest an error that says what was found and wanted."""

import gzip
import shutil
import zipfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import fsspec
import polars as pl
import pytest
import zstandard

from dataprep.errors import CallError, DataError, RemoteError, SourceMissingError
from dataprep.recipes.sources import Source
from dataprep.sources import files
from dataprep.sources.read import Ingested, read_source

TSV = b"question\tpassage\tlabel\nq\tp\t1\n"


def read(folder: Path, path: str, *, kind: str = "tsv", **more: Any) -> Ingested:
    source = Source.model_validate({"name": "s", "kind": kind, "path": path, **more})
    return read_source(source, folder=folder, scratch=folder / "scratch")


def n_rows(got: Ingested) -> int:
    return got.rows.collect().height


def zipped(path: Path, parts: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("a.tsv", bytes),
        ("a.tsv.gz", gzip.compress),
        ("two.tsv.gz", lambda data: gzip.compress(data, mtime=0) + gzip.compress(b"q2\tp\t1\n")),
        ("a.tsv.zst", zstandard.compress),
        ("two.tsv.zst", lambda data: zstandard.compress(data) + zstandard.compress(b"q2\tp\t1\n")),
    ],
)
def test_packed_files_are_read(name: str, pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(pack(TSV))
    assert n_rows(read(tmp_path, name)) == (2 if name.startswith("two") else 1)


def test_a_zip_gives_its_members_of_the_kind(tmp_path: Path) -> None:
    zipped(tmp_path / "a.zip", {"d/one.tsv": TSV, "d/two.tsv.gz": gzip.compress(TSV, mtime=0), "README": b"?", "__MACOSX/x.tsv": b"?"})
    got = read(tmp_path, "a.zip")
    assert sorted(got.rows.collect()["source_key"]) == ["a.zip/d/one.tsv:2", "a.zip/d/two.tsv.gz:2"]
    assert [file["name"] for file in got.origin["files"]] == ["a.zip"]


def test_the_only_member_of_a_zip_may_have_any_name(tmp_path: Path) -> None:
    zipped(tmp_path / "a.zip", {"data": TSV})
    assert n_rows(read(tmp_path, "a.zip")) == 1


def test_packed_parquet_is_read(tmp_path: Path) -> None:
    pl.DataFrame({"question": ["q"], "passage": ["p"]}).write_parquet(tmp_path / "a.parquet")
    zipped(tmp_path / "a.zip", {"a.parquet": (tmp_path / "a.parquet").read_bytes()})
    assert n_rows(read(tmp_path, "a.zip", kind="parquet")) == 1


def test_a_relative_path_is_looked_for_beside_the_recipe_then_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe_folder, here = tmp_path / "recipe", tmp_path / "here"
    for folder, text in ((recipe_folder, b"beside\tp\t1\n"), (here, b"here\tp\t1\n")):
        folder.mkdir()
        (folder / "a.tsv").write_bytes(TSV.split(b"\n", 1)[0] + b"\n" + text)
    monkeypatch.chdir(here)
    assert read(recipe_folder, "a.tsv").rows.collect()["question"].to_list() == ["beside"]
    (recipe_folder / "a.tsv").unlink()
    assert read(recipe_folder, "a.tsv").rows.collect()["question"].to_list() == ["here"]


def test_a_name_with_a_pattern_sign_is_a_name_if_it_is_there(tmp_path: Path) -> None:
    (tmp_path / "a[1].tsv").write_bytes(TSV)
    (tmp_path / "a1.tsv").write_bytes(TSV + b"q\tp2\t1\n")
    assert n_rows(read(tmp_path, "a[1].tsv")) == 1
    assert n_rows(read(tmp_path, "**/a*.tsv")) == 3


def test_bundled_data_is_that_of_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "a.tsv").write_bytes(TSV)
    monkeypatch.setattr(files, "_BUNDLED_FOLDER", tmp_path)
    assert n_rows(read(tmp_path, "bundled:sample/a.tsv")) == 1
    with pytest.raises(SourceMissingError, match=r"Did you mean 'a\.tsv'"):
        read(tmp_path, "bundled:sample/b.tsv")
    monkeypatch.setattr(files, "_BUNDLED_FOLDER", tmp_path / "absent")
    with pytest.raises(SourceMissingError, match="bundled data comes with a checkout"):
        read(tmp_path, "bundled:sample/a.tsv")


def test_urls_are_opened_through_fsspec(tmp_path: Path) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe({"/pairs/a.tsv": TSV, "/pairs/b.tsv.gz": gzip.compress(TSV, mtime=0)})
    (tmp_path / "a.tsv").write_bytes(TSV)
    assert n_rows(read(tmp_path, "memory://pairs/a.tsv")) == 1
    got = read(tmp_path, "memory://pairs/*")
    assert sorted(got.rows.collect()["source_key"]) == ["a.tsv:2", "b.tsv.gz:2"]
    assert [file["name"] for file in got.origin["files"]] == ["a.tsv", "b.tsv.gz"]
    assert n_rows(read(tmp_path, f"file://{tmp_path}/a.tsv")) == 1


class Unreachable(fsspec.AbstractFileSystem):  # type: ignore[misc] # fsspec has no types
    protocol = "unreachable"

    def _open(self, path: str, **_: object) -> None:
        raise ConnectionError(f"{path}: connection refused")


@pytest.mark.parametrize(
    ("path", "error", "said"),
    [
        ("memory://nowhere/a.tsv", SourceMissingError, "there is no such file"),
        ("memory://nowhere/*.tsv", SourceMissingError, "nothing matches"),
        ("nonsense://a.tsv", CallError, "cannot be opened"),
        ("unreachable://a.tsv", RemoteError, "out of reach: ConnectionError"),
        ("http://127.0.0.1:9/a.tsv", RemoteError, "out of reach: ClientConnectorError"),
        ("b.tsv", SourceMissingError, "there is no such file.*Did you mean 'a.tsv'"),
        ("*.csv", SourceMissingError, "no file matches"),
        (".", DataError, "this is a folder; wanted a file"),
    ],
)
def test_what_is_not_there_is_said(path: str, error: type[Exception], said: str, tmp_path: Path) -> None:
    fsspec.register_implementation("unreachable", Unreachable, clobber=True)
    (tmp_path / "a.tsv").write_bytes(TSV)
    with pytest.raises(error, match=said) as caught:
        read(tmp_path, path)
    assert path in str(caught.value)


class Answering(BaseHTTPRequestHandler):
    """Answers with the status that the path names."""

    def do_GET(self) -> None:
        self.send_error(int(self.path.strip("/").removesuffix(".tsv")))

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("status", "error"), [(404, SourceMissingError), (410, SourceMissingError), (403, RemoteError), (503, RemoteError)]
)
def test_a_server_that_refuses_is_not_taken_for_a_missing_file(status: int, error: type[Exception], tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(error) as caught:
            read(tmp_path, f"http://127.0.0.1:{server.server_port}/{status}.tsv")
        server.shutdown()
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("name", "kind", "data", "said"),
    [
        ("a.tsv", "tsv", b"", r"gives no row.*0 bytes"),
        ("a.tsv", "tsv", b"\n\n", "gives no row"),
        ("a.tsv", "tsv", TSV[:23], "gives no row"),
        ("a.csv", "csv", b"question,passage", "gives no row"),
        ("a.jsonl", "jsonl", b"\n", "gives no row"),
        ("a.json", "squad", b"", "gives no row"),
        ("a.json", "squad", b'{"data": []}', "gives no row"),
        ("a.tsv", "tsv", TSV.decode().encode("utf-16"), "the header line cannot be read: byte 0xff at offset 0"),
        ("a.csv", "csv", TSV.decode().encode("utf-16"), "the header line cannot be read: byte 0xff at offset 0"),
        ("a.tsv", "tsv", b"question\tquestion\tpassage\na\tb\tc", "2 columns are called 'question'"),
        ("a.tsv.gz", "tsv", gzip.compress(TSV * 99, mtime=0)[:-12], "cut off or broken"),
        ("a.tsv.gz", "tsv", TSV, "cut off or broken"),
        ("a.tsv.zst", "tsv", zstandard.compress(TSV * 99)[:-3], "cut off or broken"),
        ("a.tsv.zst", "tsv", TSV, "cut off or broken"),
        ("a.zip", "tsv", TSV, "no readable .zip"),
        ("a.parquet", "parquet", TSV, "no parquet file"),
        ("a.parquet", "parquet", b"", "no parquet file"),
        ("a.json", "squad", b'{"version": 1}', "found the keys 'version'; wanted `data`"),
        ("a.json", "squad", b"[1]", "found a list; wanted `data`"),
        ("a.json", "squad", b'{"data": [', "no JSON, or it is cut off"),
        ("a.json", "squad", b'{"data": "\xff"}', "byte 0xff at offset 10"),
        ("a.json", "beir", b"{}", "wanted a BEIR folder"),
    ],
)
def test_what_cannot_be_read_at_all_is_said(name: str, kind: str, data: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=said) as caught:
        read(tmp_path, name, kind=kind)
    assert name in str(caught.value)
    assert len(str(caught.value)) < 700


def test_a_parquet_file_cut_in_half_is_said(tmp_path: Path) -> None:
    frame = pl.DataFrame({"question": [f"q{n}" for n in range(9_999)]}).with_columns(passage="question")
    frame.write_parquet(tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"a\.parquet: this is no parquet file, or it is cut off"):
        read(tmp_path, "a.parquet", kind="parquet")
    middle = len(whole) // 2
    (tmp_path / "a.parquet").write_bytes(whole[: middle - 9_000] + bytes(18_000) + whole[middle + 9_000 :])
    with pytest.raises(DataError, match=r"a\.parquet: this is no parquet file, or it is cut off"):
        read(tmp_path, "a.parquet", kind="parquet")


@pytest.mark.parametrize("name", ["../a.tsv", "d/../../a.tsv", "/a.tsv", "..\\a.tsv", "C:\\a.tsv", "\\a.tsv"])
def test_a_zip_whose_names_lead_out_of_it_is_refused(name: str, tmp_path: Path) -> None:
    zipped(tmp_path / "a.zip", {"x.tsv": TSV, name: TSV})
    with pytest.raises(DataError, match="leads out of it; refused"):
        read(tmp_path, "a.zip")


def test_a_zip_without_a_file_of_the_kind_says_what_it_holds(tmp_path: Path) -> None:
    zipped(tmp_path / "a.zip", {"x.doc": b"", "y.doc": b""})
    with pytest.raises(DataError, match=r"no file that ends in \.tsv or \.tab or \.txt; found x\.doc, y\.doc"):
        read(tmp_path, "a.zip")


@pytest.mark.parametrize(
    ("name", "kind", "data"),
    [
        ("a.tsv", "tsv", b"pytanie\tpassage\nq\tp"),
        ("a.csv", "csv", b"pytanie,passage\nq,p"),
        ("a.jsonl", "jsonl", b'{"pytanie": "q", "passage": "p"}\n{"pytanie": "q"}'),
    ],
)
def test_a_missing_column_is_said_with_those_that_are_there(name: str, kind: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SourceMissingError, match=r"no column 'question' for the question; found the columns 'pytanie', 'passage'"):
        read(tmp_path, name, kind=kind)
    with pytest.raises(SourceMissingError, match=r"no column 'pytani' for the question; .*Did you mean 'pytanie'.*columns\.question"):
        read(tmp_path, name, kind=kind, columns={"question": "pytani"})
    with pytest.raises(SourceMissingError, match=r"no column 'target' for the label"):
        read(tmp_path, name, kind=kind, columns={"question": "pytanie", "label": "target"})


def test_a_parquet_column_must_be_there_and_hold_text(tmp_path: Path) -> None:
    pl.DataFrame({"question": ["q"], "passages": [["p"]]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(SourceMissingError, match=r"no column 'passage' .*Did you mean 'passages'"):
        read(tmp_path, "a.parquet", kind="parquet")
    with pytest.raises(SourceMissingError, match=r"the column 'passages' holds List\(String\); wanted text for the passage"):
        read(tmp_path, "a.parquet", kind="parquet", columns={"passage": "passages"})


def test_a_full_disk_is_not_taken_for_bad_data(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_bytes(TSV)
    (tmp_path / "scratch" / "s").mkdir(parents=True)
    (tmp_path / "scratch" / "s" / "chunk-000000.parquet").mkdir()  # what cannot be written to
    with pytest.raises(OSError, match="directory"):
        read(tmp_path, "a.tsv")
    shutil.rmtree(tmp_path / "scratch")
    assert n_rows(read(tmp_path, "a.tsv")) == 1
