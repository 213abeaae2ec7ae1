"""Training with token weights counts the passages that it may train on, and says so in the model's card."""

from pathlib import Path

import pytest
from training_case import base

from dataprep.build import Build, finish, opened
from dataprep.models import card_notes
from dataprep.pipeline import STAGES, up_to
from dataprep.recipes.recipe_file import load


def trained(folder: Path, *overrides: str) -> Build:
    base().save_pretrained(str(folder / "static"), create_model_card=False)
    settings = ("train.idf_weights=true", "train.epochs=1", "train.stages=[{tables=['pairs']}]", *overrides)
    with opened(folder / "build", load("sample", (f"train.base_model={folder / 'static'}", *settings))) as build:
        for name in (*up_to(list(STAGES), "negatives"), "train"):
            finish(STAGES[name], build)
    return build


@pytest.mark.parametrize("adapts", [False, True])
def test_tokens_are_counted_in_the_passages_that_may_be_trained_on(tmp_path: Path, adapts: bool) -> None:  # noqa: FBT001 - a case
    build = trained(tmp_path, f"train.adapt_to_corpus={str(adapts).lower()}")
    training, n_passages = build.json("train", "training"), build.table("deduplicate", "corpus").collect().height
    weights = training["idf_weights"]
    assert (weights["passages"] == n_passages) is adapts
    assert 0 < weights["passages"] <= n_passages
    text = card_notes.idf_weights({"recipe": {"train": {"adapt_to_corpus": adapts}}}, training)
    assert f"{weights['passages']:,} texts" in text
    assert ("all passages of the corpus" in text) is adapts
    assert card_notes.idf_weights({"recipe": {"train": {}}}, {}) == ""
