"""SQuAD files and BEIR datasets: what a question or a judgement becomes, and what is rejected."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from dataprep.errors import DataError, SourceMissingError
from dataprep.recipes.sources import Source
from dataprep.sources.read import Ingested, read_source

CORPUS = {"_id": "c1", "title": "Tytuł", "text": "Zdanie."}, {"_id": "c2", "text": "Drugie."}
QUERIES = {"_id": "q1", "text": "Kto?"}, {"_id": "q2", "text": "Co?"}
QRELS = "query-id\tcorpus-id\tscore\nq1\tc1\t1\nq1\tc2\t0\n"
FIELDS = ("source_key", "question", "passage", "title", "label")


def read(folder: Path, path: str, kind: str, **more: Any) -> Ingested:
    source = Source.model_validate({"name": "s", "kind": kind, "path": path, **more})
    return read_source(source, folder=folder, scratch=folder / "scratch")


def squad(folder: Path, content: Any) -> Ingested:
    (folder / "a.json").write_text(json.dumps(content, ensure_ascii=True))
    return read(folder, "a.json", "squad")


def rows(got: Ingested) -> list[tuple[Any, ...]]:
    return got.rows.select(FIELDS).collect().rows()


def rejected(got: Ingested) -> list[tuple[Any, ...]]:
    return got.rejected.sort("source_key").select("source_key", "rule").collect().rows()


def test_a_question_that_has_an_answer_is_1_an_impossible_one_0_and_one_without_either_is_asserted(tmp_path: Path) -> None:
    questions = [
        {"id": "a", "question": "Kto?", "answers": [{"text": "On", "answer_start": 0}]},
        {"id": 7, "question": "Co?", "is_impossible": True, "answers": [], "plausible_answers": [{"text": "x"}]},
        {"question": "Gdzie?", "is_impossible": False, "answers": [{"text": "x"}], "extra": {}},
        {"id": "d", "question": "Kiedy?"},
    ]
    got = squad(
        tmp_path, {"version": "v2.0", "data": [{"title": "Tytuł", "id": 1, "paragraphs": [{"context": "Zdanie.", "qas": questions}]}]}
    )
    assert sorted(rows(got)) == [
        ("7", "Co?", "Zdanie.", "Tytuł", 0),
        ("a", "Kto?", "Zdanie.", "Tytuł", 1),
        ("a.json:3", "Gdzie?", "Zdanie.", "Tytuł", 1),
        ("d", "Kiedy?", "Zdanie.", "Tytuł", None),
    ]


def test_odd_parts_of_a_squad_file_are_rejected_one_by_one(tmp_path: Path) -> None:
    good = {"id": "k", "question": "q", "answers": [1]}
    paragraphs = [
        {"context": "p", "qas": [good, "odd", {"question": ["q"]}, {"question": "\ud83d"}]},
        {"context": "p"},
        {"qas": [{"question": "q"}]},
    ]
    got = squad(tmp_path, {"data": [{"paragraphs": paragraphs}, "odd", {"title": "t"}]})
    assert rows(got) == [("k", "q", "p", "", 1)]
    rules = ["columns", "columns", "json", "columns", "empty", "columns", "columns"]
    assert rejected(got) == [(f"a.json:{n}", rule) for n, rule in enumerate(rules, start=2)]
    assert got.rejected.collect()["before"].null_count() == 0


def beir(folder: Path, *, corpus: Any = CORPUS, queries: Any = QUERIES, qrels: str = QRELS, split: str = "test") -> None:
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    for name, texts in (("corpus", corpus), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("\n".join(t if isinstance(t, str) else json.dumps(t) for t in texts))
    (folder / "qrels" / f"{split}.tsv").write_text(qrels)


@pytest.mark.parametrize("is_zip", [True, False])
def test_a_judgement_is_a_row_with_the_texts_of_its_ids(is_zip: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a case
    beir(tmp_path / "set")
    if is_zip:
        with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
            for path in (tmp_path / "set").rglob("*.*"):
                archive.write(path, path.relative_to(tmp_path))
    got = read(tmp_path, "set.zip" if is_zip else "set", "beir", split="test")
    assert sorted(rows(got)) == [("q1/c1", "Kto?", "Zdanie.", "Tytuł", 1), ("q1/c2", "Kto?", "Drugie.", "", 0)]
    names = ["set.zip"] if is_zip else ["corpus.jsonl", "queries.jsonl", "test.tsv"]
    assert [file["name"] for file in got.origin["files"]] == names


def test_beir_calls_validation_dev(tmp_path: Path) -> None:
    beir(tmp_path, split="dev")
    assert len(rows(read(tmp_path, ".", "beir", split="validation"))) == 2
    with pytest.raises(SourceMissingError, match=r"no qrels/test\.tsv; found .*qrels/dev\.tsv"):
        read(tmp_path, ".", "beir", split="test")


@pytest.mark.parametrize(("score", "label"), [("1", 1), ("2", 1), ("1.0", 1), ("0", 0), ("0.0", 0)])
def test_scores_from_1_on_are_relevant_and_0_is_not(score: str, label: int, tmp_path: Path) -> None:
    beir(tmp_path, qrels=f"query-id\tcorpus-id\tscore\nq1\tc1\t{score}\n")
    assert [row[-1] for row in rows(read(tmp_path, ".", "beir", split="test"))] == [label]


@pytest.mark.parametrize(
    ("line", "rule", "after"),
    [
        ("q9\tc1\t1", "dangling", "the query-id 'q9' is not in queries.jsonl; wanted it there"),
        ("q1\tc9\t1", "dangling", "the corpus-id 'c9' is not in corpus.jsonl; wanted it there"),
        ("q1\tc3\t1", "dangling", "the corpus-id 'c3' stands in corpus.jsonl with different texts; wanted one text"),
        ("q1\tc4\t1", "empty", "nothing but white space; wanted text"),
        ("q1\tc1\t0.5", "label", "'0.5'; wanted 1, 0, true, false or nothing"),
        ("q1\tc1\t-1", "label", "'-1'; wanted 1, 0, true, false or nothing"),
        ("q1\tc1\tNaN", "label", "'NaN'; wanted 1, 0, true, false or nothing"),
        ("q1\tc1", "columns", "2 columns; wanted 3"),
    ],
)
def test_a_judgement_that_leads_nowhere_is_rejected(line: str, rule: str, after: str, tmp_path: Path) -> None:
    twice = [{"_id": "c3", "text": "a"}, {"_id": "c3", "text": "b"}, {"_id": "c1", "title": "Tytuł", "text": "Zdanie."}]
    beir(tmp_path, corpus=[*CORPUS, *twice, {"_id": "c4", "text": None}], qrels=QRELS + line)
    got = read(tmp_path, ".", "beir", split="test")
    assert len(rows(got)) == 2
    assert got.rejected.select("rule", "before", "after").collect().rows() == [(rule, line, after)]


def test_lines_of_beir_texts_that_cannot_be_read_are_rejected(tmp_path: Path) -> None:
    beir(tmp_path, corpus=[*CORPUS, '{"_id": "c3"', '{"_id": null, "text": "x"}', '{"_id": "c4"}'])
    got = read(tmp_path, ".", "beir", split="test")
    assert rejected(got) == [("corpus.jsonl:3", "json"), ("corpus.jsonl:4", "columns"), ("corpus.jsonl:5", "columns")]
    assert got.origin["rows"] == 5


def test_a_folder_that_is_no_beir_dataset_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceMissingError, match=r"no corpus\.jsonl; found nothing"):
        read(tmp_path, ".", "beir")
    beir(tmp_path, qrels="query-id\tcorpus-id\tscore\n")
    with pytest.raises(DataError, match="gives no row"):
        read(tmp_path, ".", "beir", split="test")
    beir(tmp_path, qrels="q\tcorpus-id\tscore\nq1\tc1\t1")
    with pytest.raises(SourceMissingError, match="no column 'query-id'"):
        read(tmp_path, ".", "beir", split="test")
