"""The one place that says how the kernel is compiled.

`error_model="numpy"` drops the division checks, the cache makes the second start a matter of a fraction of a second,
and no `fastmath`: reordered sums would make bins depend on the compiler.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function of the hot loop: nopython, cached, no bounds checks, no GIL."""
    compiled: Callable[..., Any] = numba.njit(cache=True, error_model="numpy", nogil=True, boundscheck=False)(function)
    return compiled
