"""The code that a stage runs, as a digest: an edit in a helper of a helper runs the stage again."""

import ast
import inspect
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from typing import Any

_ROOT = Path(__file__).parent


@cache
def code_digest(*modules: str) -> str:
    """Digest of the source of dataprep modules and of all dataprep modules that they import, late imports too."""
    todo, seen = list(modules), dict[str, bytes]()
    while todo:
        name = todo.pop()
        if name not in seen and (origin := _origin(name)):
            seen[name], imported = _read(origin)
            todo += imported
    return sha256(b"\0".join(name.encode() + seen[name] for name in sorted(seen))).hexdigest()


@cache
def function_digest(function: Callable[..., Any]) -> str:
    """Digest of a function, of what it uses of its own module, and of the dataprep modules that these use.

    Helpers of helpers are included. Comments are not, and what only an annotation names is not followed: it does not run.
    """
    own, seen = _definitions(function.__module__), dict[str, str]()
    todo: list[tuple[str, ast.AST]] = [("", ast.parse(dedent(inspect.getsource(function))))]
    modules = set[str]()
    while todo:
        name, node = todo.pop()
        seen[name] = ast.unparse(node)
        modules.update(_imports(node))
        todo += [(used, own[used]) for used in _Used(node).names if used in own and used not in seen]
    text = "\0".join(name + seen[name] for name in sorted(seen))
    return sha256(f"{text}\0{code_digest(*sorted(modules))}".encode()).hexdigest()


class _Used(ast.NodeVisitor):
    """The names that a piece of code uses when it runs."""

    def __init__(self, node: ast.AST) -> None:
        self.names = set[str]()
        self.visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        """Any name, be it read or written."""
        self.names.add(node.id)

    def visit_arg(self, _node: ast.arg) -> None:
        """An argument has an annotation, and nothing else."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """All but what it returns."""
        for part in (*node.decorator_list, node.args, *node.body):
            self.visit(part)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """All but the annotation."""
        if node.value:
            self.visit(node.value)


@cache
def _definitions(module: str) -> dict[str, ast.stmt]:
    """What the names at the top of a module stand for; an import of several names is taken apart."""
    found = dict[str, ast.stmt]()
    for node in ast.parse(inspect.getsource(import_module(module))).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id: node for target in targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name: ast.ImportFrom(node.module, [alias], node.level) for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.asname or alias.name.split(".")[0]: ast.Import([alias]) for alias in node.names}
    return found


@cache
def _read(origin: Path) -> tuple[bytes, list[str]]:
    """A module's source, and the names under dataprep that it imports."""
    source = origin.read_bytes()
    return source, list(_imports(ast.parse(source)))


def _imports(tree: ast.AST) -> Iterator[str]:
    """The names under dataprep that code imports; `from dataprep.x import y` may mean the module y."""
    for node in ast.walk(tree):
        names = list[str]()
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        yield from (name for name in names if name.split(".")[0] == "dataprep")


@cache
def _origin(name: str) -> Path | None:
    """File of a module; None where the name is no module, but one of its functions, say. Nothing is imported to find out."""
    place = _ROOT.joinpath(*name.split(".")[1:])
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)
