"""Claims (v) and (vi) of the first paper: Tc beside Migdal–Eliashberg theory, and how masses grow with λ."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hpcbip.report.papers.campaigns.domes import DOME_RATIOS, FILLING, conventional_line
from hpcbip.report.papers.campaigns.semiclassical import HEAVY, heavy_masses, mass_series
from hpcbip.report.papers.claims.claim import Claim, Finding, counted_peak, exceeds, peak_text
from hpcbip.report.papers.drawing import TC
from hpcbip.report.papers.points import PointSeries, points_of
from hpcbip.report.tables import Record
from hpcbip.statistics.notation import with_error
from hpcbip.theory.eliashberg.tables import LARGEST_CONFIRMED_LAMBDA
from hpcbip.theory.instanton.scaling import (
    EXPONENT_RANGE,
    POINTS_OF_POWER_LAW,
    fit_mass_exponent,
    power_law_chi2,
)
from hpcbip.vocabulary.parameters import LAMBDA

_VAGUE = 0.25
"""Error of an exponent from which on it agrees with anything."""

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
        found = [
            one for one in mass_series(records, coupling) if len(heavy_masses(one)[0]) >= POINTS_OF_POWER_LAW
        ]
        if not found:
            missing.append(
                f"{word} masses above {HEAVY:g} m0 at {POINTS_OF_POWER_LAW} or more λ for t/Ω of 3 or more"
            )
            comparisons.append(None)
        for one in found:
            text, agrees = _growth(one, power)
            comparisons += agrees
            numbers.append(f"{word}, {one.name.replace(f'{coupling}, ', '')}: {text}")
    return Finding(comparisons, numbers, missing)


def _growth(one: PointSeries, power: float) -> tuple[str, list[bool | None]]:
    """Say how the masses of a curve grow with λ, and whether that is the semiclassical power."""
    masses = heavy_masses(one)
    fit = fit_mass_exponent(*masses)
    if fit is not None:
        differs = exceeds(abs(fit.p - power), fit.p_err)
        text = f"above {HEAVY:g} m0 ln m* grows as λ^p with p = {with_error(fit.p, fit.p_err)}, "
        agrees = None if differs is None and fit.p_err > _VAGUE else not differs
        return text + f"semiclassical {power:g}.", [agrees]
    lams, logs, _ = masses
    root, line = (power_law_chi2(*masses, p) for p in (0.5, 1.0))
    text = (
        f"m* is {math.exp(logs[0]):.0f} to {math.exp(logs[-1]):.0f} m0 between λ = {lams[0]:g} and "
        f"{lams[-1]:g}; no power of λ from {EXPONENT_RANGE[0]:g} on describes ln m*, which flattens more; "
        f"χ² of a + b√λ is {root:.0f}, of a + bλ {line:.0f}, at {len(lams) - 2} degrees of freedom."
    )
    return text, [False, (root < line) == (power == 0.5)]


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
