"""Bad input through the command line: the exit code, and a message that names where, what and how to mend it."""

import gzip
import os
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

ROW = "q{n}\tKto napisał poemat numer {n}?\tPoemat numer {n} napisał w Krakowie znany polski poeta.\t1\n"
HEADER = "id\tquestion\tpassage\tlabel\n"
COLUMNS = 'columns = { id = "id", question = "question", passage = "passage", label = "label" }'


def recipe(folder: Path, data: str | bytes | None, *, name: str = "rows.tsv", kind: str = "tsv", columns: str = COLUMNS) -> Path:
    if data is not None:
        (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    path = folder / "recipe.toml"
    path.write_text(f'name = "bad"\n[[sources]]\nname = "s"\nkind = "{kind}"\npath = "{name}"\n{columns}\n', encoding="utf-8")
    return path


def rows(count: int = 3) -> str:
    return HEADER + "".join(ROW.format(n=n) for n in range(count))


def ledger_of(build: Path) -> pl.DataFrame:
    return pl.read_parquet(build / "stages" / "ingest" / "events.parquet")


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        pytest.param(None, 2, ["rows.tsv", "no such file"], id="missing file"),
        pytest.param("", 3, ["rows.tsv", "no row"], id="empty file"),
        pytest.param(HEADER, 3, ["rows.tsv", "no row"], id="header only"),
        pytest.param("id\tpytanie\tpassage\tlabel\n1\ta\tb\t1\n", 2, ["'question'", "pytanie"], id="missing column"),
        pytest.param(HEADER + "1\tKto to jest?\tTo jest ktoś z Krakowa.\ttak\n", 3, ["label", "tak"], id="all rows rejected"),
        pytest.param(HEADER + "1\tx\ty\t1\n", 3, ["min_question_chars"], id="all rows dropped"),
    ],
)
def test_bad_tables(data: str | None, code: int, said: list[str], tmp_path: Path, dataprep: Callable[..., Any]) -> None:
    done = dataprep("run", recipe(tmp_path, data), "--build", tmp_path / "b", "--until", "filter")
    assert done.code == code, done.err
    assert "Traceback" not in done.err
    assert all(word in done.err for word in said), done.err
    assert len(done.err.splitlines()) <= 25


@pytest.mark.parametrize(
    ("line", "rule", "said"),
    [
        pytest.param(b"9\tKto to?\tTo jest on.\ttak\n", "label", "tak", id="label yes"),
        pytest.param(b"9\tKto to?\tTo jest on.\t2\n", "label", "2", id="label 2"),
        pytest.param(b"9\tKto to?\tTo jest on.\tNaN\n", "label", "NaN", id="label NaN"),
        pytest.param(b"9\tKto \xff to?\tTo jest on.\t1\n", "utf8", "byte", id="invalid UTF-8"),
        pytest.param(b"9\tKto \x00 to?\tTo jest on.\t1\n", "nul", "", id="NUL"),
        pytest.param(b"9\tKto to?\n", "columns", "2", id="too few columns"),
        pytest.param(b"9\tKto to?\tTo jest on.\t1\t1\n", "columns", "5", id="too many columns"),
        pytest.param(b"9\t \tTo jest on.\t1\n", "empty", "", id="empty question"),
    ],
)
def test_a_bad_row_is_rejected_with_its_reason_and_the_others_stay(
    line: bytes, rule: str, said: str, tmp_path: Path, dataprep: Callable[..., Any]
) -> None:
    done = dataprep("run", recipe(tmp_path, rows().encode() + line), "--build", tmp_path / "b", "--until", "ingest")
    assert done.code == 0, done.err
    events = ledger_of(tmp_path / "b").to_dicts()
    assert [event["rule"] for event in events] == [rule]
    assert said in str(events[0]["after"])
    assert pl.read_parquet(tmp_path / "b" / "stages" / "ingest" / "rows.parquet").height == 3


def test_a_field_of_20_megabytes_is_read_and_dropped_for_its_length(tmp_path: Path, dataprep: Callable[..., Any]) -> None:
    huge = "9\tKto napisał tę długą księgę?\t" + "słowo " * 3_400_000 + "\t1\n"
    done = dataprep("run", recipe(tmp_path, rows() + huge), "--build", tmp_path / "b", "--until", "filter")
    assert done.code == 0, done.err
    dropped = pl.read_parquet(tmp_path / "b" / "stages" / "filter" / "events.parquet").filter(pl.col("action") == "dropped")
    assert dropped["rule"].to_list() == ["max_passage_chars"]
    assert dropped["before"].str.len_chars().max() <= 2_000


def truncated_gzip() -> bytes:
    return gzip.compress((rows(5_000)).encode())[:-500]


