"""What is expected at Ω >> t where nothing was measured: the effective Hamiltonians with phonons eliminated.

Of fourth order in g; the spread is at least the largest change from second order, so that nothing is shown
where the two differ by more than a factor of two.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

from hpcbip.driver.forecast.regression import Estimate
from hpcbip.errors import InputError
from hpcbip.models import BRAVAIS_LATTICES
from hpcbip.superconductivity import radius2
from hpcbip.theory.antiadiabatic import build_effective_spaces, converge_effective
from hpcbip.theory.antiadiabatic.effective import PERTURBATION_ORDERS
from hpcbip.theory.exact.basis import Space
from hpcbip.theory.exact.convergence import ConvergedState
from hpcbip.theory.exact.geometry import EXACT_COUPLINGS, Geometry
from hpcbip.theory.exact.system import System
from hpcbip.vocabulary.observables import (
    BINDING_ENERGY,
    MASS_BIPOLARON,
    MASS_POLARON,
    PHONONS_BIPOLARON,
    PHONONS_POLARON,
    RADIUS2,
)
from hpcbip.vocabulary.parameters import COUPLING, LATTICE, OMEGA, OPTIONAL_POINT_KEYS, OTHER_MODEL_KEYS

LEAST_OMEGA = 4.0
"""Ω/t from which on the effective Hamiltonians are asked."""

MOST_NEIGHBOURS = 6
"""Coordination up to which they are solved in a second or so."""

LEAST_THEORY_SPREAD = 0.2


@cache
def _spaces(lattice: str, coupling: str, electrons: int) -> tuple[Space, ...]:
    return tuple(build_effective_spaces(Geometry(lattice, coupling, electrons)))


def antiadiabatic_values(parameters: Mapping[str, Any]) -> dict[str, Estimate]:
    """Return mass, phonons, size and binding energy of a point at Ω >> t, in units of t; empty if its model
    or its Ω are others."""
    lattice, coupling, t = (parameters[key] for key in (LATTICE.name, COUPLING.name, "t"))
    omega, g, U = (parameters[key] / t for key in (OMEGA.name, "g", "U"))
    others = any(parameters.get(key) for key in (*OTHER_MODEL_KEYS, *OPTIONAL_POINT_KEYS, "V"))
    if omega < LEAST_OMEGA or coupling not in EXACT_COUPLINGS or others:
        return {}
    if lattice not in BRAVAIS_LATTICES or BRAVAIS_LATTICES[lattice].coordination > MOST_NEIGHBOURS:
        return {}
    try:
        second, fourth = (_numbers(lattice, coupling, omega, g, U, order) for order in PERTURBATION_ORDERS)
    except InputError:
        return {}
    if MASS_POLARON.name not in second or second.keys() != fourth.keys():  # beyond what they can tell
        return {}
    spread = max(
        LEAST_THEORY_SPREAD, *(abs(math.log(value / second[name])) for name, value in fourth.items())
    )
    return {name: Estimate(value, spread) for name, value in fourth.items()}


def _numbers(lattice: str, coupling: str, omega: float, g: float, U: float, order: int) -> dict[str, float]:
    """Return the positive ones of the expected values in one order."""
    polaron, pair = (
        converge_effective(
            _spaces(lattice, coupling, electrons),
            System(Geometry(lattice, coupling, electrons), 1.0, omega, g, U),
            order,
        )
        for electrons in (1, 2)
    )
    found: dict[str, float | None] = {
        MASS_POLARON.name: polaron.mass.value,
        PHONONS_POLARON.name: polaron.levels[-1].phonons,
    }
    binding, error = _binding(polaron, pair)
    if binding > error:
        found |= {BINDING_ENERGY.name: binding, MASS_BIPOLARON.name: pair.mass.value}
        found |= {PHONONS_BIPOLARON.name: pair.levels[-1].phonons}
        if (distance2 := pair.pair_distance2.value) is not None:
            found[RADIUS2.name] = float(radius2(distance2))
    return {name: value for name, value in found.items() if value is not None and value > 0.0}


def _binding(polaron: ConvergedState, pair: ConvergedState) -> tuple[float, float]:
    """Return the binding energy and its error."""
    one, two = polaron.E, pair.E
    if one.value is None or two.value is None:
        return 0.0, math.inf
    return 2.0 * one.value - two.value, 2.0 * (one.error or 0.0) + (two.error or 0.0)
