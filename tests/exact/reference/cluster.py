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
    """A lattice: a vector per bond axis (lattice coordinates), their metric, distances of the first shells.

    With several sites per cell also the sites of the cell, in lattice coordinates, heights above them, and
    per bond axis the sites at its ends; its vector leads from cell to cell.
    """

    axes: tuple[Vector, ...]
    metric: tuple[tuple[float, ...], ...]
    radii: tuple[float, ...]
    basis: tuple[tuple[float, ...], ...] = ()
    heights: tuple[float, ...] = ()
    ends: tuple[tuple[int, int], ...] = ()

    @property
    def kinds(self) -> int:
        """Number of sites of the cell."""
        return len(self.basis) or 1


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


_OBLIQUE = ((1.0, 0.5), (0.5, 1.0))
_RIGHT = ((1.0, 0.0), (0.0, 1.0))
_THIRD = 3.0**-0.5
HONEYCOMB = Grid(
    ((0, 0), (-1, 0), (0, -1)),
    _OBLIQUE,
    (_THIRD, 1.0, 2 * _THIRD),
    ((0.0, 0.0), (1 / 3, 1 / 3)),
    (0.0, 0.0),
    ((0, 1),) * 3,
)
KAGOME = Grid(
    ((0, 0), (-1, 0), (0, 0), (0, -1), (0, 0), (1, -1)),
    _OBLIQUE,
    (0.5, 0.75**0.5, 1.0),
    ((0.0, 0.0), (0.5, 0.0), (0.0, 0.5)),
    (0.0,) * 3,
    ((0, 1), (0, 1), (0, 2), (0, 2), (1, 2), (1, 2)),
)
LIEB = Grid(
    ((0, 0), (-1, 0), (0, 0), (0, -1)),
    _RIGHT,
    (0.5, 0.5**0.5, 1.0),
    ((0.0, 0.0), (0.5, 0.0), (0.0, 0.5)),
    (0.0,) * 3,
    ((0, 1), (0, 1), (0, 2), (0, 2)),
)
CHECKERBOARD = Grid(
    ((0, 0), (-1, 0), (0, -1), (-1, -1), (1, 0), (0, 1)),
    _RIGHT,
    (0.5**0.5, 1.0, 2.0**0.5),
    ((0.0, 0.0), (0.5, 0.5)),
    (0.0, 0.0),
    ((0, 1), (0, 1), (0, 1), (0, 1), (0, 0), (1, 1)),
)
BILAYER = Grid(
    ((1, 0), (0, 1), (1, 0), (0, 1), (0, 0)),
    _RIGHT,
    (1.0, 2.0**0.5, 3.0**0.5),
    ((0.0, 0.0), (0.0, 0.0)),
    (0.0, 1.0),
    ((0, 0), (0, 0), (1, 1), (1, 1), (0, 1)),
)
LADDER = Grid(
    ((1,), (1,), (0,)),
    ((1.0,),),
    (0.8, 1.0, 1.64**0.5),
    ((0.0,), (0.0,)),
    (0.0, 0.8),
    ((0, 0), (1, 1), (0, 1)),
)
# the chain, but two sites are called a cell
TWO_SITE_CHAIN = Grid(
    ((0,), (1,)), ((4.0,),), (1.0, 2.0, 3.0), ((0.0,), (0.5,)), (0.0, 0.0), ((0, 1), (1, 0))
)
DIAMOND = Grid(
    ((0, 0, 0), (-1, 0, 0), (0, -1, 0), (0, 0, -1)),
    ((0.5, 0.25, 0.25), (0.25, 0.5, 0.25), (0.25, 0.25, 0.5)),
    (3.0**0.5 / 4, 0.5**0.5, 11.0**0.5 / 4),
    ((0.0, 0.0, 0.0), (0.25, 0.25, 0.25)),
    (0.0, 0.0),
    ((0, 1),) * 4,
)
# a ladder with a third site above one of its legs, and no symmetry at all
SAWTOOTH = Grid(
    ((1,), (1,), (0,), (0,), (0,)),
    ((1.0,),),
    (0.2225**0.5, 0.53**0.5, 0.85),
    ((0.0,), (0.2,), (0.45,)),
    (0.0, 0.7, 1.1),
    ((0, 0), (1, 1), (0, 1), (1, 2), (0, 2)),
)


