"""Analyses that need not be done again: DIR/analysis.zip, one member per ensemble.

A member is used again as long as its key is the same: a hash of the code of the analysis, of how Tc is worked
out, and of the checksums of all bins that count, which lie beside the bins. The file may be deleted at any
time; a damaged one, or one of another version, counts as none.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.reduction.ensembles import Reduced, TcSettings

FILE = "analysis.zip"
CODE = (
    "models/*.py",
    "qmc/estimators/*.py",
    "reduction/dispersion.py",
    "reduction/ensembles.py",
    "reduction/estimates.py",
    "statistics/*.py",
    "superconductivity/tc.py",
)
KEY = 32  # bytes
_PLAIN = {("builtins", "frozenset"), ("builtins", "slice")}
_ARRAYS = {"_reconstruct", "ndarray", "dtype", "scalar", "_frombuffer"}


@cache
def _code() -> str:
    """The program that analyses, as a hash of its sources."""
    root = Path(__file__).parents[1]
    paths = sorted(path for pattern in CODE for path in root.glob(pattern))
    return hashlib.blake2b(b"".join(path.read_bytes() for path in paths)).hexdigest()


def key_of(tc: TcSettings, sums: Iterable[NDArray[np.uint32]]) -> bytes:
    """What the analysis of an ensemble depends on; `sums` are the checksums of the bins of each chain."""
    told = hashlib.blake2b(f"{_code()} {tc}".encode(), digest_size=KEY)
    for chain in sums:
        told.update(len(chain).to_bytes(8, "little") + np.ascontiguousarray(chain, dtype="<u4").tobytes())
    return told.digest()


class _Unpickler(pickle.Unpickler):
    """Numbers, arrays and the records of the analysis: a file that somebody else has made cannot run
    anything."""

    def find_class(self, module: str, name: str) -> Any:
        if not name.isidentifier():  # a dotted name leads from any function to the builtins
            raise pickle.UnpicklingError(f"{name} is no plain name")
        own = module.startswith(("hpcbip.statistics.", "hpcbip.reduction.ensembles")) and name[:1].isupper()
        array = module.split(".")[0] == "numpy" and name in _ARRAYS
        if own or array or (module, name) in _PLAIN:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} has no place in an analysis")


class Kept:
    """What is there of earlier analyses; any number of processes may look.

    Args:
        directory: of the campaign.
    """

    def __init__(self, directory: Path) -> None:
        self._file: zipfile.ZipFile | None = None
        with suppress(OSError, zipfile.BadZipFile):
            self._file = zipfile.ZipFile(directory / FILE)

    def get(self, identity: str, key: bytes) -> tuple[bytes, Reduced] | None:
        """The content of the analysis of an ensemble and the analysis itself, if it is there with this
        key."""
        if self._file is None:
            return None
        try:
            content = self._file.read(identity)
            if content[:KEY] != key:
                return None
            reduced = opened(content[KEY:])
            return (content[KEY:], reduced) if isinstance(reduced, Reduced) else None
        except Exception:  # whatever is wrong with it, it is worked out again
            return None


def closed(reduced: Reduced) -> bytes:
    """The content of an analysis."""
    return pickle.dumps(reduced, pickle.HIGHEST_PROTOCOL)


def opened(content: bytes) -> Reduced:
    """The analysis that has this content.

    Raises:
        Exception: of any kind, if it is none.
    """
    return _Unpickler(io.BytesIO(content)).load()


def keep(directory: Path, analyses: Mapping[str, tuple[bytes, bytes]]) -> None:
    """Leave (key, content) of analyses by ensemble for the next time; nothing happens where the directory is
    read-only."""
    aside = directory / f"{FILE}.{os.getpid()}.tmp"
    with suppress(OSError):
        try:
            with zipfile.ZipFile(aside, "w") as file:
                for identity, (key, content) in analyses.items():
                    file.writestr(identity, key + content)
            os.replace(aside, directory / FILE)
        finally:
            aside.unlink(missing_ok=True)
