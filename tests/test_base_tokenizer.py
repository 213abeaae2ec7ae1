"""Tokenizers of base models and their limits, without loading a model."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from dataprep.errors import CallError, RemoteError
from dataprep.models.base_tokenizer import find

NONE = pl.Series([], dtype=pl.String)


def model_folder(folder: Path, **files: dict[str, Any] | list[dict[str, Any]]) -> Path:
    """A folder with a word tokenizer that adds two special tokens, and the JSON files given by stem."""
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "<s>": 1, "</s>": 2, "ala": 3}, unk_token="[UNK]"))  # noqa: S106 - a token of text
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)])
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=16)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({"sentence_bert_config": {"max_seq_length": 128}, "config": {"max_position_embeddings": 512}}, 128),
        ({"config": {"model_type": "bert", "max_position_embeddings": 512}}, 512),
        ({"config": {"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}}, 512),
        ({"config": {"max_position_embeddings": 8192}, "tokenizer_config": {"model_max_length": 512}}, 512),
        ({"tokenizer_config": {"model_max_length": 1e30}}, None),
        ({}, None),
    ],
)
def test_the_limit_is_the_one_that_the_models_files_state(tmp_path: Path, files: dict[str, Any], limit: int | None) -> None:
    found = find(str(model_folder(tmp_path / "model", **files)), passages=NONE)
    assert found.max_tokens == limit
    assert found.n_special == 2


def test_a_static_model_has_no_limit_and_no_special_tokens(tmp_path: Path) -> None:
    modules = [{"idx": 0, "path": ".", "type": "sentence_transformers.models.StaticEmbedding"}]
    found = find(str(model_folder(tmp_path / "model", modules=modules, config={"max_position_embeddings": 512})), passages=NONE)
    assert (found.max_tokens, found.n_special) == (None, 0)


def test_a_tokenizer_file_stands_for_its_folder(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "model", config={"max_position_embeddings": 77})
    assert find(str(folder / "tokenizer.json"), passages=NONE).max_tokens == 77


@pytest.mark.parametrize("name", ["no-such-folder", "./none/at/all", "~/none"])
def test_a_missing_folder_is_a_wrong_call(name: str) -> None:
    with pytest.raises(CallError, match="no such folder"):
        find(name, passages=NONE)


def test_a_folder_without_a_fast_tokenizer_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(CallError, match=r"tokenizer\.json"):
        find(str(tmp_path), passages=NONE)


def test_a_hub_that_is_out_of_reach_is_a_remote_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_args: object, **_settings: object) -> str:
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr("huggingface_hub.snapshot_download", unreachable)
    with pytest.raises(RemoteError, match=r"owner/name.*work offline"):
        find("owner/name", passages=NONE)


def test_finding_a_tokenizer_loads_no_torch() -> None:
    heavy = "bool({'torch', 'transformers', 'spacy'} & set(sys.modules))"
    code = f"import sys, dataprep.models.base_tokenizer, dataprep.models.negatives; sys.exit({heavy})"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
