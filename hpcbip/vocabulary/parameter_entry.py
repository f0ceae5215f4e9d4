"""What the declaration of a parameter consists of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ScanAxis:
    """What a search along an axis needs to know.

    Attributes:
        bounds: between which new points lie, unless said otherwise.
        tolerance: absolute error with which the position of a maximum counts as pinned down.
        first_step: first step away from a single point; None: a share of its value.
        natural_end: value at which the axis ends by its meaning, so that a maximum there is an answer.
    """

    bounds: tuple[float, float]
    tolerance: float
    first_step: float | None = None
    natural_end: float | None = None


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter of a point.

    Attributes:
        name: in configurations and results.
        words: what it is.
        symbol, tex, html: how it is written; "" where the value speaks for itself (`square`).
        section: of the configuration in which it is given: "model", "point" or "sampling".
        allowed, check: what is allowed, in words and as a predicate.
        in_units_of_t: an energy that labels and axes show in units of t.
        optional: given for some models only, and left out of records otherwise.
        follows: follows from the other parameters (in its convention), so that no table needs a column of it.
        of_ensemble: stored with the ensembles; lambda is not, it is g in a convention.
        of_pair: only the pair depends on it.
        unremarkable: the value that labels leave out; None: every value is named.
        scan: set if a scan may run along it.
    """

    name: str
    words: str
    symbol: str
    tex: str
    html: str
    section: str
    allowed: str
    check: Callable[[Any], bool]
    in_units_of_t: bool = False
    optional: bool = False
    follows: bool = False
    of_ensemble: bool = True
    of_pair: bool = False
    unremarkable: Any = None
    scan: ScanAxis | None = None

    @property
    def axis_symbol(self) -> str:
        """Symbol of the values that axes show, which are energies in units of t, or plain numbers."""
        return f"{self.symbol}/t" if self.in_units_of_t else self.symbol

    @property
    def axis_tex(self) -> str:
        """`axis_symbol` in TeX."""
        return f"{self.tex.removesuffix('$')}/t$" if self.in_units_of_t else self.tex
