"""Phonons that hop: the oscillators form the bands Ω_q = Ω - 2w Σ_a cos q_a, a over the d primitive vectors.

H_ph = Ω Σ b†_i b_i - w Σ_<ij> (b†_i b_j + h.c.) over neighbouring oscillators, those on the sites or those on
the bonds along one axis; oscillators of different axes do not couple. With w ≥ 0 the band has its bottom
Ω - 2dw at q = 0, which has to be positive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hpcbip.models.couplings import BOND_COUPLINGS, SITE_COUPLINGS
from hpcbip.models.lattice import Lattice


def slowest_phonon(lattice: Lattice, omega: float, factors: Sequence[float], w: float) -> float:
    """Return the lowest energy of a phonon: the bottom of the lowest of the bands, Ω times these factors."""
    return omega * min(factors, default=1.0) - half_width(lattice, w)


class Refusal(NamedTuple):
    """Why phonons cannot hop in a model, as in the messages to users."""

    wrong: str
    allowed: str


def half_width(lattice: Lattice, w: float) -> float:
    """Return 2dw, half the width of the phonons' band."""
    return 2.0 * lattice.dimension * w


def refuse_dispersion(lattice: Lattice, coupling: str, omega: float, w: float) -> Refusal | None:
    """Return why phonons cannot hop with this amplitude, or None if they can.

    Args:
        lattice: the infinite lattice.
        coupling: name of the coupling.
        omega: the lowest frequency Ω of the oscillators.
        w: the amplitude.
    """
    if w == 0.0:
        return None
    if w < 0.0:
        return Refusal("negative", "a number >= 0")
    if coupling in BOND_COUPLINGS and coupling in SITE_COUPLINGS:
        return Refusal(f"phonons do not hop with {coupling}", "bond or holstein alone, or no phonon_hopping")
    if not lattice.hypercubic:
        shown = lattice.name if not lattice.name.startswith("{") else "one that is written out otherwise"
        wrong = f"phonons do not hop on this lattice ({shown})"
        return Refusal(wrong, "chain, square or cubic, or no phonon_hopping")
    if not omega > half_width(lattice, w):
        largest = omega / half_width(lattice, 1.0)
        wrong = "the band of phonons reaches down to zero"
        return Refusal(wrong, f"below omega/{half_width(lattice, 1.0):g}, which is {largest:g}")
    return None
