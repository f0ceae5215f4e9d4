"""The interaction within one symmetry channel, and the secular matrix v⁻¹ + G of its bound states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpcbip.theory.pair.green import Band
from hpcbip.theory.pair.lattices import Channel, LatticeVector, symmetric_basis

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ChannelInteraction:
    """The interaction within a symmetry channel.

    Attributes:
        sites: lattice coordinates, shape (sites, d).
        basis: orthonormal functions on them, shape (sites, functions).
        strength: interaction of each function, shape (functions,).
        part: number of the entry of `PairModel.interacting_shells` that each function belongs to, shape
            (functions,).
    """

    sites: NDArray[np.int64]
    basis: Array
    strength: Array
    part: NDArray[np.int64]

    @classmethod
    def in_channel(
        cls, shells: Sequence[tuple[float, tuple[LatticeVector, ...]]], channel: Channel, dimension: int
    ) -> ChannelInteraction:
        """Project (interaction, sites) of all shells on a channel."""
        blocks = [symmetric_basis(sites, channel.signs) for _, sites in shells]
        basis = np.zeros((sum(len(b) for b in blocks), sum(b.shape[1] for b in blocks)))
        row = column = 0
        for block in blocks:
            basis[row : row + block.shape[0], column : column + block.shape[1]] = block
            row, column = row + block.shape[0], column + block.shape[1]
        part = np.repeat(np.arange(len(blocks)), [b.shape[1] for b in blocks])
        strength = np.array([v for v, _ in shells], dtype=float)[part]
        sites = np.array([site for _, part in shells for site in part], dtype=np.int64).reshape(-1, dimension)
        used = np.abs(basis).max(axis=1, initial=0.0) > 0.0
        return cls(sites[used], basis[used], strength, part)

    def matrix(self, band: Band, binding: float, order: int = 0) -> Array:
        """Compute `Band.integrals` between the functions, shape (functions, functions)."""
        number = len(self.sites)
        r = (self.sites[None, :] - self.sites[:, None]).reshape(-1, band.dimension)
        return self.basis.T @ green_integrals(band, r, binding, order).reshape(number, number) @ self.basis

    def secular_matrix(self, band: Band, binding: float) -> Array:
        """Compute v⁻¹ + G(E) at E = edge - binding, shape (functions, functions)."""
        return np.diag(1.0 / self.strength) + self.matrix(band, binding)


def green_integrals(band: Band, r: NDArray[np.int64], binding: float, order: int) -> Array:
    """Compute `Band.integrals`, once for each displacement up to inversion.

    The band keeps the values, so that the channels share them.
    """
    first = [next((1 if x > 0 else -1 for x in row if x), 1) for row in r]
    keys = [tuple(int(sign * x) for x in row) for sign, row in zip(first, r, strict=True)]
    known = band.known_integrals.setdefault((binding, order), {})
    missing = sorted(set(keys) - known.keys())
    if missing:
        known.update(zip(missing, band.integrals(np.array(missing), binding, order).tolist(), strict=True))
    return np.array([known[key] for key in keys])
