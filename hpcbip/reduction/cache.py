"""Reduced ensembles of earlier times: DIR/analysis.zip, one member per ensemble.

A member is valid as long as its key is the same: a hash of the sources that the reduction depends on, of how
Tc is worked out, and of the checksums of all bins that count, which are stored beside the bins. The file may
be deleted at any time; a damaged one, or one of another version, counts as none.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.reduction.dependencies import source_hash
from hpcbip.reduction.ensembles import Reduced, TcSettings

FILE = "analysis.zip"
REDUCTION = "hpcbip.reduction.estimates"  # the module whose results are cached
KEY = 32  # bytes
_PLAIN = {("builtins", "frozenset"), ("builtins", "slice")}
_ARRAYS = {"_reconstruct", "ndarray", "dtype", "scalar", "_frombuffer"}


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


class _Unpickler(pickle.Unpickler):
    """An unpickler for numbers, arrays and the records of the reduction: a file that somebody else has made
    cannot run anything."""

    def find_class(self, module: str, name: str) -> Any:
        if not name.isidentifier():  # a dotted name leads from any function to the builtins
            raise pickle.UnpicklingError(f"{name} is no plain name")
        own = module.startswith(("hpcbip.statistics.", "hpcbip.reduction.ensembles")) and name[:1].isupper()
        array = module.split(".")[0] == "numpy" and name in _ARRAYS
        if own or array or (module, name) in _PLAIN:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a reduced ensemble")


class ReductionCache:
    """Reader of the file; any number of processes may read at a time.

    Args:
        directory: of the campaign.
    """

    def __init__(self, directory: Path) -> None:
        self._file: zipfile.ZipFile | None = None
        with suppress(OSError, zipfile.BadZipFile):
            self._file = zipfile.ZipFile(directory / FILE)

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
    return pickle.dumps(reduced, pickle.HIGHEST_PROTOCOL)


def deserialize(content: bytes) -> Reduced:
    """Return the reduced ensemble that a content stores.

    Raises:
        Exception: of any kind, if it stores none.
    """
    return _Unpickler(io.BytesIO(content)).load()


def write_cache(directory: Path, entries: Mapping[str, CacheEntry]) -> None:
    """Write the complete ones of these entries, by ensemble; nothing happens in a read-only directory."""
    aside = directory / f"{FILE}.{os.getpid()}.tmp"
    with suppress(OSError):
        try:
            with zipfile.ZipFile(aside, "w") as file:
                for identity, entry in entries.items():
                    if entry.complete:
                        file.writestr(identity, entry.key + entry.content)
            os.replace(aside, directory / FILE)
        finally:
            aside.unlink(missing_ok=True)
