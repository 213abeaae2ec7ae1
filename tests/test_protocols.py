"""Judging row by row cannot tell a perfect ranker from one that knows the topic only; judging by questions can."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from dataprep import io
from dataprep.models import protocols
from dataprep.models.protocols import MEASURES, by_questions, by_rows, compare

REAL = Path(os.environ.get("DATAPREP_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))
SEED_RECIPE = "mmlw-roberta-base-klej-dyk-v0.1"
# a question with one right passage of three, one with two of two, one with none of one
ROWS = pl.DataFrame(
    [
        ("r1", "Kto?", "Jan.", 1),
        ("r2", "kto", "Nie Jan.", 0),
        ("r3", "Kto?", "Też nie Jan.", 0),
        ("r4", "Gdzie?", "Tu.", 1),
        ("r5", "Gdzie?", "I tam.", 1),
        ("r6", "Kiedy?", "Zielono.", 0),
    ],
    schema=["row_id", "question", "passage", "label"],
    orient="row",
)
SPLIT = pl.DataFrame({"row_id": ["r1", "r2", "r3", "r4", "r5", "r6"], "split": ["test", "test", "test", "test", "train", "test"]})


class Lengths:
    """Encoder by the number of letters."""

    def encode_queries(self, texts: Any) -> np.ndarray:
        return np.array([[len(text), 1.0, 0.0, 0.0] for text in texts], dtype=np.float32)

    encode_passages = encode_queries


def test_by_rows_each_row_is_a_query_whose_own_passage_is_right() -> None:
    judged = by_rows(ROWS, SPLIT.filter(pl.col("split") == "test"))
    assert judged.task.queries["query_id"].to_list() == ["r1", "r2", "r3", "r4", "r6"]
    assert judged.task.passages.height == 6
    assert judged.task.qrels.select("query_id", "passage_id").rows() == [(r, r) for r in ("r1", "r2", "r3", "r4", "r6")]


def test_by_questions_only_those_with_a_right_passage_count() -> None:
    judged = by_questions(ROWS)
    assert judged.task.queries.height == 2
    assert judged.task.qrels.height == 3
    assert judged.task.passages.height == 6


def test_only_judging_by_questions_tells_a_perfect_ranker_from_one_that_knows_the_topic() -> None:
    found = compare(ROWS, SPLIT, {"base": Lengths()}, dims=(2,), seed=1)
    assert found["split"] == {"test": 5, "train": 1}
    assert found["seen_questions_fraction"] == 0.2
    rows, questions = found["rows"]["systems"], found["questions"]["systems"]
    assert questions["perfect"]["all"]["accuracy@1"] == questions["perfect"]["all"]["ndcg@10"] == 1.0
    assert 0.4 < questions["topic_only"]["all"]["accuracy@1"] < 0.9  # 1/3 and 1, on average
    # of the rows of one question a ranker gets one right at rank 1, whatever it does: at most 3 of 5, and Gdzie? half the time
    for ranker in ("perfect", "topic_only"):
        assert rows[ranker]["all"]["accuracy@1"] == pytest.approx(0.5, abs=0.1)
    assert set(rows["base"]) == {"4", "2"}
    assert len(MEASURES) == 22
    assert all(set(figures) == set(MEASURES) for way in (rows, questions) for dims in way.values() for figures in dims.values())


def test_each_text_is_encoded_once_for_both_ways() -> None:
    class Counting(Lengths):
        n = 0

        def encode_passages(self, texts: Any) -> np.ndarray:
            self.n += len(texts)
            return self.encode_queries(texts)

    encoder = Counting()
    compare(ROWS, SPLIT, {"base": encoder}, dims=(), seed=1)
    assert encoder.n == 6


@pytest.fixture(scope="module")
def seed_recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled recipe, its Hub source exchanged for the file of the same bytes."""
    if not REAL.is_dir():
        pytest.skip("no real data: DATAPREP_REAL_DATA names no folder")
    from dataprep.recipes.recipe_file import bundled_recipes  # noqa: PLC0415

    assert SEED_RECIPE in bundled_recipes()
    text = (Path(protocols.__file__).parents[1] / "recipes" / f"{SEED_RECIPE}.toml").read_text(encoding="utf-8")
    local = text.replace(
        'kind = "hub"\nrepo = "allegro/klej-dyk"\nsplit = "train"', f'kind = "tsv"\npath = "{REAL / "klej-dyk/train.tsv"}"'
    )
    assert local != text
    path = tmp_path_factory.mktemp("seed") / "seed.toml"
    path.write_text(local, encoding="utf-8")
    return path


@pytest.mark.real
@pytest.mark.slow
def test_the_seeds_protocol_on_klej_dyk_with_any_base_model(seed_recipe: Path, tmp_path: Path, dataprep: Callable[..., Any]) -> None:
    base = REAL / "models" / "potion-base-4m"
    done = dataprep("run", seed_recipe, "--build", tmp_path / "b", "--set", f"train.base_model={base}", "--set", "train.epochs=1")
    assert done.code == 0, done.err
    evaluation = io.read_json(tmp_path / "b" / "evaluation.json")
    found = evaluation["protocols"]
    assert found["split"] == {"test": 416, "train": 3_738}
    assert found["seen_questions_fraction"] == pytest.approx(0.976, abs=0.02)
    rows, questions = found["rows"], found["questions"]
    assert (rows["n_queries"], rows["n_passages"]) == (416, 4_154)
    assert (questions["n_queries"], questions["n_passages"]) == (487, 4_152)
    for ranker in ("perfect", "topic_only"):
        assert rows["systems"][ranker]["all"]["accuracy@1"] == pytest.approx(0.25, abs=0.03)
    assert questions["systems"]["perfect"]["all"]["accuracy@1"] == 1.0
    assert questions["systems"]["topic_only"]["all"]["accuracy@1"] == pytest.approx(0.315, abs=0.01)
    assert set(rows["systems"]["finetuned"]) == {"128", "64"}
    assert "Two ways to judge" in done.out
    assert "topic only" in done.out
    training = io.read_json(tmp_path / "b" / "stages" / "train" / "training.json")
    assert training["settings"]["accumulation_steps"] == 8
    pairs = pl.read_parquet(tmp_path / "b" / "stages" / "negatives" / "pairs.parquet")
    assert pairs.height == 3_738


def test_the_comparison_on_the_sample(tmp_path: Path, dataprep: Callable[..., Any]) -> None:
    settings = ("split.by=row", "split.validation=0.0", "split.test=0.1", "deduplicate.questions=false", "deduplicate.passages=off")
    more = (
        "evaluate.label_column=label",
        "negatives.base=false",
        "negatives.per_positive=0",
        "train.epochs=1",
        "train.matryoshka_dims=[64]",
    )
    sets = [part for setting in (*settings, *more) for part in ("--set", setting)]
    done = dataprep("run", "sample", "--build", tmp_path / "b", *sets)
    assert done.code == 0, done.err
    found = io.read_json(tmp_path / "b" / "evaluation.json")["protocols"]
    assert found["questions"]["systems"]["perfect"]["all"]["accuracy@1"] == 1.0
    assert found["questions"]["systems"]["topic_only"]["all"]["accuracy@1"] < 0.8
    assert found["rows"]["systems"]["perfect"]["all"]["accuracy@1"] < 0.8
    assert found["rows"]["n_queries"] == found["split"]["test"]
    assert "Two ways to judge" in done.out
