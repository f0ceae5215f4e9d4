"""The effective Hamiltonians of the antiadiabatic limit beside exact diagonalisation, and the power by which they miss.

Ω is scanned at fixed t, U and g²/Ω, where the energies of order 2 stay and those of the exact solution approach them:
what order 2 leaves out falls as 1/Ω, what order 4 leaves out as 1/Ω².
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.errors import InputError

from .antiadiabatic import ORDERS, amplitudes, effective, effective_spaces
from .exact import STEPS, Converged, Limit, coupling_lambda, limits
from .exact_basis import Space, build_space
from .exact_solve import Level, guessed_momentum, refined_momentum, solve
from .exact_system import Geometry, System

MOVES = {1: {1: 8, 2: 6, 3: 5}, 2: {1: 5, 2: 3, 3: 3}}  # of the exact space, by electrons and dimension
WIDENING = {1: 6, 2: 6, 3: 2}  # hops that its pairs are apart, per move, by dimension
LARGEST_NH = 12
FLAT = 1e-6  # slope of E(K), in t, of a minimum
POINTS = 3  # of a power, at least


def scan(geometry: Geometry, ratio: float, omegas: Sequence[float], U: float = 0.0) -> list[System]:
    """Systems of equal g²/(Ωt) = `ratio` at these Ω/t, t = 1.

    Raises:
        InputError: for a ratio below 0, an Ω not above 0, or none, and for triplets.
    """
    if not (math.isfinite(ratio) and ratio >= 0.0):
        raise InputError(f"g2_over_omega: {ratio}; allowed: >= 0")
    if not omegas:
        raise InputError("omega: none given; allowed: one or more frequencies above 0")
    if geometry.electrons == 2 and geometry.spin != "singlet":
        raise InputError(f"spin: {geometry.spin}; allowed: singlet")
    return [System(geometry, 1.0, omega, math.sqrt(ratio * max(omega, 0.0)), U) for omega in omegas]


def exact(systems: Sequence[System], nh: int | None = None) -> list[Converged]:
    """The lowest states of systems of one geometry in three spaces that grow in moves and in width alike.

    For pairs wider than the few moves that reach all phonons of a large Ω: the space of n moves starts from all pairs
    up to `WIDENING` n hops apart.

    Args:
        systems: what to solve.
        nh: moves of the largest space; None: `MOVES`.

    Raises:
        InputError: for nh out of range.
    """
    geometry = systems[0].geometry
    d, pair = geometry.bravais.dimension, geometry.electrons == 2
    nh = MOVES[geometry.electrons][d] if nh is None else nh
    if not STEPS - 1 <= nh <= LARGEST_NH:
        raise InputError(f"nh: {nh}; allowed: {STEPS - 1} to {LARGEST_NH}")
    levels: list[list[Level]] = [[] for _ in systems]
    for n in range(nh - STEPS + 1, nh + 1):
        space = build_space(geometry, n, apart=WIDENING[d] * n if pair else 0)
        for found, system in zip(levels, systems, strict=True):
            guess = np.array(found[-1].K) if found else guessed_momentum(space, system)
            found.append(_lowest(space, system, guess))
    return [limits(system, found) for system, found in zip(systems, levels, strict=True)]


def _lowest(space: Space, system: System, guess: NDArray[np.float64]) -> Level:
    """Near a guess, which is kept where E(K) has a minimum there already."""
    level = solve(space, system, guess)[0]
    if np.linalg.norm(level.slope) < FLAT * system.t and (level.inverse_mass is None or level.inverse_mass > 0.0):
        return level
    return solve(space, system, refined_momentum(space, system, guess))[0]


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
    systems: Sequence[System], orders: Sequence[int] = ORDERS, nh: int | None = None, apart: int | None = None
) -> list[dict[str, Any]]:
    """One row per order and system: the effective Hamiltonian (`..._eff`) beside the exact solution, at lowest K each.

    `difference` is E_eff - E and `mass_difference` mass_eff/mass - 1, with the errors of both sides; `power` and
    `mass_power` are of 1/Ω in them, by `power`, over the systems of the same order. `mass` and `pair_distance2` are
    None for pairs that are not bound; `K` is |K| of the exact, `K_eff` of the effective minimum.

    Args:
        systems: of one geometry, as from `scan`.
        orders: 2, 4 or both.
        nh: of the pair (or the only electron), as of `exact`.
        apart: as of `effective_spaces`.

    Raises:
        InputError: as those, and for another order.
    """
    groups = [list(systems)]
    if systems[0].geometry.electrons == 2:
        groups.append([replace(s, geometry=replace(s.geometry, electrons=1)) for s in systems])
    near = {order: [_effective(group, order, apart) for group in groups] for order in orders}
    true = [exact(group, nh if group is groups[0] else None) for group in groups]
    real = [Bound(*states) for states in zip(*true, strict=True)]
    return [row for order in orders for row in _rows(order, [Bound(*x) for x in zip(*near[order], strict=True)], real)]


def _rows(order: int, approximate: Sequence[Bound], true: Sequence[Bound]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for near, real in zip(approximate, true, strict=True):
        system = real.state.system
        geometry = system.geometry
        apart = _minus(near.state.E, real.state.E)
        heavier = _ratio(near.state.mass, real.state.mass) if near.bound and real.bound else Limit(None, None)
        found.append({
            "lattice": geometry.lattice, "coupling": geometry.coupling, "electrons": geometry.electrons,
            "U": system.U, "lambda": coupling_lambda(system), "g": system.g, "omega": system.omega, "order": order,
            **near.numbers("_eff"), **real.numbers(),
            "difference": apart.value, "difference_err": apart.error,
            "mass_difference": heavier.value, "mass_difference_err": heavier.error,
            "K_eff": math.hypot(*near.state.levels[-1].K), "K": math.hypot(*real.state.levels[-1].K),
        })  # fmt: skip
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


def power(omegas: Sequence[float], differences: Sequence[float | None], errors: Sequence[float | None]) -> Limit:
    """p of |difference| = c Ω^-p e^(b/Ω), the last factor being the next power; its error.

    Differences below three times their error are left out, and at least `POINTS` are needed, of one sign. The error is
    the distance to the slope between the two largest Ω, plus what the errors of the differences can do at most.
    """
    points = zip(omegas, differences, errors, strict=True)
    used = np.array(sorted((o, d, e) for o, d, e in points if d is not None and e is not None and abs(d) > 3.0 * e))
    if len(used) < POINTS or len(set(used[:, 0])) < POINTS or len(set(np.sign(used[:, 1]))) > 1:
        return Limit(None, None)
    x, y, noise = np.log(used[:, 0]), np.log(np.abs(used[:, 1])), np.abs(used[:, 2] / used[:, 1])
    solver = np.linalg.pinv(np.stack([np.ones_like(x), -x, 1.0 / used[:, 0]], axis=1))
    last = -(y[-1] - y[-2]) / (x[-1] - x[-2])
    value = float(solver[1] @ y)
    return Limit(value, abs(value - float(last)) + float(np.abs(solver[1]) @ noise))


def terms(system: System, orders: Sequence[int] = ORDERS) -> list[dict[str, Any]]:
    """The amplitudes of the effective Hamiltonians, a row per order, displacement and what moves: electron or pair.

    Raises:
        InputError: as `amplitudes`.
    """
    result = []
    for order in orders:
        for electrons, what in ((1, "electron"), (2, "pair on one site")):
            mover = replace(system, geometry=replace(system.geometry, electrons=electrons))
            found = amplitudes(mover, order)
            result += [
                {"coupling": system.geometry.coupling, "omega": system.omega, "order": order, "moves": what,
                 "displacement": list(r), "amplitude": x}
                for r, x in sorted(found.items(), key=lambda item: (sum(n * n for n in item[0]), item[0]))
                if next((n > 0 for n in r if n), True)  # the opposite one is the same
            ]  # fmt: skip
    return result
