"""Fine-tuning is repeatable, keeps the best weights and leaves the finished model alone on the disk."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from sentence_transformers import SentenceTransformer
from training_case import SETTINGS, STAGES, TABLES, base, contextual_base, weights

from dataprep.errors import CallError
from dataprep.models import training
from dataprep.models.curriculum import LATER_RATE, TrainingStage
from dataprep.models.encode import ModelEncoder, is_static, load
from dataprep.models.evaluation import evaluate
from dataprep.models.losses import DESCRIPTIONS
from dataprep.models.table_tokens import token_statistics
from dataprep.models.tasks import Task
from dataprep.models.trainer import PlannedTrainer
from dataprep.models.validation import Validation


def scored(score: float) -> dict[str, float]:
    return {"ndcg@10": score / 2, "score": score}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], list[dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("build") / "model"
    told: list[dict[str, Any]] = []
    settings = training.Settings(**{**SETTINGS.__dict__, "query_prompt": "pytanie: ", "passage_prompt": "treść: "})
    log = training.train(base(), STAGES, settings, folder=folder, report=told.append)
    return folder, log, told


def test_the_log_holds_the_settings_in_force_and_the_whole_loss_curve(trained: tuple[Path, dict[str, Any], list[dict[str, Any]]]) -> None:
    _, log, told = trained
    assert log["settings"]["learning_rate"] == training.STATIC_LEARNING_RATE
    assert log["settings"]["matryoshka_dims"] == (16, 8)
    sizes = {"rows": 12, "rows_used": 12, "batches_per_epoch": 2, "steps": 4, "loss": "mnrl", "epochs": 2}
    assert sizes.items() <= log["tables"]["pairs"].items()
    assert [(point["table"], point["step"]) for point in log["loss"]] == [(name, step) for name in TABLES for step in (1, 2, 3, 4)]
    assert [point["n_steps"] for point in told] == [4] * 8
    peaks = {name: max(point["learning_rate"] for point in log["loss"] if point["table"] == name) for name in TABLES}
    assert peaks["triplets"] == pytest.approx(peaks["pairs"] * LATER_RATE)
    assert log["kept"] is None


def test_prompts_stand_on_the_saved_model(trained: tuple[Path, dict[str, Any], list[dict[str, Any]]]) -> None:
    model = load(trained[0], device="cpu")
    encoder = ModelEncoder(model, query_prompt="pytanie: ", passage_prompt="treść: ")
    assert np.array_equal(encoder.encode_queries(["zamek"]), model.encode_query(["zamek"]))
    assert np.array_equal(encoder.encode_passages(["zamek"]), model.encode_document(["zamek"]))
    assert not np.array_equal(encoder.encode_queries(["zamek"]), ModelEncoder(model).encode_queries(["zamek"]))


def test_only_the_model_is_left_on_the_disk_and_without_a_card(trained: tuple[Path, dict[str, Any], list[dict[str, Any]]]) -> None:
    folder, _, _ = trained
    assert [path.name for path in folder.parent.iterdir()] == ["model"]
    assert not (folder / "README.md").exists()
    assert is_static(load(folder, device="cpu"))


def test_prompts_are_put_before_the_texts_that_are_trained_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[tuple[str | None, bool]] = set()
    model = base()
    preprocess = model.preprocess

    def watched(inputs: list[str], prompt: str | None = None, **kwargs: Any) -> Any:
        seen.update((prompt, text.split()[0] == "gdzie") for text in inputs)
        return preprocess(inputs, prompt=prompt, **kwargs)

    monkeypatch.setattr(model, "preprocess", watched)
    settings = training.Settings(**{**SETTINGS.__dict__, "epochs": 1, "query_prompt": "pytanie: ", "passage_prompt": "treść: "})
    training.train(model, STAGES, settings, folder=tmp_path / "model")
    assert seen == {("pytanie: ", True), ("treść: ", False)}


def test_equal_runs_give_equal_weights_and_logs_without_touching_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_args: object, **_settings: object) -> None:
        raise AssertionError("training reached for the network")

    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr(socket.socket, "connect", refused)
    first = training.train(base(), STAGES, SETTINGS, folder=tmp_path / "first")
    again = training.train(
        base(), [TrainingStage(stage.name, stage.table.reverse()) for stage in STAGES], SETTINGS, folder=tmp_path / "again"
    )
    assert weights(tmp_path / "first") == weights(tmp_path / "again")
    assert first == again
    other = training.Settings(**{**SETTINGS.__dict__, "seed": 8})
    training.train(base(), STAGES, other, folder=tmp_path / "other")
    assert weights(tmp_path / "other") != weights(tmp_path / "first")


@pytest.mark.parametrize(
    ("scores", "kept"),
    [([0.5, 0.3, 0.2, 0.1, 0.1], ("pairs", 1)), ([0.1, 0.2, 0.3, 0.4, 0.3], ("triplets", 1)), ([0, 1, 1, 1, 1], ("pairs", 1))],
)
def test_the_weights_of_the_best_pass_are_saved(scores: list[float], kept: tuple[str, int], tmp_path: Path) -> None:
    asked = iter(scores)
    at: list[np.ndarray] = []

    def validate(model: SentenceTransformer) -> dict[str, float]:
        at.append(ModelEncoder(model).encode_queries(["zamek"]))
        return scored(next(asked))

    log = training.train(base(), STAGES, SETTINGS, folder=tmp_path / "model", validate=validate)
    assert [point["score"] for point in log["validation"]] == scores
    assert (log["kept"]["table"], log["kept"]["epoch"]) == kept
    best = [(p["table"], p["epoch"]) for p in log["validation"]].index(kept)
    assert np.array_equal(ModelEncoder(load(tmp_path / "model", device="cpu")).encode_queries(["zamek"]), at[best])


def test_training_brings_questions_nearer_to_their_passages(tmp_path: Path) -> None:
    def margin(model: SentenceTransformer) -> float:
        table = TABLES["triplets"]
        q, p, n = (ModelEncoder(model).encode_queries(table[name].to_list()) for name in ("anchor", "positive", "negative"))
        return float(((q * p).sum(axis=1) - (q * n).sum(axis=1)).mean())

    training.train(base(), STAGES, training.Settings(epochs=5, batch_size=6, learning_rate=0.2), folder=tmp_path / "model")
    assert margin(load(tmp_path / "model", device="cpu")) > margin(base()) + 0.2


def test_without_rows_the_base_model_is_saved_as_it_is(tmp_path: Path) -> None:
    log = training.train(base(), [TrainingStage(stage.name, stage.table.clear()) for stage in STAGES], SETTINGS, folder=tmp_path / "model")
    assert log["tables"] == {}
    before, after = (ModelEncoder(model).encode_queries(["zamek"]) for model in (base(), load(tmp_path / "model", device="cpu")))
    assert np.array_equal(before, after)


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")]
)
def test_too_little_memory_gives_advice(error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_args: object, **_settings: object) -> None:
        raise error

    monkeypatch.setattr(PlannedTrainer, "training_step", exhausted)
    with pytest.raises(CallError, match=r"batch_size = 6; try one of\s+--set train\.batch_size=3\s+loss = \"cached_mnrl\""):
        training.train(base(), STAGES, SETTINGS, folder=tmp_path / "model")


def test_a_folder_without_a_model_is_a_wrong_call(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CallError, match="could not be loaded"):
        load(tmp_path)


def test_a_later_table_starts_from_the_best_weights_so_far(tmp_path: Path) -> None:
    vectors: list[np.ndarray] = []
    scores = iter([0.1, 0.9, 0.2, 0.3, 0.3])

    def validate(model: SentenceTransformer) -> dict[str, float]:
        vectors.append(ModelEncoder(model).encode_queries(["zamek"]))
        return scored(next(scores))

    stages = [STAGES[0], TrainingStage("triplets", TABLES["triplets"], learning_rate=1e-12)]
    training.train(base(), stages, SETTINGS, folder=tmp_path / "model", validate=validate)
    assert np.allclose(vectors[3], vectors[1], atol=1e-6)
    assert not np.allclose(vectors[3], vectors[2], atol=1e-6)


def test_a_stage_ends_where_validation_gets_no_better(tmp_path: Path) -> None:
    scores = iter([0.1, 0.5, 0.4, 0.3, 0.6, 0.5, 0.4])
    settings = training.Settings(**{**SETTINGS.__dict__, "epochs": 9, "early_stopping_passes": 2})
    log = training.train(base(), STAGES, settings, folder=tmp_path / "model", validate=lambda _: scored(next(scores)))
    assert [(point["table"], point["epoch"]) for point in log["validation"]] == [
        ("base", 0),
        *(("pairs", epoch) for epoch in (1, 2, 3)),
        *(("triplets", epoch) for epoch in (1, 2, 3)),
    ]
    assert [table["steps"] for table in log["tables"].values()] == [6, 6]


@pytest.mark.parametrize("loss", DESCRIPTIONS)
@pytest.mark.parametrize("make", [base, contextual_base])
def test_every_loss_trains_static_and_contextual_models(make: Callable[[], SentenceTransformer], loss: str, tmp_path: Path) -> None:
    stages = [TrainingStage("triplets", TABLES["triplets"], loss=loss)]
    settings = training.Settings(**{**SETTINGS.__dict__, "learning_rate": 0.01, "mini_batch_size": 2, "gradient_checkpointing": True})
    log = training.train(make(), stages, settings, folder=tmp_path / "model")
    in_force = "mnrl" if loss == "cached_mnrl" and make is base else loss  # a static model has no activations to save memory on
    assert log["settings"]["loss"] == DESCRIPTIONS[in_force]
    assert log["settings"]["gradient_checkpointing"] == (make is contextual_base)
    before, after = (
        ModelEncoder(model).encode_queries(["gdzie jest zamek?"]) for model in (make(), load(tmp_path / "model", device="cpu"))
    )
    assert not np.allclose(before, after)


def test_cached_and_recomputed_gradients_are_those_of_the_plain_loss(tmp_path: Path) -> None:
    found = []
    for loss, recomputes in (("mnrl", False), ("cached_mnrl", False), ("mnrl", True)):
        model = contextual_base()
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        stages = [TrainingStage("pairs", TABLES["pairs"], loss=loss)]
        settings = training.Settings(**{**SETTINGS.__dict__, "mini_batch_size": 4, "gradient_checkpointing": recomputes})
        training.train(model, stages, settings, folder=tmp_path / f"{loss}-{recomputes}")
        found.append(ModelEncoder(model).encode_queries(["zamek"]))
    assert np.allclose(found[0], found[1], atol=1e-5)
    assert np.allclose(found[0], found[2], atol=1e-5)


def test_weights_are_chosen_by_the_named_metric_at_the_named_dimension() -> None:
    table = TABLES["triplets"].with_row_index()
    queries = table.select(query_id=pl.format("q{}", "index"), text="anchor").sort("query_id")
    passages = table.select(passage_id=pl.format("p{}", "index"), text="positive").sort("passage_id")
    qrels = table.select(query_id=pl.format("q{}", "index"), passage_id=pl.format("p{}", "index"), relevance=pl.lit(1, pl.Int8))
    task, model = Task("validation", queries, passages, qrels), base()

    def measured(metric: str, dimension: int | None) -> dict[str, float]:
        return dict(Validation(task, ModelEncoder, metric=metric, dimension=dimension)(model))

    judged = evaluate(task, {"base": ModelEncoder(model)}, dims=(8, 4), bootstrap_samples=10, seed=1)
    for metric, dimension in (("accuracy@1", 8), ("map@100", 4), ("ndcg@10", 16)):
        expected = judged.summary["systems"]["base"][str(dimension)][metric]["value"]
        assert measured(metric, dimension)["score"] == pytest.approx(expected, abs=1e-6)
    assert measured("map@100", None) == measured("map@100", 16) == measured("map@100", 1_000)
    assert measured("accuracy@1", 2)["ndcg@10"] == measured("ndcg@10", None)["score"] != measured("ndcg@10", 2)["score"]


def test_batches_are_planned_so_that_none_holds_one_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where NO_DUPLICATES makes batches of size 1: one question has many positives."""
    many = pl.DataFrame({"anchor": ["gdzie jest las?"] * 40, "positive": [f"las numer {n} jest za miastem" for n in range(40)]})
    others = TABLES["pairs"].filter(~pl.col("anchor").str.contains("las"))
    sizes: list[int] = []
    step = PlannedTrainer.training_step

    def watched(self: PlannedTrainer, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        sizes.append(len(next(value for key, value in inputs.items() if key.endswith(("input_ids", "offsets")))))
        return step(self, model, inputs, *args, **kwargs)

    monkeypatch.setattr(PlannedTrainer, "training_step", watched)
    settings = training.Settings(**{**SETTINGS.__dict__, "max_positives_per_question": 100})
    log = training.train(base(), [TrainingStage("pairs", pl.concat([many, others]))], settings, folder=tmp_path / "model")
    assert log["tables"]["pairs"]["steps"] == len(sizes)
    assert min(sizes) >= 2


def test_advice_names_what_lowers_the_need_of_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_args: object, **_settings: object) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(PlannedTrainer, "training_step", exhausted)
    with pytest.raises(CallError) as caught:
        training.train(contextual_base(), STAGES, SETTINGS, folder=tmp_path / "model")
    for key in ("train.batch_size=3", "train.gradient_checkpointing=true", "train.max_tokens=16", "max_seq_length is 32", "cached_mnrl"):
        assert key in str(caught.value)


@pytest.mark.parametrize("make", [base, contextual_base])
def test_tokens_are_counted_as_the_model_reads_them(make: Callable[[], SentenceTransformer]) -> None:
    model, table = make(), TABLES["triplets"]
    prompts = {"anchor": "pytanie: "}
    found = token_statistics(model, table.with_columns(group=pl.lit("x")), prompts)
    assert list(found) == ["anchor", "positive", "negative"]
    for column, figures in found.items():
        read = model.preprocess([f"{prompts.get(column, '')}{text}" for text in table[column]])
        n_tokens = int(read["attention_mask"].sum()) if "attention_mask" in read else len(read["input_ids"])
        assert figures["total"] == n_tokens
        assert figures["min"] <= figures["mean"] <= figures["max"]
