"""What further measurements would leave of the error of a maximum of Tc, and which targets are worth it
(docs/method/domes.md).

The maximum and the curves have a joint distribution, which is drawn from (`draw_maxima`) and taken for a
normal one: what a measurement leaves is a matter of conditioning.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.linalg import block_diag

from hpcbip.superconductivity.maximum import Maximum, draw_maxima
from hpcbip.superconductivity.peaks import RARE, place_name, rests_on
from hpcbip.superconductivity.scans import Array, Scan, ScanPoint
from hpcbip.vocabulary.observables import BINDING_MARGIN, TC_OVER_OMEGA

HEIGHT = "height"
"""Name of the height of a maximum among the tolerances."""

UNMEASURED = 1e6
"""Variance that stands for no measurement, of ln m*, ln R² and Δ/Ω."""

_FACTORS = (0.5, 0.8)  # by which a target may be tightened in one step
_NOISY = 0.3  # share of noise from which on more statistics are worth a word


@dataclass(frozen=True)
class Outlook:
    """The covariance of a maximum and of the curves at some places: d + 1 rows, in units of the tolerances,
    then `curves` for every place."""

    covariance: Array
    first: int
    curves: int

    @property
    def variance(self) -> float:
        """Variance of the maximum, in units of the tolerances."""
        return float(np.trace(self.covariance[: self.first, : self.first]))

    def after(self, place: int, noise: Array) -> Outlook:
        """Condition on a measurement of all curves at that place, of errors with covariance `noise`."""
        start = self.first + self.curves * place
        at = slice(start, start + self.curves)
        rows = self.covariance[at]
        rest = self.covariance - rows.T @ np.linalg.solve(rows[:, at] + noise, rows)
        return Outlook(rest, self.first, self.curves)


def outlook_of(maximum: Maximum, places: Array, tolerance: Mapping[str, float]) -> Outlook:
    """Return the joint covariance of a maximum and of its curves at places (m, d)."""
    _, draws = draw_maxima(maximum.scan, maximum.window, places)
    units = np.array([tolerance[axis] for axis in maximum.scan.axes] + [tolerance[HEIGHT]])
    top = np.hstack([draws.positions, draws.heights[:, None]]) / units
    curves = np.moveaxis(draws.curves, 1, 2).reshape(len(top), -1)
    return Outlook(np.cov(np.hstack([top, curves]).T), len(units), draws.curves.shape[1])


def noise_of(scan: Scan, point: int) -> Array:
    """(q, q): covariance of the errors of a point, of all curves of the scan."""
    if scan.binding is None:
        return np.asarray(scan.noise[point])
    error = scan.points[point].binding_error
    return np.asarray(block_diag(scan.noise[point], error**2 if error else UNMEASURED))


def cost_of(point: ScanPoint) -> float:
    """Return what a point like this one costs: bins, which unlike seconds are the same in every run."""
    return float(point.all_bins) or 1.0


@dataclass(frozen=True)
class Tightening:
    """A smaller target for all points.

    Attributes:
        observable: the name that the target has in a configuration.
        target: its value.
        expected: error of the maximum then, over that before.
        gain: logarithm of the variance that it takes away, per bin.
        why: one sentence.
    """

    observable: str
    target: float
    expected: float
    gain: float
    why: str


def tightenings(maximum: Maximum, tolerance: Mapping[str, float]) -> list[Tightening]:
    """Return smaller targets, of Tc, and of Δ - Tc where binding may decide; none unless noise matters; the
    best first."""
    if 1.0 - maximum.between < _NOISY:
        return []
    outlook = outlook_of(maximum, maximum.scan.x, tolerance)
    found = [_of_tc(maximum, outlook, tolerance)]
    if maximum.scan.binding is not None and maximum.at_binding > RARE:
        found += _of_margin(maximum, outlook, tolerance)
    return sorted(found, key=lambda one: -one.gain)


def _of_tc(maximum: Maximum, outlook: Outlook, tolerance: Mapping[str, float]) -> Tightening:
    scan = maximum.scan
    errors = np.array([_tc_error(point, noise) for point, noise in zip(scan.points, scan.noise, strict=True)])
    noises = [noise_of(scan, i) for i in range(len(scan.points))]
    for noise in noises:
        noise[2:, 2:] = UNMEASURED  # the pair's bins alone say nothing of Δ
    return _tightening(maximum, outlook, tolerance, TC_OVER_OMEGA.name, errors, noises)


def _of_margin(maximum: Maximum, outlook: Outlook, tolerance: Mapping[str, float]) -> list[Tightening]:
    """Errors as a target on binding_margin counts them: of Δ, over Tc or |Δ - Tc|."""
    scan = maximum.scan
    tc = np.exp(scan.log_tc(scan.x, scan.y))
    errors = np.zeros(len(scan.points))
    noises = [np.eye(3) * UNMEASURED for _ in scan.points]
    for i in scan.binding_known:
        value, error = scan.points[i].binding or 0.0, scan.points[i].binding_error or 0.0
        errors[i] = error / max(tc[i], abs(value - tc[i]))
        noises[i][2, 2] = error**2
    near = rests_on(scan, maximum.position)
    if not np.any(errors[near] > 0.0):
        return []
    return [_tightening(maximum, outlook, tolerance, BINDING_MARGIN.name, errors, noises)]


def _tightening(
    maximum: Maximum,
    outlook: Outlook,
    tolerance: Mapping[str, float],
    observable: str,
    errors: Array,
    noises: list[Array],
) -> Tightening:
    """Work out what a smaller target brings.

    Args:
        maximum, outlook, tolerance: of the maximum.
        observable: the target's name.
        errors: (n,) of the points, as the target counts them.
        noises: (q, q) per point: what as many bins as there are measure anew.
    """
    scan = maximum.scan
    near = rests_on(scan, maximum.position)
    present = math.sqrt(float((errors[near] ** 2).mean()))
    factor = min(_FACTORS[1], max(_FACTORS[0], 0.9 / maximum.worst(tolerance)))
    target = _two_digits(factor * present)
    before, cost = outlook.variance, 0.0
    for i, error in enumerate(errors):
        need = (error / target) ** 2 - 1.0  # times the bins that are there
        if need > 0.0:
            outlook = outlook.after(i, noises[i] / need)
            cost += need * cost_of(scan.points[i])
    rest = math.sqrt(outlook.variance / before)
    names = [place_name(scan.axes[0], scan.points[i].coordinate(scan.axes[0])) for i in np.flatnonzero(near)]
    of = "" if observable == TC_OVER_OMEGA.name else f" for {observable}, Δ - Tc,"
    why = f"{1.0 - maximum.between:.0%} of the variance of the maximum is noise of the points near it, "
    why += (
        f"{', '.join(dict.fromkeys(names))}; with a target of {target:g}{of} {rest:.0%} of its error are left"
    )
    gain = math.log(before / outlook.variance) / cost if cost else 0.0
    return Tightening(observable, target, rest, gain, why)


def _tc_error(point: ScanPoint, noise: Array) -> float:
    """Return the relative error of Tc at a point."""
    return point.tc_error or math.sqrt(float(noise.sum()))


def _two_digits(value: float) -> float:
    scale = 10.0 ** (1 - math.floor(math.log10(value)))
    return math.floor(value * scale) / scale
