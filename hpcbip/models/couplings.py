"""Conventions of the dimensionless coupling λ, by lattice and kind of coupling.

`g` is what the Hamiltonian holds and what is stored; λ is only ever quoted together with its convention:

- bond (bond-Peierls): λ = 2 g²/(z Ω t). Square lattice: g²/(2Ωt), PRX 13, 011010; triangular: g²/(3Ωt),
arXiv:2507.07662.
"""

from __future__ import annotations

import math

from .lattice import Lattice

COUPLINGS: tuple[str, ...] = ("bond",)


def _lambda_per_g2(lattice: Lattice, coupling: str, omega: float, t: float) -> float:
    if coupling != "bond":
        raise ValueError(f"unknown coupling {coupling!r}; allowed: {', '.join(COUPLINGS)}")
    return 2.0 / (lattice.coordination * omega * t)


def coupling_from_lambda(lattice: Lattice, coupling: str, lam: float, omega: float, t: float) -> float:
    """g ≥ 0 (units of energy) for a given λ ≥ 0.

    Raises:
        ValueError: for an unknown coupling.
    """
    return math.sqrt(lam / _lambda_per_g2(lattice, coupling, omega, t))


def lambda_from_coupling(lattice: Lattice, coupling: str, g: float, omega: float, t: float) -> float:
    """λ for a given g (units of energy).

    Raises:
        ValueError: for an unknown coupling.
    """
    return g * g * _lambda_per_g2(lattice, coupling, omega, t)
