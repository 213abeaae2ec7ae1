"""The model's card and evaluation.json are proved on the build's files, and each proof can fail."""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dataprep import io
from dataprep.models import model_proof


@pytest.fixture
def build(judged_sample: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(judged_sample, tmp_path / "copy"))


def broken(build: Path) -> set[str]:
    return {name for name, query in model_proof.contracts(build).items() if query().height}


def test_a_judged_build_meets_its_contracts_and_one_that_is_not_judged_has_none(build: Path, tmp_path: Path) -> None:
    assert len(model_proof.contracts(build)) == 3
    assert broken(build) == set()
    assert model_proof.contracts(tmp_path) == {}


def test_a_changed_figure_of_the_card_is_found(build: Path, dataprep: Callable[..., Any]) -> None:
    card = build / "model/README.md"
    text = card.read_text(encoding="utf-8")
    changed = re.sub(r"(\*\*this model\*\* \| \d+ \| 0\.)(\d)", lambda m: m[1] + str((int(m[2]) + 1) % 10), text, count=1)
    assert changed != text
    card.write_text(changed, encoding="utf-8")
    assert broken(build) == {"the model's card is what training and evaluation say"}
    done = dataprep("check", build)
    assert done.code == 3
    assert "the model's card is what training and evaluation say" in done.out


@pytest.mark.parametrize("name", model_proof._READ)
def test_a_lost_file_is_said(name: str, judged_sample: Path, tmp_path: Path) -> None:
    """The next run makes it again, after its report of what is there."""
    shutil.copytree(judged_sample, tmp_path, dirs_exist_ok=True, copy_function=os.link)
    (tmp_path / name).rename(tmp_path / "gone")
    assert broken(tmp_path) == {"every file that a judged model is proved on is there"}


def test_a_changed_figure_of_the_evaluation_is_found(build: Path) -> None:
    evaluation = io.read_json(build / "evaluation.json")
    next(iter(evaluation["systems"]["finetuned"].values()))["ndcg@10"]["value"] += 0.01
    (build / "evaluation.json").write_text(json.dumps(evaluation), encoding="utf-8")
    assert "the evaluation's figures are those of its runs" in broken(build)
    assert model_proof.figures_unlike_runs(build)["metric"].to_list() == ["ndcg@10"]


def test_other_weights_than_those_that_were_judged_are_found(build: Path) -> None:
    weights = next((build / "model").rglob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    assert broken(build) == {"the model is the one that was trained and judged"}


def test_the_figures_of_the_card_are_those_of_the_evaluation_and_its_snippet_runs(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import ModelCard  # noqa: PLC0415

    text = (build / "model/README.md").read_text(encoding="utf-8")
    data = ModelCard(text).data
    evaluation = io.read_json(build / "evaluation.json")
    stated = {(r.dataset_config, r.metric_name.removeprefix("Cosine ")): r.metric_value for r in data.eval_results}
    wanted = {(f"{d} dimensions", m): f["value"] for d, ms in evaluation["systems"]["finetuned"].items() for m, f in ms.items()}
    assert stated == wanted
    validation = pl.read_parquet(build / "stages/split/queries.parquet").filter(pl.col("split") == "validation")["text"].to_list()
    assert data.widget
    assert all(shown["source_sentence"] in validation for shown in data.widget)
    snippet = text.split("```python\n")[1].split("```")[0]
    assert 'model.prompts == {"query": "zapytanie: ", "document": ""}' in snippet
    monkeypatch.chdir(build)
    found: dict[str, Any] = {}
    exec(snippet.replace("path/or/hub-id", "model"), found)  # noqa: S102 - the card's own code is what is tested
    assert found["model"].similarity(found["queries"], found["passages"]).shape == (1, 3)
    assert not re.search(r"unknown|\bnone\b|\bnan\b", text.split("---\n", 2)[2], flags=re.IGNORECASE)
