"""Parameters of the systems that are diagonalised."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hpcbip.errors import InputError
from hpcbip.models import (
    BRAVAIS_LATTICES,
    coupling_from_lambda,
)
from hpcbip.theory.exact.geometry import Geometry, Move
from hpcbip.vocabulary.parameters import (
    CELL_KEYS,
    FACTOR_KEYS,
    HOPPING,
    OMEGA,
    PARAMETERS,
)

LISTS_OF_SYSTEM: tuple[str, ...] = (*FACTOR_KEYS, *CELL_KEYS)
"""Parameters of a system that are a number per bond axis or per site of the cell."""


@dataclass(frozen=True)
class System:
    """A geometry with its energies, all in the same unit.

    Attributes:
        geometry: lattice, coupling and electrons.
        t: hopping, > 0.
        omega: phonon frequency Ω, > 0.
        g: coupling; only its square matters.
        U: on-site interaction of two electrons.
        V: strength of their Coulomb tail V/|r|, r ≠ 0, |r| in lattice constants.
        g_holstein, omega_holstein: coupling and frequency of the sites' oscillators, for `bond+holstein` and
            `site-peierls+holstein`.
        t_factors, g_factors, omega_factors: per bond axis, what multiplies t, g and Ω there; empty: one
            everywhere.
        levels: per site of the cell the energy of an electron there; empty: zero everywhere.
        U_factors: per site of the cell what multiplies U there; empty: one everywhere.
        phonon_hopping: amplitude w >= 0 with which phonons hop, for a dispersive geometry.

    Raises:
        InputError: for values that are not finite or not positive where they have to be, and for another
            number of them than there are axes, or sites of the cell.
    """

    geometry: Geometry
    t: float
    omega: float
    g: float
    U: float = 0.0
    V: float = 0.0
    g_holstein: float = 0.0
    omega_holstein: float = 0.0
    t_factors: tuple[float, ...] = ()
    g_factors: tuple[float, ...] = ()
    omega_factors: tuple[float, ...] = ()
    levels: tuple[float, ...] = ()
    U_factors: tuple[float, ...] = ()
    phonon_hopping: float = 0.0

    def __post_init__(self) -> None:
        self._check_sequences()
        _, *energies = fields(self)
        for energy in energies:
            if energy.name in LISTS_OF_SYSTEM:
                continue
            if not math.isfinite(getattr(self, energy.name)):
                raise InputError(f"{energy.name}: {getattr(self, energy.name)}; allowed: finite numbers")
        for name in (HOPPING.name, OMEGA.name):
            if getattr(self, name) <= 0.0:
                raise InputError(f"{name}: {getattr(self, name)}; allowed: > 0")
        if (self.omega_holstein > 0.0) != self.geometry.coupling.endswith("+holstein"):
            raise InputError(
                "omega_holstein > 0 goes with couplings that end in +holstein, and with no other"
            )
        self._check_dispersion()

    def _check_dispersion(self) -> None:
        w, width = self.phonon_hopping, 2 * self.geometry.bravais.dimension
        if (w > 0.0) != self.geometry.dispersive or w < 0.0:
            raise InputError(f"phonon_hopping: {w:g}; allowed: > 0 for a dispersive geometry, otherwise 0")
        if not w * width < min(self.frequencies):
            raise InputError(
                f"phonon_hopping: {w:g}; allowed: below omega/{width}, where the band ends at zero"
            )

    def _check_sequences(self) -> None:
        lattice = self.geometry.bravais
        for name in LISTS_OF_SYSTEM:
            values = tuple(float(x) for x in getattr(self, name))
            what, number = "sites per cell", lattice.kinds
            if name in FACTOR_KEYS:
                what, number = "bond axes", len(lattice.axes)
            fits = len(values) == number and (name in FACTOR_KEYS or not lattice.is_bravais)
            if values and not (fits and PARAMETERS[name].check(values)):
                raise InputError(
                    f"{name}: {', '.join(f'{x:g}' for x in values)}; allowed: {PARAMETERS[name].allowed}; "
                    f"this one has {number} {what}"
                )
            object.__setattr__(self, name, values)

    def factor(self, move: Move) -> float:
        """What multiplies a move in H: -t for a bare hop, a coupling for one that makes a phonon."""
        if move.family is not None:
            return self.geometry.phonons[move.family].g * move.weight
        strength: float = getattr(self, move.strength) * move.weight
        if move.of_phonon:
            return -strength
        factors = self.t_factors if move.mode is None else self.g_factors
        if move.axis is not None and factors:
            strength *= factors[move.axis]
        return -strength if move.mode is None else strength

    @cached_property
    def frequencies(self) -> NDArray[np.float64]:
        """The frequencies of the oscillators of a cell, shape (modes,)."""
        geometry = self.geometry
        found = np.full(geometry.modes, self.omega_holstein)
        found[: geometry.main_modes] = self.omega
        if self.omega_factors and geometry.coupling != "holstein":
            found[: geometry.main_modes] *= self.omega_factors
        for family, first, next_one in zip(
            geometry.phonons, geometry.first_modes, geometry.first_modes[1:], strict=False
        ):
            found[first:next_one] = family.omega
        return found

    def quanta(self, phonons: NDArray[np.integer]) -> NDArray[np.float64]:
        """Compute the energies of numbers of phonons in the oscillators of a cell, shapes (modes, N) and
        (N,)."""
        total = np.zeros(phonons.shape[1])
        for frequency in dict.fromkeys(self.frequencies.tolist()):
            total += frequency * phonons[self.frequencies == frequency].sum(axis=0)
        return total

    @cached_property
    def site_levels(self) -> NDArray[np.float64]:
        """The energy of an electron on every site of the cell, shape (kinds,)."""
        return np.array(self.levels or (0.0,) * self.geometry.bravais.kinds)

    @cached_property
    def repulsions(self) -> NDArray[np.float64]:
        """The interaction U of two electrons on every site of the cell, shape (kinds,)."""
        return self.U * np.array(self.U_factors or (1.0,) * self.geometry.bravais.kinds)

    @property
    def isotropic(self) -> bool:
        """Whether a named Bravais lattice with equal bonds is known to give equal masses along all axes."""
        equal = not (self.t_factors or self.g_factors or self.omega_factors)
        equal = equal and not any(family.places for family in self.geometry.phonons)
        return equal and self.geometry.lattice in BRAVAIS_LATTICES


def g_from_lambda(geometry: Geometry, lam: float, omega: float, t: float) -> float:
    """Compute g ≥ 0 from λ ≥ 0 in the convention of `hpcbip.models.couplings`.

    For site-Peierls coupling on the chain λ = 2g²/(Ωt) (PRL 121, 247001).

    Raises:
        InputError: for negative λ, and for site-Peierls beyond the chain, where no convention is established.
    """
    if not (math.isfinite(lam) and lam >= 0.0):
        raise InputError(f"lambda: {lam}; allowed: >= 0")
    if geometry.coupling.startswith("site-peierls"):
        if geometry.lattice != "chain":
            raise InputError(
                f"lambda of site-peierls on {geometry.lattice} has no convention: give the coupling"
            )
        return math.sqrt(lam * omega * t / 2.0)
    return coupling_from_lambda(geometry.bravais, geometry.coupling, lam, omega, t)
