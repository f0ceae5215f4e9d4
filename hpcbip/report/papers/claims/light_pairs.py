"""Claims (i) and (ii) of the first paper: pairs that are light and small, and the dome of Tc."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from hpcbip.messages import counted
from hpcbip.report.papers.campaigns.domes import DOME_RATIOS
from hpcbip.report.papers.claims.claim import Claim, Finding, counted_peak, exceeds, peak_text
from hpcbip.report.papers.drawing import TC, is_hollow
from hpcbip.report.papers.points import points_of
from hpcbip.report.tables import Record
from hpcbip.statistics.notation import with_error
from hpcbip.superconductivity.tc import in_kelvin
from hpcbip.vocabulary.entries import ERROR
from hpcbip.vocabulary.observables import MASS_BIPOLARON, RADIUS2
from hpcbip.vocabulary.parameters import LAMBDA

LIGHT, SMALL = 10.0, 3.0
"""m*/m0 and R² below which pairs are called light and small (PRB 108, L220502)."""

_FESE = 22.0  # phonon energy of FeSe, meV; with t of about 50 meV it has t/Ω = 2.3
_MASS, _SIZE = MASS_BIPOLARON.name, RADIUS2.name


def _small(records: Sequence[Record]) -> list[Record]:
    """Return the points with a known mass whose pairs are small beyond their errors."""
    known = [one for one in records if one[_MASS] and one[_SIZE] and not is_hollow(one, _MASS)]
    return [one for one in known if one[_SIZE] + 2.0 * one[_SIZE + ERROR] < SMALL]


def _where_light(small: Sequence[Record]) -> str:
    """Return how many of the small pairs are light beyond their errors, and at which λ and U."""
    light = [one for one in small if exceeds(LIGHT - one[_MASS], one[_MASS + ERROR])]
    if not light:
        return ""
    (first, last), (lowest, highest) = (
        (min(values), max(values))
        for values in zip(*((one[LAMBDA.name], one["U"] / one["t"]) for one in light), strict=True)
    )
    repulsion = f"U = {lowest:g}t" + (f" to {highest:g}t" if highest > lowest else "")
    return f"; light, m*/m0 < {LIGHT:g}, are {len(light)}, at λ = {first:.3g} to {last:.3g} and {repulsion}"


def _examine_size_and_mass(records: Sequence[Record]) -> Finding:
    comparisons: list[bool | None] = []
    numbers, missing = [], []
    for coupling, word in (("bond", "Bond-Peierls"), ("holstein", "Holstein")):
        small = _small(points_of(records, lattice="square", coupling=coupling, V=0.0))
        if not small:
            missing.append(f"{word} pairs with R² < {SMALL:g}")
            comparisons.append(None)
            continue
        lightest = min(small, key=lambda one: one[_MASS])
        difference, error = LIGHT - lightest[_MASS], lightest[_MASS + ERROR]
        expected = 1.0 if coupling == "bond" else -1.0
        comparisons.append(exceeds(expected * difference, error))
        numbers.append(
            f"{word}: of {counted(len(small), 'point')} with R² < {SMALL:g} the lightest pair has m*/m0 = "
            f"{with_error(lightest[_MASS], error)}, R² = "
            f"{with_error(lightest[_SIZE], lightest[_SIZE + ERROR])} (t/Ω = "
            f"{lightest['t'] / lightest['omega']:.3g}, λ = {lightest[LAMBDA.name]:.3g}, "
            f"U = {lightest['U'] / lightest['t']:g}t){_where_light(small)}."
        )
    return Finding(comparisons, numbers, missing)


def _examine_dome(records: Sequence[Record]) -> Finding:
    numbers, missing, peaks = [], [], []
    for ratio, text in DOME_RATIOS:
        points = points_of(records, lattice="square", coupling="bond", U=8.0, V=0.0, t_over_omega=ratio)
        peak = counted_peak(points, LAMBDA.name)
        if peak is None:
            missing.append(f"a maximum within the scan at t/Ω = {text}")
            continue
        peaks.append(peak)
        numbers.append(f"t/Ω = {text}: {peak_text(peak)}.")
    comparisons = [
        exceeds(one.position - two.position, math.hypot(one.position_err, two.position_err))
        for one, two in pairwise(peaks)
    ]
    at_two = points_of(records, lattice="square", coupling="bond", U=8.0, V=0.0, t_over_omega=2.0)
    top = max((one for one in at_two if one["tc_valid"]), key=lambda one: one[TC], default=None)
    if top is not None:
        kelvin = with_error(float(in_kelvin(top[TC], _FESE)), float(in_kelvin(top[TC + ERROR], _FESE)))
        numbers.append(f"At Ω = {_FESE:g} meV, as in FeSe, the highest point at t/Ω = 2 is {kelvin} K.")
    return Finding(comparisons or [None], numbers, missing)


LIGHT_AND_SMALL = Claim(
    "first",
    "(i)",
    "Bond-Peierls bipolarons are small and light at once, Holstein bipolarons never are.",
    "domes",
    _examine_size_and_mass,
)
DOME = Claim(
    "first",
    "(ii)",
    "Tc has a dome along λ, and its optimum moves to smaller λ as t/Ω grows.",
    "domes",
    _examine_dome,
)
