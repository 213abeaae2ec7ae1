"""Dependencies: what is imported is declared, what is declared is explained, and everything is pinned."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MODULES = {"stemmer": "pystemmer", "yaml": "pyyaml", "spacy": "spacy", "pil": "pillow"}


def named(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!~ ]", requirement)[0].lower() for requirement in requirements}


EXTRAS = [name for extra in PROJECT["project"]["optional-dependencies"].values() for name in extra]
DECLARED = named([*PROJECT["project"]["dependencies"], *EXTRAS])


def imported() -> set[str]:
    found = set()
    for path in [*(ROOT / "dataprep").rglob("*.py"), *(ROOT / "flows").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return {name for name in found if name not in sys.stdlib_module_names | {"dataprep", "flows"}}


def test_every_import_is_declared() -> None:
    packages = {MODULES.get(name.lower(), name.lower().replace("_", "-")) for name in imported()}
    brought_along = {"transformers": "sentence-transformers", "pydantic-core": "pydantic"}
    assert {brought_along.get(package, package) for package in packages} <= DECLARED


@pytest.mark.parametrize("group", [None, *PROJECT["dependency-groups"]])
def test_every_dependency_is_explained_and_pinned(group: str | None) -> None:
    wanted = DECLARED if group is None else named(PROJECT["dependency-groups"][group])
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").lower()
    pinned = named((ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines())
    assert {name for name in wanted if name not in page} == set()
    assert {name for name in wanted if name.replace("_", "-") not in {p.replace("_", "-") for p in pinned}} == set()
