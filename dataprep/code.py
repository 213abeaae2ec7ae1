"""The code that a stage runs, as a digest: an edit in a helper of a helper runs the stage again."""

import ast
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path


@cache
def code_digest(*modules: str) -> str:
    """Digest of the source of dataprep modules and of all dataprep modules that they import, late imports too."""
    todo, seen = list(modules), dict[str, bytes]()
    while todo:
        name = todo.pop()
        spec = find_spec(name) if name not in seen else None
        if spec is None or spec.origin is None:
            continue
        seen[name] = Path(spec.origin).read_bytes()
        todo += _imports(seen[name])
    return sha256(b"\0".join(name.encode() + seen[name] for name in sorted(seen))).hexdigest()


def _imports(source: bytes) -> list[str]:
    """Names under dataprep that a module imports; `from dataprep.x import y` may mean the module y."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [name for name in found if name.split(".")[0] == "dataprep" and _is_module(name)]


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False
