"""The lattices of the two-body problem as data: bonds by family, interaction shells, symmetry channels.

A channel is one partner of an irreducible representation of the point group, picked out by the signs that
commuting operations have in it. Inversion exchanges the two electrons: even channels are singlets, odd ones
triplets.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

LatticeVector = tuple[int, ...]
Matrix = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Operation:
    """A symmetry in lattice coordinates, r → matrix r, whose power `order` is the identity."""

    matrix: Matrix
    order: int = 2


@dataclass(frozen=True)
class Channel:
    """A symmetry channel.

    Attributes:
        name: s, d, dxy, p, ...
        spin: "singlet" (even under inversion) or "triplet" (odd).
        degeneracy: dimension of the representation; the channel is one partner.
        signs: (operation, +1: invariant, -1: the sum over the powers of the operation vanishes).
        form: the function that the partner transforms like.
    """

    name: str
    spin: str
    degeneracy: int
    signs: tuple[tuple[Operation, int], ...]
    form: str


@dataclass(frozen=True)
class PairLattice:
    """A lattice for two electrons.

    Attributes:
        name: its key in `PAIR_LATTICES`.
        primitive: primitive vectors (rows, Cartesian, lattice constants).
        hops: bond axes by family, in the order of the hopping amplitudes (t first).
        hop_names: names of the amplitudes.
        shells: sites of the interaction shells, in the order of V.
        shell_names: names of the interactions.
        channels: at total momentum zero.
        uniaxial: whether the third Cartesian axis, c, differs from the others.
    """

    name: str
    primitive: tuple[tuple[float, ...], ...]
    hops: tuple[tuple[LatticeVector, ...], ...]
    hop_names: tuple[str, ...]
    shells: tuple[tuple[LatticeVector, ...], ...]
    shell_names: tuple[str, ...]
    channels: tuple[Channel, ...]
    uniaxial: bool = False

    @property
    def dimension(self) -> int:
        """Dimension d."""
        return len(self.primitive)

    @property
    def metric(self) -> NDArray[np.float64]:
        """Gram matrix of the primitive vectors, shape (d, d)."""
        vectors = np.array(self.primitive)
        return vectors @ vectors.T


def symmetric_basis(
    sites: Sequence[LatticeVector], signs: Sequence[tuple[Operation, int]]
) -> NDArray[np.float64]:
    """Construct orthonormal functions on a shell with these signs, shape (sites, functions).

    Args:
        sites: closed under the operations.
        signs: see `Channel`.
    """
    index = {site: i for i, site in enumerate(sites)}
    projector = np.eye(len(sites))
    for operation, sign in signs:
        power, invariant = np.eye(len(sites)), np.zeros((len(sites), len(sites)))
        image = [index[tuple(int(x) for x in np.array(operation.matrix) @ site)] for site in sites]
        step = np.zeros_like(power)
        step[image, np.arange(len(sites))] = 1.0
        for _ in range(operation.order):
            invariant += power / operation.order
            power = step @ power
        projector = (invariant if sign > 0 else np.eye(len(sites)) - invariant) @ projector
    left, singular, _ = np.linalg.svd(projector)
    functions = left[:, singular > 0.5]
    largest = np.abs(functions).argmax(axis=0)
    return functions * np.sign(functions[largest, np.arange(functions.shape[1])])


def inversion(dimension: int) -> Operation:
    """Return r → -r, the exchange of the electrons."""
    return Operation(tuple(tuple(-int(x) for x in row) for row in np.eye(dimension)))


def _both(*axes: LatticeVector) -> tuple[LatticeVector, ...]:
    return tuple(tuple(sign * x for x in axis) for axis in axes for sign in (1, -1))


def _permutations(*kinds: LatticeVector) -> tuple[LatticeVector, ...]:
    """List all sites that follow by permuting components and changing their signs."""
    found = {
        tuple(sign * x for sign, x in zip(signs, order, strict=True))
        for kind in kinds
        for order in itertools.permutations(kind)
        for signs in itertools.product((1, -1), repeat=len(kind))
    }
    return tuple(sorted(found, reverse=True))


_FLIP = Operation(((-1,),))
_MX2, _MY2, _SWAP2 = Operation(((-1, 0), (0, 1))), Operation(((1, 0), (0, -1))), Operation(((0, 1), (1, 0)))
_MX3, _MY3, _MZ3 = (
    Operation(tuple(tuple((-1 if i == a else 1) if i == j else 0 for j in range(3)) for i in range(3)))
    for a in range(3)
)
_XY3, _YZ3 = Operation(((0, 1, 0), (1, 0, 0), (0, 0, 1))), Operation(((1, 0, 0), (0, 0, 1), (0, 1, 0)))
# body-centred tetragonal: Cartesian x = n1 + n3/2, y = n2 + n3/2, z = n3 c/2
_MXB, _MYB = Operation(((-1, 0, -1), (0, 1, 0), (0, 0, 1))), Operation(((1, 0, 0), (0, -1, -1), (0, 0, 1)))
_MZB = Operation(((1, 0, 1), (0, 1, 1), (0, 0, -1)))
# triangular: rotation by 120 degrees, inversion, mirror that keeps the first primitive vector
_C3, _INV2, _MIRROR_TRIANGULAR = Operation(((-1, -1), (1, 0)), 3), inversion(2), Operation(((1, 1), (0, -1)))

_PLANE = (
    Channel("s", "singlet", 1, ((_MX2, 1), (_MY2, 1), (_SWAP2, 1)), "1"),
    Channel("d", "singlet", 1, ((_MX2, 1), (_MY2, 1), (_SWAP2, -1)), "x² - y²"),
    Channel("dxy", "singlet", 1, ((_MX2, -1), (_MY2, -1), (_SWAP2, 1)), "xy"),
    Channel("p", "triplet", 2, ((_MX2, -1), (_MY2, 1)), "x"),
)
_CUBIC = (
    Channel("s", "singlet", 1, ((_MX3, 1), (_MY3, 1), (_MZ3, 1), (_XY3, 1), (_YZ3, 1)), "1"),
    Channel("d", "singlet", 2, ((_MX3, 1), (_MY3, 1), (_MZ3, 1), (_XY3, -1)), "x² - y²"),
    Channel("dxy", "singlet", 3, ((_MX3, -1), (_MY3, -1), (_MZ3, 1), (_XY3, 1)), "xy"),
    Channel("p", "triplet", 3, ((_MX3, -1), (_MY3, 1), (_MZ3, 1), (_YZ3, 1)), "x"),
    Channel("f", "triplet", 3, ((_MX3, 1), (_MY3, 1), (_MZ3, -1), (_XY3, -1)), "z(x² - y²)"),
    Channel("fxyz", "triplet", 1, ((_MX3, -1), (_MY3, -1), (_MZ3, -1), (_XY3, 1)), "xyz"),
)
_TETRAGONAL = (
    Channel("s", "singlet", 1, ((_MXB, 1), (_MYB, 1), (_XY3, 1), (_MZB, 1)), "1"),
    Channel("d", "singlet", 1, ((_MXB, 1), (_MYB, 1), (_XY3, -1), (_MZB, 1)), "x² - y²"),
    Channel("dxy", "singlet", 1, ((_MXB, -1), (_MYB, -1), (_XY3, 1), (_MZB, 1)), "xy"),
    Channel("dxz", "singlet", 2, ((_MXB, -1), (_MYB, 1), (_MZB, -1)), "xz"),
    Channel("p", "triplet", 2, ((_MXB, -1), (_MYB, 1), (_MZB, 1)), "x"),
    Channel("pz", "triplet", 1, ((_MXB, 1), (_MYB, 1), (_XY3, 1), (_MZB, -1)), "z"),
    Channel("fxyz", "triplet", 1, ((_MXB, -1), (_MYB, -1), (_XY3, 1), (_MZB, -1)), "xyz"),
)
_HEXAGONAL = (
    Channel("s", "singlet", 1, ((_C3, 1), (_INV2, 1), (_MIRROR_TRIANGULAR, 1)), "1"),
    Channel("d", "singlet", 2, ((_C3, -1), (_INV2, 1), (_MIRROR_TRIANGULAR, 1)), "x² - y²"),
    Channel("p", "triplet", 2, ((_C3, -1), (_INV2, -1), (_MIRROR_TRIANGULAR, 1)), "x"),
    Channel("f", "triplet", 1, ((_C3, 1), (_INV2, -1), (_MIRROR_TRIANGULAR, 1)), "x(x² - 3y²)"),
    Channel("fy", "triplet", 1, ((_C3, 1), (_INV2, -1), (_MIRROR_TRIANGULAR, -1)), "y(3x² - y²)"),
)
_UNIT = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))

PAIR_LATTICES: Mapping[str, PairLattice] = MappingProxyType(
    {
        lattice.name: lattice
        for lattice in (
            PairLattice(
                "chain",
                ((1.0,),),
                (((1,),),),
                ("t",),
                tuple(_both((n,)) for n in (1, 2, 3)),
                ("V", "V2", "V3"),
                (
                    Channel("s", "singlet", 1, ((_FLIP, 1),), "1"),
                    Channel("p", "triplet", 1, ((_FLIP, -1),), "x"),
                ),
            ),
            PairLattice(
                "square",
                ((1.0, 0.0), (0.0, 1.0)),
                (((1, 0), (0, 1)), ((1, 1), (1, -1))),
                ("t", "t_prime"),
                (_permutations((1, 0)), _permutations((1, 1)), _permutations((2, 0))),
                ("V", "V2", "V3"),
                _PLANE,
            ),
            PairLattice(
                "triangular",
                ((1.0, 0.0), (0.5, 0.8660254037844386)),
                (((1, 0), (0, 1), (1, -1)),),
                ("t",),
                (
                    _both((1, 0), (0, 1), (1, -1)),
                    _both((1, 1), (2, -1), (1, -2)),
                    _both((2, 0), (0, 2), (2, -2)),
                ),
                ("V", "V2", "V3"),
                _HEXAGONAL,
            ),
            PairLattice(
                "cubic",
                _UNIT,
                (
                    ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
                    ((1, 1, 0), (1, -1, 0), (1, 0, 1), (-1, 0, 1), (0, 1, 1), (0, -1, 1)),
                ),
                ("t", "t_prime"),
                (_permutations((1, 0, 0)), _permutations((1, 1, 0)), _permutations((1, 1, 1))),
                ("V", "V2", "V3"),
                _CUBIC,
            ),
            # layers of a square lattice, every other one shifted by half its diagonal; height c does not
            # matter to E
            PairLattice(
                "bct",
                ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.5, 0.5, 0.5)),
                (
                    ((1, 0, 0), (0, 1, 0)),
                    ((1, 1, 0), (1, -1, 0)),
                    ((0, 0, 1), (-1, 0, 1), (0, -1, 1), (-1, -1, 1)),
                ),
                ("t", "t_prime", "t_perp"),
                (
                    _both((1, 0, 0), (0, 1, 0)),
                    _both((1, 1, 0), (1, -1, 0)),
                    _both((0, 0, 1), (-1, 0, 1), (0, -1, 1), (-1, -1, 1)),
                ),
                ("V", "V2", "V_perp"),
                _TETRAGONAL,
                uniaxial=True,
            ),
        )
    }
)
