"""Two processes train one model together and leave one build."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from training_case import TABLES

from dataprep import io
from dataprep.build import existing_build, finish, is_current, opened
from dataprep.models import trainer
from dataprep.pipeline import PREPARE, STAGES
from dataprep.recipes.recipe import Recipe
from dataprep.recipes.recipe_file import load


def test_a_plan_is_cut_to_what_all_processes_can_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    sampler = trainer._PlannedBatches([[[0, 1], [2, 3], [4, 5]]], TABLES["pairs"], batch_size=2, drop_last=False)
    assert (len(sampler), list(sampler), sampler.batch_size) == (2, [[0, 1], [2, 3]], None)


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    row = "q{n}\tKto napisał poemat numer {n} o rzece {n}?\tPoemat {n} o rzece {n} napisał w {year} roku poeta z Krakowa.\t1\n"
    (tmp_path / "rows.tsv").write_text(
        "id\tquestion\tpassage\tlabel\n" + "".join(row.format(n=n, year=1500 + n) for n in range(120)), encoding="utf-8"
    )
    (tmp_path / "r.toml").write_text(
        'name = "pairs"\n[[sources]]\nname = "s"\nkind = "tsv"\npath = "rows.tsv"\n[train]\nepochs = 2\nbatch_size = 10\n'
        '[deduplicate]\nmin_question_jaccard = 1.0\nmin_passage_jaccard = 1.0\n[[train.stages]]\ntables = ["pairs"]\n',
        encoding="utf-8",
    )
    return load(str(tmp_path / "r.toml"))


@pytest.mark.slow
def test_two_processes_finish_the_training_of_a_build(recipe: Recipe, tmp_path: Path) -> None:
    with opened(tmp_path / "b", recipe) as build:
        for name in PREPARE[: PREPARE.index("negatives") + 1]:
            finish(STAGES[name], build)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]  # accelerate's own on GPUs
    command = [*launcher, "-m", "dataprep.models.processes", str(tmp_path / "b")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    build = existing_build(tmp_path / "b")
    assert is_current(STAGES["train"], build)
    training = build.json("train", "training")
    table = training["tables"]["pairs"]
    assert table["steps"] == table["batches_per_epoch"] // 2 * 2  # two passes, each step takes two batches
    assert [point["epoch"] for point in training["validation"]] == [0, 1, 2]
    assert not (build.folder / ".checkpoints").exists()
    assert io.file_sha256(build.model / "model.safetensors") != io.file_sha256(
        build.folder / "stages" / "train" / "base" / "model.safetensors"
    )
