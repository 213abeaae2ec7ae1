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
        if name not in seen and (origin := _origin(name)):
            seen[name], imported = _read(origin)
            todo += imported
    return sha256(b"\0".join(name.encode() + seen[name] for name in sorted(seen))).hexdigest()


@cache
def _read(origin: Path) -> tuple[bytes, list[str]]:
    """A module's source, and the names under dataprep that it imports; `from dataprep.x import y` may mean the module y."""
    source, found = origin.read_bytes(), list[str]()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return source, [name for name in found if name.split(".")[0] == "dataprep"]


@cache
def _origin(name: str) -> Path | None:
    """File of a module; None where the name is no module, but one of its functions, say."""
    try:
        spec = find_spec(name)
    except ModuleNotFoundError:
        return None
    return Path(spec.origin) if spec and spec.origin else None
