"""Free electrons and bound pairs on infinite lattices with a basis: Bloch matrices and boxes of cells."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import eigsh

from tests.exact.reference.cluster import Cluster, Grid

Matrix = NDArray[np.complex128]
STEP = 1e-3  # of momenta, for second derivatives


@dataclass(frozen=True)
class Bands:
    """Free electrons on a grid; fields as in `hpcbip.models.Model`, t = Ω = 1."""

    grid: Grid
    t_factors: tuple[float, ...] = ()
    levels: tuple[float, ...] = ()

    @cached_property
    def hops(self) -> list[tuple[int, int, NDArray[np.int64], NDArray[np.float64], float, int]]:
        """Site of the cell before and after, change of the cell, vector, amplitude and bond axis of every
        hop."""
        grid = self.grid
        vectors = Cluster(grid, (1,) * len(grid.metric)).vectors
        factors = self.t_factors or (1.0,) * len(grid.axes)
        found = []
        for k, vector in enumerate(vectors):
            one, other = grid.ends[k // 2][:: 1 - 2 * (k % 2)]
            cell = (1 - 2 * (k % 2)) * np.array(grid.axes[k // 2])
            found.append((one, other, cell, vector, factors[k // 2], k // 2))
        return found

    def matrix(self, k: NDArray[np.float64]) -> Matrix:
        """Return the Bloch Hamiltonian at a momentum given by its phases per lattice coordinate, shape
        (kinds, kinds)."""
        h = np.zeros((self.grid.kinds,) * 2, dtype=complex)
        for one, other, _, vector, t, _ in self.hops:
            h[other, one] -= t * np.exp(-1j * (k @ vector))
        return h + np.diag(self.levels or (0.0,) * self.grid.kinds)

    @cached_property
    def bottom(self) -> float:
        """The lowest energy."""
        return float(np.linalg.eigvalsh(self.matrix(np.zeros(len(self.grid.metric))))[0])

    def inverse_mass(self) -> NDArray[np.float64]:
        """Return ∂²E/∂k∂k of the lowest band at its bottom, Cartesian, shape (d, d)."""
        return cartesian(self.grid, lambda k: float(np.linalg.eigvalsh(self.matrix(k))[0]))

    def second_order(self, coupling: str, size: int = 96, profile: tuple[float, ...] = (1.0,)) -> float:
        """Return e2 of the polaron's energy E0 - e2 g² + ..., from <w|(H + Ω - E0)^-1|w> of what one vertex
        makes of the electron at rest, summed over the oscillators of a cell; those of sites feel the density
        at the first distances on the lattice."""
        d, kinds = len(self.grid.metric), self.grid.kinds
        values, vectors = np.linalg.eigh(self.matrix(np.zeros(d)))
        rest, bottom = vectors[:, 0], values[0]
        sources = []  # per oscillator of the cell: amplitudes by cell and site of the cell
        if coupling == "bond":
            for k in range(0, len(self.hops), 2):
                one, other, cell, *_ = self.hops[k]
                sources.append([(cell, other, rest[one]), (np.zeros(d, dtype=int), one, rest[other])])
        else:
            radii, cluster = (0.0, *self.grid.radii)[: len(profile)], Cluster(self.grid, (1,) * d)
            for oscillator in range(kinds):
                source = []
                for *cell, kind in itertools.product(*[range(-3, 4)] * d, range(kinds)):
                    distance = cluster.length2((*cell, kind, oscillator)) ** 0.5
                    for p, radius in zip(profile, radii, strict=True):
                        if abs(distance - radius) < 1e-9:
                            source.append((np.array(cell), kind, p * rest[kind]))
                sources.append(source)
        basis, total = np.array(self.grid.basis), 0.0
        # midpoints of the zone, on which sums over periodic functions converge exponentially
        axis = 2 * np.pi * (np.arange(size) + 0.5) / size
        for k in itertools.product(axis, repeat=d):
            green = np.linalg.inv(self.matrix(np.array(k)) + (1.0 - bottom) * np.eye(kinds))
            for source in sources:
                w = np.zeros(kinds, dtype=complex)
                for cell, kind, amplitude in source:
                    w[kind] += amplitude * np.exp(-1j * (np.array(k) @ (cell + basis[kind])))
                total += float((w.conj() @ green @ w).real)
        return total / size**d


@dataclass(frozen=True)
class Pairs:
    """Two electrons without phonons in a box of cells for their distance; fields as in
    `hpcbip.models.Model`."""

    grid: Grid
    U: float
    t_factors: tuple[float, ...] = ()
    levels: tuple[float, ...] = ()
    U_factors: tuple[float, ...] = ()
    shells: tuple[float, ...] = ()
    box: int = 9

    def solve(self) -> dict[str, float]:
        """Return the columns of the ground state at total momentum zero, and the energy."""
        states = self._states
        values, vectors = eigsh(self._matrix(np.zeros(self._d)), k=1, which="SA", tol=1e-12)
        weight = np.abs(vectors[:, 0]) ** 2
        lengths = np.array([self._length2(state) for state in states])
        result = {"energy": float(values[0]), "pair_distance2": float(weight @ lengths)}
        for kind in range(self.grid.kinds):
            here = [one == other == kind and not any(r) for *r, one, other in states]
            result[f"contact[{kind}]"] = float(weight @ np.array(here, dtype=float))

        def ground(k: NDArray[np.float64]) -> float:
            return float(eigsh(self._matrix(k), k=1, which="SA", tol=1e-13, v0=vectors[:, 0])[0][0])

        result["diffusion"] = float(np.trace(cartesian(self.grid, ground, 0.05)))
        return result

    @property
    def _d(self) -> int:
        return len(self.grid.metric)

    @cached_property
    def _states(self) -> list[tuple[int, ...]]:
        kinds = range(self.grid.kinds)
        cells = itertools.product(range(-self.box, self.box + 1), repeat=self._d)
        return [(*cell, one, other) for cell in cells for one in kinds for other in kinds]

    def _length2(self, state: tuple[int, ...]) -> float:
        return Cluster(self.grid, (1,) * self._d).length2(state)

    def _matrix(self, k: NDArray[np.float64]) -> sp.csr_array:
        """Return H(K): both electrons hop, with the phase of half their step."""
        index = {state: i for i, state in enumerate(self._states)}
        rows, columns, amplitudes = [], [], []
        for state, i in index.items():
            *r, one, other = state
            for start, end, cell, vector, t, _ in Bands(self.grid, self.t_factors, self.levels).hops:
                for electron, kind in enumerate((one, other)):
                    if kind != start:
                        continue
                    sign = 1 - 2 * electron
                    after = (end, other) if electron == 0 else (one, end)
                    j = index.get((*(np.array(r) + sign * cell).tolist(), *after))
                    if j is not None:
                        rows.append(j)
                        columns.append(i)
                        amplitudes.append(-t * np.exp(-0.5j * (k @ vector)))
        n = len(index)
        diagonal = np.array([self._energy(state) for state in index])
        matrix = sp.csr_array((amplitudes, (rows, columns)), shape=(n, n)) + sp.diags_array(diagonal)
        return matrix.real if not k.any() else matrix

    def _energy(self, state: tuple[int, ...]) -> float:
        *r, one, other = state
        levels = self.levels or (0.0,) * self.grid.kinds
        distance = self._length2(state) ** 0.5
        energy = levels[one] + levels[other]
        if distance == 0.0:
            return energy + self.U * (self.U_factors[one] if self.U_factors else 1.0)
        shells = zip(self.grid.radii, self.shells, strict=False)
        return energy + sum(e for radius, e in shells if abs(distance - radius) < 1e-9)


def cartesian(grid: Grid, energy, step: float = STEP) -> NDArray[np.float64]:
    """Return the second derivatives at zero of an even function of momentum, given by its phases per lattice
    coordinate, along Cartesian axes, shape (d, d)."""
    d = len(grid.metric)
    rows = np.linalg.cholesky(np.array(grid.metric))  # primitive vectors
    phases = [step * rows @ np.eye(d)[a] for a in range(d)]
    e0 = energy(np.zeros(d))
    found = np.zeros((d, d))
    for a, b in itertools.product(range(d), repeat=2):
        if a == b:
            found[a, a] = 2 * (energy(phases[a]) - e0) / step**2
        elif a < b:
            both = (energy(phases[a] + phases[b]) - energy(phases[a] - phases[b])) / (2 * step**2)
            found[a, b] = found[b, a] = both
    return found
