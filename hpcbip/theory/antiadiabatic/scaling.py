"""Scaling with Ω of the difference between effective Hamiltonians and exact diagonalisation.

Ω is scanned at fixed t, U and g²/Ω, of every family of phonons, whose frequencies keep their ratios. There
the energies of order 2 do not change and the exact ones approach them: the error of order 2 falls as 1/Ω,
that of order 4 as 1/Ω².
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from hpcbip.errors import InputError
from hpcbip.theory.antiadiabatic.effective import (
    PERTURBATION_ORDERS,
    build_effective_spaces,
    converge_effective,
    effective_amplitudes,
)
from hpcbip.theory.exact.convergence import ConvergedState, Extrapolated, converge, scaled_difference
from hpcbip.theory.exact.geometry import Geometry
from hpcbip.theory.exact.system import System
from hpcbip.theory.exact.tables import lists_of, parameters_of
from hpcbip.vocabulary.parameters import (
    COUPLING,
    G_HOLSTEIN,
    LAMBDA,
    LATTICE,
    OMEGA,
    OMEGA_HOLSTEIN,
    G,
    U,
    V,
)

EXACT_STATES = {1: 20_000, 2: 50_000, 3: 50_000}  # size of the largest exact space, by dimension
OMEGA_RANGE = (1.0, 1e5)  # smallest and largest Ω/t allowed
LARGEST_RATIO, LARGEST_U = 100.0, 1e4  # largest g²/Ω and |U| allowed, in t
POINTS_OF_FIT = 3  # smallest number of points from which a power is fitted


def scan_systems(
    geometry: Geometry, ratio: float, omegas: Sequence[float], U: float = 0.0, **others: Any
) -> list[System]:
    """Build systems of equal g²/(Ωt) = `ratio` at several Ω/t, with t = 1.

    Args:
        geometry: lattice, coupling and electrons; its families of phonons have the Ω and g that go with the
            first Ω.
        ratio: g²/(Ωt) of the coupling.
        omegas: Ω/t of the coupling. All other frequencies grow in proportion, and all g².
        U: interaction.
        others: further fields of `System`, at the first Ω.

    Raises:
        InputError: for triplets, no Ω, and numbers beyond `OMEGA_RANGE`, `LARGEST_RATIO` and `LARGEST_U`; as
            in `System`.
    """
    if geometry.electrons == 2 and geometry.spin != "singlet":
        raise InputError(f"spin: {geometry.spin}; allowed: singlet")
    if not 0.0 <= ratio <= LARGEST_RATIO:
        raise InputError(f"g2_over_omega: {ratio:g}; allowed: 0 to {LARGEST_RATIO:g}")
    for name, energy in (("U", U), ("V", others.get("V", 0.0))):
        if not abs(energy) <= LARGEST_U:
            raise InputError(f"{name}: {energy:g}; allowed: -{LARGEST_U:g} to {LARGEST_U:g}")
    if not omegas:
        raise InputError(
            f"omega: none given; allowed: one or more from {OMEGA_RANGE[0]:g} to {OMEGA_RANGE[1]:g}"
        )
    for omega in omegas:
        _check_frequency("omega", omega)
    first = System(geometry, 1.0, omegas[0], math.sqrt(ratio * omegas[0]), U, **others)
    return [_at_frequency(first, ratio, omega) for omega in omegas]


def _check_frequency(name: str, omega: float) -> None:
    if not OMEGA_RANGE[0] <= omega <= OMEGA_RANGE[1]:
        raise InputError(
            f"{name}: {omega:g}; allowed: {OMEGA_RANGE[0]:g} to {OMEGA_RANGE[1]:g}, "
            "the theory is of large ones"
        )


def _at_frequency(first: System, ratio: float, omega: float) -> System:
    """Take a system to another Ω of its coupling, at fixed ratios of all frequencies and fixed g²/Ω."""
    scale = omega / first.omega
    families = tuple(
        replace(family, omega=scale * family.omega, g=math.sqrt(scale) * family.g)
        for family in first.geometry.phonons
    )
    system = replace(
        first,
        geometry=replace(first.geometry, phonons=families),
        omega=omega,
        g=math.sqrt(ratio * omega),
        omega_holstein=scale * first.omega_holstein,
        g_holstein=math.sqrt(scale) * first.g_holstein,
    )
    for frequency in system.frequencies:
        _check_frequency("omega of the phonons", float(frequency))
    return system


def _effective(systems: Sequence[System], order: int, pair_extent: int | None) -> list[ConvergedState]:
    spaces = build_effective_spaces(systems[0].geometry, pair_extent)
    return [converge_effective(spaces, system, order) for system in systems]


@dataclass(frozen=True)
class StateWithBinding:
    """The lowest state of a pair with that of one electron (`polaron`), or of one electron alone (None)."""

    state: ConvergedState
    polaron: ConvergedState | None = None

    @property
    def binding(self) -> Extrapolated:
        """The binding energy 2 E_polaron - E."""
        return (
            Extrapolated(None, None)
            if self.polaron is None
            else scaled_difference(self.polaron.E, self.state.E, 2.0)
        )

    @property
    def bound(self) -> bool:
        """Whether the binding energy exceeds its error, without which mass and size have no meaning."""
        binding = self.binding
        return self.polaron is None or (binding.value is not None and binding.value > (binding.error or 0.0))

    def numbers(self, suffix: str = "") -> dict[str, float | None]:
        """Return E, mass, size, binding energy with errors, and phonons as columns that end in `suffix`."""
        unknown = Extrapolated(None, None)
        parts = {
            "E": self.state.E,
            "mass": self.state.mass if self.bound else unknown,
            "pair_distance2": self.state.pair_distance2 if self.bound else unknown,
            "binding_energy": self.binding,
        }
        row: dict[str, float | None] = {}
        for name, limit in parts.items():
            row |= {f"{name}{suffix}": limit.value, f"{name}{suffix}_err": limit.error}
        return row | {f"phonons{suffix}": self.state.levels[-1].phonons}


def antiadiabatic_table(
    systems: Sequence[System],
    orders: Sequence[int] = PERTURBATION_ORDERS,
    states: int | None = None,
    pair_extent: int | None = None,
) -> list[dict[str, Any]]:
    """Tabulate the effective Hamiltonian (`..._eff`) and the exact solution, a row per order and system.

    `difference` is E_eff - E and `mass_difference` mass_eff/mass - 1, with the errors of both sides; `power`
    and `mass_power` are the powers of 1/Ω in them, by `fit_power`, over the systems of the same order.
    `mass` and `pair_distance2` are None for pairs that are not bound; `K` is |K| of the exact, `K_eff` of
    the effective minimum.

    Args:
        systems: systems of one geometry but for the energies of its families, as from `scan_systems`.
        orders: 2, 4 or both.
        states: size of the largest exact space; a tenth of it for the single electron beside a pair.
        pair_extent: as in `build_effective_spaces`.

    Raises:
        InputError: as in these functions, and for another order.
    """
    groups = [list(systems)]
    if systems[0].geometry.electrons == 2:
        groups.append([replace(s, geometry=replace(s.geometry, electrons=1)) for s in systems])
    effective = {order: [_effective(group, order, pair_extent) for group in groups] for order in orders}
    states = EXACT_STATES[systems[0].geometry.bravais.dimension] if states is None else states
    sizes = [states, max(states // 10, min(states, 2000))]  # of pairs, and of the electron beside a pair
    solved = [[converge(one, size) for one in group] for group, size in zip(groups, sizes, strict=False)]
    exact_states = [StateWithBinding(*pair) for pair in zip(*solved, strict=True)]
    table: list[dict[str, Any]] = []
    for order in orders:
        effective_states = [StateWithBinding(*pair) for pair in zip(*effective[order], strict=True)]
        table += _rows_of_order(order, effective_states, exact_states)
    return table


def _rows_of_order(
    order: int, effective_states: Sequence[StateWithBinding], exact_states: Sequence[StateWithBinding]
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for effective_state, exact_state in zip(effective_states, exact_states, strict=True):
        system = exact_state.state.system
        difference = scaled_difference(effective_state.state.E, exact_state.state.E)
        mass_difference = (
            _relative_difference(effective_state.state.mass, exact_state.state.mass)
            if effective_state.bound and exact_state.bound
            else Extrapolated(None, None)
        )
        found.append(
            {
                **parameters_of(system, (LATTICE, COUPLING)),
                "electrons": system.geometry.electrons,
                **parameters_of(system, (U, LAMBDA, G, OMEGA, V, G_HOLSTEIN, OMEGA_HOLSTEIN)),
                **lists_of(system),
                "order": order,
                **effective_state.numbers("_eff"),
                **exact_state.numbers(),
                "difference": difference.value,
                "difference_err": difference.error,
                "mass_difference": mass_difference.value,
                "mass_difference_err": mass_difference.error,
                "K_eff": math.hypot(*effective_state.state.levels[-1].K),
                "K": math.hypot(*exact_state.state.levels[-1].K),
            }
        )
    for name in ("difference", "mass_difference"):
        omegas, differences, errors = (
            [row[key] for row in found] for key in (OMEGA.name, name, f"{name}_err")
        )
        power = fit_power(omegas, differences, errors)
        for row in found:
            key = name.replace("difference", "power")
            row |= {key: power.value, f"{key}_err": power.error}
    return found


def _relative_difference(approximate: Extrapolated, exact: Extrapolated) -> Extrapolated:
    """Compute approximate/exact - 1, with the errors of both."""
    if not approximate.value or not exact.value or approximate.error is None or exact.error is None:
        return Extrapolated(None, None)
    ratio = approximate.value / exact.value
    relative_error = approximate.error / abs(approximate.value) + exact.error / abs(exact.value)
    return Extrapolated(ratio - 1.0, abs(ratio) * relative_error)


def fit_power(
    omegas: Sequence[float], differences: Sequence[float | None], errors: Sequence[float | None]
) -> Extrapolated:
    """Fit p in |difference| = c Ω^-p e^(b/Ω), where the last factor stands for the next power.

    Differences below three times their error are left out; at least `POINTS_OF_FIT` of one sign are needed.
    The error is the distance to the slope between the two largest Ω, which says how far from a pure power
    the differences are, plus the largest change that the errors of the differences can cause.
    """
    points = zip(omegas, differences, errors, strict=True)
    used = np.array(
        sorted((o, d, e) for o, d, e in points if d is not None and e is not None and abs(d) > 3.0 * e)
    )
    if len(used) < POINTS_OF_FIT or len(set(used[:, 0])) < POINTS_OF_FIT or len(set(np.sign(used[:, 1]))) > 1:
        return Extrapolated(None, None)
    x, y, noise = np.log(used[:, 0]), np.log(np.abs(used[:, 1])), np.abs(used[:, 2] / used[:, 1])
    solver = np.linalg.pinv(np.stack([np.ones_like(x), -x, 1.0 / used[:, 0]], axis=1))
    last = float((y[-2] - y[-1]) / (x[-1] - x[-2]))
    value = float(solver[1] @ y)
    return Extrapolated(value, abs(value - last) + float(np.abs(solver[1]) @ noise))


def amplitude_table(system: System, orders: Sequence[int] = PERTURBATION_ORDERS) -> list[dict[str, Any]]:
    """Tabulate the amplitudes of the effective Hamiltonians, a row per order, displacement and mover.

    The mover is an electron or a pair on one site. Opposite displacements have the same amplitude and are
    listed once; at zero displacement it is the energy of the site. With several sites per cell `from` and
    `to` are those sites, each two of them listed once, and the displacement is that of the cell.

    Raises:
        InputError: as in `effective_amplitudes`.
    """
    result: list[dict[str, Any]] = []
    lattice = system.geometry.bravais
    for order in orders:
        for electrons, moves in ((1, "electron"), (2, "pair on one site")):
            mover = replace(system, geometry=replace(system.geometry, electrons=electrons))
            for start, end in combinations_with_replacement(range(lattice.kinds), 2):
                names = (
                    {}
                    if lattice.is_bravais
                    else {"from": lattice.site_names[start], "to": lattice.site_names[end]}
                )
                for displacement, amplitude in effective_amplitudes(mover, order, (start, end)).items():
                    result.append(
                        {
                            **parameters_of(system, (LATTICE, COUPLING, U, G, OMEGA)),
                            **lists_of(system),
                            "order": order,
                            "moves": moves,
                            **names,
                            "displacement": " ".join(map(str, displacement)),
                            "amplitude": amplitude,
                        }
                    )
    return result
