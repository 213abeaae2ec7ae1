"""Fine-tuning: a curriculum of stages, each from the best weights so far.

After each pass the model is judged on validation, and the weights of the best pass are the ones that are
kept. With a folder for checkpoints a run that was killed goes on where it was, to the same weights; without
one nothing but the final model reaches the disk.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer
from transformers import PrinterCallback, set_seed

from dataprep.models import batches
from dataprep.models.checkpoints import Checkpoints, Saved, training_key
from dataprep.models.course import Course, Report, Validate
from dataprep.models.curriculum import LATER_RATE, TrainingStage, in_force
from dataprep.models.encode import PASSAGE, QUERY, is_static, load, quiet
from dataprep.models.losses import DESCRIPTIONS, build_loss
from dataprep.models.metrics import PRIMARY
from dataprep.models.ranking import matryoshka_dims
from dataprep.models.table_tokens import token_statistics
from dataprep.models.trainer import PlannedTrainer, Plans, advice_on_memory, arguments, recompute_activations

STATIC_LEARNING_RATE, LEARNING_RATE = 2e-2, 2e-5
_FIXED = {"later_tables_rate": LATER_RATE, "optimizer": "AdamW", "schedule": "cosine"}


@dataclass(frozen=True)
class Settings:
    """Hyper-parameters; a stage may name epochs and a learning rate of its own."""

    epochs: int = 5
    batch_size: int = 64
    mini_batch_size: int = 32
    accumulation_steps: int = 1
    learning_rate: float | None = None  # null: 0.02 for static models, 2e-5 for transformers
    warmup_fraction: float = 0.1
    matryoshka_dims: Sequence[int] = (256, 128, 64)
    max_positives_per_question: int = 8
    query_prompt: str = ""
    passage_prompt: str = ""
    best_metric: str = PRIMARY
    best_dimension: int | None = None
    early_stopping_passes: int | None = None
    checkpoint_steps: int = 500
    gradient_checkpointing: bool = False
    mixed_precision: bool = True
    seed: int = 42


def train(  # noqa: PLR0913 - one keyword per concern
    model: SentenceTransformer,
    stages: Sequence[TrainingStage],
    settings: Settings,
    *,
    folder: Path,
    validate: Validate | None = None,
    report: Report = lambda _: None,
    checkpoints: Path | None = None,
    identity: str = "",
) -> dict[str, Any]:
    """Fine-tune the model in place and save it.

    Args:
        model: The base model; it ends with the best weights.
        stages: The curriculum, in the order of training. Stages without rows are passed over.
        settings: Hyper-parameters.
        folder: Where the model is saved.
        validate: Gives ndcg@10 and score on validation; without it the last weights are kept.
        report: Is told of progress: table, epoch, step, n_steps, loss, or table, epoch and figures.
        checkpoints: Where checkpoints are kept until the model is saved; without it none are written.
        identity: What else decides the outcome, so that checkpoints of another training are not taken up.

    Returns:
        What training.json holds: settings in force, rows and batches per stage, loss curve, validation
        figures and which pass was kept. No times: equal runs give equal logs.

    Raises:
        CallError: The memory does not suffice.
        DataError: A table has too little to contrast.
    """
    quiet()
    settings = _in_force(model, settings)
    curriculum = in_force(stages, epochs=settings.epochs, learning_rate=settings.learning_rate or 0, caches_gradients=not is_static(model))
    model.prompts = {**(model.prompts or {}), QUERY: settings.query_prompt, PASSAGE: settings.passage_prompt}
    course = Course(model, validate, report, patience=settings.early_stopping_passes)
    kept = Checkpoints(checkpoints, training_key(curriculum, asdict(settings), model.state_dict(), also=identity)) if checkpoints else None
    trained = {}
    with _threads(1 if is_static(model) else torch.get_num_threads()), _advice(model, settings):
        saved = course.keep_in(kept, every_steps=settings.checkpoint_steps) if kept else None
        if saved is None:
            course.judge("base", 0)
        elif course.n_finished > saved.stage:
            model.load_state_dict(load(saved.folder, device="cpu").state_dict())
        for number, stage in enumerate(curriculum):
            trained[stage.name] = _train_stage(model, number, stage, settings, course=course, saved=saved, kept=kept, beside=folder)
    course.restore_best()
    model.save_pretrained(str(folder), create_model_card=False)
    if kept:
        kept.clear()
    losses = ", then ".join(dict.fromkeys(DESCRIPTIONS[stage.loss] for stage in curriculum))
    return {
        "settings": {**asdict(settings), **_FIXED, "loss": losses},
        "tables": trained,
        "loss": course.losses,
        "validation": course.scores,
        "kept": course.best,
    }


def _in_force(model: SentenceTransformer, settings: Settings) -> Settings:
    """The settings with what the model decides filled in."""
    is_small = is_static(model)
    return replace(
        settings,
        learning_rate=settings.learning_rate or (STATIC_LEARNING_RATE if is_small else LEARNING_RATE),
        matryoshka_dims=matryoshka_dims(settings.matryoshka_dims, int(model.get_embedding_dimension() or 0)),
        gradient_checkpointing=settings.gradient_checkpointing and not is_small,  # there are no activations to speak of
        mixed_precision=settings.mixed_precision and not is_small,  # a mean of vectors gains nothing from half the digits
    )


def _train_stage(  # noqa: PLR0913 - what one stage needs
    model: SentenceTransformer,
    number: int,
    stage: TrainingStage,
    settings: Settings,
    *,
    course: Course,
    saved: Saved | None,
    kept: Checkpoints | None,
    beside: Path,
) -> dict[str, Any]:
    """Train on one table, or find it trained; returns its rows, those used, the batches of a pass, the steps done and its tokens."""
    used = batches.cap_positives(stage.table, max_positives=settings.max_positives_per_question)
    plans = _plans(used, stage, settings)
    if number >= course.n_finished:
        resumed = saved.folder if saved and saved.stage == number else None
        if resumed is None:
            course.restore_best()
        course.start(number, stage.name)
        beside.parent.mkdir(parents=True, exist_ok=True)
        place = nullcontext(str(kept.stage_folder(number))) if kept else TemporaryDirectory(dir=beside.parent, prefix=".trainer-")
        with place as scratch:
            _fit(model, used, stage, settings, plans=plans, scratch=Path(scratch), course=course, resumed=resumed)
    left_out = batches.left_out([batch for plan in plans for batch in plan], used.height)
    return {
        "rows": stage.table.height,
        "rows_used": used.height - left_out,
        "batches_per_epoch": len(plans[0]),
        "steps": course.steps[stage.name],
        "tokens": token_statistics(model, used, _prompts(settings)),
        "loss": stage.loss,
        "epochs": stage.epochs,
        "learning_rate": stage.learning_rate,
    }


def _prompts(settings: Settings) -> dict[str, str]:
    return {"anchor": settings.query_prompt, "positive": settings.passage_prompt, "negative": settings.passage_prompt}


def _plans(used: pl.DataFrame, stage: TrainingStage, settings: Settings) -> Plans:
    rows = batches.as_rows(used, answers=stage.table.select("anchor", "positive"))
    return [batches.plan(rows, batch_size=settings.batch_size, seed=settings.seed, epoch=epoch) for epoch in range(stage.epochs or 1)]


def _fit(  # noqa: PLR0913 - what one call of the trainer needs
    model: SentenceTransformer,
    used: pl.DataFrame,
    stage: TrainingStage,
    settings: Settings,
    *,
    plans: Plans,
    scratch: Path,
    course: Course,
    resumed: Path | None,
) -> None:
    set_seed(settings.seed)
    args = arguments(
        scratch,
        plans=plans,
        batch_size=settings.batch_size,
        accumulation_steps=settings.accumulation_steps,
        learning_rate=stage.learning_rate or 0,
        warmup_fraction=settings.warmup_fraction,
        prompts={column: prompt for column, prompt in _prompts(settings).items() if column in used.columns},
        seed=settings.seed,
        mixed_precision=settings.mixed_precision,
    )
    if settings.gradient_checkpointing:
        recompute_activations(model)
    trainer = PlannedTrainer(
        model=model,
        args=args,
        train_dataset=Dataset.from_dict(used.drop("group", strict=False).to_dict(as_series=False)),
        loss=build_loss(model, stage.loss, dims=settings.matryoshka_dims, mini_batch_size=settings.mini_batch_size),
        callbacks=[course],
    )
    trainer.plans = plans
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=str(resumed) if resumed else None)


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """So many threads for a while. Static models gain nothing from several, and one gives the same weights on any machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _advice(model: SentenceTransformer, settings: Settings) -> Any:  # noqa: ANN401 - a context manager
    max_tokens = None if is_static(model) else model.max_seq_length
    return advice_on_memory(
        batch_size=settings.batch_size, max_tokens=max_tokens, gradient_checkpointing=settings.gradient_checkpointing or is_static(model)
    )
