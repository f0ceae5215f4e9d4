"""The effective Hamiltonians of the antiadiabatic limit beside exact diagonalisation, and the power by which
they miss.

Ω is scanned at fixed t, U and g²/Ω, where the energies of order 2 stay and those of the exact solution
approach them: what order 2 leaves out falls as 1/Ω, what order 4 leaves out as 1/Ω².
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hpcbip.errors import InputError
from hpcbip.theory.antiadiabatic.effective import ORDERS, amplitudes, effective, effective_spaces
from hpcbip.theory.exact.basis import build_space
from hpcbip.theory.exact.convergence import STEPS, Converged, Limit, coupling_lambda, limits
from hpcbip.theory.exact.solver import Level, guessed_momentum, solve_near
from hpcbip.theory.exact.system import Geometry, System

STATES = {1: 100_000, 2: 400_000, 3: 400_000}  # of the largest exact space, by dimension
WIDTH = {1: 24, 2: 8, 3: 4}  # hops that its pairs are apart without phonons
NARROWEST = 2  # if that would leave no room for moves
OMEGAS = (1.0, 1e5)  # that are taken, Ω/t
LARGEST_RATIO, LARGEST_U = 100.0, 1e4  # likewise, in t
POINTS = 3  # of a power, at least


def scan(geometry: Geometry, ratio: float, omegas: Sequence[float], U: float = 0.0) -> list[System]:
    """Systems of equal g²/(Ωt) = `ratio` at these Ω/t, t = 1.

    Raises:
        InputError: for two couplings together, triplets, no Ω, and numbers beyond `OMEGAS`, `LARGEST_RATIO`
            and `LARGEST_U`.
    """
    if geometry.coupling.endswith("+holstein"):
        raise InputError(f"coupling {geometry.coupling!r}; allowed: bond, site-peierls, holstein, each alone")
    if geometry.electrons == 2 and geometry.spin != "singlet":
        raise InputError(f"spin: {geometry.spin}; allowed: singlet")
    if not 0.0 <= ratio <= LARGEST_RATIO:
        raise InputError(f"g2_over_omega: {ratio:g}; allowed: 0 to {LARGEST_RATIO:g}")
    if not abs(U) <= LARGEST_U:
        raise InputError(f"U: {U:g}; allowed: -{LARGEST_U:g} to {LARGEST_U:g}")
    if not omegas:
        raise InputError(f"omega: none given; allowed: one or more from {OMEGAS[0]:g} to {OMEGAS[1]:g}")
    for omega in omegas:
        if not OMEGAS[0] <= omega <= OMEGAS[1]:
            raise InputError(
                f"omega: {omega:g}; allowed: {OMEGAS[0]:g} to {OMEGAS[1]:g}, the theory is of large ones"
            )
    return [System(geometry, 1.0, omega, math.sqrt(ratio * omega), U) for omega in omegas]


def exact(systems: Sequence[System], states: int) -> list[Converged]:
    """The lowest states of systems of one geometry for all moves and all widths.

    Pairs may be wider than the few moves that reach all phonons of a large Ω, so the spaces start from all
    pairs up to `WIDTH` hops apart, or fewer where three moves from there do not fit. To the limit in moves at
    this width comes what the limit in width, from the same, one and a half times and twice as wide, changes
    at two moves less; errors add.

    Args:
        systems: what to solve.
        states: size of the largest space, about.

    Raises:
        InputError: for too few states.
    """
    geometry = systems[0].geometry
    d, pair = geometry.bravais.dimension, geometry.electrons == 2
    for width in range(WIDTH[d], NARROWEST - 1, -2) if pair else (0,):
        largest = build_space(geometry, None, states, width)
        if largest.nh >= STEPS:
            break
    else:
        raise InputError(f"states: {states}; allowed: more, so that {STEPS} moves fit into the space")
    first = largest.nh - STEPS + 1
    spaces = [largest.block(n) for n in range(first, largest.nh + 1)]
    wider = [build_space(geometry, first, apart=w) for w in (width * 3 // 2, width * 2)] if pair else []
    result = []
    for system in systems:
        levels: list[Level] = []
        guess = guessed_momentum(spaces[0], system)
        for space in (*spaces, *wider):
            levels.append(solve_near(space, system, np.array(levels[-1].K) if levels else guess))
        found = limits(system, levels[:STEPS])
        result.append(_widened(found, limits(system, [levels[0], *levels[STEPS:]])) if pair else found)
    return result


def _widened(found: Converged, wide: Converged) -> Converged:
    """The limit in moves with the change from the first to the limit in width."""
    start = wide.levels[0]

    def sum_of(one: Limit, other: Limit, begin: float | None) -> Limit:
        if (
            one.value is None
            or other.value is None
            or one.error is None
            or other.error is None
            or begin is None
        ):
            return Limit(None, None)
        return Limit(one.value + other.value - begin, one.error + other.error)

    return replace(
        found,
        E=sum_of(found.E, wide.E, start.E),
        mass=sum_of(found.mass, wide.mass, start.mass),
        pair_distance2=sum_of(found.pair_distance2, wide.pair_distance2, start.pair_distance2),
    )


def _effective(systems: Sequence[System], order: int, apart: int | None) -> list[Converged]:
    spaces = effective_spaces(systems[0].geometry, apart)
    return [effective(spaces, system, order) for system in systems]


@dataclass(frozen=True)
class Bound:
    """The lowest state of a pair beside that of one electron (`alone`), or the latter by itself."""

    state: Converged
    alone: Converged | None = None

    @property
    def binding(self) -> Limit:
        """2 E_polaron - E."""
        return Limit(None, None) if self.alone is None else _minus(self.alone.E, self.state.E, 2.0)

    @property
    def bound(self) -> bool:
        """Whether mass and size have a meaning: not where the binding energy is not above its error."""
        binding = self.binding
        return self.alone is None or (binding.value is not None and binding.value > (binding.error or 0.0))

    def numbers(self, suffix: str = "") -> dict[str, float | None]:
        """E, mass, size, binding energy with errors, and phonons; names end in `suffix`."""
        unknown = Limit(None, None)
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


def _minus(a: Limit, b: Limit, scale: float = 1.0) -> Limit:
    """scale a - b, errors added."""
    if a.value is None or b.value is None or a.error is None or b.error is None:
        return Limit(None, None)
    return Limit(scale * a.value - b.value, scale * a.error + b.error)


def compare(
    systems: Sequence[System],
    orders: Sequence[int] = ORDERS,
    states: int | None = None,
    apart: int | None = None,
) -> list[dict[str, Any]]:
    """One row per order and system: the effective Hamiltonian (`..._eff`) beside the exact solution, at
    lowest K each.

    `difference` is E_eff - E and `mass_difference` mass_eff/mass - 1, with the errors of both sides; `power`
    and `mass_power` are of 1/Ω in them, by `power`, over the systems of the same order. `mass` and
    `pair_distance2` are None for pairs that are not bound; `K` is |K| of the exact, `K_eff` of the effective
    minimum.

    Args:
        systems: of one geometry, as from `scan`.
        orders: 2, 4 or both.
        states: as of `exact`; a tenth of it for the electron beside a pair.
        apart: as of `effective_spaces`.

    Raises:
        InputError: as those, and for another order.
    """
    groups = [list(systems)]
    if systems[0].geometry.electrons == 2:
        groups.append([replace(s, geometry=replace(s.geometry, electrons=1)) for s in systems])
    near = {order: [_effective(group, order, apart) for group in groups] for order in orders}
    states = STATES[systems[0].geometry.bravais.dimension] if states is None else states
    true = [exact(group, states // (10 if k else 1)) for k, group in enumerate(groups)]
    real = [Bound(*states) for states in zip(*true, strict=True)]
    return [
        row
        for order in orders
        for row in _rows(order, [Bound(*x) for x in zip(*near[order], strict=True)], real)
    ]


def _rows(order: int, approximate: Sequence[Bound], true: Sequence[Bound]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for near, real in zip(approximate, true, strict=True):
        system = real.state.system
        geometry = system.geometry
        apart = _minus(near.state.E, real.state.E)
        heavier = _ratio(near.state.mass, real.state.mass) if near.bound and real.bound else Limit(None, None)
        found.append(
            {
                "lattice": geometry.lattice,
                "coupling": geometry.coupling,
                "electrons": geometry.electrons,
                "U": system.U,
                "lambda": coupling_lambda(system),
                "g": system.g,
                "omega": system.omega,
                "order": order,
                **near.numbers("_eff"),
                **real.numbers(),
                "difference": apart.value,
                "difference_err": apart.error,
                "mass_difference": heavier.value,
                "mass_difference_err": heavier.error,
                "K_eff": math.hypot(*near.state.levels[-1].K),
                "K": math.hypot(*real.state.levels[-1].K),
            }
        )
    for name in ("difference", "mass_difference"):
        omegas, differences, errors = ([row[key] for row in found] for key in ("omega", name, f"{name}_err"))
        law = power(omegas, differences, errors)
        for row in found:
            key = name.replace("difference", "power")
            row |= {key: law.value, f"{key}_err": law.error}
    return found


def _ratio(near: Limit, real: Limit) -> Limit:
    """near/real - 1."""
    if not near.value or not real.value or near.error is None or real.error is None:
        return Limit(None, None)
    ratio = near.value / real.value
    return Limit(ratio - 1.0, abs(ratio) * (near.error / abs(near.value) + real.error / abs(real.value)))


def power(
    omegas: Sequence[float], differences: Sequence[float | None], errors: Sequence[float | None]
) -> Limit:
    """p of |difference| = c Ω^-p e^(b/Ω), the last factor being the next power; its error.

    Differences below three times their error are left out, and at least `POINTS` are needed, of one sign. The
    error is the distance to the slope between the two largest Ω, which says how far from a pure power the
    differences are still, plus what the errors of the differences can do at most.
    """
    points = zip(omegas, differences, errors, strict=True)
    used = np.array(
        sorted((o, d, e) for o, d, e in points if d is not None and e is not None and abs(d) > 3.0 * e)
    )
    if len(used) < POINTS or len(set(used[:, 0])) < POINTS or len(set(np.sign(used[:, 1]))) > 1:
        return Limit(None, None)
    x, y, noise = np.log(used[:, 0]), np.log(np.abs(used[:, 1])), np.abs(used[:, 2] / used[:, 1])
    solver = np.linalg.pinv(np.stack([np.ones_like(x), -x, 1.0 / used[:, 0]], axis=1))
    last = float((y[-2] - y[-1]) / (x[-1] - x[-2]))
    value = float(solver[1] @ y)
    return Limit(value, abs(value - last) + float(np.abs(solver[1]) @ noise))


def amplitude_rows(system: System, orders: Sequence[int] = ORDERS) -> list[dict[str, Any]]:
    """The amplitudes of the effective Hamiltonians: a row per order, displacement and what moves, electron or
    pair.

    Of opposite displacements, which have the same amplitude, one is listed; at zero it is the energy of the
    site.

    Raises:
        InputError: as `amplitudes`.
    """
    result: list[dict[str, Any]] = []
    for order in orders:
        for electrons, what in ((1, "electron"), (2, "pair on one site")):
            mover = replace(system, geometry=replace(system.geometry, electrons=electrons))
            for displacement, amplitude in amplitudes(mover, order).items():
                result.append(
                    {
                        "lattice": system.geometry.lattice,
                        "coupling": system.geometry.coupling,
                        "U": system.U,
                        "g": system.g,
                        "omega": system.omega,
                        "order": order,
                        "moves": what,
                        "displacement": " ".join(map(str, displacement)),
                        "amplitude": amplitude,
                    }
                )
    return result
