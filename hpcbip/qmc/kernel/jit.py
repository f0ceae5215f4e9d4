"""Decorators that compile the functions of the hot loop, and where their machine code is stored.

numba is imported, and a function compiled, when it is first called: importing the sampler's modules costs
neither, so that columns, parameters and descriptions of ensembles are at hand without a compiler.

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
from functools import cache, cached_property, update_wrapper
from pathlib import Path
from typing import Any


@cache
def cache_directory() -> Path:
    """Return the folder of the machine code of this version of the kernel.

    It lies below NUMBA_CACHE_DIR if that is set, else below the user's cache directory, else below the
    temporary one.
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


class Kernel:
    """A function of the hot loop, compiled at its first call from Python or use by another kernel."""

    def __init__(self, function: Callable[..., Any], **options: Any) -> None:
        update_wrapper(self, function)
        self._function, self._options = function, options

    def __call__(self, *arguments: Any) -> Any:
        """Run the compiled function."""
        return self.dispatcher(*arguments)

    @cached_property
    def dispatcher(self) -> Any:
        """The numba dispatcher: nopython, cached, no bounds checks, no GIL."""
        import numba  # the only import of the compiler, see above

        config: Any = numba.core.config
        before = config.CACHE_DIR
        config.CACHE_DIR = str(cache_directory())
        try:
            compile_it = numba.njit(
                cache=True, error_model="numpy", nogil=True, boundscheck=False, **self._options
            )
            return compile_it(self._function)
        finally:
            config.CACHE_DIR = before

    @property
    def _numba_type_(self) -> Any:
        """The type that numba asks for where another kernel calls this one."""
        return self.dispatcher._numba_type_


def kernel(function: Callable[..., Any]) -> Kernel:
    """Compile a function of the hot loop."""
    return Kernel(function)


def inlined(function: Callable[..., Any]) -> Kernel:
    """Compile a small function that LLVM is told to inline: it would be called by pointer otherwise."""
    return Kernel(function, forceinline=True)
