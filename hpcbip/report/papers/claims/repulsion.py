"""Claims (iii) and (iv) of the first paper: what the repulsion on a site and the Coulomb tail do to Tc."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hpcbip.reduction.peaks import scan_points
from hpcbip.report.atlas_tables import CAMPAIGN
from hpcbip.report.figures.curves import Curve, curves
from hpcbip.report.papers.campaigns.repulsion import REPULSION_RATIOS
from hpcbip.report.papers.claims.claim import Claim, Finding, counted_peak, exceeds, peak_text
from hpcbip.report.papers.drawing import TC
from hpcbip.report.papers.points import points_of
from hpcbip.report.tables import Record
from hpcbip.statistics.notation import with_error
from hpcbip.superconductivity.maximum import find_maximum
from hpcbip.superconductivity.peaks import Peak
from hpcbip.superconductivity.scans import axis_value, scans
from hpcbip.vocabulary.entries import ERROR
from hpcbip.vocabulary.parameters import LAMBDA, U

_OPTIMUM = 8.0  # U/t at which Tc is said to be highest
_APPRECIABLE = 0.1  # Tc/Ω that remains with the tail
_LEAST_POINTS = 3
_SEARCHES = "peak-search-U"  # with which the names of the campaigns of these searches begin


def _at(line: Curve, repulsion: float) -> Record | None:
    found = [one for one in line.records if math.isclose(axis_value(one, U.name), repulsion)]
    return found[0] if found and found[0][TC] is not None else None


def _fixed_coupling(records: Sequence[Record]) -> tuple[list[bool | None], list[str]]:
    """Compare Tc at U = 8t with that at U = 0, at the same λ."""
    comparisons: list[bool | None] = []
    numbers = []
    chosen = points_of(records, lattice="square", coupling="bond", V=0.0, t_over_omega=REPULSION_RATIOS)
    for line in curves(chosen, U.name):
        without, with_repulsion = _at(line, 0.0), _at(line, _OPTIMUM)
        if without is None or with_repulsion is None:
            continue
        error = math.hypot(without[TC + ERROR], with_repulsion[TC + ERROR])
        comparisons.append(exceeds(with_repulsion[TC] - without[TC], error))
        values = [with_error(one[TC], one[TC + ERROR]) for one in (without, with_repulsion)]
        peak = counted_peak(line.records, U.name)
        words = f"; maximum: {peak_text(peak)}" if peak else ""
        place = f"t/Ω = {1.0 / without['omega'] * without['t']:.3g}, λ = {without[LAMBDA.name]:.3g}"
        numbers.append(f"{place}: Tc/Ω = {values[0]} at U = 0 and {values[1]} at U = 8t{words}.")
    return comparisons, numbers


def _optimised(records: Sequence[Record], coupling: str, ratio: float) -> dict[float, Peak]:
    """Return the maxima over λ by U/t."""
    chosen = points_of(records, lattice="square", coupling=coupling, V=0.0, t_over_omega=ratio)
    found = {}
    for line in curves(chosen, LAMBDA.name):
        peak = counted_peak(line.records, LAMBDA.name) if len(set(line.x)) >= _LEAST_POINTS else None
        if peak is not None:
            found[float(axis_value(line.records[0], U.name))] = peak
    return dict(sorted(found.items()))


def _ends(found: dict[float, Peak], rising: bool) -> bool | None:
    """Tell whether the maximum at the largest U is above (or below) that at the smallest."""
    first, *_, last = found.values()
    difference = last.height - first.height if rising else first.height - last.height
    return exceeds(difference, math.hypot(first.height_err, last.height_err))


def _highest(records: Sequence[Record]) -> list[str]:
    """State the maximum over λ and U together, from the points of the searches for it."""
    found = []
    for ratio in REPULSION_RATIOS:
        chosen = points_of(records, lattice="square", coupling="bond", V=0.0, t_over_omega=ratio)
        searched = [one for one in chosen if str(one[CAMPAIGN]).startswith(_SEARCHES)]
        for scan in scans(scan_points(searched), (LAMBDA.name, U.name)):
            found.append(f"Highest over λ and U, by `hpcbip search`: {find_maximum(scan).statement}.")
    return found


def _examine_repulsion(records: Sequence[Record]) -> Finding:
    comparisons, numbers = _fixed_coupling(records)
    missing = [] if comparisons else ["bond coupling at one λ with U = 0 and 8t"]
    for coupling, word in (("bond", "Bond-Peierls"), ("holstein", "Holstein")):
        for ratio in REPULSION_RATIOS[:2]:
            found = _optimised(records, coupling, ratio)
            if len(found) < 2:
                missing.append(f"{word} maxima over λ at two or more U, t/Ω = {ratio:g}")
                continue
            comparisons.append(_ends(found, rising=coupling == "bond"))
            parts = [f"U = {value:g}t: {peak_text(peak)}" for value, peak in found.items()]
            numbers.append(f"{word}, optimised over λ at t/Ω = {ratio:g}: {'; '.join(parts)}.")
    return Finding(comparisons or [None], numbers + _highest(records), missing)


def _examine_tail(records: Sequence[Record]) -> Finding:
    comparisons: list[bool | None] = []
    numbers, missing = [], []
    for lattice in ("cubic", "square"):
        for ratio in REPULSION_RATIOS[:2]:
            both = [
                counted_peak(
                    points_of(records, lattice=lattice, coupling="bond", U=8.0, V=tail, t_over_omega=ratio),
                    LAMBDA.name,
                )
                for tail in (0.0, 0.8)
            ]
            plain, tailed = both
            if plain is None or tailed is None:
                missing.append(f"{lattice} lattice, t/Ω = {ratio:g}, maxima with and without the tail")
                continue
            shift = math.hypot(plain.position_err, tailed.position_err)
            fall = math.hypot(plain.height_err, tailed.height_err)
            comparisons += [
                exceeds(tailed.position - plain.position, shift),
                exceeds(plain.height - tailed.height, fall),
                exceeds(tailed.height - _APPRECIABLE, tailed.height_err),
            ]
            numbers.append(
                f"{lattice.capitalize()}, t/Ω = {ratio:g}: {peak_text(plain)} without the tail, "
                f"{peak_text(tailed)} with V = U/10: the optimum shifts by "
                f"{with_error(tailed.position - plain.position, shift)}, the height by "
                f"{with_error(tailed.height - plain.height, fall)}."
            )
    return Finding(comparisons or [None], numbers, missing)


REPULSION_CLAIM = Claim(
    "first",
    "(iii)",
    "Repulsion on a site raises Tc of bond-Peierls bipolarons, up to U of about 8t; that of Holstein "
    "bipolarons falls with U.",
    "repulsion",
    _examine_repulsion,
)
TAIL_CLAIM = Claim(
    "first",
    "(iv)",
    "A Coulomb tail V = U/10 shifts the optimum to larger λ and lowers it, and leaves Tc above 0.1 Ω.",
    "cubic",
    _examine_tail,
)
