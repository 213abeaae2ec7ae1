"""An ablation compares like with like: paired over seeds and questions, chosen on validation, judged once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from dataprep import io
from dataprep.ablation import cells as running
from dataprep.ablation.paired import crossed_mean
from dataprep.ablation.plan import cells, read_over, with_changes
from dataprep.errors import CallError
from dataprep.recipes.recipe import Recipe
from dataprep.recipes.recipe_file import load

RIVERS = ("Wisła", "Odra", "Warta", "Bug", "Narew", "San", "Noteć", "Pilica")
ROW = "q{n}\tKto napisał poemat numer {n} o rzece {river}?\tPoemat {n} o rzece {river} napisał w {year} roku poeta z Krakowa.\t{label}\n"
OVER = """
baseline = "clean"
[choose]
"train.learning_rate" = [1e-9, 0.05]
[[recipes]]
name = "clean"
set = { "train.stages" = [{ tables = ["pairs"] }] }
choose = { "train.epochs" = [1] }
[[recipes]]
name = "weak"
note = "labels ignored & crops"
set = { "train.stages" = [{ tables = ["weak_pairs", "crops"] }], "train.epochs" = 2 }
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ablation")
    rows = [ROW.format(n=n, river=RIVERS[n % 8], year=1800 + n, label=int(n % 4 > 0)) for n in range(90)]
    (folder / "rows.tsv").write_text("id\tquestion\tpassage\tlabel\n" + "".join(rows), encoding="utf-8")
    columns = '{ id = "id", question = "question", passage = "passage", label = "label" }'
    (folder / "r.toml").write_text(
        f'name = "small"\n[[sources]]\nname = "s"\nkind = "tsv"\npath = "rows.tsv"\ncolumns = {columns}\n'
        "[deduplicate]\nmin_question_jaccard = 1.0\nmin_passage_jaccard = 1.0\n[split]\nvalidation = 0.3\ntest = 0.3\n",
        encoding="utf-8",
    )
    (folder / "over.toml").write_text(OVER, encoding="utf-8")
    return folder


@pytest.fixture
def recipe(files: Path) -> Recipe:
    return load(str(files / "r.toml"))


