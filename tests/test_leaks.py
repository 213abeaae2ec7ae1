"""`dataprep leaks`: what stands in both of two sets is found, counted once and shown, whatever the sets are."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import release_case
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.duplicates.leaks import leaks
from dataprep.duplicates.text_sets import parse_columns, read_set
from dataprep.errors import CallError

ASKED = ("Kto napisał powieść Lalka?", "Gdzie leży góra Giewont?", "Ile nóg ma pająk?")
TOLD = (
    "Powieść Lalka napisał Bolesław Prus, który mieszkał w Warszawie.",
    "Giewont leży w Tatrach, a pod nim leży Zakopane.",
    "Pająk ma osiem nóg, a owad ma ich sześć.",
)
Columns = dict[str, str]
NO_COLUMNS: tuple[Columns, Columns] = ({}, {})
WORDS = st.lists(st.sampled_from(["rzeka", "góra", "miasto", "król", "nie"]), min_size=1, max_size=5).map(" ".join)


def tsv(path: Path, questions: Sequence[str], passages: Sequence[str], names: tuple[str, str] = ("question", "passage")) -> Path:
    rows = ["\t".join(pair) for pair in zip(questions, passages, strict=True)]
    path.write_text("\n".join(["\t".join(names), *rows]) + "\n", encoding="utf-8")
    return path


def squad(path: Path, questions: Sequence[str], passages: Sequence[str]) -> Path:
    pairs = zip(questions, passages, strict=True)
    paragraphs = [{"context": p, "qas": [{"id": q, "question": q, "answers": [{"text": "x"}]}]} for q, p in pairs]
    path.write_text(json.dumps({"data": [{"title": "", "paragraphs": paragraphs}]}, ensure_ascii=False), encoding="utf-8")
    return path


def jsonl(path: Path, questions: Sequence[str], passages: Sequence[str]) -> Path:
    rows = [{"question": q, "passage": p} for q, p in zip(questions, passages, strict=True)]
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def parquet(path: Path, questions: Sequence[str], passages: Sequence[str]) -> Path:
    pl.DataFrame({"question": questions, "passage": passages}).write_parquet(path)
    return path


def counts(found: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {what: (found[what]["n_exact"], found[what]["n_near"]) for what in ("questions", "passages")}


@pytest.mark.parametrize("write", [tsv, squad, jsonl, parquet])
def test_files_of_every_kind_are_compared(write: Callable[..., Path], tmp_path: Path) -> None:
    suffix = {tsv: "tsv", squad: "json", jsonl: "jsonl", parquet: "parquet"}[write]
    one = write(tmp_path / f"a.{suffix}", ASKED, TOLD)
    other = tsv(tmp_path / "b.tsv", ["KTO napisał powieść „Lalka”", "Co innego?"], ["Nie ma nic takiego jak to.", TOLD[1].upper()])
    found = leaks(one, other, columns=NO_COLUMNS)
    assert counts(found) == {"questions": (1, 0), "passages": (1, 0)}
    assert found["verdict"].startswith("leak: 1 of 3 questions (33.33%; 1 of them word for word) and 1 of 3 passages")
    assert found["questions"]["exact"][0]["text_one"] == ASKED[0]


def test_sets_that_share_nothing_have_no_leak(tmp_path: Path) -> None:
    found = leaks(tsv(tmp_path / "a.tsv", ASKED[:1], TOLD[:1]), tsv(tmp_path / "b.tsv", ASKED[1:], TOLD[1:]), columns=NO_COLUMNS)
    assert not found["is_leaking"]
    assert found["verdict"].startswith("no leak")


def test_nearly_equal_texts_are_counted_apart_and_the_least_similar_shown_first(tmp_path: Path) -> None:
    one = tsv(tmp_path / "a.tsv", ["a b c d e", "f g h i j k l m n o"], ["p q r s t u v w x y z", "nic takiego tu nie ma"])
    other = tsv(tmp_path / "b.tsv", ["a b c d e x", "f g h i j k l m n y"], ["p q r s t u v w x y ż", "coś zupełnie innego tu stoi"])
    found = leaks(one, other, columns=NO_COLUMNS)
    assert counts(found) == {"questions": (0, 2), "passages": (0, 1)}
    assert [round(row["jaccard"], 3) for row in found["questions"]["near"]] == [0.818, 0.833]


def test_a_file_with_questions_alone_is_compared_by_these(tmp_path: Path) -> None:
    one = tsv(tmp_path / "a.tsv", ASKED, TOLD, ("pytanie", "odpowiedz"))
    other = tmp_path / "b.csv"
    other.write_text(f'text\n"{ASKED[0]}"\n"Czy {ASKED[1]}"\n', encoding="utf-8")
    found = leaks(one, other, columns=({"question": "pytanie", "passage": "odpowiedz"}, {"question": "text"}))
    assert counts(found) == {"questions": (1, 1), "passages": (0, 0)}
    assert found["other"]["passages"] == 0


@settings(deadline=None, max_examples=25)
@given(one=st.lists(WORDS, min_size=1, max_size=6), other=st.lists(WORDS, min_size=1, max_size=6))
def test_what_is_shared_is_what_a_plain_search_finds_whichever_side_comes_first(
    one: list[str], other: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("law")
    paths = [tsv(folder / f"{name}.tsv", texts, texts) for name, texts in (("a", one), ("b", other))]
    forth, back = (leaks(*pair, columns=NO_COLUMNS) for pair in (paths, paths[::-1]))
    assert forth["questions"]["n_exact"] == len(set(one) & set(other)) == back["questions"]["n_exact"]
    sets = [set(text.split()) for text in other]
    near = {text for text in set(one) - set(other) if any(len(set(text.split()) & s) >= 0.8 * len(set(text.split()) | s) for s in sets)}
    assert forth["questions"]["n_near"] == len(near)
    assert forth["is_leaking"] == back["is_leaking"]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return release_case.write_build(tmp_path_factory.mktemp("case") / "build")


@pytest.mark.parametrize("part", ["", "release"])
def test_a_build_and_its_release_are_compared_split_by_split(part: str, build: Path, tmp_path: Path) -> None:
    questions = [text for text, _, split in release_case.QUESTIONS.values() if split == "test"]
    exam = tsv(tmp_path / "exam.tsv", questions, [release_case.PASSAGES["p1"]] * len(questions))
    found = leaks(build / part, exam, columns=NO_COLUMNS)
    assert found["questions"]["by_split"] == [{"kind": "exact", "split_one": "test", "split_other": None, "n": len(questions)}]
    assert found["passages"]["by_split"] == [{"kind": "exact", "split_one": "train", "split_other": None, "n": 1}]
    assert found["one"]["has_splits"]


def test_a_release_stands_in_its_own_beir_files_in_the_same_splits(build: Path, tmp_path: Path) -> None:
    beir = tmp_path / "beir"
    shutil.copytree(build / "release" / "qrels", beir / "qrels")
    for name in ("corpus.jsonl", "queries.jsonl"):
        shutil.copy(build / "release" / name, beir)
    found = leaks(build, beir, columns=NO_COLUMNS)
    assert found["other"]["kind"] == "beir"
    assert all(row["split_one"] == row["split_other"] for row in found["questions"]["by_split"])
    answerable = {query for query, _, relevance, *_ in release_case.JUDGED if relevance}
    assert found["questions"]["n_exact"] == len(answerable)


@pytest.mark.parametrize("text", ["question", "question=", "answer=x", "id=x", "question=a,b", ""])
def test_columns_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(CallError, match="wanted role=column"):
        parse_columns(text)


def test_what_is_no_set_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_text("x", encoding="utf-8")
    for path, message in (
        (tmp_path, "no release"),
        (tmp_path / "a.docx", "the suffix"),
        (tmp_path / "none.tsv", "no such file"),
        (tmp_path / "none", "no such file"),
    ):
        with pytest.raises(CallError, match=message):
            read_set(path, columns={})


def test_rows_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    path = tsv(tmp_path / "a.tsv", ASKED, ("", *TOLD[1:]))
    assert read_set(path, columns={}).n_unread == 1


def test_the_command_line_says_it_in_one_line_and_exits_with_zero(tmp_path: Path, dataprep: Callable[..., Any]) -> None:
    one, other = tsv(tmp_path / "a.tsv", ASKED, TOLD, ("q", "p")), tsv(tmp_path / "b.tsv", ASKED[:1], TOLD[:1])
    done = dataprep("leaks", one, other, "--columns", "question=q,passage=p", "--columns", "question=question,passage=passage")
    assert done.code == 0, done.err
    assert "leak: 1 of 3 questions" in done.out.splitlines()[0]
    assert json.loads(dataprep("leaks", other, other, "--json").out)["questions"]["n_exact"] == 1
    assert dataprep("leaks", one, other).code == 2


@pytest.mark.real
def test_the_known_leak_between_two_dumps_is_found(real_data: Path) -> None:
    """60 contexts and 288 questions of the initial dump stand in the newest dev, as the data's notes say."""
    one, other = (real_data / "poquad" / f"{name}.json" for name in ("initial-2022-06-01", "dev-2022-09-01"))
    assert counts(leaks(one, other, columns=NO_COLUMNS)) == {"questions": (288, 2), "passages": (60, 0)}


@pytest.mark.real
def test_the_answer_of_training_that_stands_in_the_test_is_found(real_data: Path) -> None:
    columns = {"question": "question", "passage": "answer"}
    one, other = (real_data / "klej-dyk" / f"{name}.tsv" for name in ("train", "test_features"))
    assert counts(leaks(one, other, columns=(columns, columns))) == {"questions": (0, 0), "passages": (1, 1)}
