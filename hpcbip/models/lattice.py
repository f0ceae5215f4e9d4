"""Bravais lattices as data: neighbour vectors, primitive vectors, and finite clusters cut from them.

Directions come in opposite pairs: direction 2a runs along bond axis a and direction 2a + 1 against it, so `k ^ 1`
reverses direction k, and a bond is named by its lower site and its axis. A new lattice is a new entry in `LATTICES` and
nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Lattice:
    """A Bravais lattice, infinite or cut to a finite cluster.

    Attributes:
        name: the name used in configurations.
        primitive: d primitive vectors (rows, Cartesian, units of the lattice constant).
        axes: one lattice-coordinate vector per bond axis; each axis gives two directions.
        shape: None for the infinite lattice, otherwise the extent of the cluster along each primitive vector.
        periodic: whether a finite cluster closes on itself. Extents of a periodic cluster are at least 3, because on a
            ring of two sites the same pair would be joined by two bonds.
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
        """Gram matrix of the primitive vectors, shape (d, d): squared lengths of lattice-coordinate vectors."""
        primitive = np.array(self.primitive, dtype=np.float64)
        return primitive @ primitive.T

    def cluster(self, *shape: int, periodic: bool = False) -> Lattice:
        """The finite cluster of the given extents, open or periodic.

        Raises:
            ValueError: if the number of extents is not d, or an extent is below 1 (periodic: below 3).
        """
        if len(shape) != self.dimension or min(shape) < (3 if periodic else 1):
            raise ValueError(f"{self.name}: cluster {shape} (periodic={periodic}) is not possible")
        return replace(self, shape=shape, periodic=periodic)


LATTICES: Mapping[str, Lattice] = MappingProxyType(
    {
        lattice.name: lattice
        for lattice in (
            Lattice("chain", primitive=((1.0,),), axes=((1,),)),
            Lattice("square", primitive=((1.0, 0.0), (0.0, 1.0)), axes=((1, 0), (0, 1))),
        )
    }
)


def get_lattice(name: str) -> Lattice:
    """The infinite lattice of that name.

    Raises:
        KeyError: for an unknown name; the message lists the known ones.
    """
    try:
        return LATTICES[name]
    except KeyError:
        raise KeyError(f"unknown lattice {name!r}; allowed: {', '.join(LATTICES)}") from None
