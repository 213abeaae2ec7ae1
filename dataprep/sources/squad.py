"""SQuAD 1 and 2 JSON as frames of records: one per question, with its paragraph as passage.

An answerable question is labelled 1, one with `is_impossible` 0, and one that has neither answers
nor that mark (a test set without answers) nothing. A SQuAD file is one JSON value, so it is read
as a whole: it should be some times smaller than the memory.

Rules found here:
    json: a text has half of a surrogate pair.
    columns: an article, paragraph or question is no object, or lacks its parts, or a text is a list or an object.
"""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import polars as pl

from dataprep.errors import DataError
from dataprep.sources.files import File
from dataprep.sources.opening import blocks
from dataprep.sources.values import as_json, as_text

_CHUNK_ROWS = 20_000
_TEXTS = ("position", "raw", "rule", "found", "id", "question", "passage", "title", "label")
_SHAPE = '{"data": [{"title": …, "paragraphs": [{"context": …, "qas": [{"id": …, "question": …, "answers": […]}]}]}]}'


def records(file: File) -> Iterator[pl.DataFrame]:
    """Read a SQuAD file.

    Returns:
        Frames of `position` (file:number of the question, from 1), `raw`, `rule`, `found`, and the texts `id`,
        `question`, `passage`, `title` and `label`.

    Raises:
        DataError: The file is no JSON, or not of SQuAD's shape.
    """
    numbered = enumerate(_questions(_articles(file)), start=1)
    rows = ({**texts, "position": f"{file.name}:{number}"} for number, texts in numbered)
    while batch := list(islice(rows, _CHUNK_ROWS)):
        yield pl.DataFrame({name: [row.get(name) for row in batch] for name in _TEXTS}, schema=dict.fromkeys(_TEXTS, pl.String))


def _articles(file: File) -> list[Any]:
    content = b"".join(blocks(file))
    if not content.strip():
        return []
    try:
        whole = json.loads(content)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{file.shown}: byte 0x{content[error.start]:02x} at offset {error.start} is no UTF-8; save the file as UTF-8"
        ) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file.shown}: this is no JSON, or it is cut off: {error}; wanted {_SHAPE}") from error
    articles = whole.get("data") if isinstance(whole, dict) else None
    if not isinstance(articles, list):
        found = f"the keys {', '.join(map(repr, list(whole)[:10]))}" if isinstance(whole, dict) else f"a {type(whole).__name__}"
        raise DataError(f"{file.shown}: this is no SQuAD file: found {found}; wanted `data` with a list of articles, as in {_SHAPE}")
    return articles


def _questions(articles: list[Any]) -> Iterator[dict[str, str | None]]:
    for article in articles:
        if not _has_list(article, "paragraphs"):
            yield _odd(article, "an article without the list `paragraphs`")
            continue
        for paragraph in article["paragraphs"]:
            if not _has_list(paragraph, "qas"):
                yield _odd(paragraph, "a paragraph without the list `qas`")
                continue
            for question in paragraph["qas"]:
                yield _texts(question, paragraph.get("context"), article.get("title"))


def _has_list(part: object, key: str) -> bool:
    return isinstance(part, dict) and isinstance(part.get(key), list)


def _texts(question: object, context: object, title: object) -> dict[str, str | None]:
    if not isinstance(question, dict):
        return _odd(question, "a question that is no object")
    fields = {"id": question.get("id"), "question": question.get("question"), "passage": context, "title": title}
    try:
        return {**{name: as_text(value) for name, value in fields.items()}, "label": _label(question)}
    except TypeError as error:
        return _odd({"context": context, **question}, f"a text that is {error}")
    except UnicodeEncodeError:
        return {**_odd({"context": context, **question}, "half of a surrogate pair; wanted whole characters"), "rule": "json"}


def _label(question: dict[str, Any]) -> str | None:
    if question.get("is_impossible"):
        return "0"
    return "1" if question.get("answers") else None


def _odd(part: object, found: str) -> dict[str, str | None]:
    return {"raw": as_json(part), "rule": "columns", "found": f"{found}; wanted {_SHAPE}"}
