"""Fine-tuning with sentence-transformers' trainer: Matryoshka dimensions over in-batch and hard negatives.

Stages follow each other, each on a table of its own and from the best weights so far, the later ones at a
quarter of the learning rate unless they name their own. After each pass the model is
judged on validation, and the weights of the best pass are the ones that are kept, in memory, so nothing but
the final model reaches the disk.
"""

import gc
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.base.sampler import DefaultBatchSampler
from sentence_transformers.sentence_transformer.losses import MatryoshkaLoss, MultipleNegativesRankingLoss
from transformers import PrinterCallback, set_seed

from dataprep.errors import CallError
from dataprep.models import batches
from dataprep.models.course import Course, Report, Validate
from dataprep.models.curriculum import LATER_RATE, TrainingStage, in_force
from dataprep.models.encode import PASSAGE, QUERY, has_cuda_bf16, is_static, quiet
from dataprep.models.ranking import matryoshka_dims

STATIC_LEARNING_RATE, LEARNING_RATE = 2e-2, 2e-5
_FIXED = {
    "later_tables_rate": LATER_RATE,
    "loss": "MatryoshkaLoss(MultipleNegativesRankingLoss)",
    "optimizer": "AdamW",
    "schedule": "cosine",
}
_LOGGED_STEPS = 200  # points of the loss curve per table, about


@dataclass(frozen=True)
class Settings:
    """Hyper-parameters; a stage may name epochs and a learning rate of its own."""

    epochs: int = 5
    batch_size: int = 64
    learning_rate: float | None = None  # null: 0.02 for static models, 2e-5 for transformers
    warmup_fraction: float = 0.1
    matryoshka_dims: Sequence[int] = (256, 128, 64)
    max_positives_per_question: int = 8
    query_prompt: str = ""
    passage_prompt: str = ""
    seed: int = 42


