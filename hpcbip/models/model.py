"""The Hamiltonian of one point of a scan (PHYSICS.md section 1)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpcbip.models.couplings import BOND, SITE, check_coupling, lambda_from_coupling
from hpcbip.models.lattice import Lattice, get_lattice
from hpcbip.vocabulary.parameters import FACTOR_KEYS, SEQUENCE_KEYS

BULK_EDGE = 0.2
"""Bulk averages leave out this part of β at either end of the path, where it relaxes to the ground state."""


@dataclass(frozen=True)
class Model:
    """H = -Σ_b t_b K_b + Σ_{i<j} V(r_i - r_j) n_i n_j + U Σ n↑n↓ + Ω Σ b†b + coupling; all energies in the
    same unit.

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
        t_factors, g_factors: per bond axis, what multiplies t and g there; empty: one everywhere.

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

    def __post_init__(self) -> None:
        check_coupling(self.coupling)
        for name in SEQUENCE_KEYS:
            object.__setattr__(self, name, tuple(float(x) for x in getattr(self, name)))
        axes = len(self.bravais.axes)
        for name in FACTOR_KEYS:
            if len(getattr(self, name)) not in (0, axes):
                raise ValueError(f"{name}: one factor per bond axis of the lattice, which has {axes}")
        if any(factor <= 0.0 for factor in self.t_factors):
            raise ValueError("t_factors must be positive")
        if (self.omega_holstein > 0.0) != (self.coupling == "bond+holstein"):
            raise ValueError("omega_holstein > 0 goes with the coupling bond+holstein, and with no other")

    @cached_property
    def bravais(self) -> Lattice:
        """The infinite lattice."""
        return get_lattice(self.lattice)

    @property
    def hoppings(self) -> NDArray[np.float64]:
        """t of every bond axis, shape (axes,)."""
        return self.t * np.array(self.t_factors or (1.0,) * len(self.bravais.axes))

    @property
    def bond_couplings(self) -> NDArray[np.float64]:
        """g of every bond axis, shape (axes,); zero without bond coupling."""
        g = self.g if self.coupling in BOND else 0.0
        return g * np.array(self.g_factors or (1.0,) * len(self.bravais.axes))

    @property
    def site_coupling(self) -> float:
        """g of the site oscillators; zero without Holstein coupling."""
        if self.coupling not in SITE:
            return 0.0
        return self.g if self.coupling == "holstein" else self.g_holstein

    @property
    def site_frequency(self) -> float:
        """Ω of the site oscillators."""
        return self.omega_holstein if self.coupling == "bond+holstein" else self.omega

    def interaction(self, distance: ArrayLike) -> NDArray[np.float64]:
        """V(r) at these distances |r| (lattice constants), zero included: U, the shells' energies or
        V/|r|."""
        distance = np.asarray(distance, dtype=np.float64)
        result = np.divide(self.V, distance, out=np.zeros_like(distance), where=distance > 0)
        if self.shells:
            for radius, energy in zip(self.bravais.shells(len(self.shells)), self.shells, strict=True):
                result[np.isclose(distance, radius, atol=1e-9)] += energy
        result[distance == 0.0] = self.U
        return result

    @property
    def lam(self) -> float:
        """λ in the convention of this lattice and coupling (see `couplings`)."""
        return lambda_from_coupling(self.bravais, self.coupling, self.g, self.omega, self.t)

    def parameters(self) -> dict[str, str | float]:
        """The canonical parameters, from which points of a scan take their identity."""
        return asdict(self)
