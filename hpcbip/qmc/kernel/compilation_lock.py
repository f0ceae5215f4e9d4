"""Compilation by one process of a machine at a time.

Ranks on a node whose cache is empty would otherwise all compile the same, beside each other, for a minute.
"""

from __future__ import annotations

import fcntl
import hashlib
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from hpcbip.qmc.kernel.jit import Kernel, cache_directory


@contextmanager
def compiled_once(kernel: Kernel) -> Iterator[None]:
    """Let the first process that comes here compile this kernel, which is called inside, and others wait and
    then load it.

    Once it is compiled for this processor nobody waits any more. Where the file system knows no locks nobody
    waits at all.
    """
    complete = cache_directory() / f"complete-{kernel.name}-{_processor()}"
    if complete.exists():
        yield
        return
    with ExitStack() as stack:
        with suppress(OSError):
            lock = stack.enter_context(open(complete.with_name(f"{complete.name}.lock"), "wb"))
            fcntl.flock(lock, fcntl.LOCK_EX)  # ends with the file, or the process
        yield
    with suppress(OSError):
        complete.touch()


def _processor() -> str:
    """Name what numba's machine code depends on besides the sources, in hexadecimal digits."""
    import llvmlite.binding
    import numba

    features = llvmlite.binding.get_host_cpu_features().flatten()
    versions = f"{sys.implementation.cache_tag} {numba.__version__}"
    text = f"{versions} {llvmlite.binding.get_host_cpu_name()} {features}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]