@dataclass(frozen=True)
class Cluster:
    """Cells 0 ≤ x_a < extents[a] of a grid; a periodic cluster closes on itself along all coordinates.

    The coordinates of a site are those of its cell and, with several sites per cell, its number in the cell.
    """

    grid: Grid
    extents: Vector
    periodic: bool = False

    @cached_property
    def coordinates(self) -> list[Vector]:
        """The coordinates of all sites, in order."""
        kinds = (self.grid.kinds,) if self.grid.ends else ()
        return list(itertools.product(*map(range, (*self.extents, *kinds))))

    def site(self, x: NDArray[np.int64]) -> int | None:
        """Return the site with these coordinates; None if an open cluster has none there."""
        cell, kind = x[: len(self.extents)], x[len(self.extents) :]
        cell = np.mod(cell, self.extents) if self.periodic else cell
        inside = tuple(int(c) for c in (*cell, *kind))
        return self.coordinates.index(inside) if inside in self.coordinates else None

    @cached_property
    def steps(self) -> list[NDArray[np.int64]]:
        """The steps of a hop: along axis k // 2, forward for even k and backward for odd k."""
        grid = self.grid
        ends = [(other - one,) for one, other in grid.ends] or [()] * len(grid.axes)
        steps = [(*axis, *change) for axis, change in zip(grid.axes, ends, strict=True)]
        return [sign * np.array(step) for step in steps for sign in (1, -1)]

    @cached_property
    def vectors(self) -> list[NDArray[np.float64]]:
        """The vectors of the same hops in lattice coordinates."""
        grid, d = self.grid, len(self.extents)
        basis = np.array(grid.basis or ((0.0,) * d,))
        ends = grid.ends or ((0, 0),) * len(grid.axes)
        return [
            sign * (np.array(axis) + basis[other] - basis[one])
            for axis, (one, other) in zip(grid.axes, ends, strict=True)
            for sign in (1, -1)
        ]

    def hop(self, site: int, k: int) -> tuple[int, Vector] | None:
        """Tell where step k leads from a site, and the bond (lower site, axis) it takes; None if it leaves
        the cluster."""
        if self.grid.ends and self.coordinates[site][-1] != self.grid.ends[k // 2][k % 2]:
            return None
        target = self.site(np.add(self.coordinates[site], self.steps[k]))
        if target is None:
            return None
        return target, (target if k % 2 else site, k // 2)

    @cached_property
    def bonds(self) -> list[Vector]:
        """All bonds, as (lower site, axis)."""
        sites, axes = range(len(self.coordinates)), range(len(self.grid.axes))
        return [(i, a) for i in sites for a in axes if self.hop(i, 2 * a) is not None]

    def kind(self, i: int) -> int:
        """Return the number in the cell of a site."""
        return self.coordinates[i][-1] if self.grid.ends else 0

    def separation(self, i: int, j: int) -> Vector:
        """Return the difference of the cells of two sites, on a periodic cluster the image with coordinates
        nearest to zero (half the extent: positive), and with several sites per cell both numbers in it."""
        d = len(self.extents)
        difference = np.subtract(self.coordinates[i], self.coordinates[j])[:d]
        if self.periodic:
            difference = np.mod(difference, self.extents)
            difference -= np.where(2 * difference > self.extents, self.extents, 0)
        return (*(int(x) for x in difference), *self.coordinates[i][d:], *self.coordinates[j][d:])

    def length2(self, r: Vector) -> float:
        """Return |r|² of a separation."""
        grid, d = self.grid, len(self.extents)
        x = np.array(r[:d], dtype=float)
        height = 0.0
        if grid.ends:
            one, other = r[d:]
            x += np.subtract(grid.basis[one], grid.basis[other])
            height = grid.heights[one] - grid.heights[other]
        return float(x @ np.array(grid.metric) @ x + height**2)


DIMER = Cluster(CHAIN, (2,))
CHAIN3 = Cluster(CHAIN, (3,))
RING4 = Cluster(CHAIN, (4,), periodic=True)
PLAQUETTE = Cluster(SQUARE, (2, 2))
