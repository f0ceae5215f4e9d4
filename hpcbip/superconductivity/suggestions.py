"""Which points, or which statistics, would pin down the maximum of Tc (docs/domes.md).

The maximum and the curves of ln m* and ln R² have a joint distribution, which is drawn from (`draw_maxima`)
and taken for a normal one: what further measurements would leave of the maximum's error is then a matter of
conditioning. What is suggested first takes most of the variance away per bin that it costs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpcbip.models import coupling_from_lambda, get_lattice
from hpcbip.superconductivity.maximum import Maximum, draw_maxima, find_maximum, grid_of
from hpcbip.superconductivity.peaks import place_name, rests_on
from hpcbip.superconductivity.scans import Array, Scan, ScanPoint, scans
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

HEIGHT = "height"
"""Name of the height of a maximum among the tolerances."""

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
_FACTORS = (0.5, 0.8)  # by which a target may be tightened in one step
_FRESH = 1.5  # what a bin of a new point costs, for its chains have to be thermalised first
_NOISY = 0.3  # share of noise from which on more statistics are worth a word


@dataclass(frozen=True)
class Suggestion:
    """What to do next for one curve or surface.

    Attributes:
        kind: "extend" (a point beyond the scan), "refine" (a point within it), or "tighten" (more
            statistics).
        label: what the points of the scan share.
        parameters: of the new point, by the names of a configuration, with lattice, coupling and t; to
            tighten, of the model alone.
        target: to tighten, the relative error of Tc to aim at; else None.
        why: one sentence.
        expected: error of the maximum when all suggestions up to this one of its kind are followed, over that
            before; None if it cannot be told.
        seed: of the random numbers, a hash of the data.
    """

    kind: str
    label: str
    parameters: Mapping[str, Any]
    target: float | None
    why: str
    expected: float | None
    seed: int


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
    outward = _beyond(maximum, bounds)
    if outward:
        return outward
    refine, refine_gain = _refine(maximum, number, bounds, tolerance)
    tighten, tighten_gain = _tighten(maximum, tolerance)
    return [*tighten, *refine] if tighten_gain > refine_gain else [*refine, *tighten]


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
                why = f"{len(taken)} points do not make a curve yet: a step along {axis}"
                found.append(_new_point("extend", scan, _rounded(scan, place), why, None))
    return found


def _beyond(maximum: Maximum, bounds: Bounds) -> list[Suggestion]:
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
    outlook = _joint(maximum, places, tolerance)
    before, cost = outlook.variance, 0.0
    found: list[Suggestion] = []
    left = list(range(len(places)))
    while left and len(found) < number:
        near = {i: _nearest(scan, places[i]) for i in left}
        best = min(left, key=lambda i: outlook.after(i, scan.noise[near[i]]).variance)
        outlook = outlook.after(best, scan.noise[near[best]])
        near_it = np.linalg.norm((places - places[best]) / _span(scan), axis=1) < APART
        left = [i for i in left if not near_it[i]]
        cost += _FRESH * _cost(scan.points[near[best]])
        rest = math.sqrt(outlook.variance / before)
        share = f"{maximum.between:.0%} of the variance of the maximum is interpolation, the rest noise"
        why = f"{share}; with this point {rest:.0%} of its error are left"
        found.append(_new_point("refine", scan, places[best], why, rest))
    return found, math.log(before / outlook.variance) / cost if cost else 0.0


def _tighten(maximum: Maximum, tolerance: Tolerance) -> tuple[list[Suggestion], float]:
    """Suggest a smaller target for all points, if noise matters; and the gain per bin."""
    scan = maximum.scan
    errors = np.array([_tc_error(point, noise) for point, noise in zip(scan.points, scan.noise, strict=True)])
    if 1.0 - maximum.between < _NOISY:
        return [], 0.0
    near = rests_on(scan, maximum.position)
    present = math.sqrt(float((errors[near] ** 2).mean()))
    factor = min(_FACTORS[1], max(_FACTORS[0], 0.9 / maximum.worst(tolerance)))
    target = _two_digits(factor * present)
    outlook = _joint(maximum, scan.x, tolerance)
    before, cost = outlook.variance, 0.0
    for i, error in enumerate(errors):
        need = (error / target) ** 2 - 1.0  # times the bins that are there
        if need > 0.0:
            outlook = outlook.after(i, scan.noise[i] / need)
            cost += need * _cost(scan.points[i])
    rest = math.sqrt(outlook.variance / before)
    names = [place_name(scan.axes[0], scan.points[i].coordinate(scan.axes[0])) for i in np.flatnonzero(near)]
    why = f"{1.0 - maximum.between:.0%} of the variance of the maximum is noise of the points near it, "
    why += f"{', '.join(dict.fromkeys(names))}; with a target of {target:g} {rest:.0%} of its error are left"
    found = Suggestion("tighten", scan.label, _model(scan), target, why, rest, scan.seed)
    return [found], math.log(before / outlook.variance) / cost if cost else 0.0


@dataclass(frozen=True)
class _Joint:
    """The covariance of a maximum and of the curves at some places: d + 1 rows, in units of the tolerances,
    then two for every place."""

    covariance: Array
    first: int

    @property
    def variance(self) -> float:
        """Variance of the maximum, in units of the tolerances."""
        return float(np.trace(self.covariance[: self.first, : self.first]))

    def after(self, place: int, noise: Array) -> _Joint:
        """Condition on a measurement of both curves at that place, of errors with covariance `noise` (2,
        2)."""
        at = slice(self.first + 2 * place, self.first + 2 * place + 2)
        rows = self.covariance[at]
        return _Joint(self.covariance - rows.T @ np.linalg.solve(rows[:, at] + noise, rows), self.first)


def _joint(maximum: Maximum, places: Array, tolerance: Tolerance) -> _Joint:
    _, draws = draw_maxima(maximum.scan, maximum.window, places)
    units = np.array([tolerance[axis] for axis in maximum.scan.axes] + [tolerance[HEIGHT]])
    top = np.hstack([draws.positions, draws.heights[:, None]]) / units
    curves = np.moveaxis(draws.curves, 1, 2).reshape(len(top), -1)
    return _Joint(np.cov(np.hstack([top, curves]).T), len(units))


def _tc_error(point: ScanPoint, noise: Array) -> float:
    """Return the relative error of Tc at a point."""
    return point.tc_error or math.sqrt(float(noise.sum()))


def _cost(point: ScanPoint) -> float:
    """Return what a point like this one costs: bins, which unlike seconds are the same in every run."""
    return float(point.all_bins) or 1.0


def _two_digits(value: float) -> float:
    scale = 10.0 ** (1 - math.floor(math.log10(value)))
    return math.floor(value * scale) / scale


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
