"""Shells of bonds and sites around a site of a Bravais lattice: those that are equally far, and lie alike."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hpcbip.models.couplings import BOND_COUPLINGS, SITE_COUPLINGS
from hpcbip.models.families import BONDS, SITES
from hpcbip.models.lattice import Lattice
from hpcbip.models.model import Model

BOND_SHELLS, SITE_SHELLS = 8, 6  # of the cloud, the nearest ones
SHELL_REACH = 3  # largest lattice coordinate of the lower site of a bond, or of a site, of a shell
_DIGITS = 6  # to which lengths are compared

_Member = tuple[int, tuple[int, ...]]
_Key = tuple[str, int, float, float]


@dataclass(frozen=True)
class Shell:
    """Bonds, or sites, around a site.

    Attributes:
        where: "bonds" or "sites".
        axis: of bonds the first axis of those that are alike; -1 for sites.
        distance: of the centre of the bond, or of the site, in lattice constants.
        along: of bonds the part of that along the bond itself; 0 for sites.
        members: axis (-1) and lattice vector of the lower site (of the site), of each.
    """

    where: str
    axis: int
    distance: float
    along: float
    members: tuple[_Member, ...]


def cloud_shells(model: Model, lattice: Lattice) -> list[Shell]:
    """Return the shells of the oscillators that electrons couple to: bonds first, the nearest first.

    Bonds along axes of the same length and the same factors of t, g and Ω are alike. There are none for
    several families of phonons, for phonons that hop, on lattices with a basis, and on open clusters.

    Args:
        model: the Hamiltonian.
        lattice: its infinite lattice, or a periodic cluster.
    """
    if model.composite or model.phonon_hopping > 0.0:
        return []
    if lattice.shape is not None and not lattice.periodic:
        return []
    factors = (model.t_factors, model.g_factors, model.omega_factors)
    return shells_of(lattice, model.coupling, *(tuple(row) for row in factors))


def shells_of(lattice: Lattice, coupling: str, *factors: tuple[float, ...]) -> list[Shell]:
    """Return the shells for one frequency per oscillator.

    Args:
        lattice: an infinite lattice, or a periodic cluster; none on one with a basis.
        coupling: bond, holstein or bond+holstein.
        factors: of t, g and Ω along the bond axes, each empty where they are one.
    """
    if not lattice.is_bravais:
        return []
    axes = len(lattice.axes)
    t, g, omega = (row or (1.0,) * axes for row in factors)
    lengths = np.sqrt(np.einsum("ia,ab,ib->i", lattice.axes, lattice.metric, lattice.axes))
    kinds = tuple(
        tuple(round(float(x), _DIGITS) for x in one) for one in zip(lengths, t, g, omega, strict=True)
    )
    coupled = tuple(coupling in BOND_COUPLINGS and x != 0.0 for x in g)
    return list(_found(lattice, kinds, coupled, coupling in SITE_COUPLINGS))


@lru_cache(maxsize=256)
def _found(
    lattice: Lattice, kinds: tuple[tuple[float, ...], ...], coupled: tuple[bool, ...], sites: bool
) -> tuple[Shell, ...]:
    """Return the shells for bonds of these kinds, some of them coupled, and perhaps sites."""
    vectors = _vectors(lattice)
    bond_shells: dict[_Key, list[_Member]] = {}
    for axis, bond in enumerate(lattice.axes):
        if coupled[axis]:
            for vector, place in zip(vectors, _nearest(lattice, vectors, np.array(bond)), strict=True):
                key = (BONDS, kinds.index(kinds[axis]), *place)
                bond_shells.setdefault(key, []).append((axis, tuple(vector)))
    site_shells: dict[_Key, list[_Member]] = {}
    for vector, place in zip(vectors, _nearest(lattice, vectors, None), strict=True):
        site_shells.setdefault((SITES, -1, *place), []).append((-1, tuple(vector)))
    found = _whole(bond_shells)[:BOND_SHELLS]
    return tuple(found + _whole(site_shells)[:SITE_SHELLS] if sites else found)


def _vectors(lattice: Lattice) -> list[list[int]]:
    """Return the lattice vectors of all cells that may belong to a shell, on a cluster each once, as the
    kernel has them."""
    if lattice.shape is None:
        ranges = [range(-2 * SHELL_REACH, 2 * SHELL_REACH + 1)] * lattice.dimension
    else:
        ranges = [range(-((extent - 1) // 2), extent // 2 + 1) for extent in lattice.shape]
    return [list(vector) for vector in itertools.product(*ranges)]


def _nearest(
    lattice: Lattice, vectors: list[list[int]], bond: np.ndarray | None
) -> list[tuple[float, float]]:
    """Return distance and part along the bond of the nearest image of bonds, or sites, with these lower
    sites."""
    along = np.zeros(lattice.dimension) if bond is None else bond
    shifts = np.zeros((1, lattice.dimension))
    if lattice.shape is not None:
        shifts = np.array(list(itertools.product((-1, 0, 1), repeat=lattice.dimension))) * lattice.shape
    centres = np.array(vectors)[:, None] + shifts + 0.5 * along
    distances = np.sqrt(np.einsum("nia,ab,nib->ni", centres, lattice.metric, centres))
    length = np.sqrt(along @ lattice.metric @ along) or 1.0
    parts = np.abs(centres @ lattice.metric @ along) / length
    rounded = np.round(np.stack([distances, parts], axis=-1), _DIGITS).tolist()
    return [min((distance, part) for distance, part in images) for images in rounded]


def _whole(shells: dict[_Key, list[_Member]]) -> list[Shell]:
    """Return the shells that the kernel's table holds with all their members, the nearest first."""
    inside = [
        Shell(*key, tuple(members))
        for key, members in shells.items()
        if all(abs(x) <= SHELL_REACH for _, vector in members for x in vector)
    ]
    return sorted(inside, key=lambda shell: (shell.distance, shell.along, shell.axis))
