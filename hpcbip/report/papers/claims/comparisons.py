"""Claims (v) and (vi) of the first paper: Tc beside Migdal–Eliashberg theory, and how masses grow with λ."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcbip.report.papers.campaigns.domes import DOME_RATIOS, FILLING, conventional_line
from hpcbip.report.papers.campaigns.semiclassical import HEAVY, fitted_exponent, mass_series
from hpcbip.report.papers.claims.claim import Claim, Finding, counted_peak, exceeds, peak_text
from hpcbip.report.papers.drawing import TC
from hpcbip.report.papers.points import points_of
from hpcbip.report.tables import Record
from hpcbip.statistics.notation import with_error
from hpcbip.theory.eliashberg.tables import LARGEST_CONFIRMED_LAMBDA
from hpcbip.vocabulary.parameters import LAMBDA

_COUPLINGS = (("bond", "Bond-Peierls", 0.5), ("holstein", "Holstein", 1.0))
"""Couplings with the power of λ in ln m* that the semiclassical theory gives them."""


def _examine_eliashberg(records: Sequence[Record]) -> Finding:
    line = conventional_line("bond")
    lams, ratios = (np.array([row[name] for row in line]) for name in (LAMBDA.name, TC))
    confirmed = max((row[TC] for row in line if row["confirmed"]), default=0.0)
    comparisons: list[bool | None] = []
    numbers = [
        f"Migdal–Eliashberg theory at {FILLING:g} electrons per site reaches Tc/Ω = {confirmed:.2g} where "
        f"Monte Carlo confirms it (λ_ME up to {LARGEST_CONFIRMED_LAMBDA:g})."
    ]
    missing = []
    for ratio, text in DOME_RATIOS:
        points = points_of(records, lattice="square", coupling="bond", U=8.0, V=0.0, t_over_omega=ratio)
        peak = counted_peak(points, LAMBDA.name)
        if peak is None:
            missing.append(f"a maximum within the scan at t/Ω = {text}")
            continue
        theory = float(np.interp(peak.position, lams, ratios))
        comparisons.append(exceeds(peak.height - theory, peak.height_err))
        numbers.append(f"t/Ω = {text}: {peak_text(peak)}; the theory continued to that λ: {theory:.3f}.")
    return Finding(comparisons or [None], numbers, missing)


def _examine_masses(records: Sequence[Record]) -> Finding:
    comparisons: list[bool | None] = []
    numbers, missing = [], []
    for coupling, word, power in _COUPLINGS:
        fits = [(one.name, fitted_exponent(one)) for one in mass_series(records, coupling)]
        known = [(name, fit) for name, fit in fits if fit is not None]
        if not known:
            missing.append(f"{word} masses above {HEAVY:g} m0 at three or more λ for t/Ω of 3 or more")
            comparisons.append(None)
        for name, fit in known:
            differs = exceeds(abs(fit.p - power), fit.p_err)
            comparisons.append(None if differs is None and fit.p_err > 0.25 else not differs)
            numbers.append(
                f"{word}, {name}: above {HEAVY:g} m0 ln m* grows as λ^p with p = "
                f"{with_error(fit.p, fit.p_err)}, semiclassical {power:g}."
            )
    return Finding(comparisons, numbers, missing)


ELIASHBERG_CLAIM = Claim(
    "first",
    "(v)",
    "Tc of bond-Peierls bipolarons is above that of Migdal–Eliashberg theory of the same model.",
    "domes",
    _examine_eliashberg,
)
MASS_CLAIM = Claim(
    "first",
    "(vi)",
    "For Ω ≪ t the logarithm of the mass grows as √λ with bond-Peierls coupling, and as λ with Holstein "
    "coupling.",
    "semiclassical-mass",
    _examine_masses,
)
