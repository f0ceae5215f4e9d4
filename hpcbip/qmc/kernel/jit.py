"""The one place that says how the kernel is compiled, and where its machine code is kept.

`error_model="numpy"` drops the division checks. No `fastmath`: reordered sums would make bins depend on the
compiler. numba's cache looks only at the file of the function it stores, not at the functions inlined into
it; a change in one file would leave stale machine code in another. So the cache lies in a directory named by
a hash of all sources of the kernel.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numba.core.config

config: Any = numba.core.config


@cache
def cache_directory() -> Path:
    """Where the machine code of this version of the kernel is kept.

    Below NUMBA_CACHE_DIR if that is set, else below the user's cache directory, else below the temporary one.
    """
    digest = hashlib.sha256()
    folder = Path(__file__).parents[1]  # all of qmc
    for source in sorted(folder.rglob("*.py")):
        digest.update(source.relative_to(folder).as_posix().encode() + b"\0" + source.read_bytes())
    name = f"kernel-{digest.hexdigest()[:16]}"
    given = os.environ.get("NUMBA_CACHE_DIR")
    try:
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        directory = Path(given or home) / "hpcbip" / name
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            return directory
    except (OSError, RuntimeError):  # not writable, or no home at all
        return Path(tempfile.gettempdir()) / f"hpcbip-{os.getuid()}" / name


def kernel(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """Compile a function of the hot loop: nopython, cached, no bounds checks, no GIL."""
    before = config.CACHE_DIR
    config.CACHE_DIR = str(cache_directory())
    try:
        compile_it = numba.njit(cache=True, error_model="numpy", nogil=True, boundscheck=False, **options)
        compiled: Callable[..., Any] = compile_it(function)
    finally:
        config.CACHE_DIR = before
    return compiled


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Like `kernel`, for small functions that LLVM is told to inline: it would call them by pointer
    otherwise."""
    return kernel(function, forceinline=True)
