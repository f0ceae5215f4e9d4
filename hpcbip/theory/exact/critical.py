"""The critical coupling at which the site-Peierls polaron leaves K = 0 (Marchand et al., PRL 105, 266605)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import brentq

from hpcbip.errors import InputError
from hpcbip.theory.exact.basis import Space, build_space
from hpcbip.theory.exact.convergence import Extrapolated, converge, extrapolate
from hpcbip.theory.exact.solver import solve_in_space
from hpcbip.theory.exact.system import Geometry, System, g_from_lambda

CRITICAL_TOLERANCE = 1e-8
"""Accuracy in λ of the critical coupling of one space."""

EXTRAPOLATED_SPACES = 5
"""Number of spaces of successive Nh from which the critical coupling is extrapolated."""


@dataclass(frozen=True)
class CriticalLambda:
    """The coupling at which the state at K = 0 stops being a minimum of E(K): 1/m*(K = 0) = 0.

    Attributes:
        lam: λ, extrapolated to Nh → ∞, with its error.
        by_nh: (Nh, λ) of every space.
    """

    lam: Extrapolated
    by_nh: tuple[tuple[int, float], ...]


def critical_lambda(
    omega: float, t: float = 1.0, nh: int = 9, geometry: Geometry | None = None, largest: float = 4.0
) -> CriticalLambda:
    """Find the critical coupling of the site-Peierls polaron on the chain (Marchand et al., PRL 105, 266605).

    Args:
        omega: Ω, in the unit of t.
        t: hopping.
        nh: moves of the largest space; five spaces up to it are compared.
        geometry: None for this polaron, or another geometry.
        largest: λ up to which a change of sign is searched, in steps of 0.1.

    Raises:
        InputError: if there is no critical coupling, or nh is below 6, or the spaces do not agree within 0.1.
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

    first = space.block(nh - EXTRAPOLATED_SPACES + 1)
    steps = np.arange(0.1, largest + 0.05, 0.1)
    above = next((x for x in steps if inverse(float(x), first) < 0.0), None)
    if above is None:
        raise InputError(f"nh: {nh}; no critical coupling up to lambda = {largest:g} in these spaces")
    low, high, found = float(above) - 0.2, float(above) + 0.1, []
    for n in range(nh - EXTRAPOLATED_SPACES + 1, nh + 1):
        block = space.block(n)
        if inverse(max(low, 0.0), block) < 0.0 or inverse(high, block) > 0.0:
            raise InputError(
                f"nh: {nh}; the spaces are too small for a critical coupling at omega = {omega:g}"
            )
        lam = float(brentq(inverse, max(low, 0.0), high, args=(block,), xtol=CRITICAL_TOLERANCE))
        found.append((n, lam))
    limit = extrapolate([lam for _, lam in found])
    return CriticalLambda(
        Extrapolated(limit.value, max(limit.error or 0.0, CRITICAL_TOLERANCE)), tuple(found)
    )


def critical_lambda_row(critical: CriticalLambda, omega: float) -> dict[str, Any]:
    """Build the row of a table: omega, lambda, lambda_err, and λ in every space."""
    by_nh = {f"nh = {nh}": lam for nh, lam in critical.by_nh}
    return {"omega": omega, "lambda": critical.lam.value, "lambda_err": critical.lam.error, **by_nh}


def sharp_transition(lambdas: Sequence[float], omega: float, nh: int = 7) -> list[dict[str, float | None]]:
    """Tabulate the site-Peierls polaron on the chain across its critical coupling (PRL 105, 266605), t = 1.

    Returns:
        a row per λ: momentum K, energy E and mass (in m_e) of the lowest state, and `inverse_mass_0`, m_e/m*
        at K = 0.

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
