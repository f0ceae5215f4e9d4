"""The critical coupling at which the site-Peierls polaron leaves K = 0 (Marchand et al., PRL 105, 266605)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import brentq

from hpcbip.errors import InputError
from hpcbip.theory.exact.convergence import (
    COMPARED_SPACES,
    SIZE_RATIO,
    Extrapolated,
    converge,
    extrapolate_in_E2,
)
from hpcbip.theory.exact.geometry import Geometry
from hpcbip.theory.exact.selection import Selection
from hpcbip.theory.exact.solver import solve_in_space
from hpcbip.theory.exact.system import System, g_from_lambda

CRITICAL_TOLERANCE = 1e-8
"""Accuracy in λ of the critical coupling of one space."""

CRITICAL_STATES = 20_000
"""Number of states of the largest space in which it is searched."""

SEARCH_STATES = 1000
"""Number of states of the space in which it is bracketed."""

BRACKET = 0.1
"""Step in λ of the search; within one step beside, the larger spaces have theirs."""


@dataclass(frozen=True)
class CriticalLambda:
    """The coupling at which the state at K = 0 stops being a minimum of E(K): 1/m*(K = 0) = 0.

    Attributes:
        lam: λ, extrapolated, with its error.
        by_size: (number of states, λ) of every space.
    """

    lam: Extrapolated
    by_size: tuple[tuple[int, float], ...]


def critical_lambda(
    omega: float,
    t: float = 1.0,
    states: int = CRITICAL_STATES,
    geometry: Geometry | None = None,
    largest: float = 4.0,
) -> CriticalLambda:
    """Find the critical coupling of the site-Peierls polaron on the chain (Marchand et al., PRL 105, 266605).

    Args:
        omega: Ω, in the unit of t.
        t: hopping.
        states: size of the largest space.
        geometry: None for this polaron, or another geometry.
        largest: λ up to which a change of sign is searched.

    Raises:
        InputError: if there is no critical coupling, or the spaces do not agree within `BRACKET`.
    """
    geometry = geometry or Geometry("chain", "site-peierls")
    bare = System(geometry, t, omega, 0.0)

    def at(lam: float) -> System:
        return replace(bare, g=g_from_lambda(geometry, lam, omega, t))

    def inverse(lam: float, selection: Selection) -> float:
        level, _ = solve_in_space(selection.space, at(lam), start=selection.state)
        if level.inverse_mass is None:
            raise InputError(f"{geometry.coupling}: the mass at K = 0 is not defined")
        return level.inverse_mass

    def root(low: float, selection: Selection) -> float:
        low, high = max(low, 0.0), low + 3.0 * BRACKET
        if inverse(low, selection) < 0.0 or inverse(high, selection) > 0.0:
            raise InputError(
                f"states: {states}; the spaces are too small for a critical coupling at omega = {omega:g}"
            )
        return float(brentq(inverse, low, high, args=(selection,), xtol=CRITICAL_TOLERANCE))

    for lam in np.arange(BRACKET, largest + BRACKET / 2.0, BRACKET):
        selection = Selection(at(float(lam)))
        selection.grow(min(SEARCH_STATES, states), np.zeros(1))
        if inverse(float(lam), selection) < 0.0:
            break
    else:
        raise InputError(f"states: {states}; no critical coupling up to lambda = {largest:g} in these spaces")
    near = root(float(lam) - 2.0 * BRACKET, selection)
    selection, found, E2 = Selection(at(near)), [], []
    for n in reversed(range(COMPARED_SPACES)):
        selection.grow(round(states / SIZE_RATIO**n), np.zeros(1))
        found.append((len(selection), root(near - 1.5 * BRACKET, selection)))
        E2.append(selection.solve(np.zeros(1)).E2)
    limit = extrapolate_in_E2([lam for _, lam in found], E2)
    return CriticalLambda(
        Extrapolated(limit.value, max(limit.error or 0.0, CRITICAL_TOLERANCE)), tuple(found)
    )


def critical_lambda_row(critical: CriticalLambda, omega: float) -> dict[str, Any]:
    """Build the row of a table: omega, lambda, lambda_err, and λ in every space."""
    by_size = {f"{size} states": lam for size, lam in critical.by_size}
    return {"omega": omega, "lambda": critical.lam.value, "lambda_err": critical.lam.error, **by_size}


def sharp_transition(
    lambdas: Sequence[float], omega: float, states: int = 2000
) -> list[dict[str, float | None]]:
    """Tabulate the site-Peierls polaron on the chain across its critical coupling (PRL 105, 266605), t = 1.

    Returns:
        a row per λ: momentum K, energy E and mass (in m_e) of the lowest state, and `inverse_mass_0`, m_e/m*
        at K = 0.

    Raises:
        InputError: for negative λ.
    """
    geometry = Geometry("chain", "site-peierls")
    found: list[dict[str, float | None]] = []
    for lam in lambdas:
        system = System(geometry, 1.0, omega, g_from_lambda(geometry, lam, omega, 1.0))
        result, central = converge(system, states), Selection(system)
        central.grow(states, np.zeros(1))
        found.append(
            {
                "omega": omega,
                "lambda": lam,
                "K": result.levels[-1].K[0],
                "E": result.E.value,
                "mass": result.mass.value,
                "mass_err": result.mass.error,
                "inverse_mass_0": central.solve(np.zeros(1)).inverse_mass,
            }
        )
    return found
