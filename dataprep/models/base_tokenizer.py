"""The base model's tokenizer and its length limit, found without loading the model (or torch)."""

import json
import math
import re
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from tokenizers import Tokenizer

from dataprep.errors import CallError, RemoteError
from dataprep.models.embedded import EMBEDDED, train_tokenizer

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_UNLIMITED = 1_000_000  # tokenizer configurations write a huge model_max_length where there is none
_OFFSET_POSITIONS = {"roberta", "xlm-roberta", "camembert", "xlm-roberta-xl"}  # positions start behind the padding index
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "modules.json", "config.json", "sentence_bert_config.json")
_TIMEOUT_S = 10.0


class BaseTokenizer(NamedTuple):
    """A tokenizer with what its model makes of a text's length."""

    tokenizer: Tokenizer
    max_tokens: int | None  # where the model truncates, special tokens counted; None where it never does
    n_special: int  # special tokens that the model adds to each text


def find(base_model: str, *, passages: pl.Series, revision: str | None = None) -> BaseTokenizer:
    """The tokenizer of a base model.

    Args:
        base_model: "embedded", a folder with tokenizer.json, a tokenizer.json itself, or a Hub id.
        passages: Texts from which the embedded model's tokenizer is trained; unused for any other.
        revision: Hub: commit or tag.

    Returns:
        The tokenizer without truncation and padding, and the model's limit.

    Raises:
        CallError: There is no such folder, or no fast tokenizer in it.
        RemoteError: The Hub is out of reach or has no such model.
    """
    if base_model == EMBEDDED:
        return BaseTokenizer(train_tokenizer(passages), None, 0)
    given = Path(base_model).expanduser()
    folder = given.parent if given.is_file() else fetch(base_model, revision=revision, patterns=_patterns(_TOKENIZER_FILES))
    file = given if given.is_file() else _first_file(folder, "tokenizer.json")
    if file is None:
        raise CallError(f"base model {base_model}: found no tokenizer.json in {folder}, wanted a fast tokenizer")
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    if _is_static(folder):
        return BaseTokenizer(tokenizer, None, 0)  # StaticEmbedding encodes without special tokens
    return BaseTokenizer(tokenizer, _max_tokens(folder), tokenizer.num_special_tokens_to_add(is_pair=False))


def fetch(model: str, *, revision: str | None = None, patterns: list[str] | None = None) -> Path:
    """The folder of a model: itself if it is one, else what the Hub's client downloads or has in its cache.

    Args:
        model: A folder or a Hub id.
        revision: Hub: commit or tag.
        patterns: Hub: the files wanted; None wants all.

    Raises:
        CallError: It is neither a folder nor shaped like a Hub id.
        RemoteError: The Hub is out of reach or has no such model.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    if not _HUB_ID.fullmatch(model):
        raise CallError(f"base model {model!r}: found no such folder; wanted {EMBEDDED!r}, a folder, or a Hub id as owner/name")
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - late: only models of the Hub need its client
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled  # noqa: PLC0415

    try:
        return Path(snapshot_download(model, revision=revision, allow_patterns=patterns, etag_timeout=_TIMEOUT_S))
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        advice = f'work offline with base_model = "{EMBEDDED}" or a folder, or fetch the model on a machine with access'
        status = f" (HTTP {error.response.status_code})" if isinstance(error, HfHubHTTPError) else ""
        raise RemoteError(f"base model {model}: the Hub did not give it{status}: {str(error).splitlines()[0][:200]}; {advice}") from error


def _patterns(names: tuple[str, ...]) -> list[str]:
    return [pattern for name in names for pattern in (name, f"*/{name}")]


def _read(file: Path | None) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file else {}
    return content


def _first_file(folder: Path, name: str) -> Path | None:
    """The file in the folder, or in that of its first module."""
    return next((file for file in (folder / name, *sorted(folder.glob(f"*/{name}"))) if file.is_file()), None)


def _is_static(folder: Path) -> bool:
    modules = folder / "modules.json"
    return modules.is_file() and any(m["type"].endswith("StaticEmbedding") for m in json.loads(modules.read_text(encoding="utf-8")))


def _max_tokens(folder: Path) -> int | None:
    """The smallest limit that the model's files state; sentence-transformers' own counts alone where there is one."""
    own = _read(_first_file(folder, "sentence_bert_config.json")).get("max_seq_length")
    if own:
        return int(own)
    config = _read(_first_file(folder, "config.json"))
    positions = config.get("max_position_embeddings", math.inf)
    if config.get("model_type") in _OFFSET_POSITIONS:
        positions -= config.get("pad_token_id", 1) + 1
    stated = _read(_first_file(folder, "tokenizer_config.json")).get("model_max_length") or math.inf
    limit = min(positions, stated)
    return int(limit) if limit < _UNLIMITED else None
