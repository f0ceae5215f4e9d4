"""A plain diagonalisation of distinguishable electrons with phonons, state by state.

A site is the lattice coordinates of its cell and its number in the cell; the phase of a hop is that of the
cells alone, which gives the levels of any other choice.
"""

from __future__ import annotations

import cmath
import itertools
import math
from collections.abc import Iterator
from functools import cache

import numpy as np

from hpcbip.models import get_lattice
from hpcbip.theory.exact.geometry import Geometry
from hpcbip.theory.exact.system import System

Vector = tuple[int, ...]
State = tuple[tuple[Vector, ...], tuple[tuple[Vector, int, int], ...]]
SITE = -1  # the oscillator of a site, the others being of axes
FURTHER = -2  # that of the first further family on sites, and so on downwards


def plus(site: Vector, step: Vector) -> Vector:
    """Move a site to another cell."""
    return (*(x + y for x, y in zip(site[:-1], step, strict=True)), site[-1])


def distance(system: System, one: Vector, other: Vector) -> float:
    lattice = get_lattice(system.geometry.lattice)
    d = lattice.dimension
    inside = lattice.sites or ((0.0,) * d,)
    ends = []
    for *cell, kind in (one, other):
        flat = (np.array(cell) + np.array(inside[kind][:d])) @ np.array(lattice.primitive)
        heights = [*inside[kind][d:], 0.0, 0.0][: 3 - d]
        ends.append([*flat, *heights])
    return math.dist(*ends)


@cache
def around(system: System, kind: int, number: int) -> list[tuple[Vector, float]]:
    """The sites at the first distances that occur on the lattice from one in the cell at the origin, with the
    number of the distance; so many distances, zero included."""
    lattice = get_lattice(system.geometry.lattice)
    d, kinds = lattice.dimension, range(lattice.kinds)
    sites = [(*cell, k) for cell in itertools.product(range(-3, 4), repeat=d) for k in kinds]
    far = {(site, k): round(distance(system, site, (*(0,) * d, k)), 6) for site in sites for k in kinds}
    radii = sorted(set(far.values()))[:number]
    return [(site, radii.index(far[site, kind])) for site in sites if far[site, kind] in radii]


def acting(system: System, place: Vector) -> Iterator[tuple[tuple[Vector, int], float]]:
    """Yield the oscillators of sites that feel an electron on one, with g p."""
    geometry = system.geometry
    site_g = system.g if geometry.coupling == "holstein" else system.g_holstein
    own = [(SITE, site_g, range(geometry.bravais.kinds), geometry.profile or (1.0,))]
    further = [
        (FURTHER - number, family.g, family.places or own[0][2], family.profile)
        for number, family in enumerate(geometry.phonons)
    ]
    for mode, g, kinds, profile in (own if site_g else []) + further:
        for site, shell in around(system, place[-1], len(profile)):
            if site[-1] in kinds and profile[shell] != 0.0:
                yield (plus(site, place[:-1]), mode), g * profile[shell]


def plain_terms(state: State, system: System, K: np.ndarray) -> dict[State, complex]:
    """H on a state of distinguishable electrons, the first one in the cell at the origin; written without the
    package's moves.
    """
    geometry = system.geometry
    lattice = get_lattice(geometry.lattice)
    d, electrons = lattice.dimension, geometry.electrons
    places, phonons = list(state[0]), {(site, mode): n for site, mode, n in state[1]}
    result: dict[State, complex] = {}

    def add(new: list[Vector], cloud: dict[tuple[Vector, int], int], value: complex) -> None:
        back = tuple(-x for x in new[0][:-1])
        moved = tuple(sorted((plus(site, back), mode, n) for (site, mode), n in cloud.items() if n))
        key = (tuple(plus(p, back) for p in new), moved)
        result[key] = result.get(key, 0.0) + value

    def displaced(new: list[Vector], oscillator: tuple[Vector, int], value: complex) -> None:
        n = phonons.get(oscillator, 0)
        add(new, {**phonons, oscillator: n + 1}, value * math.sqrt(n + 1))
        if n:
            add(new, {**phonons, oscillator: n - 1}, value * math.sqrt(n))

    axes = len(lattice.axes)
    t_factors, g_factors, omega_factors = (
        given or (1.0,) * axes for given in (system.t_factors, system.g_factors, system.omega_factors)
    )
    of_sites = system.omega if geometry.coupling == "holstein" else system.omega_holstein
    frequencies = {axis: system.omega * factor for axis, factor in enumerate(omega_factors)}
    frequencies[SITE] = of_sites
    frequencies |= {FURTHER - number: family.omega for number, family in enumerate(geometry.phonons)}
    energy = sum(frequencies[mode] * n for (_, mode), n in phonons.items())
    energy += sum(system.levels[place[-1]] for place in places) if system.levels else 0.0
    if electrons == 2:
        r = distance(system, *places)
        at_once = system.U * (system.U_factors[places[0][-1]] if system.U_factors else 1.0)
        energy += system.V / r if places[0] != places[1] else at_once
    add(places, phonons, energy)
    for e in range(electrons):
        for oscillator, strength in acting(system, places[e]):
            displaced(places, oscillator, strength)
        for a, axis in enumerate(lattice.axes):
            start, end = lattice.ends[a] if lattice.ends else (0, 0)
            for sign in (1, -1):
                if places[e][-1] != (start if sign == 1 else end):
                    continue
                step = tuple(sign * x for x in axis)
                target = (*plus(places[e], step)[:-1], end if sign == 1 else start)
                phase = cmath.exp(-1j * float(K @ (np.array(step) @ np.array(lattice.primitive))) / electrons)
                new = [*places[:e], target, *places[e + 1 :]]
                low, high = (places[e], target) if sign == 1 else (target, places[e])
                add(new, phonons, -system.t * t_factors[a] * phase)
                if geometry.coupling.startswith("bond"):
                    displaced(new, (low, a), system.g * g_factors[a] * phase)
                if geometry.coupling.startswith("site-peierls"):
                    displaced(new, (low, a), system.g * phase)
                    displaced(new, (high, a), -system.g * phase)
    assert d == len(K)
    return result


