"""docs/recipes.md: every key of a recipe with its default, from the models themselves.

`python -m dataprep.recipes.recipe_docs docs/recipes.md` writes the page; a test holds it current.
"""

import json
import sys
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from dataprep.recipes.recipe import Recipe
from dataprep.recipes.recipe_file import bundled_recipes
from dataprep.recipes.sources import Columns, Source
from dataprep.recipes.training import TrainStage

_INTRO = """# Recipes

A recipe is one TOML file that says everything a run may vary. Every key below has a default that suits
Polish question-passage pairs, so that the shortest recipe names its sources and nothing else:

```toml
name = "my-pairs"

[[sources]]
name = "my-pairs"
kind = "tsv"
path = "pairs.tsv"
columns = { question = "question", passage = "answer", label = "target" }
```

`dataprep run my-pairs.toml --set split.test=0.1` overrides a key for one run. An unknown key is refused, with
the nearest known one in the message. This page is generated from the code by `make docs`.
"""


def page() -> str:
    """The whole page as Markdown."""
    sections = {name: field.annotation for name, field in Recipe.model_fields.items()}
    nested = {name: kind for name, kind in sections.items() if isinstance(kind, type) and issubclass(kind, BaseModel)}
    own = {name: field for name, field in Recipe.model_fields.items() if name not in nested and name != "sources"}
    parts = [_INTRO, "## Bundled recipes\n", *(f"- `{name}`: {purpose}" for name, purpose in bundled_recipes().items())]
    parts += ["", "## Top level\n", _table(own), "", "## `[[sources]]`\n", _table(Source.model_fields)]
    parts += ["", "### `columns`\n", _table(Columns.model_fields)]
    for name, kind in nested.items():
        parts += ["", f"## `[{name}]`\n", (kind.__doc__ or "").strip(), "", _table(kind.model_fields)]
        if name == "train":
            parts += ["", "### `[[train.stages]]`\n", (TrainStage.__doc__ or "").strip(), "", _table(TrainStage.model_fields)]
    return "\n".join(parts) + "\n"


def _table(fields: dict[str, FieldInfo]) -> str:
    rows = [
        f"| `{name}` | {_kind(field.annotation)} | {_default(field)} | {_cell(field.description or '')} |" for name, field in fields.items()
    ]
    return "\n".join(["| key | value | default | meaning |", "|---|---|---|---|", *rows])


def _kind(annotation: Any) -> str:  # noqa: ANN401 - any type hint
    arguments = get_args(annotation)
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if get_origin(annotation) is tuple:
        return f"list of {_kind(arguments[0])}"
    if NoneType in arguments:
        return " or ".join(_kind(kind) for kind in arguments if kind is not NoneType)
    if arguments:  # Annotated
        return _kind(arguments[0])
    plain = {str: "text", int: "whole number", float: "number", bool: "`true`, `false`"}
    return plain.get(annotation, "table")


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "must be given"
    if field.default is None:
        return "none"
    if isinstance(field.default, BaseModel):
        return "see below"
    return f"`{_toml(field.default)}`"


def _toml(value: Any) -> str:  # noqa: ANN401 - the default of any key
    """A value as a recipe writes it."""
    if isinstance(value, BaseModel):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value if item is not None) + " }"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)  # TOML writes text, numbers, true and false as JSON does


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
