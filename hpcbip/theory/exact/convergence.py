"""Convergence of the exact diagonalisation: lowest states of growing spaces, extrapolated, with errors.

Energies are in the unit of t, masses in m_e = 1/(2t) for the polaron and m0 = 1/t for the pair. See
docs/theory/exact.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpcbip.errors import InputError
from hpcbip.theory.exact.selection import Selection, guess_momentum
from hpcbip.theory.exact.solver import Level
from hpcbip.theory.exact.system import System

DEFAULT_STATES = 100_000
"""Number of states of the largest space by default."""

LEAST_STATES = 4
"""Smallest number of states that can be asked for."""

COMPARED_SPACES = 3
"""Number of spaces whose levels are extrapolated."""

SIZE_RATIO = 2.0
"""Ratio of their sizes."""

SHARE_OF_STEP = 0.5
"""Least error of a limit, in units of the step to it from the largest space."""

SLOW_RATIO = 0.4
"""Ratio of successive steps of doubled spaces above which a limit converges slowly."""

SHARE_OF_CURVATURE = 3.0
"""Least error of a limit, in units of its change if the curve is taken for a parabola."""

LARGEST_STEP_RATIO = 0.8
"""Ratio of successive steps above which no limit is extrapolated."""

SOLVER_TOLERANCE = 1e-10
"""Relative error that the eigensolver leaves at most."""

RESPONSE_TOLERANCE = 1e-9
"""Error that the iterations leave at most in the inverse mass, which is a small difference for heavy ones."""


@dataclass(frozen=True)
class Extrapolated:
    """A number extrapolated to an infinite space, with its error; None where one of them is unknown."""

    value: float | None
    error: float | None


@dataclass(frozen=True)
class ConvergedState:
    """The lowest state of a system, extrapolated from several spaces.

    Attributes:
        system: the system solved.
        levels: lowest states of growing spaces, the largest last.
        E: energy; its upper bound is `levels[-1].E`.
        mass: in m_e (one electron) or m0 (two).
        pair_distance2: <(r1 - r2)²>; None for one electron.
        phonons: mean number of phonons.
        weight: probability of no phonon.
    """

    system: System
    levels: tuple[Level, ...]
    E: Extrapolated
    mass: Extrapolated
    pair_distance2: Extrapolated
    phonons: Extrapolated
    weight: Extrapolated


def scaled_difference(a: Extrapolated, b: Extrapolated, scale: float = 1.0) -> Extrapolated:
    """Compute scale a - b with errors added; unknown where one of the two is."""
    if a.value is None or b.value is None or a.error is None or b.error is None:
        return Extrapolated(None, None)
    return Extrapolated(scale * a.value - b.value, scale * a.error + b.error)


def extrapolate(values: Sequence[float | None]) -> Extrapolated:
    """Extrapolate a sequence whose last three terms are taken for a geometric one (Aitken's Δ²).

    The error is the whole step from the last term to the limit, and at least half of the last step and a
    tenth of the one before: what is not the energy need not be monotonic, and a step may be small by chance.
    Where the steps do not shrink to `LARGEST_STEP_RATIO` or less, or change sign, the last term is the value
    and the larger of the last two steps, times 1/(1 - `LARGEST_STEP_RATIO`), the error.
    """
    known = _known(values)
    if known is None:
        return Extrapolated(values[-1] if values else None, None)
    a, b, c = known
    first, second = b - a, c - b
    floor = SOLVER_TOLERANCE * abs(c)
    if max(abs(first), abs(second)) <= floor:
        return Extrapolated(c, floor)
    ratio = second / first if first else math.inf
    if not 0.0 <= ratio <= LARGEST_STEP_RATIO:
        return Extrapolated(c, max(abs(first), abs(second)) / (1.0 - LARGEST_STEP_RATIO) + floor)
    step = second * ratio / (1.0 - ratio)
    return Extrapolated(c + step, max(abs(step), 0.5 * abs(second), 0.1 * abs(first)) + floor)


def extrapolate_in_E2(
    values: Sequence[float | None], E2: Sequence[float | None], tolerance: float = SOLVER_TOLERANCE
) -> Extrapolated:
    """Extrapolate values of growing spaces to E2 = 0, where nothing is left out.

    The value is that of the straight line through the last two points. The error is at least `SHARE_OF_STEP`
    of the step to it from the last, and `SHARE_OF_CURVATURE` times its distance from the limit of the
    parabola through the last three. Where steps do not shrink to `SLOW_RATIO`, or the line gets steeper, the
    states matter that H does not reach from the space, as they do for wide pairs: there it is also at least
    what is left of a geometric sequence, which any power of the number of states is. Where E2 does not
    shrink, the last value is given as by `extrapolate`. No error is below `tolerance` times the value or 1.
    """
    known, rest = _known(values), _known(E2)
    if known is None or rest is None:
        return Extrapolated(values[-1] if values else None, None)
    (x1, x2, x3), (y1, y2, y3) = rest, known
    floor = tolerance * max(abs(y3), 1.0)
    last = abs(y3 - y2)
    if last <= floor or x3 == 0.0:
        return Extrapolated(y3, floor)
    if not x1 < x2 < x3 < 0.0:
        return Extrapolated(y3, max(last, abs(y2 - y1)) / (1.0 - LARGEST_STEP_RATIO) + floor)
    slope, before = (y3 - y2) / (x3 - x2), (y2 - y1) / (x2 - x1)
    step = -slope * x3
    bend = (slope - before) / (x3 - x1) * x2 * x3
    error = max(SHARE_OF_STEP * abs(step), SHARE_OF_CURVATURE * abs(bend))
    ratio = min(last / abs(y2 - y1), LARGEST_STEP_RATIO) if y2 != y1 else LARGEST_STEP_RATIO
    if ratio > SLOW_RATIO or abs(slope) > abs(before):
        error = max(error, last * ratio / (1.0 - ratio))
    return Extrapolated(y3 + step, error + floor)


def _known(values: Sequence[float | None]) -> tuple[float, float, float] | None:
    """Return the last three values, None if there are fewer or any is unknown."""
    found = [float(value) for value in values if value is not None and math.isfinite(value)]
    if len(found) < len(values) or len(found) < COMPARED_SPACES:
        return None
    return found[-3], found[-2], found[-1]


def converge(
    system: System, states: int = DEFAULT_STATES, momentum: Sequence[float] | None = None
) -> ConvergedState:
    """Solve a system in three growing spaces of chosen states.

    Args:
        system: geometry and parameters.
        states: size of the largest space, which may have a few less.
        momentum: total momentum, Cartesian, units 1/a; None: that of the lowest state, found in every space
            anew.

    Raises:
        InputError: for too few states, and for a momentum of wrong length.
    """
    d = system.geometry.bravais.dimension
    if momentum is not None and (len(momentum) != d or not np.all(np.isfinite(momentum))):
        raise InputError(f"K: {momentum}; allowed: {d} finite components")
    if states < LEAST_STATES:
        raise InputError(f"states: {states}; allowed: >= {LEAST_STATES}, three spaces are compared")
    K = guess_momentum(system) if momentum is None else np.array(momentum, dtype=float)
    selection = Selection(system)
    levels = []
    for n in reversed(range(COMPARED_SPACES)):
        selection.grow(max(round(states / SIZE_RATIO**n), 1), K)
        levels.append(selection.solve(K, free=momentum is None))
        K = np.array(levels[-1].K)
    return extrapolate_levels(system, levels)


def extrapolate_levels(system: System, levels: Sequence[Level]) -> ConvergedState:
    """Extrapolate the lowest state from growing spaces, the largest last: in E2 where it is known."""
    E2 = [level.E2 for level in levels]

    def limit(name: str) -> Extrapolated:
        values = [getattr(level, name) for level in levels]
        tolerance = RESPONSE_TOLERANCE if name == "inverse_mass" else SOLVER_TOLERANCE
        return extrapolate(values) if None in E2 else extrapolate_in_E2(values, E2, tolerance)

    return ConvergedState(
        system,
        tuple(levels),
        limit("E"),
        _inverted(limit("inverse_mass")),
        limit("pair_distance2"),
        limit("phonons"),
        limit("weight"),
    )


def _inverted(inverse: Extrapolated) -> Extrapolated:
    if not inverse.value:
        return Extrapolated(None, None)
    error = None if inverse.error is None else inverse.error / inverse.value**2
    return Extrapolated(1.0 / inverse.value, error)
