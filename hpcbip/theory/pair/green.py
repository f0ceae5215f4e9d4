"""Lattice Green functions below the band, and their derivatives, for bands ε(q) = -2 Σ_b τ_b cos(q·b).

The integral over the last component of q is done in closed form: with A(q⊥) the bonds that do not move along
the last axis, B(q⊥) = Σ τ_b e^{i q⊥·b⊥} those that move one step along it, y = A - E and s = √(y² - 4|B|²),

    ∫ dq_d/2π e^{i q_d n} / (y - 2 Re(B e^{i q_d})) = (2 B*/(y + s))^n / s        (n ≥ 0).

For the chain that is the whole Green function. What is left is integrated by Gauss-Legendre panels that
shrink by halves towards the minima of the band, so that the error falls exponentially with the nodes at any
distance from the band, zero included where the integral exists. See Economou, *Green's Functions in Quantum
Physics*, chapter 5.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import ellipe, ellipk, ellipkm1

from hpcbip.errors import InputError
from hpcbip.theory.pair.differences import cosine_change, modulus_change, wrapped

Array = NDArray[np.float64]
GRID_POINTS = {1: 64, 2: 48, 3: 24}
"""Points per phase, by dimension, of the grid on which the search for minima of the band starts."""
LINE_POINTS = 16
"""Points on a line of minima; enough for functions that reach so many layers."""
GAUSS_NODES_OF_PANEL = 12
"""Nodes of the Gauss-Legendre rule of one panel."""
SMALLEST_PANEL = {1: 1.0, 2: 2.0**-44, 3: 2.0**-31}
"""Width of the smallest panel by dimension; the region nearer to a minimum is integrated to a per cent."""


@dataclass(frozen=True)
class Band:
    """The band ε(q) of the relative coordinate.

    Attributes:
        bonds: one lattice vector per bond axis, shape (bonds, d); the last component is -1, 0 or 1.
        strengths: τ_b, shape (bonds,), unit of energy.
    """

    bonds: NDArray[np.int64]
    strengths: Array

    def __post_init__(self) -> None:
        """Refuse bonds that the closed form of the last integral does not cover."""
        if np.abs(self.bonds[:, -1]).max() > 1:
            raise InputError("bonds: the last component must be -1, 0 or 1")

    @property
    def dimension(self) -> int:
        """Dimension d."""
        return int(self.bonds.shape[1])

    @property
    def width(self) -> float:
        """Upper bound of the width of the band, 4 Σ |τ|."""
        return 4.0 * float(np.abs(self.strengths).sum())

    def energy(self, q: Array) -> Array:
        """Compute ε at momenta given as phases per primitive vector, shape (..., d)."""
        return -2.0 * np.cos(q @ self.bonds.T) @ self.strengths

    @cached_property
    def known_integrals(self) -> dict[tuple[float, int], dict[tuple[int, ...], float]]:
        """Values of `integrals` computed before, by (binding, order) and displacement; callers fill it."""
        return {}

    @cached_property
    def _grid(self) -> Array:
        phases = np.linspace(-np.pi, np.pi, GRID_POINTS[self.dimension], endpoint=False)
        return self.energy(np.stack(np.meshgrid(*[phases] * self.dimension, indexing="ij"), axis=-1))

    @cached_property
    def local_minima(self) -> list[tuple[float, Array, float]]:
        """All local minima as (energy, q, lowest eigenvalue of the Hessian), the lowest energy first."""
        grid, size = self._grid, GRID_POINTS[self.dimension]
        low = np.ones(grid.shape, dtype=bool)
        for axis, side in itertools.product(range(self.dimension), (1, -1)):
            low &= grid <= np.roll(grid, side, axis) + 1e-12 * self.width
        found: list[tuple[float, Array, float]] = []
        for index in np.argwhere(low):
            q = 2.0 * np.pi * index / size - np.pi
            for _ in range(40):
                slope = 2.0 * (self.strengths * np.sin(q @ self.bonds.T)) @ self.bonds
                step = np.linalg.lstsq(self._hessian(q), slope, rcond=1e-9)[0]
                q = q - step * min(1.0, 0.5 / max(1e-30, float(np.abs(step).max())))
                if np.abs(step).max() < 1e-15:
                    break
            q = np.where(np.abs(np.sin(q)) < 1e-9, np.pi * np.round(q / np.pi), q)  # zero and pi exactly
            q = wrapped(q)
            curvature = float(np.linalg.eigvalsh(self._hessian(q))[0])
            if curvature > -1e-9 * self.width and all(
                np.abs(wrapped(q - other)).max() > 1e-7 for _, other, _ in found
            ):
                found.append((float(self.energy(q)), q, curvature))
        return sorted(found, key=lambda item: item[0])

    def _hessian(self, q: Array) -> Array:
        return 2.0 * (self.bonds.T * (self.strengths * np.cos(q @ self.bonds.T))) @ self.bonds

    @property
    def edge(self) -> float:
        """The lowest energy of the band."""
        return self.local_minima[0][0]

    @property
    def lowest(self) -> list[tuple[float, Array, float]]:
        """The entries of `local_minima` with the lowest energy."""
        return [item for item in self.local_minima if item[0] < self.edge + 1e-11 * self.width]

    @cached_property
    def edge_dimension(self) -> int | None:
        """Number of dimensions in which the band rises from its edge, everywhere with a finite mass.

        d if it is lowest at points, d - 1 if along lines in the direction of the last component of q; None
        if it is flat in other directions.
        """
        found = self.dimension
        for _, q, curvature in self.lowest:
            if curvature > 1e-6 * self.width:
                continue
            lines = [np.append(q[:-1], last) for last in np.linspace(0.0, 2.0 * np.pi, LINE_POINTS, False)]
            hessians = np.array([self._hessian(point) for point in lines])
            across = np.linalg.eigvalsh(hessians[:, :-1, :-1])[:, :1].min(initial=np.inf)
            level = np.ptp([self.energy(point) for point in lines])
            if max(level, float(np.abs(hessians[:, -1]).max())) > 1e-9 * self.width:
                return None
            if across < 1e-6 * self.width:
                return None
            found = self.dimension - 1
        return found

    @property
    def edge_momenta(self) -> list[Array]:
        """Momenta of the lowest energy; of a line in the direction of the last component, points along it."""
        found = {
            tuple(np.append(q[:-1], last)) if flat else tuple(q)
            for _, q, curvature in self.lowest
            for flat in [curvature < 1e-6 * self.width]
            for last in (np.linspace(0.0, 2.0 * np.pi, LINE_POINTS, False) if flat else q[-1:])
        }
        return [np.array(q) for q in sorted(found)]

    def integrals(self, displacements: NDArray[np.int64], binding: float, order: int = 0) -> Array:
        """Compute ∫ d^dq/(2π)^d cos(q·r) / (ε(q) - E)^(order + 1) at E = edge - binding.

        Args:
            displacements: r in lattice coordinates, shape (number, d).
            binding: distance below the band, ≥ 0, unit of energy.
            order: 0 (the Green function) to 3.

        Returns:
            shape (number,).
        """
        rules = [self._rule(axis, binding) for axis in range(self.dimension - 1)]
        weights, gap, hop = self._nodes(rules, binding)
        y = gap + 2.0 * np.abs(hop)
        s = np.sqrt(gap * (gap + 4.0 * np.abs(hop)))
        ratio = 2.0 * np.conj(hop) / (y + s)
        r = np.asarray(displacements, dtype=np.int64).reshape(-1, self.dimension)
        r = np.where(r[:, -1:] < 0, -r, r)
        values = np.empty(len(r))
        for n in np.unique(r[:, -1]):
            common = weights * ratio**n * _derivative(order, int(n), y, s) / math.factorial(order)
            for i in np.flatnonzero(r[:, -1] == n):
                part = common
                for (centre, offset, _), steps in zip(rules[::-1], r[i, -2::-1], strict=True):
                    part = part @ np.exp(1j * steps * (centre + offset))
                values[i] = float(part.real)
        return values

    def _nodes(
        self, rules: list[tuple[Array, Array, Array]], binding: float
    ) -> tuple[Array, Array, NDArray[np.complex128]]:
        """Return weights, y - 2|B| without cancellation at the minima, and B; shape (nodes of each rule)."""
        shape = tuple(len(w) for _, _, w in rules)
        lines = [[-1 if other == axis else 1 for other in range(len(rules))] for axis in range(len(rules))]
        centre, offset, weight = (
            [column.reshape(line) for column, line in zip(columns, lines, strict=True)]
            for columns in ([rule[part] for rule in rules] for part in range(3))
        )
        across = self.bonds[:, -1] != 0
        flat, tau = self.bonds[~across, :-1], self.strengths[~across]
        along = self.bonds[across, :-1] * self.bonds[across, -1:]
        tau_along = self.strengths[across]
        hop = np.zeros(shape, dtype=complex)
        for bond, strength in zip(along, tau_along, strict=True):
            factors = [np.exp(1j * n * (c + o)) for n, c, o in zip(bond, centre, offset, strict=True) if n]
            hop = hop + math.prod(factors, start=strength)
        gap, nearest = np.full(shape, np.inf), np.full(shape, np.inf)
        for start, curvature in self._lowest_across:
            away = [wrapped(c - x) for c, x in zip(centre, start, strict=True)]
            away = [np.where(np.abs(x) < 1e-9, 0.0, x) + o for x, o in zip(away, offset, strict=True)]
            distance = np.zeros(shape) + sum(np.sin(0.5 * x) ** 2 for x in away)
            closer = distance < nearest
            rise = -2.0 * cosine_change(away, start, flat, tau)
            rise = rise - 2.0 * modulus_change(away, start, along, tau_along, np.abs(hop))
            # what is left of the cancellation at an incommensurate minimum must not make it negative
            rise = np.where(distance < 1e-8, np.maximum(rise, 0.4 * max(curvature, 0.0) * distance), rise)
            gap, nearest = np.where(closer, rise, gap), np.where(closer, distance, nearest)
        return math.prod(weight, start=np.ones(shape)), np.maximum(gap, 0.0) + binding, hop

    @property
    def _lowest_across(self) -> list[tuple[Array, float]]:
        """The entries of `lowest`, by what sets the integrand: all components of q but the last one.

        Along a line of minima in the direction of the last component they are one and the same.
        """
        found: list[tuple[Array, float]] = []
        for _, q, curvature in self.lowest:
            if all(np.abs(wrapped(q[:-1] - other)).max(initial=0.0) > 1e-7 for other, _ in found):
                found.append((q[:-1], curvature))
        return found

    def _rule(self, axis: int, binding: float) -> tuple[Array, Array, Array]:
        """Return break points, offsets from them and weights for one component of q.

        Of the first component one half is enough, because ε(q) = ε(-q).
        """
        points = [
            0.0,
            np.pi,
            *(float(q[axis]) for _, q, curved in self.local_minima if curved > 1e-6 * self.width),
        ]
        both = sorted({round(abs(p), 9): abs(p) for p in points}.values())
        if axis > 0:
            both = sorted({round(p, 9): p for p in [*both, *(2.0 * np.pi - p for p in both)]}.values())
        x, w = np.polynomial.legendre.leggauss(GAUSS_NODES_OF_PANEL)
        parts: list[tuple[Array, Array, Array]] = []
        for left, right in itertools.pairwise(both):
            half = 0.5 * (right - left)
            for start, sign in ((left, 1.0), (right, -1.0)):
                scale = math.sqrt((binding + self._slice_gap(axis, start)) / self.width)
                finest = max(SMALLEST_PANEL[self.dimension], 0.25 * scale)
                edges = [half]
                while edges[-1] > finest:
                    edges.append(0.5 * edges[-1])
                edges.append(0.0)
                for high, low in itertools.pairwise(edges):
                    nodes = 0.5 * (high + low) + 0.5 * (high - low) * x
                    parts.append((np.full(GAUSS_NODES_OF_PANEL, start), sign * nodes, 0.5 * (high - low) * w))
        c, o, weights = (np.concatenate(column) for column in zip(*parts, strict=True))
        return c, o, weights / (np.pi if axis == 0 else 2.0 * np.pi)

    def _slice_gap(self, axis: int, value: float) -> float:
        """Estimate the distance of the band from its edge where component `axis` is ± this value."""
        size = GRID_POINTS[self.dimension]
        index = round((value + np.pi) / (2.0 * np.pi) * size)
        exact = [
            energy
            for energy, q, _ in self.local_minima
            if abs(abs(float(wrapped(q[axis]))) - abs(float(wrapped(np.array(value))))) < 1e-7
        ]
        return max(0.0, min([float(np.take(self._grid, index % size, axis).min()), *exact]) - self.edge)


def _derivative(order: int, n: int, y: Array, s: Array) -> Array:
    """Compute d^order/dE^order (x^n/s), divided by x^n, for y = A - E, s² = y² - 4|B|², x = 2|B|/(y + s)."""
    if order == 0:
        return 1.0 / s
    if order == 1:
        return n / s**2 + y / s**3
    if order == 2:
        return (n * n - 1) / s**3 + 3 * n * y / s**4 + 3 * y**2 / s**5
    return (n**3 - 4 * n) / s**4 + (6 * n * n - 9) * y / s**5 + 15 * n * y**2 / s**6 + 15 * y**3 / s**7


def square_closed_form(binding: float, tau: float = 2.0) -> dict[tuple[int, int], float]:
    """Compute G(r) of the square lattice for r = 00, 10, 11, 20 by complete elliptic integrals.

    The lattice has nearest-neighbour hops. With E = -4τ - binding, k = 4τ/|E|: G(00) = (2/π|E|) K(k), G(11)
    = (2/π|E|) [(2/k² - 1) K - (2/k²) E(k)]; the other two from (ε - E) G = δ at 00 and 10 (Economou, chapter
    5). Exact down to any binding > 0; far below the band G(11) and G(20) lose digits by cancellation, |E|⁴
    of them.

    Args:
        binding: distance below the band, > 0.
        tau: hopping of the relative coordinate, 2t at K = 0.
    """
    depth = 4.0 * tau + binding
    m = (4.0 * tau / depth) ** 2
    complement = binding * (8.0 * tau + binding) / depth**2
    first = float(ellipkm1(complement)) if m > 0.5 else float(ellipk(m))
    scale = 2.0 / (math.pi * depth)
    g00 = scale * first
    g11 = scale * ((2.0 / m - 1.0) * first - 2.0 / m * float(ellipe(m)))
    g10 = (depth * g00 - 1.0) / (4.0 * tau)
    g20 = depth * g10 / tau - g00 - 2.0 * g11
    return {(0, 0): g00, (1, 0): g10, (1, 1): g11, (2, 0): g20}
