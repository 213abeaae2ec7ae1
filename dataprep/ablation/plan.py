"""What an ablation compares: data recipes, seeds, and settings that are chosen on validation for each of them."""

import itertools
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self

from pydantic import Field, ValidationError, model_validator

from dataprep.errors import CallError
from dataprep.recipes.recipe import Recipe
from dataprep.recipes.section import Name, Section

Changes = Mapping[str, Any]  # key path of the recipe -> value


class DataRecipe(Section):
    """One of the data recipes that are compared."""

    name: Name
    """Its name in the table."""
    note: str = ""
    """What it does, in a few words."""
    set: dict[str, Any] = Field(default={})
    """Keys of the recipe that it changes: `"train.stages" = […]`."""
    choose: dict[str, Annotated[list[Any], Field(min_length=1)]] = Field(default={})
    """Keys for which each of these values is tried, in place of the file's own `[choose]`."""


class Over(Section):
    """The file that `dataprep ablate --over` reads."""

    baseline: Name
    """The data recipe that the others are compared with."""
    choose: dict[str, Annotated[list[Any], Field(min_length=1)]] = Field(default={})
    """Keys for which each of these values is tried; what is best on validation is judged on test."""
    recipes: Annotated[tuple[DataRecipe, ...], Field(min_length=2)]
    """The data recipes."""

    @model_validator(mode="after")
    def _names_are_right(self) -> Self:
        """Names are unique, and the baseline is one of them."""
        names = [recipe.name for recipe in self.recipes]
        if len(set(names)) < len(names) or self.baseline not in names:
            message = f"recipes {', '.join(names)}, baseline {self.baseline}; wanted unique names, one of which is the baseline's"
            raise ValueError(message)
        return self


class Cell(NamedTuple):
    """One data recipe under one seed, and the settings that are tried for it."""

    name: str
    seed: int
    candidates: Sequence[tuple[Changes, Recipe]]  # the chosen keys, and the whole recipe


def read_over(path: Path) -> Over:
    """Read and check the file.

    Raises:
        CallError: It cannot be read, is no TOML, or holds something else.
    """
    try:
        return Over.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise CallError(f"--over {path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CallError(f"--over {path}: not TOML: {error}") from error
    except ValidationError as error:
        raise CallError(f"--over {path}: {_problems(error)}") from error


def cells(recipe: Recipe, over: Over, *, n_seeds: int) -> list[Cell]:
    """Every data recipe under every seed: the recipe's own seed and those that follow it.

    Args:
        recipe: What they all have in common.
        over: What they differ in.
        n_seeds: How many seeds; each gives splits and a training of its own.

    Raises:
        CallError: A change names no key of a recipe, or a value that it does not take.
    """
    found = []
    for seed in range(recipe.seed, recipe.seed + n_seeds):
        for data in over.recipes:
            tried = data.choose or over.choose
            grid = [dict(zip(tried, values, strict=True)) for values in itertools.product(*tried.values())]
            candidates = [(chosen, with_changes(recipe, {**data.set, **chosen, "seed": seed}, where=data.name)) for chosen in grid]
            found.append(Cell(data.name, seed, candidates))
    return found


def with_changes(recipe: Recipe, changes: Changes, *, where: str) -> Recipe:
    """The recipe with keys changed.

    Args:
        recipe: The recipe.
        changes: Key path to value.
        where: What to name in a message.

    Raises:
        CallError: An unknown key or a wrong value.
    """
    raw = recipe.model_dump(mode="json", exclude_none=True)
    for path, value in changes.items():
        *parents, last = path.split(".")
        here: Any = raw
        for key in parents:
            here = here[int(key)] if isinstance(here, list) and re.fullmatch(r"\d+", key) and int(key) < len(here) else here
            here = here.setdefault(key, {}) if isinstance(here, dict) else here
        if not isinstance(here, dict):
            raise CallError(f"data recipe {where}: {path}: there is nothing below {'.'.join(parents)}")
        here[last] = value
    try:
        return Recipe.model_validate(raw)
    except ValidationError as error:
        raise CallError(f"data recipe {where}: {_problems(error)}") from error


def _problems(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, problem['loc'])) or 'file'}: {problem['msg']}" for problem in error.errors())