def test_the_plan_has_a_cell_per_recipe_and_seed_with_every_candidate(recipe: Recipe, files: Path) -> None:
    plan = cells(recipe, read_over(files / "over.toml"), n_seeds=2)
    assert [(cell.name, cell.seed, len(cell.candidates)) for cell in plan] == [
        ("clean", 42, 1), ("weak", 42, 2), ("clean", 43, 1), ("weak", 43, 2),
    ]  # fmt: skip
    weak = [candidate for _, candidate in plan[3].candidates]
    assert [(c.train.learning_rate, c.train.epochs, c.seed) for c in weak] == [(1e-9, 2, 43), (0.05, 2, 43)]
    assert weak[0].train.stages[0].tables == ("weak_pairs", "crops")
    assert weak[0].sources == recipe.sources


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train.epoch": 1}, "weak: train.epoch"),
        ({"train.epochs": 0}, "greater than or equal to 1"),
        ({"name.x": 1}, "there is nothing below name"),
        ({"train.stages": [{"tables": ["pears"]}]}, "train.stages.0.tables.0"),
    ],
)
def test_a_change_that_no_recipe_takes_is_refused(changes: dict[str, Any], message: str, recipe: Recipe) -> None:
    with pytest.raises(CallError, match=message):
        with_changes(recipe, changes, where="weak")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("baseline = 'x'\n[[recipes]]\nname = 'a'\n[[recipes]]\nname = 'b'\n", "baseline x; wanted unique names"),
        ("baseline = 'a'\n[[recipes]]\nname = 'a'\n[[recipes]]\nname = 'a'\n", "wanted unique names"),
        ("baseline = 'a'\n[[recipes]]\nname = 'a'\n", "at least 2 items"),
        ("baseline = a", "not TOML"),
        (None, "cannot be read"),
    ],
)
def test_a_wrong_file_is_a_wrong_call(text: str | None, message: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "over.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CallError, match=message):
        read_over(tmp_path / "over.toml")


def test_the_candidate_that_is_best_on_validation_is_judged_and_no_other(
    recipe: Recipe, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[float | None] = []
    judge = running._judged
    monkeypatch.setattr(running, "_judged", lambda build: judged.append(build.recipe.train.learning_rate) or judge(build))
    cell = cells(recipe, read_over(files / "over.toml"), n_seeds=1)[1]
    record = running.run_cell(cell, tmp_path)
    scores = {tried["train.learning_rate"]: tried["score"] for tried in record["validation"]}
    assert record["chosen"] == {"train.learning_rate": max(scores, key=lambda rate: scores[rate])}
    assert judged == [record["chosen"]["train.learning_rate"]]
    assert record["split"] == "test"
    place = running.cell_folder(tmp_path, cell)
    questions = pl.read_parquet(place / "candidate-0" / "stages" / "split" / "queries.parquet").filter(split="test")["query_id"]
    assert set(running.per_query(tmp_path, cell)["query_id"]) <= set(questions)
    assert not list(place.rglob("model.safetensors")) or not (place / "candidate-0" / "model").exists()
    assert running.run_cell(cell, tmp_path) == record  # found done
    assert len(judged) == 1
    prepared = [place / f"candidate-{n}" / "stages" / "negatives" / "pairs.parquet" / "00000.parquet" for n in (0, 1)]
    assert prepared[0].stat().st_ino == prepared[1].stat().st_ino  # prepared once


def test_a_difference_is_paired_and_knows_of_seeds_and_questions() -> None:
    rng = np.random.default_rng(1)
    seeds, queries = 5, 200
    hard = rng.normal(size=queries)  # how hard a question is, whoever asks
    values = 0.5 + 0.2 * hard + 0.02 * rng.normal(size=(seeds, queries))
    values[rng.random((seeds, queries)) < 0.8] = np.nan
    better = values + 0.05
    alone, paired = crossed_mean(better, samples=2_000, seed=0), crossed_mean(better - values, samples=2_000, seed=0)
    assert alone.value == pytest.approx(np.nanmean(better, axis=1).mean(), abs=1e-6)
    assert paired == pytest.approx((0.05, 0.05, 0.05), abs=1e-5)
    assert alone.low < alone.value < alone.high
    assert alone.high - alone.low > 0.03
    by_seed = np.array([0.0, 0.1, 0.0, 0.1])[:, None] + np.zeros((4, 500))  # the seeds differ, the questions do not
    assert crossed_mean(by_seed, samples=2_000, seed=0).high - crossed_mean(by_seed, samples=2_000, seed=0).low > 0.04
    by_query = np.where(np.arange(100) % 2, 0.1, 0.0)[None, :] + np.zeros((4, 100))
    found = crossed_mean(by_query, samples=2_000, seed=0)
    assert 0.01 < found.high - found.low < 0.03  # 0.1 * 1.96 * 2 * 0.5 / sqrt(100), as for one seed


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(200):
        effects = rng.normal(0.1, 0.05, size=8)[:, None] + rng.normal(0, 0.3, size=120)[None, :] + rng.normal(0, 0.2, size=(8, 120))
        found = crossed_mean(effects, samples=400, seed=0)
        held += found.low <= 0.1 <= found.high
    assert held >= 180  # 90 % of 200: eight seeds are few, and the interval rather too wide than too narrow


def test_the_command_writes_table_picture_and_report(files: Path, tmp_path: Path, dataprep: Callable[..., Any]) -> None:
    arguments = ("ablate", files / "r.toml", "--over", files / "over.toml", "--seeds", 2, "--build", tmp_path / "b")
    done = dataprep(*arguments)
    assert done.code == 0, done.err
    document = io.read_json(tmp_path / "b" / "ablation.json")
    assert [recipe["name"] for recipe in document["recipes"]] == ["clean", "weak"]
    assert document["seeds"] == [42, 43]
    clean, weak = document["recipes"]
    assert set(clean["differences"]["ndcg@10"].values()) == {0.0}
    gap = weak["figures"]["ndcg@10"]["value"] - clean["figures"]["ndcg@10"]["value"]
    assert weak["differences"]["ndcg@10"]["value"] == pytest.approx(gap, abs=1e-5)
    assert all(word in done.out for word in ("data recipe", "weak", "minus clean", "2 seeds", "labels ignored & crops"))
    assert (tmp_path / "b" / "ablation.svg").read_text(encoding="utf-8").count("weak")
    page = (tmp_path / "b" / "report.html").read_text(encoding="utf-8")
    assert 'id="ablation-table"' in page
    assert "labels ignored &amp; crops" in page
    again = dataprep(*arguments, "--json")
    assert json.loads(again.out) == document
    wrong = dataprep("ablate", files / "r.toml", "--over", tmp_path / "none.toml")
    assert wrong.code == 2
