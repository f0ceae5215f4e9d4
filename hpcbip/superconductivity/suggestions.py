"""Which points, or which statistics, would pin down the maximum of Tc (docs/method/domes.md).

What further measurements would leave of the maximum's error is worked out in
`hpcbip.superconductivity.outlook`. What is suggested first takes most of the variance away per bin that it
costs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpcbip.messages import counted
from hpcbip.models import coupling_from_lambda, get_lattice
from hpcbip.superconductivity.maximum import Maximum, find_maximum, grid_of
from hpcbip.superconductivity.outlook import HEIGHT, cost_of, noise_of, outlook_of, tightenings
from hpcbip.superconductivity.peaks import place_name
from hpcbip.superconductivity.scans import Array, Scan, ScanPoint, scans
from hpcbip.vocabulary.observables import TC_OVER_OMEGA
from hpcbip.vocabulary.parameters import (
    ADIABATICITY,
    LAMBDA,
    MODEL_KEYS,
    OMEGA,
    PARAMETERS,
    POINT_KEYS,
    SCAN_AXES,
    G,
)

BOUNDS = {name: axis.scan.bounds for name, axis in SCAN_AXES.items() if axis.scan}
"""Between which new points lie, unless said otherwise; U in units of t."""

TOLERANCE = {HEIGHT: 0.03} | {name: axis.scan.tolerance for name, axis in SCAN_AXES.items() if axis.scan}
"""Errors with which a maximum counts as pinned down: of the height relative, of the position absolute (U in
t)."""

Bounds = Mapping[str, tuple[float, float]]
Tolerance = Mapping[str, float]

STEP = 0.5  # first step away from a single point, of its value; further ones, of the span, so that they grow
APART = 0.03  # of the span: a point nearer to another one should be better statistics of that one
_PLACES = {1: 61, 2: 13}  # candidates per axis
_FRESH = 1.5  # what a bin of a new point costs, for its chains have to be thermalised first


@dataclass(frozen=True)
class Suggestion:
    """What to do next for one curve or surface.

    Attributes:
        kind: "extend" (a point beyond the scan), "refine" (a point within it), or "tighten" (more
            statistics).
        label: what the points of the scan share.
        parameters: of the new point, by the names of a configuration, with lattice, coupling and t; to
            tighten, of the model alone.
        target: to tighten, the relative error to aim at; else None.
        why: one sentence.
        expected: error of the maximum when all suggestions up to this one of its kind are followed, over that
            before; None if it cannot be told.
        seed: of the random numbers, a hash of the data.
        observable: to tighten, of which the target is; it may be binding_margin where it is open whether
            pairs are bound by more than Tc.
    """

    kind: str
    label: str
    parameters: Mapping[str, Any]
    target: float | None
    why: str
    expected: float | None
    seed: int
    observable: str = TC_OVER_OMEGA.name


def suggest(
    points: Sequence[ScanPoint],
    axes: tuple[str, ...] = (LAMBDA.name,),
    number: int = 3,
    bounds: Bounds | None = None,
    tolerance: Tolerance | None = None,
) -> list[Suggestion]:
    """Suggest what to do next, for every curve (one axis) or surface (two) among the points; the best first.

    Args:
        points: of a campaign.
        axes: one or two of lambda, U, t/omega.
        number: of new points per curve at most.
        bounds: by axis, where they may lie; those that are not given as in `BOUNDS`.
        tolerance: by axis, and "height" (relative): weighs the errors against each other; see `TOLERANCE`.
    """
    limits, wanted = {**BOUNDS, **(bounds or {})}, {**TOLERANCE, **(tolerance or {})}
    found = []
    for scan in scans(points, axes):
        maximum = find_maximum(scan) if scan.interpolates else None
        found += suggest_for(scan, maximum, number, limits, wanted)
    return found


def suggest_for(
    scan: Scan, maximum: Maximum | None, number: int, bounds: Bounds, tolerance: Tolerance
) -> list[Suggestion]:
    """Suggest what to do next, as `suggest`, for one scan, its maximum (None: too few points for one), and
    with all bounds and tolerances."""
    if maximum is None:
        return _step_out(scan, bounds)[:number]
    outward = _extensions(maximum, bounds)
    if outward:
        return outward
    refine, refine_gain = _refine(maximum, number, bounds, tolerance)
    smaller = tightenings(maximum, tolerance)
    tighten = [
        Suggestion(
            "tighten", scan.label, _model(scan), one.target, one.why, one.expected, scan.seed, one.observable
        )
        for one in smaller[:1]
    ]
    first = bool(smaller) and smaller[0].gain > refine_gain
    return [*tighten, *refine] if first else [*refine, *tighten]


def _step_out(scan: Scan, bounds: Bounds) -> list[Suggestion]:
    """Suggest points on both sides of those there are, along one axis after the other: the curve has too
    few."""
    taken = _all_places(scan)
    best = max(scan.points or scan.left_out, key=lambda point: point.tc or 0.0)
    centre = np.array([best.coordinate(axis) for axis in scan.axes], dtype=float)
    found = []
    for j, axis in enumerate(scan.axes):
        low, high = float(taken[:, j].min()), float(taken[:, j].max())
        settings = SCAN_AXES[axis].scan
        first = (settings and settings.first_step) or STEP * abs(centre[j]) or STEP
        step = max(STEP * (high - low), first if high == low else 0.0)
        for end, sign in ((high, 1.0), (low, -1.0)):
            value = _within(end, sign * step, bounds[axis])
            if value is not None:
                place = centre.copy()
                place[j] = value
                too_few = counted(len(taken), "point does", "points do")
                why = f"{too_few} not make a curve yet: a step along {axis}"
                found.append(_new_point("extend", scan, _rounded(scan, place), why, None))
    return found


def _extensions(maximum: Maximum, bounds: Bounds) -> list[Suggestion]:
    """Suggest points beyond the ends at which the maximum lies; none if the bounds do not allow any."""
    scan, found = maximum.scan, []
    for j, (axis, end) in enumerate(zip(scan.axes, maximum.ends, strict=True)):
        if not end:
            continue
        edge = float(scan.x[:, j].max() if end > 0 else scan.x[:, j].min())
        value = _within(edge, end * STEP * float(np.ptp(scan.x[:, j])), bounds[axis])
        if value is None:
            continue
        place = np.array(maximum.position)
        place[j] = value
        while _taken(scan, place) and abs(place[j] - edge) > APART * np.ptp(scan.x[:, j]):
            place[j] = 0.5 * (place[j] + edge)  # a point there has no mass: nearer
        if not _taken(scan, _rounded(scan, place)):
            why = f"Tc/Ω is highest at the end of the scan, {place_name(axis, edge)}, "
            why += "or may be so within its error"
            found.append(_new_point("extend", scan, _rounded(scan, place), why, None))
    return found


def _within(end: float, step: float, bounds: tuple[float, float]) -> float | None:
    """Return a step away from an end, at most to the bound; None if the end is there already."""
    low, high = bounds
    value = min(high, max(low, end + step))
    return value if (value - end) * step > 0.1 * step * step else None


def _refine(
    maximum: Maximum, number: int, bounds: Bounds, tolerance: Tolerance
) -> tuple[list[Suggestion], float]:
    """Suggest new points within the scan, one after the other where they take most variance away; and the
    gain per bin."""
    scan = maximum.scan
    grid = grid_of(np.array([scan.x.min(axis=0), scan.x.max(axis=0)]), _PLACES[len(scan.axes)])
    low, high = np.array([bounds[axis] for axis in scan.axes]).T
    places = np.unique([_rounded(scan, place, maximum.position_err) for place in grid], axis=0)
    free = [not _taken(scan, place) and bool(np.all((place >= low) & (place <= high))) for place in places]
    places = places[free]
    outlook = outlook_of(maximum, places, tolerance)
    before, cost = outlook.variance, 0.0
    found: list[Suggestion] = []
    left = list(range(len(places)))
    while left and len(found) < number:
        near = {i: _nearest(scan, places[i]) for i in left}
        best = min(left, key=lambda i: outlook.after(i, noise_of(scan, near[i])).variance)
        outlook = outlook.after(best, noise_of(scan, near[best]))
        near_it = np.linalg.norm((places - places[best]) / _span(scan), axis=1) < APART
        left = [i for i in left if not near_it[i]]
        cost += _FRESH * cost_of(scan.points[near[best]])
        rest = math.sqrt(outlook.variance / before)
        share = f"{maximum.between:.0%} of the variance of the maximum is interpolation, the rest noise"
        why = f"{share}; with this point {rest:.0%} of its error are left"
        found.append(_new_point("refine", scan, places[best], why, rest))
    return found, math.log(before / outlook.variance) / cost if cost else 0.0


def _all_places(scan: Scan) -> Array:
    """Of all points, those without mass or size as well."""
    return np.array(
        [[point.coordinate(axis) for axis in scan.axes] for point in (*scan.points, *scan.left_out)],
        dtype=float,
    )


def _span(scan: Scan) -> Array:
    """Of the points per axis; of a single value, the value."""
    places = _all_places(scan)
    span = np.ptp(places, axis=0)
    return np.where(span > 0.0, span, np.abs(places[0]) + (places[0] == 0.0))


def _taken(scan: Scan, place: Array) -> bool:
    return bool(np.any(np.linalg.norm((_all_places(scan) - place) / _span(scan), axis=1) < APART))


def _nearest(scan: Scan, place: Array) -> int:
    return int(np.linalg.norm((scan.x - place) / _span(scan), axis=1).argmin())


def _rounded(scan: Scan, place: Array, errors: Sequence[float] | None = None) -> Array:
    """To digits worth a hundredth to a tenth of the span, or finer where the errors of the maximum are."""
    units = (
        0.1 * _span(scan) if errors is None else np.minimum(0.1 * _span(scan), 2.0 * np.maximum(errors, 1e-9))
    )
    return np.array(
        [round(float(x), -math.floor(math.log10(unit))) for x, unit in zip(place, units, strict=True)]
    )


def _first(scan: Scan) -> Mapping[str, Any]:
    """Return the parameters of the first point."""
    return (*scan.points, *scan.left_out)[0].parameters


def _model(scan: Scan) -> dict[str, Any]:
    return {name: _first(scan)[name] for name in MODEL_KEYS}


def _new_point(kind: str, scan: Scan, place: Array, why: str, expected: float | None) -> Suggestion:
    """Suggest a point at that place of the scan."""
    first = _first(scan)
    values = dict(zip(scan.axes, map(float, place), strict=True))
    names = [name for name in POINT_KEYS if name != G.name]
    parameters = {name: first[name] for name in names if first.get(name) is not None}
    t = first["t"]
    for axis, value in values.items():
        if axis == ADIABATICITY.name:
            parameters[OMEGA.name] = round(t / value, 9)
        else:
            parameters[axis] = value * t if PARAMETERS[axis].in_units_of_t else value
    if LAMBDA.name not in values and ADIABATICITY.name not in values:
        # the very same g: its polarons need not be sampled twice
        lattice = get_lattice(first["lattice"])
        g = coupling_from_lambda(lattice, first["coupling"], first[LAMBDA.name], first[OMEGA.name], t)
        if g != first[G.name]:
            del parameters[LAMBDA.name]
            parameters[G.name] = first[G.name]
    return Suggestion(kind, scan.label, _model(scan) | parameters, None, why, expected, scan.seed)
