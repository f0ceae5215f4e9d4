"""Lattices: primitive vectors, sites of the cell, bonds, and finite clusters cut from them.

Directions of hops come in opposite pairs: direction 2a runs along bond axis a and direction 2a + 1 against
it, so `k ^ 1` reverses direction k, and a bond is named by its lower site and its axis. A Bravais lattice has
one site per cell; on a lattice with a basis a bond axis begins and ends on given sites of the cell (its
`ends`), and hops along it start from the former only. The lattices that have a name are in `named_lattices`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

MOMENTUM_PERIOD = 16  # phases K·a of the momenta are multiples of 2π over this number
MAX_SHELLS = 8  # neighbour shells with interactions of their own
MAX_SHELL_COORDINATE = 8  # lattice coordinates of sites in these shells
MAX_AXES = 6  # bond axes of a lattice; fcc and kagome have as many
MAX_BOND = 8  # lattice coordinates of a bond; the kernel packs the electrons' distance into few bits
MAX_KINDS = 8  # sites of a cell; the kernel packs them into three bits
FINEST_POSITION = 10_000  # positions in the cell are multiples of 1 over a number up to this one
TABLE = 8192  # entries of the kernel's table of V(r), of all pairs of sites of the cell together
REACH = {1: 1024, 2: 20, 3: MAX_SHELL_COORDINATE}  # its largest half width: every shell fits


@dataclass(frozen=True)
class Lattice:
    """A lattice, infinite or cut to a finite cluster.

    Attributes:
        name: the name used in configurations.
        primitive: d primitive vectors (rows, Cartesian, units of the lattice constant).
        axes: per bond axis the lattice vector from the cell in which it begins to the one in which it ends;
            each axis gives two directions.
        shape: None for the infinite lattice, otherwise the extent of the cluster along each primitive vector,
            in cells.
        periodic: whether a finite cluster closes on itself.
        sites: positions of the sites of the cell, d numbers in units of the primitive vectors, and after them
            up to 3 - d Cartesian heights; empty for a Bravais lattice.
        ends: per bond axis the site of the cell at which it begins, and that at which it ends; empty for a
            Bravais lattice.
        site_names: names of the sites of the cell; empty for a Bravais lattice.
    """

    name: str
    primitive: tuple[tuple[float, ...], ...]
    axes: tuple[tuple[int, ...], ...]
    shape: tuple[int, ...] | None = None
    periodic: bool = False
    sites: tuple[tuple[float, ...], ...] = ()
    ends: tuple[tuple[int, int], ...] = ()
    site_names: tuple[str, ...] = ()

    @property
    def dimension(self) -> int:
        """Dimension d of space."""
        return len(self.primitive)

    @property
    def kinds(self) -> int:
        """Number of sites of the cell."""
        return len(self.sites) or 1

    @property
    def is_bravais(self) -> bool:
        """Whether there is one site per cell."""
        return self.kinds == 1

    @property
    def directions(self) -> int:
        """Number of directions of hops, two per bond axis."""
        return 2 * len(self.axes)

    @property
    def coordination(self) -> float:
        """Mean number z of nearest neighbours on the infinite lattice; a whole number (int) on most."""
        z = self.directions / self.kinds
        return int(z) if z == int(z) else z

    @property
    def neighbours(self) -> NDArray[np.int64]:
        """Lattice vector from cell to cell of every direction, shape (directions, d); rows k and k ^ 1 are
        opposite."""
        axes = np.array(self.axes, dtype=np.int64)
        return np.stack([axes, -axes], axis=1).reshape(-1, self.dimension)

    @property
    def hop_ends(self) -> NDArray[np.int64]:
        """Sites of the cell from which and to which the hops of every direction lead, shape
        (directions, 2)."""
        ends = np.array(self.ends or ((0, 0),) * len(self.axes), dtype=np.int64)
        return np.stack([ends, ends[:, ::-1]], axis=1).reshape(-1, 2)

    @cached_property
    def resolution(self) -> int:
        """The smallest number of which all positions in the cell are multiples of the inverse; 1 for a
        Bravais lattice."""
        inside = np.array([site[: self.dimension] for site in self.sites] or [(0.0,) * self.dimension])
        for number in range(1, FINEST_POSITION + 1):
            if np.abs(inside * number - np.round(inside * number)).max() < 1e-6 * number:
                return number
        return FINEST_POSITION

    @property
    def places(self) -> NDArray[np.int64]:
        """Positions of the sites of the cell in units of the primitive vectors over `resolution`, shape
        (kinds, d)."""
        inside = np.array([site[: self.dimension] for site in self.sites] or [(0.0,) * self.dimension])
        return np.round(inside * self.resolution).astype(np.int64)

    @property
    def heights(self) -> NDArray[np.float64]:
        """Cartesian components of the sites at right angles to the primitive vectors, shape
        (kinds, 3 - d)."""
        heights = np.zeros((self.kinds, 3 - self.dimension))
        for k, site in enumerate(self.sites):
            rest = site[self.dimension :]
            heights[k, : len(rest)] = rest
        return heights

    @property
    def steps(self) -> NDArray[np.int64]:
        """The vector of a hop of every direction in units of the primitive vectors over `resolution`, shape
        (directions, d)."""
        places, ends = self.places, self.hop_ends
        return self.resolution * self.neighbours + places[ends[:, 1]] - places[ends[:, 0]]

    @property
    def metric(self) -> NDArray[np.float64]:
        """Gram matrix of the primitive vectors, shape (d, d): squared lengths of lattice-coordinate
        vectors."""
        primitive = np.array(self.primitive, dtype=np.float64)
        return primitive @ primitive.T

    @property
    def orthogonal(self) -> bool:
        """Whether the primitive vectors are at right angles."""
        return bool(np.allclose(self.metric, np.diag(np.diag(self.metric)), atol=1e-12))

    @property
    def hypercubic(self) -> bool:
        """Whether it is a Bravais lattice whose bonds run along orthogonal primitive vectors: then every
        coordinate has its mirror."""
        along = np.array_equal(np.array(self.axes), np.eye(self.dimension))
        return self.is_bravais and self.orthogonal and along

    @property
    def momenta(self) -> NDArray[np.int64]:
        """Total momenta K at which the dispersion is measured, as phases K·a_i of the primitive vectors in
        units of 2π/`MOMENTUM_PERIOD`, shape (number, d): along the first reciprocal vector to the zone
        boundary, and along the diagonal."""
        d = self.dimension
        along = [(k, *[0] * (d - 1)) for k in (1, 2, 4, 8)]
        diagonal = [(k,) * d for k in (4, 8)] if d > 1 else []
        return np.array(along + diagonal)

    @property
    def reach(self) -> int:
        """Half width, in cells, of the kernel's table of V(r), beyond which there is only the tail V/r."""
        pairs = 1 << (2 * (self.kinds - 1).bit_length())
        reach = REACH[self.dimension]
        while pairs * (2 * reach + 1) ** self.dimension > TABLE:
            reach -= 1
        return reach

    def distances(self, cells: NDArray[np.int64], one: int = 0, other: int = 0) -> NDArray[np.float64]:
        """Return the distances, in lattice constants, of sites `one` in these cells, shape (number, d), from
        the site `other` in the cell at the origin."""
        places, heights = self.places, self.heights
        r = cells + (places[one] - places[other]) / self.resolution
        height2 = float(((heights[one] - heights[other]) ** 2).sum())
        return np.asarray(np.sqrt(np.einsum("ia,ab,ib->i", r, self.metric, r) + height2))

    def shells(self, number: int) -> list[float]:
        """Return the distances of the first neighbour shells, in lattice constants.

        Raises:
            ValueError: if sites of these shells have lattice coordinates beyond `MAX_SHELL_COORDINATE`, or
                beyond the table of a lattice with many sites per cell: the primitive vectors are far from
                the shortest ones.
        """
        width, most = 2 + MAX_SHELL_COORDINATE, min(self.reach, MAX_SHELL_COORDINATE)
        r = np.array(list(itertools.product(range(-width, width + 1), repeat=self.dimension)))
        pairs = itertools.product(range(self.kinds), repeat=2)
        distances = np.stack([self.distances(r, *pair) for pair in pairs])
        radii = np.unique(np.round(distances, 9))[1 : number + 1]
        reached = (distances <= radii[-1] + 1e-9).any(axis=0)
        if number > MAX_SHELLS or np.abs(r[reached]).max() > most:
            raise ValueError(f"{number} shells reach beyond lattice coordinates of {most}")
        return [float(x) for x in radii]

    def cluster(self, *shape: int, periodic: bool = False) -> Lattice:
        """Return the finite cluster of the given extents in cells, open or periodic.

        Raises:
            ValueError: if the number of extents is not d, an extent is below 1, or two bonds of a periodic
                cluster join the same two sites, as on a ring of two sites.
        """
        possible = len(shape) == self.dimension and min(shape) >= 1
        if possible and periodic:
            joined = [
                (*end, *np.mod(step, shape).tolist())
                for end, step in zip(self.hop_ends.tolist(), self.neighbours, strict=True)
            ]
            loops = any(one == other and not any(step) for one, other, *step in joined)
            possible = len(set(joined)) == len(joined) and not loops
        if not possible:
            raise ValueError(f"{self.name}: cluster {shape} (periodic={periodic}) is not possible")
        return replace(self, shape=shape, periodic=periodic)
