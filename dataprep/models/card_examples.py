"""Texts that the model's card shows: questions of the validation split with a right and other passages."""

import polars as pl

_QUESTIONS, _CHARS = 3, 300


def examples(task_queries: pl.DataFrame, qrels: pl.DataFrame, passages: pl.DataFrame) -> list[dict[str, object]]:
    """A few questions with passages, the right one first; the others are right for the next questions.

    Args:
        task_queries: query_id, text, of the validation split.
        qrels: query_id, passage_id of its right passages.
        passages: passage_id, text.

    Returns:
        `question` and `passages` per question, the first by id; long passages are cut at a word.
    """
    asked = task_queries.head(_QUESTIONS)
    right = qrels.join(asked, on="query_id").group_by("query_id").agg(pl.col("passage_id").min()).sort("query_id")
    texts = right.join(passages.rename({"text": "passage"}), on="passage_id").sort("query_id")["passage"].to_list()
    shown = [_cut(text) for text in texts]
    return [
        {"question": question, "passages": [shown[i], *(text for j, text in enumerate(shown) if j != i)]}
        for i, question in enumerate(asked["text"])
    ]


def _cut(text: str) -> str:
    return text if len(text) <= _CHARS else text[:_CHARS].rsplit(" ", 1)[0] + " …"