def train(
    model: SentenceTransformer,
    stages: Sequence[TrainingStage],
    settings: Settings,
    *,
    folder: Path,
    validate: Validate | None = None,
    report: Report = lambda _: None,
) -> dict[str, Any]:
    """Fine-tune the model in place and save it.

    Args:
        model: The base model; it ends with the best weights.
        stages: The curriculum, in the order of training. Stages without rows are passed over.
        settings: Hyper-parameters.
        folder: Where the model is saved; the trainer's scratch folder stands beside it while it runs.
        validate: Gives ndcg@10 on validation; without it the last weights are kept.
        report: Is told of progress: table, epoch, step, n_steps, loss, or table, epoch and ndcg@10.

    Returns:
        What training.json holds: settings in force, rows and batches per table, loss curve, validation
        figures and which pass was kept. No times: equal runs give equal logs.

    Raises:
        CallError: The memory does not suffice.
        DataError: A table has too little to contrast.
    """
    quiet()
    settings = _in_force(model, settings)
    curriculum = in_force(stages, epochs=settings.epochs, learning_rate=settings.learning_rate or 0)
    model.prompts = {**(model.prompts or {}), QUERY: settings.query_prompt, PASSAGE: settings.passage_prompt}
    course = Course(model, validate, report)
    course.judge("base", 0)
    trained: dict[str, dict[str, int]] = {}
    with _threads(1 if is_static(model) else torch.get_num_threads()):
        for stage in curriculum:
            course.restore_best()
            own = replace(settings, epochs=stage.epochs or settings.epochs, learning_rate=stage.learning_rate)
            trained[stage.name] = _train_table(model, stage.name, stage.table, own, course=course, beside=folder)
    course.restore_best()
    model.save_pretrained(str(folder), create_model_card=False)
    return {
        "settings": {**asdict(settings), **_FIXED},
        "tables": trained,
        "loss": course.losses,
        "validation": course.scores,
        "kept": course.best,
    }


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """So many threads for a while. Static models gain nothing from several, and one gives the same weights on any machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _in_force(model: SentenceTransformer, settings: Settings) -> Settings:
    """The settings with what the model decides filled in."""
    rate = settings.learning_rate or (STATIC_LEARNING_RATE if is_static(model) else LEARNING_RATE)
    dims = matryoshka_dims(settings.matryoshka_dims, int(model.get_embedding_dimension() or 0))
    return Settings(**{**asdict(settings), "learning_rate": rate, "matryoshka_dims": dims})


def _train_table(
    model: SentenceTransformer, name: str, table: pl.DataFrame, settings: Settings, *, course: Course, beside: Path
) -> dict[str, int]:
    """Train on one table; returns its rows, those used and the batches of a pass."""
    set_seed(settings.seed)
    used = batches.cap_positives(table, max_positives=settings.max_positives_per_question)
    plans = _plans(used, table, settings)
    course.start(name)
    beside.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=beside.parent, prefix=".trainer-") as scratch:
        trainer = _Trainer(
            model=model,
            args=_arguments(Path(scratch), settings, n_batches=len(plans[0])),
            train_dataset=Dataset.from_dict(used.drop("group", strict=False).to_dict(as_series=False)),
            loss=MatryoshkaLoss(model, MultipleNegativesRankingLoss(model), matryoshka_dims=list(settings.matryoshka_dims)),
            callbacks=[course],
        )
        trainer.plans = plans
        trainer.remove_callback(PrinterCallback)
        _run(trainer, settings)
    left_out = batches.left_out([batch for plan in plans for batch in plan], used.height)
    return {"rows": table.height, "rows_used": used.height - left_out, "batches_per_epoch": len(plans[0]), "steps": sum(map(len, plans))}


def _plans(used: pl.DataFrame, table: pl.DataFrame, settings: Settings) -> list[list[list[int]]]:
    rows = batches.as_rows(used, answers=table.select("anchor", "positive"))
    return [batches.plan(rows, batch_size=settings.batch_size, seed=settings.seed, epoch=epoch) for epoch in range(settings.epochs)]


def _arguments(scratch: Path, settings: Settings, *, n_batches: int) -> SentenceTransformerTrainingArguments:
    n_steps = n_batches * settings.epochs
    prompts = {"anchor": settings.query_prompt, "positive": settings.passage_prompt, "negative": settings.passage_prompt}
    return SentenceTransformerTrainingArguments(
        output_dir=str(scratch),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        learning_rate=settings.learning_rate or LEARNING_RATE,
        lr_scheduler_type="cosine",
        warmup_steps=math.ceil(settings.warmup_fraction * n_steps),
        prompts={column: prompt for column, prompt in prompts.items() if prompt},
        bf16=has_cuda_bf16(),
        use_cpu=not torch.cuda.is_available(),
        dataloader_pin_memory=torch.cuda.is_available(),
        seed=settings.seed,
        logging_steps=max(1, n_steps // _LOGGED_STEPS),
        save_strategy="no",
        eval_strategy="no",
        report_to=[],
        disable_tqdm=True,
    )


def _run(trainer: "_Trainer", settings: Settings) -> None:
    try:
        trainer.train()
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        gc.collect()
        raise CallError(
            f"train: the memory does not suffice for train.batch_size = {settings.batch_size}; "
            f"try --set train.batch_size={max(2, settings.batch_size // 2)}, a smaller train.max_tokens, or a smaller base model"
        ) from error


def _is_out_of_memory(error: BaseException) -> bool:
    """The CPU allocator raises a plain RuntimeError."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "can't allocate memory" in str(error)


class _PlannedBatches(DefaultBatchSampler):
    """Batches decided beforehand, one plan per epoch."""

    def __init__(self, plans: list[list[list[int]]], dataset: Dataset, **kwargs: Any) -> None:  # noqa: ANN401 - the trainer's own arguments
        super().__init__(dataset, **kwargs)
        self._plans = plans

    def __iter__(self) -> Any:  # noqa: ANN401 - an iterator of lists of row numbers
        return iter(self._plans[self.epoch % len(self._plans)])

    def __len__(self) -> int:
        return len(self._plans[0])


class _Trainer(SentenceTransformerTrainer):
    """The library's trainer with planned batches, and without its model card: ours is written after the evaluation."""

    plans: list[list[list[int]]]

    def get_batch_sampler(self, dataset: Dataset, *args: Any, **kwargs: Any) -> DefaultBatchSampler:  # noqa: ANN401
        return _PlannedBatches(self.plans, dataset, *args, **kwargs)

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """Add none."""
