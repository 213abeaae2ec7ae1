"""The model's card says what the figures say, and never "Unknown"."""

import re
from typing import Any

import pytest
from huggingface_hub import ModelCard

from dataprep.models import card_notes
from dataprep.models.metrics import MEASURES
from dataprep.models.model_card import card
from dataprep.models.training_tables import TABLES


def metadata(text: str) -> Any:
    return ModelCard(text).data


def manifest(**changed: Any) -> dict[str, Any]:
    train = {"base_model": "embedded", "base_revision": None}
    recipe: dict[str, Any] = {
        "name": "probe",
        "title": "Próba",
        "sources": [{"name": "a", "repo": None}],
        "filter": {"languages": ["pl"]},
        "split": {"by": "group"},
        "negatives": {"per_positive": 3},
    }
    sources = [{"name": "a", "kind": "tsv", "rows": 1234, "licence": "cc-by-4.0"}]
    found: dict[str, Any] = {
        "recipe": {**recipe, "train": train},
        "recipe_sha256": "ab" * 32,
        "dataprep_version": "0.1.0",
        "sources": sources,
    }
    found["recipe"] = {**found["recipe"], **changed.pop("recipe", {})}
    return {**found, **changed}


def figure(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.05, "high": value + 0.05}


EVALUATION = {
    "split": "test",
    "n_queries": 1100,
    "n_passages": 40_000,
    "tie_rule": "by score, then id",
    "bootstrap_samples": 1000,
    "systems": {
        "bm25": {"all": dict.fromkeys(MEASURES, figure(0.811))},
        "base": {"256": dict.fromkeys(MEASURES, figure(0.512)), "64": dict.fromkeys(MEASURES, figure(0.313))},
        "finetuned": {"256": dict.fromkeys(MEASURES, figure(0.714)), "64": dict.fromkeys(MEASURES, figure(0.615))},
    },
    "differences": {"finetuned-base": {"256": dict.fromkeys(MEASURES, figure(0.202))}},
}
TRAINING = {
    "settings": {
        "epochs": 5,
        "batch_size": 64,
        "learning_rate": 0.02,
        "warmup_fraction": 0.1,
        "matryoshka_dims": (256, 64),
        "max_positives_per_question": 8,
        "query_prompt": "zapytanie: ",
        "passage_prompt": "",
        "seed": 42,
        "loss": "MatryoshkaLoss(MultipleNegativesRankingLoss)",
        "optimizer": "AdamW",
        "schedule": "cosine",
        "later_tables_rate": 0.25,
    },
    "tables": {"pairs": {"rows": 5000, "rows_used": 4990, "batches_per_epoch": 80, "steps": 400}},
    "validation": [{"table": "base", "epoch": 0, "ndcg@10": 0.5}, {"table": "pairs", "epoch": 1, "ndcg@10": 0.7}],
    "kept": {"table": "pairs", "epoch": 1, "ndcg@10": 0.7},
}
LENGTHS = {
    "columns": [
        {"table": "pairs", "column": "anchor", "split": "train", "measure": "tokens", "tokenizer": "embedded", "mean": 11.25, "max": 1040}
    ]
}


def test_every_metric_of_every_dimension_is_in_the_model_index() -> None:
    data = metadata(card(manifest(), TRAINING, EVALUATION, LENGTHS))
    found = {(r.dataset_name, r.metric_name): r.metric_value for r in data.eval_results}
    assert len(found) == 2 * len(MEASURES)
    assert found["Próba, test, 64 dimensions", "Cosine ndcg@10"] == 0.615
    assert (data.language, data.license, data.library_name, data.pipeline_tag) == (
        ["pl"],
        "cc-by-4.0",
        "sentence-transformers",
        "sentence-similarity",
    )
    assert data.base_model is None


def test_the_widget_shows_questions_of_validation() -> None:
    shown = [{"question": "Kto to?", "passages": ["To Jan.", "To nie on."]}]
    data = metadata(card(manifest(), TRAINING, EVALUATION, LENGTHS, examples=shown))
    assert data.widget == [{"source_sentence": "Kto to?", "sentences": ["To Jan.", "To nie on."]}]
    assert metadata(card(manifest(), TRAINING, EVALUATION, LENGTHS)).to_dict().get("widget") is None


def test_the_split_the_baselines_the_log_and_the_origin_are_told() -> None:
    counts = {"train": {"queries": 1000, "positives": 1200, "groups": 900}}
    evaluation = EVALUATION | {
        "bm25": {"k1": 0.6, "b": 0.3, "n_queries": 77, "tried": [{}] * 25},
        "hybrid": {"k": 60, "depth": 100},
        "base_model": {"sha256": "cd" * 32},
        "protocols": PROTOCOLS,
    }
    training = TRAINING | {"loss": [{"table": "pairs", "epoch": 0.5, "loss": 2.0}, {"table": "pairs", "epoch": 1.0, "loss": 1.0}]}
    text = card(manifest(splits=counts, recipe={"train": {"base_model": "potion", "base_revision": None}}), training, evaluation, LENGTHS)
    for wanted in (
        "train 1,000 questions with 1,200 right passages in 900 groups",
        "k1 = 0.6 and b = 0.3, chosen by ndcg@10 on 77 questions of validation out of 25 settings",
        "reciprocal rank fusion of BM25 and this model, k = 60",
        "| pairs | 1 | 1.5000 | 0.7000 |",
        f"weights sha256 `{'cd' * 32}`",
        "| a perfect ranker | - | 0.250 | 0.600 | 1.000 | 1.000 |",
        "97.6%",
        "## Citation",
    ):
        assert wanted in text, wanted


