"""Kinds of coupling, and the conventions of the dimensionless coupling λ by lattice and kind.

`g` is what the Hamiltonian holds and what is stored; λ is only ever quoted together with its convention:

- bond (bond-Peierls): λ = 2 g²/(z Ω t), z the mean number of neighbours of a site. Square lattice: g²/(2Ωt),
PRX 13, 011010; triangular: g²/(3Ωt), arXiv:2507.07662; honeycomb: 2g²/(3Ωt); Lieb: 3g²/(4Ωt). The factors of
t, g and Ω along bond axes do not enter.
- holstein: λ = g²/(4 d Ω t). Square lattice: g²/(8Ωt), as rescaled in PRX 13, 011010.
- bond+holstein: λ is that of the bonds; the sites' coupling is given as g_holstein.

Where phonons hop (`phonon_hopping`) Ω is that of an oscillator by itself, the middle of the band.
"""

from __future__ import annotations

import math

from hpcbip.models.lattice import Lattice

COUPLINGS: tuple[str, ...] = ("bond", "holstein", "bond+holstein")
BOND_COUPLINGS = ("bond", "bond+holstein")  # those with an oscillator on every bond
SITE_COUPLINGS = ("holstein", "bond+holstein")  # those with an oscillator on every site


def check_coupling(coupling: str) -> None:
    """Refuse an unknown coupling.

    Raises:
        ValueError: the message lists the known ones.
    """
    if coupling not in COUPLINGS:
        raise ValueError(f"unknown coupling {coupling!r}; allowed: {', '.join(COUPLINGS)}")


def _lambda_per_g2(lattice: Lattice, coupling: str, omega: float, t: float) -> float:
    check_coupling(coupling)
    if coupling == "holstein":
        return 1.0 / (4.0 * lattice.dimension * omega * t)
    return 2.0 / (lattice.coordination * omega * t)


def coupling_from_lambda(lattice: Lattice, coupling: str, lam: float, omega: float, t: float) -> float:
    """Return g ≥ 0 (units of energy) for a given λ ≥ 0.

    Raises:
        ValueError: for an unknown coupling.
    """
    return math.sqrt(lam / _lambda_per_g2(lattice, coupling, omega, t))


def lambda_from_coupling(lattice: Lattice, coupling: str, g: float, omega: float, t: float) -> float:
    """Return λ for a given g (units of energy).

    Raises:
        ValueError: for an unknown coupling.
    """
    return g * g * _lambda_per_g2(lattice, coupling, omega, t)
