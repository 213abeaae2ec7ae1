"""sentence-transformers' trainer as it is used here: batches planned beforehand, quiet, and on whatever device there is."""

import gc
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.base.sampler import DefaultBatchSampler
from torch import nn
from transformers import PreTrainedModel

from dataprep.errors import CallError
from dataprep.models.encode import has_cuda_bf16
from dataprep.models.processes import n_processes

Plans = Sequence[Sequence[Sequence[int]]]  # epoch -> batch -> row numbers
_LOGGED_STEPS = 200  # points of the loss curve per stage, about
_AMPERE = 8  # compute capability from which on a GPU has TensorFloat-32


class PlannedTrainer(SentenceTransformerTrainer):
    """The library's trainer with planned batches, and without its model card: ours is written after the evaluation."""

    plans: Plans

    def get_batch_sampler(self, dataset: Dataset, *args: Any, **kwargs: Any) -> DefaultBatchSampler:  # noqa: ANN401
        """Batches in place of NO_DUPLICATES, which ends in batches of one row; see `dataprep.models.batches`."""
        return _PlannedBatches(self.plans, dataset, *args, **kwargs)

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """Add none."""

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:  # noqa: ANN401, ARG002 - the library's own hook
        self.model.save_pretrained(output_dir or str(self.args.output_dir), create_model_card=False)


class _PlannedBatches(DefaultBatchSampler):
    """Batches decided beforehand, one plan per epoch."""

    def __init__(self, plans: Plans, dataset: Dataset, **kwargs: Any) -> None:  # noqa: ANN401 - the trainer's own arguments
        super().__init__(dataset, **kwargs)
        n = n_processes()
        self._plans = [plan[: len(plan) // n * n] for plan in plans]  # a process without a batch would be waited for
        if n > 1:
            self.batch_size: Any = None  # batches differ in size; accelerate would pass over those that are not full

    def __iter__(self) -> Any:  # noqa: ANN401 - an iterator of lists of row numbers
        return iter(self._plans[self.epoch % len(self._plans)])

    def __len__(self) -> int:
        return len(self._plans[0])


def arguments(  # noqa: PLR0913 - one keyword per setting
    folder: Path,
    *,
    plans: Plans,
    batch_size: int,
    accumulation_steps: int,
    learning_rate: float,
    warmup_fraction: float,
    prompts: Mapping[str, str],
    seed: int,
    mixed_precision: bool,
) -> SentenceTransformerTrainingArguments:
    """The trainer's arguments for one stage.

    Args:
        folder: Where checkpoints go; the course says when one is written.
        plans: Batches of each pass.
        batch_size: Most rows of a batch.
        accumulation_steps: Batches whose gradients are added up for one step.
        learning_rate: Peak learning rate.
        warmup_fraction: Share of the steps in which it rises; then it falls as a cosine.
        prompts: Column to the text put before each of its texts.
        seed: Seed of dropout.
        mixed_precision: Whether bfloat16 and TensorFloat-32 are used where the GPU has them.
    """
    n_steps = math.ceil(max(1, len(plans[0]) // n_processes()) / accumulation_steps) * len(plans)
    has_gpu = torch.cuda.is_available()
    found = SentenceTransformerTrainingArguments(
        output_dir=str(folder),
        num_train_epochs=len(plans),
        per_device_train_batch_size=batch_size,
        gradient_accumulation_steps=accumulation_steps,
        learning_rate=learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=math.ceil(warmup_fraction * n_steps),
        prompts={column: prompt for column, prompt in prompts.items() if prompt},
        bf16=mixed_precision and has_cuda_bf16(),
        tf32=True if mixed_precision and has_gpu and torch.cuda.get_device_capability()[0] >= _AMPERE else None,
        use_cpu=not has_gpu,
        dataloader_pin_memory=has_gpu,
        seed=seed,
        logging_steps=max(1, n_steps // _LOGGED_STEPS),
        save_strategy="no",
        save_total_limit=2,  # the last but one stays until the last is complete
        eval_strategy="no",
        report_to=[],
        disable_tqdm=True,
    )
    found._n_gpu = min(found.n_gpu, 1)  # noqa: SLF001 - several GPUs work through accelerate; DataParallel would cut batches up
    return found


def recompute_activations(model: nn.Module) -> None:
    """Compute activations again in the backward pass instead of keeping them (gradient checkpointing)."""
    for module in model.modules():
        if isinstance(module, PreTrainedModel) and module.supports_gradient_checkpointing:
            # the switch's new name, where the library has it already: its old one warns there
            enable = getattr(module, "activation_checkpointing_enable", None) or module.gradient_checkpointing_enable
            enable()


@contextmanager
def advice_on_memory(*, batch_size: int, max_tokens: int | None, gradient_checkpointing: bool) -> Iterator[None]:
    """Turn an exhausted memory into advice.

    Raises:
        CallError: The memory does not suffice; says which keys lower the need.
    """
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        gc.collect()
        advice = [f"--set train.batch_size={max(2, batch_size // 2)}"]
        if not gradient_checkpointing:
            advice.append("--set train.gradient_checkpointing=true (slower, and a fraction of the memory)")
        if max_tokens:
            advice.append(f"--set train.max_tokens={max(16, max_tokens // 2)} (texts are cut there; max_seq_length is {max_tokens} now)")
        advice.append('loss = "cached_mnrl" in [[train.stages]], which holds train.mini_batch_size rows at a time')
        tried = "\n".join(f"  {line}" for line in advice)
        raise CallError(f"train: the memory does not suffice for train.batch_size = {batch_size}; try one of\n{tried}") from error


def _is_out_of_memory(error: BaseException) -> bool:
    """The CPU allocator raises a plain RuntimeError."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "can't allocate memory" in str(error)
