"""From a bundled name or a TOML file, with overrides, to a checked recipe; and back to TOML."""

import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import tomli_w
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from dataprep.errors import CallError
from dataprep.recipes.recipe import Recipe

BUNDLED = files("dataprep") / "recipes"


def bundled_recipes() -> dict[str, str]:
    """Each bundled recipe's name and the comment that opens its file."""
    paths = sorted((p for p in BUNDLED.iterdir() if p.name.endswith(".toml")), key=lambda p: p.name)
    return {p.name.removesuffix(".toml"): p.read_text("utf-8").splitlines()[0].removeprefix("# ") for p in paths}


def load(recipe: str, overrides: Iterable[str] = ()) -> Recipe:
    """Read, override and check a recipe.

    Args:
        recipe: A bundled recipe's name, or the path of a TOML file.
        overrides: `key.path=value` each; the value is TOML (`0.3`, `true`, `["a"]`), or else plain
            text. A number in the path counts list items from 0: `sources.0.path=pairs.tsv`.

    Returns:
        The recipe, with paths of files that lie beside it or below the working directory made absolute.

    Raises:
        CallError: No such recipe, not TOML, an unknown key or a wrong value.
    """
    text, folder = _read(recipe)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CallError(f"recipe {recipe}: not TOML: {error}") from error
    for override in overrides:
        _override(raw, override)
    _make_paths_absolute(raw, folder)
    try:
        return Recipe.model_validate(raw)
    except ValidationError as error:
        problems = "\n".join(f"  {_describe(problem)}" for problem in error.errors())
        raise CallError(f"recipe {recipe} is wrong in {error.error_count()} place(s):\n{problems}\nAll keys: docs/recipes.md") from error


def dump(recipe: Recipe) -> str:
    """The recipe as TOML, every default filled in; a key without a value is left out, for TOML has no null."""
    return tomli_w.dumps(recipe.model_dump(mode="json", exclude_none=True))


def _read(recipe: str) -> tuple[str, Path]:
    path = Path(recipe)
    if path.suffix == ".toml" or path.is_file():
        try:
            return path.read_text(encoding="utf-8"), path.resolve().parent
        except OSError as error:
            raise CallError(f"recipe {recipe}: cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise CallError(f"recipe {recipe}: not UTF-8 (byte {error.start}); a recipe is a TOML file") from error
    bundled = BUNDLED / f"{recipe}.toml"
    if not bundled.is_file():
        known = ", ".join(bundled_recipes())
        raise CallError(f"no recipe {recipe!r}: wanted a path to a .toml file or one of the bundled recipes: {known}")
    return bundled.read_text("utf-8"), Path.cwd()


def _override(raw: dict[str, Any], override: str) -> None:
    path, equals, text = override.partition("=")
    if not equals or not path:
        raise CallError(f"--set {override!r}: wanted key.path=value, for example --set train.epochs=3")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *parents, last = path.strip().split(".")
    here: Any = raw
    for key in parents:
        here = _step(here, key, override)
    if isinstance(here, list):
        _step(here, last, override)
        here[int(last)] = value
    elif isinstance(here, dict):
        here[last] = value
    else:
        raise CallError(f"--set {override!r}: {'.'.join(parents)!r} is a value, not a section")


def _step(here: Any, key: str, override: str) -> Any:  # noqa: ANN401 - whatever TOML holds
    if isinstance(here, list):
        if not key.isdecimal() or int(key) >= len(here):
            raise CallError(f"--set {override!r}: {key!r} is no item of a list of {len(here)}; items are counted from 0")
        return here[int(key)]
    if not isinstance(here, dict):
        raise CallError(f"--set {override!r}: there is nothing below a value; {key!r} was looked for there")
    return here.setdefault(key, {})


def _make_paths_absolute(raw: Mapping[str, Any], folder: Path) -> None:
    """Paths count from the recipe's folder, else from the working directory; what is found in neither stays as written."""
    places: list[tuple[Any, str]] = [(source, "path") for source in [*_list(raw.get("sources")), *_references(raw)]]
    places += [(raw.get(section), key) for section, key in (("train", "base_model"), ("lengths", "tokenizer"))]
    for holder, key in places:
        value = holder.get(key) if isinstance(holder, dict) else None
        if isinstance(value, str) and "://" not in value and not value.startswith("bundled:"):
            holder[key] = _absolute(value, folder)


def _absolute(path: str, folder: Path) -> str:
    plain = Path(path).expanduser()
    for base in (folder, Path.cwd()):
        if any(base.glob(path) if not plain.is_absolute() and "*" in path else [p for p in [base / plain] if p.exists()]):
            return str((base / plain).absolute())
    return path


def _references(raw: Mapping[str, Any]) -> list[Any]:
    section = raw.get("decontaminate")
    return _list(section.get("against")) if isinstance(section, dict) else []


def _list(value: Any) -> list[Any]:  # noqa: ANN401 - whatever TOML holds
    return value if isinstance(value, list) else []


def _describe(problem: ErrorDetails) -> str:
    """One line of what is wrong: the key, what was found, what was wanted."""
    where = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        *parents, last = problem["loc"]
        known = _keys(parents)
        near = get_close_matches(str(last), known, n=1) or [key for key in _all_keys() if key.endswith(f".{last}")][:1]
        return f"{where}: unknown key; " + (f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}")
    found = problem["input"] if problem["type"] != "missing" else "nothing"
    return f"{where or 'recipe'}: found {_short(found)}; {problem['msg']}"


def _short(value: object, limit: int = 80) -> str:
    text = repr(value) if not isinstance(value, dict) else "a table"
    return text if len(text) <= limit else text[:limit] + "…"


def _keys(parents: Iterable[object]) -> list[str]:
    """Keys that the model knows at a place."""
    model: type[BaseModel] | None = Recipe
    for part in parents:
        if isinstance(part, str) and model is not None and part in model.model_fields:
            model = _section(model.model_fields[part].annotation)
    return list(model.model_fields) if model else []


def _section(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    nested = get_args(annotation) if get_origin(annotation) in (Union, UnionType, tuple, list) else ()
    return next((found for inner in nested if (found := _section(inner))), None)


def _all_keys() -> list[str]:
    sections = {name: _section(field.annotation) for name, field in Recipe.model_fields.items()}
    return [f"{name}.{key}" for name, section in sections.items() if section for key in section.model_fields]
