"""The model of two electrons on a lattice without phonons.

H = -Σ_b t_b (hops along bond axis b) + Σ_r v(r) with v(0) = U, v = V on the shells and r = r1 - r2. Every
amplitude t_b may have any sign and size, t too: |t| = 1 (or that of the largest hop where t = 0) makes it the
unit of energy, and negative ones are hole-like. At total momentum K the relative coordinate hops with
τ_b = 2 t_b cos(K·b/2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.errors import InputError
from hpcbip.messages import counted
from hpcbip.theory.pair.green import Band
from hpcbip.theory.pair.lattices import PAIR_LATTICES, Channel, LatticeVector, PairLattice, inversion

Array = NDArray[np.float64]

LARGEST_ENERGY = 1e4
"""Largest magnitude of an interaction or a hopping amplitude, in the unit of energy."""


@dataclass(frozen=True)
class PairModel:
    """Two electrons with on-site and short-range interactions on a lattice; unit of energy |t| if t = ±1.

    Attributes:
        lattice: a key of `PAIR_LATTICES`.
        U: on-site interaction; infinity (a hard core) is allowed.
        V: interactions of the first shells, in the order of the lattice's `shell_names`; the rest are zero.
        hops: amplitudes after t in the order of the lattice's `hop_names`; H = -Σ t_b ..., negative is
            hole-like.
        K: total momentum as phases per primitive vector; empty for zero.
        t: amplitude of the first family of bonds, negative if hole-like; zero leaves the others.
    """

    lattice: str
    U: float = 0.0
    V: tuple[float, ...] = ()
    hops: tuple[float, ...] = ()
    K: tuple[float, ...] = ()
    t: float = 1.0

    def __post_init__(self) -> None:
        """Refuse values out of range with an InputError."""
        if self.lattice not in PAIR_LATTICES:
            raise InputError(f"lattice: {self.lattice!r} is not one of {', '.join(PAIR_LATTICES)}")
        place = self.place
        for name, given, allowed in (
            ("V", self.V, place.shell_names),
            ("hops", self.hops, place.hop_names[1:]),
        ):
            if len(given) > len(allowed):
                number = counted(len(given), "value")
                raise InputError(f"{name}: {number} given, {self.lattice} has {len(allowed)}: {allowed}")
        if len(self.K) not in (0, place.dimension):
            raise InputError(
                f"K: {counted(len(self.K), 'component')} given, {self.lattice} has {place.dimension}"
            )
        for name, values in (("t", (self.t,)), ("V", self.V), ("hops", self.hops), ("K", self.K)):
            for value in values:
                if not abs(value) <= LARGEST_ENERGY:
                    raise InputError(
                        f"{name}: {value} is not between -{LARGEST_ENERGY:g} and {LARGEST_ENERGY:g}"
                    )
        if not (abs(self.U) <= LARGEST_ENERGY or self.U == math.inf):
            raise InputError(f"U: {self.U} is not between -{LARGEST_ENERGY:g} and {LARGEST_ENERGY:g}, or inf")
        if not any((self.t, *self.hops)):
            raise InputError("t: 0, and no other hop is given; allowed: at least one that is not 0")
        if self.dispersionless:
            raise InputError(f"K: {self.K}: no relative motion is left at this momentum")

    @property
    def place(self) -> PairLattice:
        """The lattice with its bonds, shells and channels."""
        return PAIR_LATTICES[self.lattice]

    @cached_property
    def band(self) -> Band:
        """The band of the relative coordinate."""
        bonds, amplitudes = self.bonds
        phases = bonds @ np.array(self.K or (0.0,) * self.place.dimension)
        return Band(bonds, 2.0 * amplitudes * np.cos(0.5 * phases))

    @property
    def dispersionless(self) -> bool:
        """Whether the relative coordinate cannot hop."""
        return bool(np.abs(self.band.strengths).max() < 1e-12)

    @cached_property
    def bonds(self) -> tuple[NDArray[np.int64], Array]:
        """All bond axes, shape (bonds, d), with their amplitudes, shape (bonds,)."""
        families = list(zip((self.t, *self.hops), self.place.hops, strict=False))
        bonds = [(bond, t) for t, family in families for bond in family if t != 0.0]
        return np.array([bond for bond, _ in bonds], dtype=np.int64), np.array([t for _, t in bonds])

    @cached_property
    def moving_axes(self) -> Array:
        """Orthonormal Cartesian axes of the directions in which hops lead, shape (d, number).

        Fewer than d where layers are not joined (`bct` with t_perp = 0).
        """
        bonds, _ = self.bonds
        _, singular, axes = np.linalg.svd(bonds @ np.array(self.place.primitive))
        return np.asarray(axes[: int(np.sum(singular > 1e-9))].T)

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The symmetry channels; at K ≠ 0 the only symmetry is the exchange of the electrons."""
        if not any(self.K):
            return self.place.channels
        swap = inversion(self.place.dimension)
        return (
            Channel("even", "singlet", 1, ((swap, 1),), "1"),
            Channel("odd", "triplet", 1, ((swap, -1),), "x"),
        )

    def interacting_shells(self) -> list[tuple[float, tuple[LatticeVector, ...]]]:
        """List (interaction, sites) of all shells with an interaction, the site of U first."""
        every = [(self.U, ((0,) * self.place.dimension,)), *zip(self.V, self.place.shells, strict=False)]
        return [(v, sites) for v, sites in every if v != 0.0]


def model_parameters(model: PairModel) -> dict[str, Any]:
    """List the lattice, interactions, amplitudes and K (None for zero) by name, for tables."""
    place = model.place
    found: dict[str, Any] = {"lattice": model.lattice, "U": "inf" if model.U == math.inf else model.U}
    found |= dict(
        zip(place.shell_names, (*model.V, *(0.0,) * (len(place.shell_names) - len(model.V))), strict=True)
    )
    amplitudes = (model.t, *model.hops, *(0.0,) * (len(place.hop_names) - 1 - len(model.hops)))
    found |= dict(zip(place.hop_names, amplitudes, strict=True))
    return found | {"K": list(model.K) or None}
