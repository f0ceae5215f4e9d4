"""Reduced ensembles of earlier times: DIR/analysis.zip, one member per ensemble.

A member is valid as long as its key is the same: a hash of the sources that the reduction depends on, of how
Tc is worked out, and of the checksums of all bins that count, which are stored beside the bins. The file may
be deleted at any time; a damaged one, or one of another version, counts as none.
"""

from __future__ import annotations

import ast
import hashlib
import io
import os
import pickle
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.reduction.ensembles import Reduced, TcSettings

CACHE_FILE = "analysis.zip"
PACKAGE = "hpcbip"
ROOT = Path(__file__).parents[1]
REDUCTION = "hpcbip.reduction.estimates"  # the module whose results are cached
KEY = 32  # bytes
_PLAIN = {("builtins", "frozenset"), ("builtins", "slice")}
_OWN = ("hpcbip.statistics.", "hpcbip.reduction.ensembles")  # modules of the records that are stored


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


def cache_key(tc: TcSettings, checksums: Iterable[NDArray[np.uint32]]) -> bytes:
    """Return the key of a reduced ensemble.

    Args:
        tc: how Tc is worked out.
        checksums: of the bins of each chain.
    """
    digest = hashlib.blake2b(f"{source_hash(REDUCTION)} {tc}".encode(), digest_size=KEY)
    for chain in checksums:
        digest.update(len(chain).to_bytes(8, "little") + np.ascontiguousarray(chain, dtype="<u4").tobytes())
    return digest.digest()


@dataclass(frozen=True)
class CacheEntry:
    """A reduced ensemble in the form in which it is stored.

    Attributes:
        key: what it depends on (`cache_key`).
        content: the serialized `Reduced`.
        new: whether it has been computed now.
        complete: whether all bins that count went in; bins that are damaged or being written may come back
            under the same checksums.
        time: longest autocorrelation time of energy, mass and size in bins.
    """

    key: bytes
    content: bytes
    new: bool
    complete: bool
    time: float


def make_array(kind: str, shape: tuple[int, ...], content: bytes) -> NDArray[Any]:
    """Return the array of numbers that consists of these bytes.

    numpy's own way would take whatever types the file describes, references to memory among them.

    Raises:
        ValueError: if it is no array of numbers.
    """
    if np.dtype(kind).kind not in "biufc":
        raise ValueError(f"{kind} is no kind of number")
    return np.frombuffer(content, dtype=kind).reshape(shape).copy()


def make_number(kind: str, content: bytes) -> Any:
    """Return numpy's number that consists of these bytes.

    Raises:
        ValueError: if it is none.
    """
    return make_array(kind, (), content)[()]


class _Pickler(pickle.Pickler):
    """Stores arrays as the bytes of their numbers."""

    def reducer_override(self, thing: Any) -> Any:
        if isinstance(thing, np.ndarray):
            return make_array, (thing.dtype.str, thing.shape, thing.tobytes())
        if isinstance(thing, np.generic):
            return make_number, (thing.dtype.str, thing.tobytes())
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    """An unpickler for numbers, arrays and the records of the reduction: a file that somebody else has made
    cannot run anything."""

    def find_class(self, module: str, name: str) -> Any:
        if not name.isidentifier():  # a dotted name leads from any function to the builtins
            raise pickle.UnpicklingError(f"{name} is no plain name")
        if (module, name) in _PLAIN:
            return super().find_class(module, name)
        if module == __name__ and name in ("make_array", "make_number"):
            return globals()[name]
        if module.startswith(_OWN):
            found = super().find_class(module, name)
            if is_dataclass(found) and isinstance(found, type) and found.__module__ == module:
                return found
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a reduced ensemble")


class ReductionCache:
    """Reader of the file; any number of processes may read at a time.

    Args:
        directory: of the campaign.
    """

    def __init__(self, directory: Path) -> None:
        self._file: zipfile.ZipFile | None = None
        with suppress(OSError, zipfile.BadZipFile):
            self._file = zipfile.ZipFile(directory / CACHE_FILE)

    def get(self, identity: str, key: bytes) -> tuple[bytes, Reduced] | None:
        """Return the content of a reduced ensemble and the ensemble itself; None without one of this key."""
        if self._file is None:
            return None
        try:
            content = self._file.read(identity)
            if content[:KEY] != key:
                return None
            reduced = deserialize(content[KEY:])
            return (content[KEY:], reduced) if isinstance(reduced, Reduced) else None
        except Exception:  # whatever is wrong with it, it is reduced anew
            return None


def serialize(reduced: Reduced) -> bytes:
    """Return the content that stores a reduced ensemble."""
    content = io.BytesIO()
    _Pickler(content, pickle.HIGHEST_PROTOCOL).dump(reduced)
    return content.getvalue()


def deserialize(content: bytes) -> Reduced:
    """Return the reduced ensemble that a content stores.

    Raises:
        Exception: of any kind, if it stores none.
    """
    return _Unpickler(io.BytesIO(content)).load()


def write_cache(directory: Path, entries: Mapping[str, CacheEntry]) -> None:
    """Write the complete ones of these entries, by ensemble; nothing happens in a read-only directory."""
    aside = directory / f"{CACHE_FILE}.{os.getpid()}.tmp"
    with suppress(OSError):
        try:
            with zipfile.ZipFile(aside, "w") as file:
                for identity, entry in entries.items():
                    if entry.complete:
                        file.writestr(identity, entry.key + entry.content)
            os.replace(aside, directory / CACHE_FILE)
        finally:
            aside.unlink(missing_ok=True)
