"""A plain diagonalisation of distinguishable electrons with phonons, state by state."""

from __future__ import annotations

import cmath
import math

import numpy as np

from hpcbip.models import get_lattice
from hpcbip.theory.exact.system import Geometry, System

Vector = tuple[int, ...]
State = tuple[tuple[Vector, ...], tuple[tuple[Vector, int, int], ...]]
SITE = -1  # the oscillator of a site, the others being of axes


def plus(a: Vector, b: Vector) -> Vector:
    return tuple(x + y for x, y in zip(a, b, strict=True))


def plain_terms(state: State, system: System, K: np.ndarray) -> dict[State, complex]:
    """H on a state of distinguishable electrons, the first one at the origin; written without the package's
    moves.
    """
    geometry = system.geometry
    lattice = get_lattice(geometry.lattice)
    d, electrons = lattice.dimension, geometry.electrons
    places, phonons = list(state[0]), {(site, mode): n for site, mode, n in state[1]}
    result: dict[State, complex] = {}

    def add(new: list[Vector], cloud: dict[tuple[Vector, int], int], value: complex) -> None:
        back = tuple(-x for x in new[0])
        moved = tuple(sorted((plus(site, back), mode, n) for (site, mode), n in cloud.items() if n))
        key = (tuple(plus(p, back) for p in new), moved)
        result[key] = result.get(key, 0.0) + value

    def displaced(new: list[Vector], oscillator: tuple[Vector, int], value: complex) -> None:
        n = phonons.get(oscillator, 0)
        add(new, {**phonons, oscillator: n + 1}, value * math.sqrt(n + 1))
        if n:
            add(new, {**phonons, oscillator: n - 1}, value * math.sqrt(n))

    energy = sum(
        (system.omega_holstein if mode == SITE else system.omega) * n for (_, mode), n in phonons.items()
    )
    if geometry.coupling == "holstein":
        energy = system.omega * sum(phonons.values())
    if electrons == 2:
        r = math.sqrt(float(np.array(places[1]) @ lattice.metric @ np.array(places[1])))
        energy += system.V / r if r else system.U
    add(places, phonons, energy)
    site_g = system.g if geometry.coupling == "holstein" else system.g_holstein
    for e in range(electrons):
        if site_g:
            displaced(places, (places[e], SITE), site_g)
        for a, axis in enumerate(lattice.axes):
            for sign in (1, -1):
                step = tuple(sign * x for x in axis)
                target = plus(places[e], step)
                phase = cmath.exp(-1j * float(K @ (np.array(step) @ np.array(lattice.primitive))) / electrons)
                new = [*places[:e], target, *places[e + 1 :]]
                low, high = (places[e], target) if sign == 1 else (target, places[e])
                add(new, phonons, -system.t * phase)
                if geometry.coupling.startswith("bond"):
                    displaced(new, (low, a), system.g * phase)
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
    zero = (0,) * get_lattice(system.geometry.lattice).dimension
    roots: list[State] = [((zero,) * system.geometry.electrons, ())]
    if system.geometry.spin == "triplet":
        axes = get_lattice(system.geometry.lattice).axes
        roots = [((zero, step), ()) for a in axes for step in (a, tuple(-x for x in a))]
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


def system_of(lattice: str, coupling: str, electrons: int, spin: str = "singlet") -> System:
    mixed = coupling.endswith("+holstein")
    return System(
        Geometry(lattice, coupling, electrons, spin), 1.0, 1.3, 0.8, 1.5, 0.4, 0.6 * mixed, 0.7 * mixed
    )
