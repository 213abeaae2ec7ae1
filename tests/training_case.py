"""A dozen rows that a model learns in a second, and two small base models."""

from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import torch
from sentence_transformers import SentenceTransformer
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast, set_seed

from dataprep.models import embedded, training
from dataprep.models.curriculum import TrainingStage
from dataprep.models.encode import load, quiet

torch.set_num_threads(1)  # such small models lose time with several, most of all on a busy machine

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


def base(dims: int = 16) -> SentenceTransformer:
    """Static vectors."""
    return embedded.build_base_model(PASSAGES, embedded.train_tokenizer(PASSAGES), dims=dims)


def contextual_base() -> SentenceTransformer:
    """A transformer with random weights, dropout included."""
    quiet()
    marks = {"pad_token": "[PAD]", "unk_token": "[UNK]"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=embedded.train_tokenizer(PASSAGES), model_max_length=32, **marks)
    size = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 32}
    set_seed(7)
    with TemporaryDirectory() as folder:
        BertModel(BertConfig(vocab_size=len(tokenizer), **size)).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return load(Path(folder), device="cpu")


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()