def zip_with_a_way_out(folder: Path) -> None:
    with zipfile.ZipFile(folder / "rows.zip", "w") as archive:
        archive.writestr("../../outside.tsv", rows())


def half_a_parquet(folder: Path) -> bytes:
    pl.DataFrame({"question": ["Kto?"] * 999, "passage": ["On."] * 999}).write_parquet(folder / "whole.parquet")
    whole = (folder / "whole.parquet").read_bytes()
    return whole[: len(whole) // 2]


def test_files_that_cannot_be_read_at_all_are_the_datas_fault(tmp_path: Path, dataprep: Callable[..., Any]) -> None:
    zip_with_a_way_out(tmp_path)
    plain = 'columns = { question = "question", passage = "passage" }'
    cases = {
        "truncated gzip": (recipe, truncated_gzip(), "rows.tsv.gz", "tsv", COLUMNS),
        "zip with ..": (recipe, None, "rows.zip", "tsv", COLUMNS),
        "squad without data": (recipe, '{"version": "2"}', "rows.json", "squad", ""),
        "half a parquet": (recipe, half_a_parquet(tmp_path), "rows.parquet", "parquet", plain),
    }
    for what, (write, data, name, kind, columns) in cases.items():
        done = dataprep("run", write(tmp_path, data, name=name, kind=kind, columns=columns), "--build", tmp_path / "b", "--until", "ingest")
        assert (done.code, "Traceback" in done.err) == (3, False), f"{what}: {done.err}"
        assert name in done.err, what
    assert not (tmp_path.parent / "outside.tsv").exists()


def test_a_broken_json_line_is_rejected(tmp_path: Path, dataprep: Callable[..., Any]) -> None:
    good = '{"question": "Kto napisał Lalkę?", "passage": "Lalkę napisał Bolesław Prus.", "label": 1}\n'
    path = recipe(tmp_path, good + '{"question": "Kto\n' + good, name="rows.jsonl", kind="jsonl", columns="")
    done = dataprep("run", path, "--build", tmp_path / "b", "--until", "ingest")
    assert done.code == 0, done.err
    assert ledger_of(tmp_path / "b")["rule"].to_list() == ["json"]


def test_recipes_that_cannot_be(tmp_path: Path, dataprep: Callable[..., Any]) -> None:
    path = recipe(tmp_path, rows())
    unknown = dataprep("run", path, "--set", "split.tset=0.1")
    assert unknown.code == 2
    assert "did you mean 'test'" in unknown.err
    path.write_text(path.read_text() + path.read_text().split("\n", 1)[1])
    twice = dataprep("run", path)
    assert twice.code == 2
    assert "two sources are named 's'" in twice.err


def test_an_unreachable_hub_is_said_within_half_a_minute(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    environment = {**os.environ, "HF_ENDPOINT": f"http://127.0.0.1:{port}", "HF_HUB_OFFLINE": "0", "HF_HOME": str(tmp_path / "hf")}
    command = [sys.executable, "-m", "flows.cli", "run", "klej-dyk", "--build", str(tmp_path / "b"), "--until", "ingest"]
    start = time.monotonic()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 4, done.stderr
    assert time.monotonic() - start < 45  # 30 s for the Hub, the rest for the server of the run
    assert "allegro/klej-dyk" in done.stderr
    assert "offline" in done.stderr.lower()
    assert "Traceback" not in done.stderr


def test_a_build_folder_of_another_recipe_or_of_something_else_is_refused(tmp_path: Path, dataprep: Callable[..., Any]) -> None:
    path = recipe(tmp_path, rows())
    assert dataprep("run", path, "--build", tmp_path / "b", "--until", "ingest").code == 0
    other = dataprep("run", "sample", "--build", tmp_path / "b", "--until", "ingest")
    assert other.code == 2
    assert "'bad', not of 'sample'" in other.err
    foreign = dataprep("run", path, "--build", tmp_path, "--until", "ingest")
    assert foreign.code == 2
    assert "no build folder" in foreign.err


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a small and a read-only file system")
@pytest.mark.parametrize(("options", "size", "said"), [("ro", "1m", "read-only"), ("rw", "64k", "full")])
def test_a_read_only_or_full_disk_is_said(options: str, size: str, said: str, tmp_path: Path, dataprep: Callable[..., Any]) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"{options},size={size}", "none", str(disk)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("this machine does not let file systems be mounted")
    try:
        done = dataprep("run", recipe(tmp_path, rows(4_000)), "--build", disk / "b", "--until", "clean")
        assert done.code == 2, done.err
        assert said in done.err
        assert "Traceback" not in done.err
    finally:
        subprocess.run(["umount", str(disk)], check=True)
