"""Lattices and finite clusters for the exact calculations, without those of the package."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Vector = tuple[int, ...]


@dataclass(frozen=True)
class Grid:
    """A Bravais lattice: a vector per bond axis (lattice coordinates), their metric, distances of the first
    shells."""

    axes: tuple[Vector, ...]
    metric: tuple[tuple[float, ...], ...]
    radii: tuple[float, ...]


CHAIN = Grid(((1,),), ((1.0,),), (1.0, 2.0, 3.0))
NEXT_NEIGHBOURS = Grid(((1,), (2,)), ((1.0,),), (1.0, 2.0, 3.0))
SQUARE = Grid(((1, 0), (0, 1)), ((1.0, 0.0), (0.0, 1.0)), (1.0, 2.0**0.5, 2.0))
TRIANGULAR = Grid(((1, 0), (0, 1), (1, -1)), ((1.0, 0.5), (0.5, 1.0)), (1.0, 3.0**0.5, 2.0))
_UNIT = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
CUBIC = Grid(_UNIT, ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)), (1.0, 2.0**0.5, 3.0**0.5))
BCC = Grid(
    (*_UNIT, (1, 1, 1)),
    ((0.75, -0.25, -0.25), (-0.25, 0.75, -0.25), (-0.25, -0.25, 0.75)),
    (0.75**0.5, 1.0, 2.0**0.5),
)
FCC = Grid(
    (*_UNIT, (1, -1, 0), (0, 1, -1), (1, 0, -1)),
    ((0.5, 0.25, 0.25), (0.25, 0.5, 0.25), (0.25, 0.25, 0.5)),
    (0.5**0.5, 1.0, 1.5**0.5),
)


@dataclass(frozen=True)
class Cluster:
    """Sites 0 ≤ x_a < extents[a] of a grid; a periodic cluster closes on itself along all coordinates."""

    grid: Grid
    extents: Vector
    periodic: bool = False

    @cached_property
    def coordinates(self) -> list[Vector]:
        """The coordinates of all sites, in order."""
        return list(itertools.product(*map(range, self.extents)))

    def site(self, x: NDArray[np.int64]) -> int | None:
        """Return the site with these coordinates; None if an open cluster has none there."""
        inside = tuple(int(c) for c in (np.mod(x, self.extents) if self.periodic else x))
        return self.coordinates.index(inside) if inside in self.coordinates else None

    @cached_property
    def steps(self) -> list[NDArray[np.int64]]:
        """The steps of a hop: along axis k // 2, forward for even k and backward for odd k."""
        return [sign * np.array(axis) for axis in self.grid.axes for sign in (1, -1)]

    def hop(self, site: int, k: int) -> tuple[int, Vector] | None:
        """Tell where step k leads from a site, and the bond (lower site, axis) it takes; None if it leaves
        the cluster."""
        target = self.site(np.add(self.coordinates[site], self.steps[k]))
        if target is None:
            return None
        return target, (target if k % 2 else site, k // 2)

    @cached_property
    def bonds(self) -> list[Vector]:
        """All bonds, as (lower site, axis)."""
        sites, axes = range(len(self.coordinates)), range(len(self.grid.axes))
        return [(i, a) for i in sites for a in axes if self.hop(i, 2 * a) is not None]

    def separation(self, i: int, j: int) -> Vector:
        """Return r_i - r_j, on a periodic cluster the image with coordinates nearest to zero (half the
        extent: positive)."""
        difference = np.subtract(self.coordinates[i], self.coordinates[j])
        if self.periodic:
            difference = np.mod(difference, self.extents)
            difference -= np.where(2 * difference > self.extents, self.extents, 0)
        return tuple(int(x) for x in difference)

    def length2(self, r: Vector) -> float:
        """Return |r|²."""
        return float(r @ np.array(self.grid.metric) @ r)


DIMER = Cluster(CHAIN, (2,))
CHAIN3 = Cluster(CHAIN, (3,))
RING4 = Cluster(CHAIN, (4,), periodic=True)
PLAQUETTE = Cluster(SQUARE, (2, 2))
