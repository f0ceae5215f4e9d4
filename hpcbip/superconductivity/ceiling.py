"""What conventional superconductivity reaches: the lines and curves that a Tc of bipolarons is compared with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .eliashberg import critical_temperature, mcmillan

USUAL = (0.05, 0.1)
"""Ceilings of Tc/Ω as usually quoted: McMillan with Θ_D/1.45 at λ = 1, μ* = 0.12 (0.052), and about the highest known
(PHYSICS.md section 4)."""

MU_STAR = 0.12
"""The usual Coulomb pseudopotential."""


def comparison_lines(mu_star: float = MU_STAR) -> list[tuple[str, float]]:
    """Horizontal lines for a figure of Tc/Ω: (label, Tc/Ω), the usual ceilings first.

    McMillan's formula and the Migdal-Eliashberg equations are taken at λ = 1 for an Einstein phonon.

    Raises:
        InputError: for a `mu_star` out of range.
    """
    eliashberg = critical_temperature(1.0, mu_star).tc_over_omega
    at = f"λ = 1, μ* = {mu_star:g}"
    return [
        *((f"conventional, {value:g}", value) for value in USUAL),
        (f"McMillan, {at}", float(mcmillan(1.0, mu_star))),
        (f"Migdal–Eliashberg, {at}", eliashberg),
    ]


def ceiling_curve(lambdas: Sequence[float], mu_star: float = MU_STAR) -> NDArray[np.float64]:
    """Tc/Ω of the Migdal-Eliashberg equations at every λ_ME, shape (lambdas,); 0 where there is no transition.

    Raises:
        InputError: for a λ or `mu_star` out of range.
    """
    return np.array([critical_temperature(float(lam), mu_star).tc_over_omega for lam in lambdas])
