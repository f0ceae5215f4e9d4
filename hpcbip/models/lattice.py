"""Bravais lattices as data: neighbour vectors, primitive vectors, and finite clusters cut from them.

Directions come in opposite pairs: direction 2a runs along bond axis a and direction 2a + 1 against it, so `k
^ 1` reverses direction k, and a bond is named by its lower site and its axis. A new lattice is a new entry in
`LATTICES` and nothing else; one that is needed once is written out in its name (see `get_lattice`).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

MOMENTUM_PERIOD = 16  # phases K·a of the momenta are multiples of 2π over this number
MAX_SHELLS = 8  # neighbour shells with interactions of their own
MAX_SHELL_COORDINATE = 8  # lattice coordinates of sites in these shells
MAX_AXES = 6  # bond axes of a lattice; fcc has as many
MAX_BOND = 8  # lattice coordinates of a bond; the kernel packs the electrons' distance into few bits


@dataclass(frozen=True)
class Lattice:
    """A Bravais lattice, infinite or cut to a finite cluster.

    Attributes:
        name: the name used in configurations.
        primitive: d primitive vectors (rows, Cartesian, units of the lattice constant).
        axes: one lattice-coordinate vector per bond axis; each axis gives two directions.
        shape: None for the infinite lattice, otherwise the extent of the cluster along each primitive vector.
        periodic: whether a finite cluster closes on itself. Extents of a periodic cluster are at least 3,
            because on a ring of two sites the same pair would be joined by two bonds.
    """

    name: str
    primitive: tuple[tuple[float, ...], ...]
    axes: tuple[tuple[int, ...], ...]
    shape: tuple[int, ...] | None = None
    periodic: bool = False

    @property
    def dimension(self) -> int:
        """Dimension d of space."""
        return len(self.primitive)

    @property
    def coordination(self) -> int:
        """Number z of nearest neighbours on the infinite lattice."""
        return 2 * len(self.axes)

    @property
    def neighbours(self) -> NDArray[np.int64]:
        """Neighbour vectors in lattice coordinates, shape (z, d); rows k and k ^ 1 are opposite."""
        axes = np.array(self.axes, dtype=np.int64)
        return np.stack([axes, -axes], axis=1).reshape(-1, self.dimension)

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
        """Whether the bonds run along orthogonal primitive vectors: then every coordinate has its mirror."""
        return self.orthogonal and np.array_equal(np.array(self.axes), np.eye(self.dimension))

    @property
    def momenta(self) -> NDArray[np.int64]:
        """Total momenta K at which the dispersion is measured, as phases K·a_i of the primitive vectors in
        units of 2π/`MOMENTUM_PERIOD`, shape (number, d): along the first reciprocal vector to the zone
        boundary, and along the diagonal."""
        d = self.dimension
        along = [(k, *[0] * (d - 1)) for k in (1, 2, 4, 8)]
        diagonal = [(k,) * d for k in (4, 8)] if d > 1 else []
        return np.array(along + diagonal)

    def shells(self, number: int) -> list[float]:
        """Return the distances of the first neighbour shells, in lattice constants.

        Raises:
            ValueError: if sites of these shells have lattice coordinates beyond `MAX_SHELL_COORDINATE`: the
                primitive vectors are far from the shortest ones.
        """
        width = 2 + MAX_SHELL_COORDINATE
        r = np.array(list(itertools.product(range(-width, width + 1), repeat=self.dimension)))
        distances = np.sqrt(np.einsum("ia,ab,ib->i", r, self.metric, r))
        radii = np.unique(np.round(distances, 9))[1 : number + 1]
        if number > MAX_SHELLS or np.abs(r[distances <= radii[-1] + 1e-9]).max() > MAX_SHELL_COORDINATE:
            raise ValueError(f"{number} shells reach beyond lattice coordinates of {MAX_SHELL_COORDINATE}")
        return [float(x) for x in radii]

    def cluster(self, *shape: int, periodic: bool = False) -> Lattice:
        """Return the finite cluster of the given extents, open or periodic.

        Raises:
            ValueError: if the number of extents is not d, or an extent is below 1 (periodic: below 3).
        """
        if len(shape) != self.dimension or min(shape) < (3 if periodic else 1):
            raise ValueError(f"{self.name}: cluster {shape} (periodic={periodic}) is not possible")
        return replace(self, shape=shape, periodic=periodic)


_HALF_ROOT3 = 0.8660254037844386

LATTICES: Mapping[str, Lattice] = MappingProxyType(
    {
        lattice.name: lattice
        for lattice in (
            Lattice("chain", primitive=((1.0,),), axes=((1,),)),
            Lattice("square", primitive=((1.0, 0.0), (0.0, 1.0)), axes=((1, 0), (0, 1))),
            Lattice("triangular", primitive=((1.0, 0.0), (0.5, _HALF_ROOT3)), axes=((1, 0), (0, 1), (1, -1))),
            Lattice(
                "cubic",
                primitive=((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
                axes=((1, 0, 0), (0, 1, 0), (0, 0, 1)),
            ),
            # lattice constant: the edge of the conventional cube
            Lattice(
                "bcc",
                primitive=((-0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0.5, 0.5, -0.5)),
                axes=((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)),
            ),
            Lattice(
                "fcc",
                primitive=((0.0, 0.5, 0.5), (0.5, 0.0, 0.5), (0.5, 0.5, 0.0)),
                axes=((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, -1, 0), (0, 1, -1), (1, 0, -1)),
            ),
        )
    }
)


def written_lattice(vectors: Sequence[Sequence[float]], bonds: Sequence[Sequence[int]]) -> Lattice:
    """Define a Bravais lattice by its primitive vectors (rows, Cartesian) and one lattice vector per bond
    axis.

    Its name is its definition, so it can go wherever the name of a lattice goes.

    Raises:
        ValueError: with what is wrong, if it is not a lattice on which an electron reaches every site.
    """
    d = len(vectors)
    if d not in (1, 2, 3) or any(len(vector) != d for vector in vectors):
        raise ValueError("vectors must be d rows of d numbers, d = 1, 2 or 3")
    if abs(np.linalg.det(np.array(vectors, dtype=float))) < 1e-9:
        raise ValueError("vectors must be linearly independent")
    if not 1 <= len(bonds) <= MAX_AXES or any(len(bond) != d for bond in bonds):
        raise ValueError(f"bonds must be 1 to {MAX_AXES} rows of {d} integers, one of each opposite pair")
    if any(abs(x) > MAX_BOND for bond in bonds for x in bond):
        raise ValueError(f"bonds must have entries up to {MAX_BOND}: take shorter vectors")
    both = [tuple(sign * x for x in bond) for bond in bonds for sign in (1, -1)]
    if len(set(both)) != len(both):
        raise ValueError("bonds must be different from each other, from each other's opposite and from zero")
    minors = [
        round(float(np.linalg.det(np.array(rows, dtype=float)))) for rows in itertools.combinations(bonds, d)
    ]
    if np.gcd.reduce([0, *minors]) != 1:
        raise ValueError("bonds must connect all sites of the lattice")
    primitive = tuple(tuple(float(x) for x in vector) for vector in vectors)
    axes = tuple(tuple(int(x) for x in bond) for bond in bonds)
    name = json.dumps({"vectors": primitive, "bonds": axes}, separators=(",", ":"))
    return Lattice(name, primitive, axes)


@cache
def get_lattice(name: str) -> Lattice:
    """Return the infinite lattice of that name, or the one that the name writes out as JSON, {"vectors": ...,
    "bonds": ...}.

    Raises:
        KeyError: for an unknown name; the message lists the known ones.
        ValueError: for a lattice written out wrongly.
    """
    if name.startswith("{"):
        written = json.loads(name)
        return written_lattice(written["vectors"], written["bonds"])
    try:
        return LATTICES[name]
    except KeyError:
        raise KeyError(f"unknown lattice {name!r}; allowed: {', '.join(LATTICES)}") from None
