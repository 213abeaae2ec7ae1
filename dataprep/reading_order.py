"""The order in which people read figures that are sorted by name in files."""

from typing import Any

from dataprep.pipeline import PREPARE
from dataprep.schemas import SPLITS

_ORDER = (*SPLITS, "judged", "bm25", "base", "finetuned", "hybrid", "finetuned-base", "finetuned-bm25", "hybrid-bm25", "hybrid-finetuned")


def in_reading_order(content: Any) -> Any:  # noqa: ANN401 - plain JSON
    """JSON with its keys, which are sorted in files, in the order of splits, stages and systems; large dimensions first."""
    if isinstance(content, list):
        return [in_reading_order(entry) for entry in content]
    if not isinstance(content, dict):
        return content
    return {key: in_reading_order(content[key]) for key in sorted(content, key=_reading_key)}


def _reading_key(key: str) -> tuple[float, int, str]:
    if key.isdigit():
        return (-int(key), 0, key)
    place = _ORDER.index(key) if key in _ORDER else len(_ORDER)
    stage = key.split(".", maxsplit=1)[0]
    return (0, PREPARE.index(stage) if stage in PREPARE else place, key)
