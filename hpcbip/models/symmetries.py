"""Point operations that map a lattice, with all that its Hamiltonian has on it, to itself.

A symmetry is the map x → M x + c of positions, M an orthogonal matrix in lattice coordinates, c a vector that
belongs to the pair of sites about whose centre it inverts, or to the site that it leaves where it is. Sites
and bonds of the image are those of the lattice, with the same energies, hoppings, couplings and frequencies.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from hpcbip.models.families import BONDS, SITES
from hpcbip.models.model import Model

_Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Symmetry:
    """The image of a lattice under x → M x + c: of what is in the cell at the origin.

    Attributes:
        site: per site of the cell the one it is mapped to, shape (kinds,).
        site_cell: the cell in which that image lies, shape (kinds, d).
        axis: per bond axis the one it is mapped to, shape (axes,).
        turned: whether a hop along the bond is mapped to a hop against its image, shape (axes,).
    """

    site: _Integers
    site_cell: _Integers
    axis: _Integers
    turned: NDArray[np.bool_]


@dataclass(frozen=True)
class Symmetries:
    """The symmetries of the lattice of a model."""

    model: Model

    def inversion(self, one: int, other: int) -> Symmetry | None:
        """Return the inversion about the centre of site `one` in the cell at the origin and site `other`
        there, which exchanges the two; None if it is no symmetry.

        Heights above the plane (line) of the primitive vectors stay if both sites have the same, and are
        inverted as well otherwise.
        """
        lattice = self.model.bravais
        places, heights = lattice.places, lattice.heights
        level = np.allclose(heights[one], heights[other])
        above = heights if level else heights[one] + heights[other] - heights
        return self._symmetry(-np.eye(lattice.dimension, dtype=int), places[one] + places[other], above)

    def fixes_no_vector(self, kind: int) -> bool:
        """Tell whether the symmetries that leave this site where it is leave no vector as it is: an electron
        there has no preferred direction."""
        lattice = self.model.bravais
        place = lattice.places[kind]
        mean = np.zeros((lattice.dimension,) * 2)
        for matrix in _orthogonal_matrices(lattice.primitive):
            if self._symmetry(matrix, place - matrix @ place, lattice.heights) is not None:
                mean += matrix
        return bool(np.abs(mean).max() < 0.5)

    def _symmetry(self, matrix: _Integers, shift: _Integers, heights: NDArray[np.float64]) -> Symmetry | None:
        """Return x → M x + c of positions in units of the lattice's resolution, with these heights of the
        images; None if it is no symmetry."""
        lattice = self.model.bravais
        kinds, axes = range(lattice.kinds), range(len(lattice.axes))
        sites, cells = [], []
        for k in kinds:
            position = matrix @ lattice.places[k] + shift
            for image, cell in self._sites_at(position, heights[k]):
                if np.isclose(self._of_sites[k], self._of_sites[image]).all():
                    sites.append(image)
                    cells.append(cell)
        if sorted(sites) != list(kinds):
            return None
        site, site_cell = np.array(sites), np.array(cells)
        found = {}
        for a in axes:
            one, other = lattice.hop_ends[2 * a]
            step = site_cell[other] + matrix @ lattice.neighbours[2 * a] - site_cell[one]
            key = (site[one], site[other], *step.tolist())
            direction = self._directions.get(key)
            if direction is None or not np.isclose(self._of_axes[a], self._of_axes[direction // 2]).all():
                return None
            found[a] = direction
        directions = np.array([found[a] for a in axes])
        return Symmetry(site, site_cell, directions // 2, directions % 2 == 1)

    def _sites_at(self, position: _Integers, height: NDArray[np.float64]) -> Iterator[tuple[int, _Integers]]:
        """Yield the site at a position, as site of the cell and cell; nothing if there is none."""
        lattice = self.model.bravais
        for k in range(lattice.kinds):
            cell, rest = np.divmod(position - lattice.places[k], lattice.resolution)
            if not rest.any() and np.allclose(height, lattice.heights[k]):
                yield k, cell

    @cached_property
    def _directions(self) -> dict[tuple[int, ...], int]:
        """The directions of hops by the sites of the cell at their ends and the vector between the cells."""
        lattice = self.model.bravais
        ends = zip(lattice.hop_ends.tolist(), lattice.neighbours.tolist(), strict=True)
        return {(*end, *step): k for k, (end, step) in enumerate(ends)}

    @cached_property
    def _of_axes(self) -> NDArray[np.float64]:
        """What an image of a bond axis has to have in common with it, shape (axes, numbers)."""
        model = self.model
        plain = np.stack([model.hoppings, model.bond_couplings, model.bond_frequencies], axis=1)
        return np.hstack([plain, self._of_oscillators(BONDS, len(plain))])

    @cached_property
    def _of_sites(self) -> NDArray[np.float64]:
        """What an image of a site of the cell has to have in common with it, shape (kinds, numbers)."""
        plain = np.stack([self.model.site_levels, self.model.repulsions], axis=1)
        return np.hstack([plain, self._of_oscillators(SITES, len(plain))])

    def _of_oscillators(self, on: str, places: int) -> NDArray[np.float64]:
        """The coupling to every family of phonons on these places, shape (places, families)."""
        couplings = np.zeros((places, len(self.model.families)))
        for place in range(places):
            for mode in self.model.modes(on, place):
                couplings[place, mode.family] = mode.g
        return couplings


@cache
def _orthogonal_matrices(primitive: tuple[tuple[float, ...], ...]) -> tuple[_Integers, ...]:
    """Return the matrices of the rotations and mirrors of the Bravais lattice with these primitive vectors,
    whose entries are 0 and ±1 where the vectors are short."""
    d, vectors = len(primitive), np.array(primitive)
    metric = vectors @ vectors.T
    matrices = np.array(list(itertools.product((-1, 0, 1), repeat=d * d)), dtype=np.int64).reshape(-1, d, d)
    images = np.einsum("nba,bc,ncd->nad", matrices, metric, matrices)
    return tuple(matrices[np.isclose(images, metric).all(axis=(1, 2))])
