"""Tables of the exact diagonalisation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hpcbip.models import families_to_text, lambda_from_coupling
from hpcbip.theory.exact.convergence import (
    DEFAULT_STATES,
    ConvergedState,
    Extrapolated,
    converge,
    scaled_difference,
)
from hpcbip.theory.exact.system import LISTS_OF_SYSTEM, System
from hpcbip.vocabulary.entries import ERROR
from hpcbip.vocabulary.observables import BINDING_ENERGY, PAIR_DISTANCE2
from hpcbip.vocabulary.parameter_entry import Parameter
from hpcbip.vocabulary.parameters import (
    COUPLING,
    G_HOLSTEIN,
    HOPPING,
    LAMBDA,
    LATTICE,
    OMEGA,
    OMEGA_HOLSTEIN,
    PHONON_HOPPING,
    PROFILE,
    G,
    U,
    V,
)


def exact_table(
    systems: Sequence[System],
    states: int = DEFAULT_STATES,
    momentum: Sequence[float] | None = None,
) -> list[dict[str, Any]]:
    """Solve systems and tabulate them, a row per system.

    `E`, `mass`, `pair_distance2`, `phonons` and `weight` are extrapolated. `E_bound` is the variational upper
    bound, `E2` the estimate of what is left out of it, `basis_size` the number of states; `K` is |K|, `K_x`
    ... its components; levels and factors have columns where they were given. Of two electrons,
    `binding_energy` is 2 E_polaron - E; where it does not exceed its error, no bound pair is resolved, and
    mass and size have no meaning. Two electrons far apart have twice E_polaron, so that E above it is not
    converged: its error reaches down to there.

    Args:
        systems: the systems to solve.
        states, momentum: as in `converge`.

    Raises:
        InputError: as in `converge`.
    """
    return [_exact_row(converge(system, states, momentum)) for system in systems]


def _binding(result: ConvergedState) -> Extrapolated:
    if result.system.geometry.electrons == 1 or result.system.geometry.cluster is not None:
        return Extrapolated(None, None)
    one_electron = replace(result.system, geometry=replace(result.system.geometry, electrons=1))
    polaron = converge(one_electron, max(result.levels[-1].basis_size // 2, 2000)).E
    return scaled_difference(polaron, result.E, 2.0)


def _exact_row(result: ConvergedState) -> dict[str, Any]:
    system, last = result.system, result.levels[-1]
    geometry = system.geometry
    binding = _binding(result)
    E_err = result.E.error
    if E_err is not None and binding.value is not None:
        E_err = max(E_err, -binding.value)
    return {
        **parameters_of(system, (LATTICE, COUPLING)),
        "electrons": geometry.electrons,
        "spin": geometry.spin if geometry.electrons == 2 else None,
        **parameters_of(system, (HOPPING, OMEGA, G, LAMBDA, U, V, G_HOLSTEIN, OMEGA_HOLSTEIN)),
        **lists_of(system),
        "E": result.E.value,
        "E_err": E_err,
        "E_bound": last.E,
        "mass": result.mass.value,
        "mass_err": result.mass.error,
        PAIR_DISTANCE2.name: result.pair_distance2.value,
        PAIR_DISTANCE2.name + ERROR: result.pair_distance2.error,
        BINDING_ENERGY.name: binding.value,
        BINDING_ENERGY.name + ERROR: binding.error,
        "phonons": result.phonons.value,
        "phonons_err": result.phonons.error,
        "weight": result.weight.value,
        "weight_err": result.weight.error,
        "K": math.hypot(*last.K),
        **{f"K_{axis}": k for axis, k in zip("xyz", last.K, strict=False)},
        "basis_size": last.basis_size,
        "E2": last.E2,
    }


def lambda_of_system(system: System) -> float | None:
    """Compute λ of a system, the inverse of `g_from_lambda`; None where there is no convention.

    It is rounded to 14 digits, so that a λ comes back as it was given.
    """
    geometry = system.geometry
    if geometry.coupling.startswith("site-peierls"):
        lam = 2.0 * system.g**2 / (system.omega * system.t) if geometry.lattice == "chain" else None
    else:
        lam = lambda_from_coupling(geometry.bravais, geometry.coupling, system.g, system.omega, system.t)
    return None if lam is None else float(f"{lam:.14g}")


def parameters_of(system: System, wanted: Iterable[Parameter]) -> dict[str, Any]:
    """Return parameters of a system by name, for the row of a table."""
    geometry = system.geometry
    others = {LATTICE: geometry.lattice, COUPLING: geometry.coupling, LAMBDA: lambda_of_system(system)}
    return {one.name: others[one] if one in others else getattr(system, one.name) for one in wanted}


def lists_of(system: System) -> Mapping[str, Any]:
    """Return what was given of the numbers per bond axis and site of the cell, and of further phonons, by
    name."""
    geometry = system.geometry
    found: dict[str, Any] = {
        name: list(getattr(system, name)) for name in LISTS_OF_SYSTEM if getattr(system, name)
    }
    if geometry.dispersive:
        found[PHONON_HOPPING.name] = system.phonon_hopping
    if geometry.profile:
        found[PROFILE.name] = list(geometry.profile)
    if geometry.phonons:
        found["families"] = families_to_text(geometry.phonons)  # `phonons` is their number
    return found
