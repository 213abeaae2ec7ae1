"""Fine-tuning is repeatable, keeps the best weights and leaves the finished model alone on the disk."""

import socket
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sentence_transformers import SentenceTransformer

from dataprep.errors import CallError
from dataprep.models import embedded, training
from dataprep.models.curriculum import LATER_RATE, TrainingStage
from dataprep.models.encode import ModelEncoder, is_static, load

SUBJECTS = ["zamek", "rzeka", "góra", "król", "ptak", "most", "las", "okręt", "szkoła", "piekarz", "zegar", "młyn"]
TABLES = {
    "pairs": pl.DataFrame(
        {"anchor": [f"gdzie jest {s}?" for s in SUBJECTS], "positive": [f"{s} jest za miastem, obok drogi" for s in SUBJECTS]}
    ),
    "triplets": pl.DataFrame(
        {
            "anchor": [f"gdzie jest {s}?" for s in SUBJECTS],
            "positive": [f"{s} jest za miastem, obok drogi" for s in SUBJECTS],
            "negative": [f"{s} to słowo o wielu znaczeniach" for s in SUBJECTS],
        }
    ),
}
STAGES = [TrainingStage(name, table) for name, table in TABLES.items()]
PASSAGES = TABLES["triplets"].select(pl.concat([pl.col("positive"), pl.col("negative")]))["positive"]
SETTINGS = training.Settings(epochs=2, batch_size=6, matryoshka_dims=(32, 8), seed=7)


def base() -> SentenceTransformer:
    return embedded.build_base_model(PASSAGES, embedded.train_tokenizer(PASSAGES), dims=16)


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


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
    assert log["tables"]["pairs"] == {"rows": 12, "rows_used": 12, "batches_per_epoch": 2, "steps": 4}
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

    def validate(model: SentenceTransformer) -> float:
        at.append(ModelEncoder(model).encode_queries(["zamek"]))
        return next(asked)

    log = training.train(base(), STAGES, SETTINGS, folder=tmp_path / "model", validate=validate)
    assert [point["ndcg@10"] for point in log["validation"]] == scores
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

    monkeypatch.setattr(training._Trainer, "training_step", exhausted)
    with pytest.raises(CallError, match=r"batch_size = 6; try --set train\.batch_size=3"):
        training.train(base(), STAGES, SETTINGS, folder=tmp_path / "model")


def test_a_folder_without_a_model_is_a_wrong_call(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CallError, match="could not be loaded"):
        load(tmp_path)


def test_a_later_table_starts_from_the_best_weights_so_far(tmp_path: Path) -> None:
    vectors: list[np.ndarray] = []
    scores = iter([0.1, 0.9, 0.2, 0.3, 0.3])

    def validate(model: SentenceTransformer) -> float:
        vectors.append(ModelEncoder(model).encode_queries(["zamek"]))
        return next(scores)

    stages = [STAGES[0], TrainingStage("triplets", TABLES["triplets"], learning_rate=1e-12)]
    training.train(base(), stages, SETTINGS, folder=tmp_path / "model", validate=validate)
    assert np.allclose(vectors[3], vectors[1], atol=1e-6)
    assert not np.allclose(vectors[3], vectors[2], atol=1e-6)
