"""Reference values of Tc/Ω in conventional superconductivity, with which a Tc of bipolarons is compared."""

from __future__ import annotations

from hpcbip.theory.eliashberg.equations import critical_temperature, mcmillan

QUOTED_CEILINGS = (0.05, 0.1)
"""Ceilings of Tc/Ω as usually quoted: McMillan with Θ_D/1.45 at λ = 1, μ* = 0.12 (0.052), and about the
highest known (docs/physics.md, Published numbers)."""

USUAL_MU_STAR = 0.12
"""The usual Coulomb pseudopotential."""


def reference_lines(mu_star: float = USUAL_MU_STAR) -> list[tuple[str, float]]:
    """List reference values for a figure of Tc/Ω as (label, Tc/Ω), the quoted ceilings first.

    McMillan's formula and the Migdal-Eliashberg equations are taken at λ = 1 for an Einstein phonon.

    Raises:
        InputError: for a `mu_star` out of range.
    """
    eliashberg = critical_temperature(1.0, mu_star).tc_over_omega
    at = f"λ = 1, μ* = {mu_star:g}"
    return [
        *((f"conventional, {value:g}", value) for value in QUOTED_CEILINGS),
        (f"McMillan, {at}", float(mcmillan(1.0, mu_star))),
        (f"Migdal–Eliashberg, {at}", eliashberg),
    ]