def plain(system: System, nh: int, K: np.ndarray) -> np.ndarray:
    """All levels, of both exchange symmetries together."""
    return np.linalg.eigvalsh(plain_space(system, nh, K)[1])


def plain_space(system: System, nh: int, K: np.ndarray) -> tuple[dict[State, int], np.ndarray]:
    """The states that H reaches in nh steps, numbered, and its matrix."""
    lattice = get_lattice(system.geometry.lattice)
    sites = [(*(0,) * lattice.dimension, kind) for kind in range(lattice.kinds)]
    roots: list[State] = [((site,) * system.geometry.electrons, ()) for site in sites]
    if system.geometry.spin == "triplet":
        ends = lattice.ends or ((0, 0),) * len(lattice.axes)
        roots = []
        for axis, (start, end) in zip(lattice.axes, ends, strict=True):
            roots.append(((sites[start], (*axis, end)), ()))
            roots.append(((sites[end], (*(-x for x in axis), start)), ()))
    index = {root: i for i, root in enumerate(roots)}
    layer = roots
    for _ in range(nh):
        made = dict.fromkeys(new for state in layer for new in plain_terms(state, system, K))
        layer = [new for new in made if new not in index]
        index.update({new: len(index) + i for i, new in enumerate(layer)})
    if system.geometry.spin == "triplet":  # two electrons on a site: no such states
        kept = [state for state in index if state[0][0] != state[0][1]]
        index = {state: i for i, state in enumerate(kept)}
    matrix = np.zeros((len(index), len(index)), complex)
    for state, i in index.items():
        for new, value in plain_terms(state, system, K).items():
            if new in index:
                matrix[index[new], i] += value
    assert np.allclose(matrix, matrix.conj().T)
    return index, matrix


def plain_level(system: System, nh: int, K: np.ndarray) -> tuple[float, float]:
    """Return the lowest energy in the states that H reaches in nh steps, and the second-order estimate of
    what all others would add to it."""
    index, matrix = plain_space(system, nh, K)
    energies, states = np.linalg.eigh(matrix)
    reached: dict[State, complex] = {}
    for state, i in index.items():
        for new, value in plain_terms(state, system, K).items():
            if new not in index:
                reached[new] = reached.get(new, 0.0) + value * states[i, 0]
    E2 = sum(
        abs(value) ** 2 / (energies[0] - plain_terms(new, system, K)[new].real)
        for new, value in reached.items()
    )
    return float(energies[0]), float(E2)


def system_of(lattice: str, coupling: str, electrons: int, spin: str = "singlet") -> System:
    """Return a system whose parameters are all different, those of axes and sites of a cell included."""
    mixed = coupling.endswith("+holstein")
    geometry = Geometry(lattice, coupling, electrons, spin)
    lists = {}
    if not geometry.bravais.is_bravais:
        axes, kinds = np.arange(len(geometry.bravais.axes)), np.arange(geometry.bravais.kinds)
        lists = {
            "t_factors": 1.0 - 0.1 * axes,
            "g_factors": 1.0 + 0.2 * axes,
            "omega_factors": 1.0 + 0.1 * axes,
        }
        lists |= {"levels": 0.3 * kinds, "U_factors": 1.0 - 0.4 * kinds}
    return System(geometry, 1.0, 1.3, 0.8, 1.5, 0.4, 0.6 * mixed, 0.7 * mixed, **lists)
