"""Passages that say the same to a model: found by cosine, guarded, merged directly, and on record with the cosine."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from dedup_case import deduplicated
from hypothesis import given, settings
from hypothesis import strategies as st
from negatives_case import mined
from numpy.typing import NDArray

from dataprep import io, schemas
from dataprep.build import Build, finish, opened
from dataprep.duplicates.dedup_report import dedup_report
from dataprep.duplicates.guards import guards
from dataprep.duplicates.semantic import cosine_pairs
from dataprep.errors import CallError
from dataprep.explain import stories
from dataprep.pipeline import PREPARE, STAGES
from dataprep.recipes import recipe_file
from dataprep.recipes.curation import Deduplicate
from dataprep.recipes.recipe import Recipe
from dataprep.recipes.sources import Source
from dataprep.splits import assign

WORDS = [
    "dom",
    "gmach",
    "stoi",
    "znajduje",
    "się",
    "nad",
    "rzeką",
    "potokiem",
    "w",
    "lesie",
    "borze",
    "stary",
    "wiekowy",
    "nie",
    "Anna",
    "1849",
]
SAME = {"gmach": "dom", "znajduje": "stoi", "potokiem": "rzeką", "borze": "lesie", "wiekowy": "stary"}
SENTENCE = "stary dom stoi nad rzeką w lesie"
REWORDED = "wiekowy gmach znajduje nad potokiem w borze"


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """A model that knows synonyms: one dimension per meaning, counted."""
    meanings = sorted({SAME.get(word, word) for word in WORDS} | {"?"})
    rows = [
        [sum(SAME.get(word, word if word in WORDS else "?") == meaning for word in text.split()) for meaning in meanings] for text in texts
    ]
    return np.array(rows, np.float32).reshape(len(texts), -1)


def alike(min_cosine: float) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda texts: cosine_pairs(texts, encode=encode, min_cosine=min_cosine)


def rows(triples: Sequence[tuple[str, str, int | None]]) -> pl.LazyFrame:
    table = [(f"s:{i:016}", "s", f"k{i}", question, passage, "", label) for i, (question, passage, label) in enumerate(triples)]
    return pl.LazyFrame(table, schema=schemas.ROWS, orient="row")


def run(table: pl.LazyFrame, **changes: Any) -> dict[str, pl.DataFrame]:
    chosen = Deduplicate(passages="semantic").model_dump() | changes
    return deduplicated(table, alike=alike(chosen["min_passage_cosine"]), **chosen)


def test_reworded_passages_are_merged_with_their_cosine_on_record() -> None:
    tables = run(rows([("kto?", SENTENCE, 1), ("co?", REWORDED, 0), ("ile?", "Anna w lesie", 0)]))
    assert sorted(tables["corpus"]["text"]) == sorted([SENTENCE, "Anna w lesie"])
    (link,) = tables["links"].to_dicts()
    assert (link["kind"], link["jaccard"], link["cosine"], link["guard"], link["is_merged"]) == ("semantic", None, 1.0, None, True)
    changed = tables["events"].filter(rule="semantic_duplicate_passage")
    assert changed.select("action", "before", "after", "score").rows() == [("changed", REWORDED, SENTENCE, 1.0)]


def test_the_row_of_a_merged_pair_carries_the_cosine() -> None:
    tables = run(rows([("kto?", SENTENCE, 1), ("kto?", REWORDED + " dom", 1)]))
    (merged,) = tables["events"].filter(action="merged").to_dicts()
    assert merged["score"] == pytest.approx(tables["links"]["cosine"].item())
    assert 0.95 <= merged["score"] < 1


def test_a_contradiction_between_passages_of_one_meaning_is_a_conflict() -> None:
    tables = run(rows([("kto?", SENTENCE, 1), ("kto?", REWORDED, 0)]))
    (conflict,) = tables["conflicts"].to_dicts()
    assert (conflict["kind"], conflict["jaccard"], conflict["cosine"], conflict["resolution"]) == ("same_pair", None, 1.0, "dropped")


@pytest.mark.parametrize(("word", "guard"), [("nie", "negation"), ("Anna", "name"), ("1849", "number")])
def test_a_guard_keeps_passages_apart_that_the_model_cannot_tell(word: str, guard: str) -> None:
    tables = run(rows([("kto?", f"{SENTENCE} {SENTENCE}", 1), ("co?", f"{REWORDED} {REWORDED} {word}", 0)]))
    assert tables["corpus"].height == 2
    assert tables["links"].select("kind", "guard", "is_merged").rows() == [("semantic", guard, False)]


@pytest.mark.parametrize("passages", ["off", "exact", "near"])
def test_no_model_is_asked_unless_the_recipe_says_so(passages: str) -> None:
    chosen = Deduplicate().model_dump() | {"passages": passages}
    tables = deduplicated(rows([("kto?", SENTENCE, 1), ("co?", REWORDED, 0)]), **chosen)
    assert tables["links"].is_empty()
    assert tables["corpus"].height == 2


def test_a_model_that_takes_most_passages_for_alike_is_refused() -> None:
    texts = pl.DataFrame({"id": [f"p{i:04}" for i in range(500)], "text": ["dom"] * 500})
    with pytest.raises(CallError, match=r"more than 50 other passages reach a cosine of 0.9 with each of 500"):
        cosine_pairs(texts, encode=encode, min_cosine=0.9)


def test_the_threshold_is_met_on_its_boundary() -> None:
    other = f"{REWORDED} nad w"
    table = rows([("kto?", SENTENCE, 1), ("co?", other, 0)])
    cosine = run(table, min_passage_cosine=0.9)["links"]["cosine"].item()
    assert 0.9 < cosine < 0.95
    assert run(table, min_passage_cosine=cosine)["corpus"].height == 1
    assert run(table, min_passage_cosine=cosine + 1e-6)["corpus"].height == 2


TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)
ROWS = st.lists(st.tuples(st.sampled_from(["kto?", "co?"]), TEXTS, st.sampled_from([0, 1, None])), max_size=12)


@settings(max_examples=20, deadline=None)
@given(triples=ROWS, min_cosine=st.sampled_from([0.8, 0.95, 1.0]))
def test_nothing_is_lost_nothing_is_chained_and_no_guard_is_overruled(
    triples: list[tuple[str, str, int | None]], min_cosine: float
) -> None:
    table = rows(triples)
    tables = run(table, min_passage_cosine=min_cosine, on_conflict="relevant")
    terminal = tables["events"].filter(pl.col("action").is_in(["merged", "dropped"]))
    assert sorted([*tables["judgements"]["row_id"], *terminal["row_id"]]) == sorted(table.collect()["row_id"])
    assert tables["links"].schema == schemas.LINKS
    pairs = tables["merged_passages"].join(tables["corpus"], left_on="into_id", right_on="passage_id", suffix="_kept")
    assert pairs.height == tables["merged_passages"].height
    merged = tables["links"].filter("is_merged")
    assert merged.filter(kind="semantic").height == merged.filter(pl.col("kind") == "semantic", pl.col("cosine") >= min_cosine).height
    for one, other in pairs.select("text", "text_kept").iter_rows():
        assert guards(pl.Series([one]), pl.Series([other])).item() is None
    cut = run(table, cuts=[1, 3], min_passage_cosine=min_cosine, on_conflict="relevant")
    assert all(tables[name].equals(cut[name]) for name in tables)


def links(*pairs: tuple[str, str, str, float | None, float | None]) -> pl.LazyFrame:
    return pl.LazyFrame([(*pair, None, False) for pair in pairs], schema=schemas.LINKS, orient="row")


@pytest.mark.parametrize(("cosine", "is_tied"), [(0.96, True), (0.94, False)])
def test_positives_of_one_meaning_tie_their_questions_and_are_no_negatives(cosine: float, is_tied: bool) -> None:  # noqa: FBT001 - a case
    texts = {"q1": "Kto tam mieszka?", "q2": "Co stoi nad rzeką?"}
    queries = pl.LazyFrame(list(texts.items()), schema=schemas.QUERIES, orient="row")
    judged = [("q1", "p1", 1, True, "r1"), ("q2", "p2", 1, True, "r2"), ("q1", "p3", 0, True, "r3")]
    judgements = pl.LazyFrame(judged, schema=schemas.JUDGEMENTS, orient="row")
    asked = rows([(texts["q1"], "a", 1), (texts["q2"], "b", 1)])
    found = links(("p2", "p1", "semantic", None, cosine), ("p3", "p1", "semantic", None, cosine))
    near = pl.LazyFrame(schema=schemas.NEAR_QUESTIONS)
    limits = {"min_passage_jaccard": 0.8, "min_passage_cosine": 0.95}
    split = assign(
        queries, judgements, found, near, asked, hung_on_passages=[], seed=1, validation=0.1, test=0.2, max_group_positives=50, **limits
    ).collect()
    assert (split["group_id"].n_unique() == 1) is is_tied
    corpus = pl.LazyFrame([(p, "", p) for p in ("p1", "p2", "p3")], schema=schemas.CORPUS, orient="row")
    asked_in_training = split.with_columns(split=pl.lit("train")).lazy()
    assert (mined(asked_in_training, judgements, corpus, found, bm25=False, **limits).triplets.height == 0) is is_tied


def built(folder: Path, triples: Sequence[tuple[str, str, int | None]], **changes: Any) -> Build:
    recipe = Recipe(name="b", sources=(Source(name="s", kind="tsv", path="s.tsv"),), deduplicate=Deduplicate(**changes))
    chosen = recipe.deduplicate
    found = alike(chosen.min_passage_cosine) if chosen.passages == "semantic" else None
    deduplicated(rows(triples), stage=folder / "stages" / "deduplicate", alike=found, **chosen.model_dump())
    io.write_table(rows(triples), folder / "stages" / "filter" / "rows.parquet")
    io.write_json({}, folder / "stages" / "deduplicate" / "stage.json")
    io.write_text(recipe_file.dump(recipe), folder / "recipe.toml")
    return Build(folder, recipe)


def test_another_cosine_is_tried_without_a_model(tmp_path: Path) -> None:
    triples = [("kto?", SENTENCE, 1), ("co?", f"{REWORDED} nad w", 0), ("ile?", REWORDED, 0), ("jak?", f"{REWORDED} nad w Anna", 0)]
    build = built(tmp_path, triples, passages="semantic", min_passage_cosine=0.9)
    found = dedup_report(build, threshold=0.8)
    assert found["cosine"] == {"threshold": 0.9, "recipe": 0.9, "measured_from": 0.9}
    assert (found["counts"]["newly_merged"], found["counts"]["no_longer_merged"]) == (0, 0)
    higher = dedup_report(build, threshold=0.8, cosine=0.95)
    again = built(tmp_path / "2", triples, passages="semantic", min_passage_cosine=0.95)
    before, after = (
        set(b.table("deduplicate", "merged_passages").select("passage_id", "into_id").collect().rows()) for b in (build, again)
    )
    gone = {(pair["passage_id"], pair["into_id"]) for pair in higher["no_longer_merged"]}
    assert gone == {pair for pair in before - after if pair[0] not in dict(after)} != set()
    assert higher["counts"]["merged_then"] == len(after)
    with pytest.raises(CallError, match=r"cosine 0.8: links of .* are measured from 0.9 to 1"):
        dedup_report(build, threshold=0.8, cosine=0.8)
    with pytest.raises(CallError, match="has none"):
        dedup_report(built(tmp_path / "3", triples), threshold=0.8, cosine=0.95)


def test_the_sample_through_the_stages_with_the_embedded_model(tmp_path: Path) -> None:
    """The base model is made, asked, and its cosine is told by the ledger, `explain` and `dedup-report`; another model asks again."""
    overrides = ("deduplicate.passages=semantic", "deduplicate.min_passage_cosine=0.6", "deduplicate.guards=[]")
    with opened(tmp_path / "build", recipe_file.load("sample", overrides)) as build:
        for name in PREPARE:
            finish(STAGES[name], build)
        found = build.table("deduplicate", "links").filter(kind="semantic").collect()
        ledger = pl.read_parquet(build.folder / "ledger.parquet")
        assert found.filter("is_merged").height > 0
        assert found["cosine"].min() >= 0.6  # type: ignore[operator]  # not null
        events = ledger.filter(rule="semantic_duplicate_passage")
        assert events["score"].is_between(0.6, 1).all()
        told = stories(build, events["row_id"].item(0))[0].duplicates
        assert any(duplicate.get("cosine") for duplicate in told)
        assert dedup_report(build, threshold=0.8, cosine=0.99)["counts"]["no_longer_merged"] > 0
    recipes = [recipe_file.load("sample", (*overrides[:1], *more)) for more in ((), ("train.base_model=owner/model",))]
    assert STAGES["deduplicate"].settings(recipes[0]) != STAGES["deduplicate"].settings(recipes[1])


def test_torch_stays_away_unless_a_model_is_asked() -> None:
    code = "import sys; from dataprep.pipeline import load_ahead; load_ahead(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_chain_of_meanings_is_not_followed() -> None:
    kept, between, other = "dom dom dom dom dom dom", "dom dom dom dom dom wielki", "dom dom dom dom mały nowy"  # ranked in this order
    found = alike(0.01)(pl.DataFrame({"id": ["a", "b", "c"], "text": [kept, between, other]}))
    assert {tuple(row[:2]): row[2] >= 0.96 for row in found.iter_rows()} == {("b", "a"): True, ("c", "b"): True, ("c", "a"): False}
    tables = run(rows([("kto?", kept, 1), ("co?", between, 0), ("ile?", other, 0)]), min_passage_cosine=0.96)
    assert sorted(tables["corpus"]["text"]) == sorted([kept, other])
