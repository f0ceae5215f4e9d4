"""Convergence of the exact diagonalisation: states of successive spaces, extrapolated, with errors.

Energies are in the unit of t, masses in m_e = 1/(2t) for the polaron and m0 = 1/t for the pair. See
docs/theory/exact.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpcbip.errors import InputError
from hpcbip.theory.exact.basis import build_space
from hpcbip.theory.exact.solver import Level, guess_momentum, solve_in_space, solve_near_momentum
from hpcbip.theory.exact.system import System

DEFAULT_STATES = 100_000
"""Number of states that the largest space has by default, about."""

COMPARED_SPACES = 3
"""Number of spaces of successive Nh whose levels are extrapolated."""

LARGEST_STEP_RATIO = 0.8
"""Ratio of successive steps above which no limit is extrapolated."""

SOLVER_TOLERANCE = 1e-10
"""Relative error that the eigensolver leaves at most."""


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
        levels: lowest states of successive spaces, the largest last.
        E: energy; its upper bound is `levels[-1].E`.
        mass: in m_e (one electron) or m0 (two).
        pair_distance2: <(r1 - r2)²>; None for one electron.
    """

    system: System
    levels: tuple[Level, ...]
    E: Extrapolated
    mass: Extrapolated
    pair_distance2: Extrapolated


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
    if any(value is None or not math.isfinite(value) for value in values) or len(values) < COMPARED_SPACES:
        return Extrapolated(values[-1] if values else None, None)
    a, b, c = (float(value) for value in values[-3:] if value is not None)
    first, second = b - a, c - b
    floor = SOLVER_TOLERANCE * abs(c)
    if max(abs(first), abs(second)) <= floor:
        return Extrapolated(c, floor)
    ratio = second / first if first else math.inf
    if not 0.0 <= ratio <= LARGEST_STEP_RATIO:
        return Extrapolated(c, max(abs(first), abs(second)) / (1.0 - LARGEST_STEP_RATIO) + floor)
    step = second * ratio / (1.0 - ratio)
    return Extrapolated(c + step, max(abs(step), 0.5 * abs(second), 0.1 * abs(first)) + floor)


def converge(
    system: System,
    nh: int | None = None,
    states: int = DEFAULT_STATES,
    momentum: Sequence[float] | None = None,
) -> ConvergedState:
    """Solve a system in three successive variational spaces.

    Args:
        system: geometry and parameters.
        nh: moves of the largest space; None: as many as keep it below about `states` states.
        states: size of the largest space if `nh` is None.
        momentum: total momentum, Cartesian, units 1/a; None: that of the lowest state, found in every space
            anew.

    Raises:
        InputError: for nh below 2 or beyond the lattice's limit, and for a momentum of wrong length.
    """
    d = system.geometry.bravais.dimension
    if momentum is not None and (len(momentum) != d or not np.all(np.isfinite(momentum))):
        raise InputError(f"K: {momentum}; allowed: {d} finite components")
    if nh is not None and nh < COMPARED_SPACES - 1:
        raise InputError(f"nh: {nh}; allowed: >= {COMPARED_SPACES - 1}, three spaces are compared")
    space = build_space(system.geometry, nh, states)
    guess = guess_momentum(space, system) if momentum is None else None
    levels = []
    for n in range(max(space.nh - COMPARED_SPACES + 1, 0), space.nh + 1):
        block = space.block(n)
        if guess is None:
            levels.append(solve_in_space(block, system, np.array(momentum, dtype=float))[0])
        else:
            levels.append(solve_near_momentum(block, system, guess))
    return extrapolate_levels(system, levels)


def extrapolate_levels(system: System, levels: Sequence[Level]) -> ConvergedState:
    """Extrapolate the lowest state from successive spaces, the largest last."""
    inverse = extrapolate([level.inverse_mass for level in levels])
    return ConvergedState(
        system,
        tuple(levels),
        extrapolate([level.E for level in levels]),
        _inverted(inverse),
        extrapolate([level.pair_distance2 for level in levels]),
    )


def _inverted(inverse: Extrapolated) -> Extrapolated:
    if not inverse.value:
        return Extrapolated(None, None)
    error = None if inverse.error is None else inverse.error / inverse.value**2
    return Extrapolated(1.0 / inverse.value, error)
