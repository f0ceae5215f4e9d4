"""The sources that a module of the package depends on, found by following its imports."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = "hpcbip"
ROOT = Path(__file__).parents[1]


def module_file(module: str, root: Path = ROOT) -> Path | None:
    """Return the file of a module of the package; None if there is no such module."""
    path = root.joinpath(*module.split(".")[1:])
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.is_file():
            return file
    return None


def imported_modules(file: Path, root: Path = ROOT) -> Iterator[str]:
    """Yield the modules of the package that a file imports, at its head or within functions.

    A package that a module is merely imported out of is not among them: it contributes no name.
    """
    for node in ast.walk(ast.parse(file.read_bytes())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if module_file(name, root) else node.module for name in inner]
        yield from (name for name in names if name.partition(".")[0] == PACKAGE)


def dependencies(module: str, root: Path = ROOT) -> set[str]:
    """Return the modules of the package that a module depends on, directly or not, and the module itself."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        file = module_file(name, root)
        if name not in found and file is not None:
            found.add(name)
            waiting += imported_modules(file, root)
    return found


@cache
def source_hash(module: str, root: Path = ROOT) -> str:
    """Return a hash of the sources of all modules that a module depends on."""
    digest = hashlib.blake2b()
    for name in sorted(dependencies(module, root)):
        file = module_file(name, root)
        assert file is not None  # `dependencies` returns modules that have one
        digest.update(f"{name} ".encode() + hashlib.blake2b(file.read_bytes()).digest())
    return digest.hexdigest()
