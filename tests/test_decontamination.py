"""Reference sets: whatever stands in one leaves, with the match on record; nothing else does."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import release_case
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.build import existing_build, finish, opened
from dataprep.duplicates.cross_matches import cross_matches
from dataprep.errors import CallError, SourceMissingError
from dataprep.explain import stories
from dataprep.filtering.decontamination import Decontaminated, decontaminate
from dataprep.pipeline import PREPARE, STAGES, reference_digest
from dataprep.recipes.recipe_file import load
from dataprep.recipes.sources import Source
from dataprep.schemas import CONTAMINATION, LEDGER, ROWS
from dataprep.sources.read import read_source

PASSAGE = "Wisła jest najdłuższą rzeką w Polsce i uchodzi do Morza Bałtyckiego niedaleko Gdańska."
NEARLY = "Wisła jest najdłuższą rzeką w Polsce i uchodzi do Morza Bałtyckiego niedaleko miasta."
OTHER = "Giewont to masyw górski, który góruje nad Zakopanem i przypomina śpiącego rycerza."
Texts = Sequence[tuple[str, str, int | None]]
WORDS = st.lists(st.sampled_from(["rzeka", "góra", "miasto", "król", "nie", "Rzeka"]), min_size=1, max_size=6).map(" ".join)


def rows(texts: Texts, source: str = "ours") -> pl.LazyFrame:
    found = [(f"{source}:{i:02}", source, f"k{i}", question, passage, "", label) for i, (question, passage, label) in enumerate(texts)]
    return pl.LazyFrame(found, schema=ROWS, orient="row")


def cleared(ours: Texts, theirs: Texts, **changed: float) -> Decontaminated:
    limits: dict[str, Any] = {"min_question_jaccard": 0.8, "min_passage_jaccard": 0.6, "shingle_words": 3} | changed
    return decontaminate(rows(ours), rows(theirs, "exam"), **limits)


def dropped(ours: Texts, theirs: Texts, **changed: float) -> list[tuple[str, str]]:
    return cleared(ours, theirs, **changed).events.select("row_id", "rule").collect().rows()


@pytest.mark.parametrize(
    ("question", "passage", "rule"),
    [
        ("Która rzeka jest najdłuższa?", OTHER, "contaminated_question"),
        ("która RZEKA jest  najdłuższa", OTHER, "contaminated_question"),
        ("Która to rzeka jest najdłuższa?", OTHER, "contaminated_question"),  # 4 words of 5
        ("Która góra jest najdłuższa?", OTHER, None),  # 3 words of 5
        ("Gdzie uchodzi Wisła?", PASSAGE, "contaminated_passage"),
        ("Gdzie uchodzi Wisła?", PASSAGE.upper(), "contaminated_passage"),
        ("Gdzie uchodzi Wisła?", NEARLY, "contaminated_passage"),
        ("Która rzeka jest najdłuższa?", PASSAGE, "contaminated_question"),
        ("Gdzie leży Giewont?", OTHER, None),
    ],
)
def test_a_row_leaves_by_what_it_shares_with_a_reference_set(question: str, passage: str, rule: str | None) -> None:
    found = dropped([(question, passage, 1)], [("Która rzeka jest najdłuższa?", PASSAGE, 1)])
    assert found == ([("ours:00", rule)] if rule else [])


@pytest.mark.parametrize(("label", "leaves"), [(1, True), (None, True), (0, False)])
def test_a_passage_counts_where_the_reference_set_says_that_it_answers(label: int | None, *, leaves: bool) -> None:
    found = dropped([("Gdzie uchodzi Wisła?", PASSAGE, 1)], [("Która rzeka jest najdłuższa?", PASSAGE, label)])
    assert bool(found) is leaves


def test_the_event_shows_the_text_that_matched_and_how_well() -> None:
    result = cleared([("Która to rzeka jest najdłuższa?", NEARLY, 0)], [("Która rzeka jest najdłuższa?", PASSAGE, 1)])
    (event,) = result.events.collect().to_dicts()
    assert (
        event
        | {
            "stage": "filter",
            "action": "dropped",
            "column": "question",
            "before": "Która to rzeka jest najdłuższa?",
            "after": "Która rzeka jest najdłuższa?",
            "score": 0.8,
        }
        == event
    )
    matches = result.matches.collect()
    assert matches.schema == CONTAMINATION
    assert matches.select("column", "reference", "reference_key", "kind").rows() == [
        ("question", "exam", "k0", "near"),
        ("passage", "exam", "k0", "near"),
    ]
    assert result.events.collect_schema() == LEDGER


def test_the_equal_text_is_named_before_a_nearly_equal_one() -> None:
    theirs: Texts = [("Jest najdłuższa która rzeka?", OTHER, 1), ("Która rzeka jest najdłuższa?", OTHER, 1)]
    (match,) = cleared([("Która rzeka jest najdłuższa", "Nic z tego nie wynika dla nikogo.", 1)], theirs).matches.collect().to_dicts()
    assert (match["kind"], match["reference_text"]) == ("exact", "Która rzeka jest najdłuższa?")


@settings(deadline=None, max_examples=30)
@given(
    ours=st.lists(st.tuples(WORDS, WORDS, st.sampled_from([0, 1, None])), min_size=1, max_size=8),
    theirs=st.lists(st.tuples(WORDS, WORDS, st.sampled_from([0, 1, None])), min_size=1, max_size=8),
)
def test_every_row_is_kept_or_dropped_once_and_matches_what_a_plain_search_finds(ours: Texts, theirs: Texts) -> None:
    result = cleared(ours, theirs)
    kept, gone = set(result.kept.collect()["row_id"]), result.events.collect()["row_id"].to_list()
    assert len(gone) == len(set(gone))
    assert kept | set(gone) == set(rows(ours).collect()["row_id"])
    assert not kept & set(gone)
    asked = [set(question.lower().split()) for question, _, _ in theirs]
    for row_id, (question, _, _) in zip(rows(ours).collect()["row_id"], ours, strict=True):
        words = set(question.lower().split())
        if any(len(words & other) >= 0.8 * len(words | other) for other in asked):
            assert row_id in gone


@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(WORDS, WORDS, st.just(1)), min_size=2, max_size=8), st.integers(0, 9))
def test_the_order_of_rows_and_references_means_nothing(texts: Texts, seed: int) -> None:
    ours, theirs = rows(texts[1:]).collect(), rows(texts, "exam").collect()
    limits: dict[str, Any] = {"min_question_jaccard": 0.8, "min_passage_jaccard": 0.6, "shingle_words": 3}
    first = decontaminate(ours.lazy(), theirs.lazy(), **limits)
    again = decontaminate(ours.sample(fraction=1, shuffle=True, seed=seed).lazy(), theirs.reverse().lazy(), **limits)
    assert first.events.collect().equals(again.events.collect())
    assert first.matches.collect().equals(again.matches.collect())


@settings(deadline=None, max_examples=20)
@given(st.lists(WORDS, max_size=8), st.lists(WORDS, max_size=8))
def test_a_lower_threshold_finds_all_that_a_higher_one_does(one: list[str], other: list[str]) -> None:
    texts = [pl.Series(words, dtype=pl.String).str.to_lowercase() for words in (one, other)]
    strict, lenient = (set(cross_matches(*texts, shingle_words=1, min_jaccard=limit).rows()) for limit in (0.8, 0.5))
    assert strict <= lenient


def written(folder: Path, theirs: Texts) -> str:
    """A recipe whose one reference set holds these rows."""
    fillers = [(f"Pytanie o rzecz numer {i} czyli co?", f"Odpowiedź na pytanie o rzecz numer {i} jest w tym zdaniu.", 1) for i in range(9)]
    for name, texts in (
        ("ours", [("Która rzeka jest najdłuższa?", PASSAGE, 1), ("Gdzie leży Giewont?", OTHER, 1), *fillers]),
        ("exam", theirs),
    ):
        lines = ["question\tpassage\tlabel", *("\t".join(map(str, row)) for row in texts)]
        (folder / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    recipe = folder / "recipe.toml"
    sources = {"sources": "ours", "decontaminate.against": "exam"}
    tables = [f'[[{table}]]\nname = "{name}"\nkind = "tsv"\npath = "{name}.tsv"\n' for table, name in sources.items()]
    recipe.write_text('name = "mine"\n' + "".join(tables), encoding="utf-8")
    return str(recipe)


def test_the_filter_stage_drops_by_damaged_references_and_the_manifest_pins_them_without_a_path(tmp_path: Path) -> None:
    recipe = load(written(tmp_path, [("Kt&oacute;ra rzeka jest najdłuższa?", "<b>" + PASSAGE.replace(" ", "  ") + "</b>", 1)]))
    with opened(tmp_path / "build", recipe) as build:
        for name in PREPARE:
            finish(STAGES[name], build)
    manifest = json.loads((tmp_path / "build/release/manifest.json").read_text(encoding="utf-8"))
    (reference,) = manifest["recipe"]["decontaminate"]["against"]
    assert (reference["name"], reference["rows"], len(reference["sha256"])) == ("exam", 1, 64)
    assert str(tmp_path) not in json.dumps(manifest)
    counts = manifest["counts"]["by_rule"]
    assert (counts["filter.contaminated_question"], counts["filter.contaminated_passage"]) == (1, 0)
    ended = pl.read_parquet(tmp_path / "build/ledger.parquet").filter(rule="contaminated_question")
    (story,) = stories(existing_build(tmp_path / "build"), ended["row_id"].item())
    assert {match["column"] for match in story.contamination} == {"question", "passage"}
    (tmp_path / "exam.tsv").write_text(f"question\tpassage\nCo innego?\t{PASSAGE}\n", encoding="utf-8")
    with opened(tmp_path / "build", recipe) as build:
        assert [finish(STAGES[name], build).is_reused for name in PREPARE[:3]] == [True, True, False]
        events = build.table("filter", "events").collect()
    assert events.filter(rule="contaminated_passage").height == 1


def test_a_reference_set_needs_a_name_of_its_own(tmp_path: Path) -> None:
    path = Path(written(tmp_path, [("Co?", OTHER, 1)]))
    path.write_text(path.read_text(encoding="utf-8").replace('"exam"', '"ours"'), encoding="utf-8")
    with pytest.raises(CallError, match="two sources are named 'ours'"):
        load(str(path))


def test_a_reference_set_that_is_not_there_is_refused_before_anything_runs(tmp_path: Path) -> None:
    recipe = load(written(tmp_path, [("Co?", OTHER, 1)]))
    (tmp_path / "exam.tsv").unlink()
    with pytest.raises(SourceMissingError, match="exam"):
        reference_digest(recipe)


def test_an_earlier_release_is_a_reference_set(tmp_path: Path) -> None:
    """Its test split alone: a question of its train split may be used again."""
    release_case.write_build(tmp_path / "earlier")
    source = Source(name="earlier", kind="beir", path=str(tmp_path / "earlier" / "release"), split="test")
    theirs = read_source(source, folder=None, scratch=tmp_path).rows
    ours = rows([(text, f"{PASSAGE} {i}", 1) for i, (text, _, _) in enumerate(release_case.QUESTIONS.values())])
    result = decontaminate(ours, theirs, min_question_jaccard=0.8, min_passage_jaccard=0.8, shingle_words=3)
    tested = {text for text, _, split in release_case.QUESTIONS.values() if split == "test"}
    assert set(result.events.collect()["before"]) == tested


@pytest.mark.real
def test_questions_of_a_later_dump_are_taken_out_of_an_earlier_one(real_data: Path, tmp_path: Path) -> None:
    """288 questions of the initial dump stand in the newest dev; each of their rows leaves by its question."""
    paths = {"ours": "initial-2022-06-01.json", "exam": "dev-2022-09-01.json"}
    found = {
        name: read_source(Source(name=name, kind="squad", path=str(real_data / "poquad" / path)), folder=None, scratch=tmp_path).rows
        for name, path in paths.items()
    }
    result = decontaminate(found["ours"], found["exam"], min_question_jaccard=1, min_passage_jaccard=1, shingle_words=3)
    matches = result.matches.filter(kind="exact").collect()
    assert matches.filter(column="question")["row_id"].n_unique() >= 288
    assert matches.filter(column="passage")["text"].n_unique() <= 60
    assert result.kept.collect().height + result.events.collect().height == found["ours"].collect().height