PROTOCOLS = {
    "split": {"train": 3738, "test": 416},
    "seen_questions_fraction": 0.976,
    "rows": {"n_queries": 416, "n_passages": 4154, "systems": {"perfect": {"all": {"accuracy@1": 0.25, "ndcg@10": 0.6}}}},
    "questions": {"n_queries": 487, "n_passages": 4152, "systems": {"perfect": {"all": {"accuracy@1": 1.0, "ndcg@10": 1.0}}}},
}


def test_figures_of_all_systems_rows_tokens_and_the_kept_pass_are_told() -> None:
    text = card(manifest(), TRAINING, EVALUATION, LENGTHS)
    for wanted in (
        "0.811 [0.761, 0.861]",
        "+0.202 [+0.152, +0.252]",
        "1,100 questions",
        "40,000 passages",
        "4,990",
        "anchor 11.2 (1,040)",
        "epoch 1 on pairs",
    ):
        assert wanted in text
    assert "'zapytanie: ' before questions" in text
    assert "ab" * 32 in text
    assert not re.search(r"unknown|none\b|nan\b", text, flags=re.IGNORECASE)


def test_a_base_model_and_a_source_of_the_hub_are_linked() -> None:
    changed = {"train": {"base_model": "owner/base", "base_revision": "v1"}, "sources": [{"name": "a", "repo": "owner/data"}]}
    text = card(manifest(recipe=changed), TRAINING, EVALUATION, LENGTHS)
    data = metadata(text)
    assert data.base_model == "owner/base"
    assert data.datasets == ["owner/data"]
    assert "revision `v1`" in text
    assert "Static vectors" not in text


def test_a_licence_that_others_state_differently_is_other() -> None:
    claimed = {"name": "a", "repo": None, "licence": "cc-by-4.0", "licence_claims": [{"licence": "mit", "by": "a copy"}]}
    data = metadata(card(manifest(recipe={"sources": [claimed]}), TRAINING, EVALUATION, LENGTHS))
    assert (data.license, data.license_name) == ("other", "see-sources")


@pytest.mark.parametrize(
    ("licences", "name"), [(["cc-by-4.0", "mit"], "several-licences"), (["my own"], "see-sources"), (["unknown"], "see-sources")]
)
def test_a_licence_that_is_not_one_the_hub_knows_is_other(licences: list[str], name: str) -> None:
    sources = [{"name": f"s{i}", "kind": "tsv", "rows": 1, "licence": licence} for i, licence in enumerate(licences)]
    data = metadata(card(manifest(sources=sources), TRAINING, EVALUATION, LENGTHS))
    assert (data.license, data.license_name) == ("other", name)


def test_a_split_by_rows_is_owned_up_to() -> None:
    assert "flatter the model" in card(manifest(recipe={"split": {"by": "row"}}), TRAINING, EVALUATION, LENGTHS)
    assert "flatter the model" not in card(manifest(), TRAINING, EVALUATION, LENGTHS)


def test_without_validation_and_training_rows_the_card_still_stands() -> None:
    text = card(manifest(), {**TRAINING, "tables": {}, "validation": [], "kept": None}, EVALUATION, {"columns": []})
    assert "those after the last step" in text
    assert "No question of validation has a positive." in text


def test_pairs_made_from_the_searched_corpus_are_owned_up_to() -> None:
    adapted = manifest(recipe={"train": {"base_model": "embedded", "base_revision": None, "adapt_to_corpus": True}})
    assert "transductive" in card(adapted, TRAINING, EVALUATION, LENGTHS)
    assert "transductive" not in card(manifest(), TRAINING, EVALUATION, LENGTHS)


def test_every_table_that_was_trained_on_is_explained_with_its_tokens() -> None:
    stages = [{"tables": ["weak_pairs", "crops"]}, {"tables": ["judged_triplets"]}]
    trained = manifest(recipe={"train": {"base_model": "embedded", "base_revision": None, "stages": stages}})
    own = {**TRAINING, "tables": {"weak_pairs + crops": {**TRAINING["tables"]["pairs"], "tokens": {"anchor": {"mean": 9.25, "max": 4321}}}}}
    own["kept"] = {**TRAINING["kept"], "table": "weak_pairs + crops"}
    text = card(trained, own, EVALUATION, LENGTHS)
    for words in ("`weak_pairs`: a question and any passage", "`crops`: two spans", "passages of training questions alone", "9.2 (4,321)"):
        assert words in text


def test_every_table_that_a_recipe_may_name_is_explained() -> None:
    assert set(card_notes._TABLES) == set(TABLES)
