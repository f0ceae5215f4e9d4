"""Polarons and bipolarons by exact diagonalisation in a variational space, with their convergence.

Energies in the unit of t; masses m_e = 1/(2t) for the polaron and m0 = 1/t for the pair. See docs/exact.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import brentq

from hpcbip.errors import InputError
from hpcbip.models import lambda_from_coupling
from hpcbip.theory.exact.basis import Space, build_space
from hpcbip.theory.exact.solver import Level, guess_momentum, solve_in_space, solve_near_momentum
from hpcbip.theory.exact.system import Geometry, System, g_from_lambda

DEFAULT_STATES = 100_000  # default size of the largest space
COMPARED_SPACES = 3  # spaces of this many successive Nh tell the convergence
LARGEST_STEP_RATIO = 0.8  # ratio of successive steps above which no limit is extrapolated
CRITICAL_TOLERANCE = 1e-8  # to which a critical coupling is found in one space
SOLVER_TOLERANCE = 1e-10  # relative error that the eigensolver leaves at most


@dataclass(frozen=True)
class Extrapolated:
    """A limit for Nh → ∞ with its error, None where unknown."""

    value: float | None
    error: float | None


@dataclass(frozen=True)
class ConvergedState:
    """The lowest state of a system.

    Attributes:
        system: what was solved.
        levels: of successive spaces, the largest last.
        E: energy; its upper bound is `levels[-1].E`.
        mass: in m_e (one electron) or m0 (two).
        pair_distance2: <(r1 - r2)²>; None for one electron.
    """

    system: System
    levels: tuple[Level, ...]
    E: Extrapolated
    mass: Extrapolated
    pair_distance2: Extrapolated


def extrapolate(values: Sequence[float | None]) -> Extrapolated:
    """The limit of a sequence whose last three terms are taken for a geometric one (Aitken's Δ²).

    The error is the whole step from the last term to the limit, and at least half of the last step and a
    tenth of the one before: what is not the energy need not be monotonic, and a step may be small by chance.
    Where the steps do not shrink to `LARGEST_STEP_RATIO` or less, or change sign, the last term is the value and the
    larger of the last two steps, times 1/(1 - `LARGEST_STEP_RATIO`), the error.
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
        system: parameters.
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
    """What `extrapolate` makes of the lowest state in successive spaces, the largest last."""
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


def coupling_lambda(system: System) -> float | None:
    """λ of a system as `g_from_lambda` defines it, to 14 digits, so that a λ comes back as it was given; None
    where there is no convention.
    """
    geometry = system.geometry
    if geometry.coupling.startswith("site-peierls"):
        lam = 2.0 * system.g**2 / (system.omega * system.t) if geometry.lattice == "chain" else None
    else:
        lam = lambda_from_coupling(geometry.bravais, geometry.coupling, system.g, system.omega, system.t)
    return None if lam is None else float(f"{lam:.14g}")


def exact_table(
    systems: Sequence[System],
    nh: int | None = None,
    states: int = DEFAULT_STATES,
    momentum: Sequence[float] | None = None,
) -> list[dict[str, Any]]:
    """One flat row per system; `E`, `mass`, `pair_distance2` are the limits, the rest is of the largest
    space.

    `E_bound` is the variational upper bound, `K` is |K|, `K_x` ... its components. Of two electrons,
    `binding_energy` is 2 E_polaron - E; where it is not above 0 by its error, no bound pair is known, and
    mass and size mean nothing.

    Raises:
        InputError: as `converge`.
    """
    return [_exact_row(converge(system, nh, states, momentum)) for system in systems]


def _binding(result: ConvergedState) -> Extrapolated:
    if result.system.geometry.electrons == 1 or result.system.geometry.cluster is not None:
        return Extrapolated(None, None)
    alone = replace(result.system, geometry=replace(result.system.geometry, electrons=1))
    polaron = converge(alone, states=max(result.levels[-1].basis_size // 2, 2000)).E
    if polaron.value is None or result.E.value is None or polaron.error is None or result.E.error is None:
        return Extrapolated(None, None)
    return Extrapolated(2.0 * polaron.value - result.E.value, 2.0 * polaron.error + result.E.error)


def _exact_row(result: ConvergedState) -> dict[str, Any]:
    system, last = result.system, result.levels[-1]
    geometry = system.geometry
    binding = _binding(result)
    return {
        "lattice": geometry.lattice,
        "coupling": geometry.coupling,
        "electrons": geometry.electrons,
        "spin": geometry.spin if geometry.electrons == 2 else None,
        "t": system.t,
        "omega": system.omega,
        "g": system.g,
        "lambda": coupling_lambda(system),
        "U": system.U,
        "V": system.V,
        "g_holstein": system.g_holstein,
        "omega_holstein": system.omega_holstein,
        "E": result.E.value,
        "E_err": result.E.error,
        "E_bound": last.E,
        "mass": result.mass.value,
        "mass_err": result.mass.error,
        "pair_distance2": result.pair_distance2.value,
        "pair_distance2_err": result.pair_distance2.error,
        "binding_energy": binding.value,
        "binding_energy_err": binding.error,
        "phonons": last.phonons,
        "weight": last.weight,
        "K": math.hypot(*last.K),
        **{f"K_{axis}": k for axis, k in zip("xyz", last.K, strict=False)},
        "basis_size": last.basis_size,
        "nh": last.nh,
    }


@dataclass(frozen=True)
class CriticalLambda:
    """Where the state at K = 0 stops being a minimum of E(K): 1/m*(K = 0) = 0.

    Attributes:
        lam: λ and its error for Nh → ∞.
        by_nh: (Nh, number of states, λ) of every space.
    """

    lam: Extrapolated
    by_nh: tuple[tuple[int, int, float], ...]


def critical_lambda(
    omega: float, t: float = 1.0, nh: int = 9, geometry: Geometry | None = None, largest: float = 4.0
) -> CriticalLambda:
    """The critical coupling of the site-Peierls polaron on the chain (Marchand et al., PRL 105, 266605).

    Args:
        omega: Ω, in the unit of t.
        t: hopping.
        nh: moves of the largest space; five spaces up to it are compared.
        geometry: another geometry than this polaron's.
        largest: λ up to which a change of sign is looked for, in steps of 0.1.

    Raises:
        InputError: if there is none, or nh is below 6 or too small to agree on it within 0.1.
    """
    geometry = geometry or Geometry("chain", "site-peierls")
    if nh < 6:
        raise InputError(f"nh: {nh}; allowed: >= 6 for a critical coupling")
    system = System(geometry, t, omega, 0.0)
    space = build_space(geometry, nh)

    def inverse(lam: float, block: Space) -> float:
        level, _ = solve_in_space(block, replace(system, g=g_from_lambda(geometry, lam, omega, t)))
        if level.inverse_mass is None:
            raise InputError(f"{geometry.coupling}: the mass at K = 0 is not defined")
        return level.inverse_mass

    first = space.block(nh - 4)
    steps = np.arange(0.1, largest + 0.05, 0.1)
    above = next((x for x in steps if inverse(float(x), first) < 0.0), None)
    if above is None:
        raise InputError(f"nh: {nh}; no critical coupling up to lambda = {largest:g} in these spaces")
    low, high, found = float(above) - 0.2, float(above) + 0.1, []
    for n in range(nh - 4, nh + 1):
        block = space.block(n)
        if inverse(max(low, 0.0), block) < 0.0 or inverse(high, block) > 0.0:
            raise InputError(
                f"nh: {nh}; the spaces are too small for a critical coupling at omega = {omega:g}"
            )
        lam = float(brentq(inverse, max(low, 0.0), high, args=(block,), xtol=CRITICAL_TOLERANCE))
        found.append((n, len(block), lam))
    limit = extrapolate([lam for _, _, lam in found])
    return CriticalLambda(
        Extrapolated(limit.value, max(limit.error or 0.0, CRITICAL_TOLERANCE)), tuple(found)
    )


def critical_lambda_row(critical: CriticalLambda, omega: float) -> dict[str, Any]:
    """One flat row: omega, lambda, lambda_err, and λ in every space."""
    by_nh = {f"nh = {nh}": lam for nh, _, lam in critical.by_nh}
    return {"omega": omega, "lambda": critical.lam.value, "lambda_err": critical.lam.error, **by_nh}


def sharp_transition(lambdas: Sequence[float], omega: float, nh: int = 7) -> list[dict[str, float | None]]:
    """The site-Peierls polaron on the chain across its critical coupling (PRL 105, 266605), t = 1.

    Returns:
        per λ: momentum K, energy E and mass (in m_e) of the lowest state, and `inverse_mass_0`, m_e/m* at K =
            0.

    Raises:
        InputError: for negative λ.
    """
    geometry = Geometry("chain", "site-peierls")
    space = build_space(geometry, nh)
    found: list[dict[str, float | None]] = []
    for lam in lambdas:
        system = System(geometry, 1.0, omega, g_from_lambda(geometry, lam, omega, 1.0))
        result = converge(system, nh)
        central, _ = solve_in_space(space, system)
        found.append(
            {
                "omega": omega,
                "lambda": lam,
                "K": result.levels[-1].K[0],
                "E": result.E.value,
                "mass": result.mass.value,
                "mass_err": result.mass.error,
                "inverse_mass_0": central.inverse_mass,
            }
        )
    return found
