"""The Hamiltonian of one point of a scan (docs/physics.md, "Models")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpcbip.models.couplings import BOND_COUPLINGS, SITE_COUPLINGS, check_coupling, lambda_from_coupling
from hpcbip.models.dispersion import half_width, refuse_dispersion
from hpcbip.models.families import (
    BONDS,
    SITES,
    Family,
    check_families,
    families_from_text,
    families_to_text,
)
from hpcbip.models.lattice import Lattice
from hpcbip.models.named_lattices import get_lattice
from hpcbip.vocabulary.parameters import CELL_KEYS, FACTOR_KEYS, SEQUENCE_KEYS

BULK_EDGE = 0.2
"""Bulk averages leave out this part of β at either end of the path, where it relaxes to the ground state."""


class Mode(NamedTuple):
    """One of the oscillators of a bond or site.

    Attributes:
        family: number of its family, those of `coupling` first (bonds, then sites), see `Model.families`.
        omega, g: its frequency and coupling.
    """

    family: int
    omega: float
    g: float


@dataclass(frozen=True)
class Model:
    """The Hamiltonian H = -Σ_b t_b K_b + Σ_i ε_i n_i + Σ_{i<j} V(r_i - r_j) n_i n_j + Σ_i U_i n↑n↓ + Σ Ω b†b
    + coupling; all energies in the same unit.

    K_b = Σ_σ (c†_iσ c_jσ + h.c.) of the bond b = <ij>. The coupling is g Σ_b K_b (b†_b + b_b) for `bond`, g
    Σ_i n_i (b†_i + b_i) for `holstein`, and for `bond+holstein` both, with g and Ω for the bonds and
    g_holstein, omega_holstein for the sites.

    Attributes:
        lattice: name of a lattice (see `get_lattice`).
        coupling: name of a coupling in `COUPLINGS`.
        t: hopping, > 0.
        omega: phonon frequency Ω, > 0.
        g: electron-phonon coupling; only its square matters.
        U: on-site interaction of the two electrons.
        V: strength of the unscreened Coulomb tail V/|r|, r ≠ 0, |r| in lattice constants.
        shells: interactions of the first, second, ... neighbour shells, in the order of their distances.
        g_holstein, omega_holstein: of the sites, for `bond+holstein` only.
        t_factors, g_factors, omega_factors: per bond axis, what multiplies t, g and Ω there; empty: one
            everywhere.
        levels: per site of the cell the energy ε of an electron there; empty: zero everywhere.
        U_factors: per site of the cell what multiplies U there; empty: one everywhere.
        phonon_hopping: amplitude w ≥ 0 with which phonons hop between neighbouring oscillators (see
            `dispersion`).
        profile: for the site oscillators of `coupling`, what multiplies g for the density on the oscillator's
            own site and on its first, second, ... neighbour shell; empty: the own site only.
        phonons: further families of oscillators (see `families`), as a sequence of `Family` or the text that
            is kept of them; empty: none.

    Raises:
        ValueError: for an unknown coupling or parameters that do not go together.
    """

    lattice: str
    coupling: str
    t: float
    omega: float
    g: float
    U: float = 0.0
    V: float = 0.0
    shells: tuple[float, ...] = ()
    g_holstein: float = 0.0
    omega_holstein: float = 0.0
    t_factors: tuple[float, ...] = ()
    g_factors: tuple[float, ...] = ()
    omega_factors: tuple[float, ...] = ()
    levels: tuple[float, ...] = ()
    U_factors: tuple[float, ...] = ()
    phonon_hopping: float = 0.0
    profile: tuple[float, ...] = ()
    phonons: str | Sequence[Family] = ""

    def __post_init__(self) -> None:
        check_coupling(self.coupling)
        if not isinstance(self.phonons, str):
            object.__setattr__(self, "phonons", families_to_text(self.phonons))
        for name in SEQUENCE_KEYS:
            object.__setattr__(self, name, tuple(float(x) for x in getattr(self, name)))
        axes = len(self.bravais.axes)
        for name in FACTOR_KEYS:
            if len(getattr(self, name)) not in (0, axes):
                raise ValueError(f"{name}: one factor per bond axis of the lattice, which has {axes}")
        kinds = self.bravais.kinds
        for name in CELL_KEYS:
            if len(getattr(self, name)) not in ((0, kinds) if kinds > 1 else (0,)):
                allowed = f"which has {kinds}" if kinds > 1 else "on a lattice with several"
                raise ValueError(f"{name}: one number per site of the cell, {allowed}")
        if any(factor <= 0.0 for factor in (*self.t_factors, *self.omega_factors)):
            raise ValueError("t_factors and omega_factors must be positive")
        if (self.omega_holstein > 0.0) != (self.coupling == "bond+holstein"):
            raise ValueError("omega_holstein > 0 goes with the coupling bond+holstein, and with no other")
        lowest = self.omega if self.coupling == "holstein" else float(self.bond_frequencies.min())
        refused = refuse_dispersion(self.bravais, self.coupling, lowest, self.phonon_hopping)
        if refused is not None:
            raise ValueError(
                f"phonon_hopping = {self.phonon_hopping:g}: {refused.wrong}; allowed: {refused.allowed}"
            )
        if self.phonon_hopping and self.composite:
            raise ValueError("phonon_hopping goes with one oscillator per bond or site, and with no profile")
        if self.profile and self.coupling not in SITE_COUPLINGS:
            raise ValueError("profile goes with the couplings holstein and bond+holstein")
        of_sites = [Family(SITES, 1.0, 1.0, (), self.profile)] if self.profile else []
        check_families(self.bravais, [*of_sites, *self.further_families])

    @cached_property
    def bravais(self) -> Lattice:
        """The infinite lattice."""
        return get_lattice(self.lattice)

    @property
    def hoppings(self) -> NDArray[np.float64]:
        """The hopping t of every bond axis, shape (axes,)."""
        return self.t * np.array(self.t_factors or (1.0,) * len(self.bravais.axes))

    @property
    def bond_couplings(self) -> NDArray[np.float64]:
        """The coupling g of every bond axis, shape (axes,); zero without bond coupling."""
        g = self.g if self.coupling in BOND_COUPLINGS else 0.0
        return g * np.array(self.g_factors or (1.0,) * len(self.bravais.axes))

    @property
    def bond_frequencies(self) -> NDArray[np.float64]:
        """The frequency Ω of the oscillators of every bond axis, shape (axes,)."""
        return self.omega * np.array(self.omega_factors or (1.0,) * len(self.bravais.axes))

    @property
    def site_levels(self) -> NDArray[np.float64]:
        """The energy of an electron on every site of the cell, shape (kinds,)."""
        return np.array(self.levels or (0.0,) * self.bravais.kinds)

    @property
    def repulsions(self) -> NDArray[np.float64]:
        """The interaction U of two electrons on every site of the cell, shape (kinds,)."""
        return self.U * np.array(self.U_factors or (1.0,) * self.bravais.kinds)

    @property
    def site_coupling(self) -> float:
        """The coupling g of the site oscillators; zero without Holstein coupling."""
        if self.coupling not in SITE_COUPLINGS:
            return 0.0
        return self.g if self.coupling == "holstein" else self.g_holstein

    @property
    def site_frequency(self) -> float:
        """The frequency Ω of the site oscillators."""
        return self.omega_holstein if self.coupling == "bond+holstein" else self.omega

    @cached_property
    def families(self) -> tuple[Family, ...]:
        """All families of phonons by their numbers: those of `coupling`, bonds before sites, without the
        factors along bond axes; then the further ones."""
        own = []
        if self.coupling in BOND_COUPLINGS:
            own.append(Family(BONDS, self.omega, abs(self.g)))
        if self.coupling in SITE_COUPLINGS:
            profile = self.profile or (1.0,)
            own.append(Family(SITES, self.site_frequency, abs(self.site_coupling), (), profile))
        return (*own, *self.further_families)

    @property
    def further_families(self) -> tuple[Family, ...]:
        """The families of `phonons`."""
        assert isinstance(self.phonons, str)  # see __post_init__
        return families_from_text(self.phonons)

    @property
    def composite(self) -> bool:
        """Whether phonon lines are more than those of one oscillator per bond or site."""
        return bool(self.phonons) or len(self.profile) > 1

    def modes(self, where: str, place: int) -> list[Mode]:
        """Return the oscillators that are coupled on a bond axis or a site of the cell.

        Args:
            where: "bonds" or "sites".
            place: number of the axis or site.
        """
        found = []
        for number, family in enumerate(self.families):
            if family.where != where or (family.places and place not in family.places):
                continue
            omega, g = family.omega, family.g
            if number == 0 and self.coupling in BOND_COUPLINGS:
                omega, g = float(self.bond_frequencies[place]), abs(float(self.bond_couplings[place]))
            if g > 0.0:
                found.append(Mode(number, omega, g))
        return found

    @property
    def phonon_half_width(self) -> float:
        """Half the width 2dw of the phonons' band, whose bottom is Ω - 2dw."""
        return half_width(self.bravais, self.phonon_hopping)

    def interaction(self, distance: ArrayLike, kind: int = 0) -> NDArray[np.float64]:
        """Return V(r) at these distances |r| (lattice constants), zero included: U of this site of the cell,
        the shells' energies or V/|r|."""
        distance = np.asarray(distance, dtype=np.float64)
        result = np.divide(self.V, distance, out=np.zeros_like(distance), where=distance > 0)
        if self.shells:
            for radius, energy in zip(self.bravais.shells(len(self.shells)), self.shells, strict=True):
                result[np.isclose(distance, radius, atol=1e-9)] += energy
        result[distance == 0.0] = self.repulsions[kind]
        return result

    def band_bottom(self) -> float:
        """Return the energy of a free electron at momentum zero, where the band has its bottom: on a Bravais
        lattice minus twice the sum of the hoppings."""
        hops = np.diag(self.site_levels)
        for (one, other), t in zip(self.bravais.hop_ends, np.repeat(self.hoppings, 2), strict=True):
            hops[one, other] -= t
        return float(np.linalg.eigvalsh(hops)[0])

    @property
    def lam(self) -> float:
        """The coupling λ in the convention of this lattice and coupling (see `couplings`)."""
        return lambda_from_coupling(self.bravais, self.coupling, self.g, self.omega, self.t)

    def parameters(self) -> dict[str, str | float]:
        """Return the canonical parameters, from which points of a scan take their identity."""
        return asdict(self)
