"""Companion theories of the source papers, against which the Monte Carlo results are held.

The subpackages are loaded when they are first used: `hpcbip.theory.exact` needs no import of its own.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpcbip.theory import antiadiabatic, eliashberg, exact, instanton, pair

__all__ = ["antiadiabatic", "eliashberg", "exact", "instanton", "pair"]


def __getattr__(name: str) -> ModuleType:
    """Load a theory when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")


def __dir__() -> list[str]:
    """List the theories."""
    return sorted({*globals(), *__all__})
