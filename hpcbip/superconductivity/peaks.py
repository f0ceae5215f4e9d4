"""Where Tc is highest along an axis of a scan, and how high, with errors (docs/domes.md).

At the density of touching pairs Tc = C/(m* max(R², 1)) in two and, with another C, in three dimensions. So ln
Tc = const + min(A, B) with A = -ln m* - ln R² and B = -ln m*: a curve with a kink where R² = 1, where the
density stops growing. ln m* and ln R² are smooth: they are what is interpolated (`hpcbip.statistics.smooth`),
and Tc is built from them; its maximum is a smooth one on either branch or lies at the kink.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from hpcbip.superconductivity.scans import Array, Scan, ScanPoint, scans
from hpcbip.vocabulary import flags
from hpcbip.vocabulary.flags import RaisedFlag
from hpcbip.vocabulary.parameters import SCAN_AXES

GRID = 121  # places on the axis at which curves are worked out; between them quadratic interpolation
SAMPLES = 500  # curves drawn for the error of the interpolation
P_ALARM = 1e-3  # of a smooth curve through the points
RESTS = 0.3  # of the largest weight: what a point needs for the peak to rest on it
FEW = 4  # points below which the error of the interpolation is hardly known
END = 0.16  # probability of the end of the scan from which on a peak is only a bound


@dataclass(frozen=True)
class Peak:
    """The maximum of Tc along one curve.

    Attributes:
        axis: "lambda", "U" (in units of t) or "t/omega". label: what all points of the curve share.
        position, height: of the maximum; height is Tc/Ω.
        position_err, height_err: their errors, statistics and interpolation in quadrature.
        position_stat, height_stat: of these the statistical ones, by the jackknife over the blocks of all
            points.
        position_interpolation, height_interpolation: from what the curve may do between the points.
        height_sys: systematic error of the height from that of the points; None if unknown.
        at_kink: probability that the maximum lies where R² = 1.
        end: -1 or 1 if it lies at that end of the scan, or may do so within its error; else 0.
        points: number of points. p_value: whether a smooth curve describes them; nan if that cannot be told.
        flags: what speaks against it. flag_codes: the codes of these flags.
        statement: all of this as one sentence.
    """

    axis: str
    label: str
    position: float
    position_err: float
    height: float
    height_err: float
    height_sys: float | None
    position_stat: float
    height_stat: float
    position_interpolation: float
    height_interpolation: float
    at_kink: float
    end: int
    points: int
    p_value: float
    flags: list[str] = field(default_factory=list)
    statement: str = ""
    flag_codes: list[str] = field(default_factory=list)

    @property
    def limit(self) -> bool:
        """Whether the maximum is only a bound, because the scan ends there."""
        return self.end != 0


@dataclass(frozen=True)
class Tops:
    """Maxima of curves: position, ln (Tc/Ω) there, whether at the kink, and -1, 0 or 1 for the ends of the
    scan."""

    position: Array
    log_height: Array
    kink: NDArray[np.bool_]
    end: NDArray[np.int64]


def find_peaks(points: Sequence[ScanPoint]) -> list[Peak]:
    """Find the maximum of Tc along every curve of at least three points, along all axes."""
    return [find_peak(scan) for axis in SCAN_AXES for scan in scans(points, (axis,)) if scan.interpolates]


def find_peak(scan: Scan) -> Peak:
    """Find the maximum of Tc along one curve.

    Raises:
        InputError: if it has fewer than three points.
    """
    curves = scan.curves
    grid = np.linspace(scan.x.min(), scan.x.max(), GRID)
    at = grid[:, None]
    weights, mean = curves.weights(at), curves.mean(at)
    best = tops(scan, grid, mean)
    statistical = np.zeros(2)
    for i, deviations in enumerate(scan.deviations):
        moved = tops(scan, grid, mean + np.einsum("kml,bl->bkm", weights[..., i], deviations))
        statistical[0] += float(((moved.position - best.position) ** 2).sum())
        statistical[1] += float(((moved.log_height - best.log_height) ** 2).sum())
    exact, added = scan.draws(at, SAMPLES, np.random.default_rng(scan.seed))
    between, both = tops(scan, grid, exact), tops(scan, grid, exact + added)
    stat_x, stat_h = (float(value) for value in np.sqrt(statistical))
    between_x, between_h = spread(between.position), spread(between.log_height)
    height, place = float(np.exp(best.log_height)), float(best.position)
    peak = Peak(
        scan.axes[0],
        scan.label,
        place,
        math.hypot(stat_x, between_x),
        height,
        height * math.hypot(stat_h, between_h),
        _systematic(scan, place, height),
        stat_x,
        height * stat_h,
        between_x,
        height * between_h,
        float(both.kink.mean()),
        int(best.end) or likely_end(both.end > 0, both.end < 0),
        len(scan.points),
        curves.p_value,
    )
    raised = _flags(scan, peak)
    return replace(
        peak,
        flags=[flag.text for flag in raised],
        flag_codes=[flag.code for flag in raised],
        statement=_statement(peak, bool(best.kink), bool(best.end), raised),
    )


def tops(scan: Scan, grid: Array, curves: Array) -> Tops:
    """Return the maxima of Tc for curves (..., 2, m) of ln m* and ln R² on an even grid (m,).

    Around the highest place ln m* and ln R² are parabolas through three places each; the maximum of Tc is at
    the vertex of a branch, where ln R² = 0, or at an end.
    """
    high = scan.log_tc(grid[:, None], curves)
    where = high.argmax(axis=-1)
    middle = np.clip(where, 1, len(grid) - 2)
    take = middle[..., None] + np.arange(-1, 2)
    free = np.take_along_axis(scan.log_tc(grid[:, None], curves, size=False), take, axis=-1)
    size = np.take_along_axis(scan.log_size(curves), take, axis=-1)
    candidates = [np.asarray(where - middle, float), _vertex(free), _vertex(free - size), *_roots(size)]
    v = np.stack(np.broadcast_arrays(*candidates))
    inside = np.isfinite(v) & (np.abs(v) <= 1.0)
    v = np.where(inside, v, v[0])
    value = _parabola(free, v) - np.maximum(_parabola(size, v), 0.0)
    chosen = value.argmax(axis=0)[None]
    at = np.take_along_axis(v, chosen, axis=0)[0]
    kink = np.abs(_parabola(size, at)) < 1e-9
    end = ((middle == len(grid) - 2) & (at >= 1.0)).astype(int) - ((middle == 1) & (at <= -1.0)).astype(int)
    position = grid[middle] + at * (grid[1] - grid[0])
    return Tops(position, np.take_along_axis(value, chosen, axis=0)[0], kink, end)


def likely_end(above: NDArray[np.bool_], below: NDArray[np.bool_]) -> int:
    """1 or -1 for the end at which more of the draws lie, if that is more than `END` of them; else 0."""
    up, down = float(above.mean()), float(below.mean())
    return 0 if max(up, down) <= END else 1 if up >= down else -1


def spread(values: Array) -> float:
    """Return half of the interval that holds the middle 68 %: a standard deviation that single jumps do not
    move."""
    low, high = np.percentile(values, [15.87, 84.13])
    return float(0.5 * (high - low))


def with_error(value: float, error: float) -> str:
    """0.193(4): the value with the error of its last digit, two digits of it if the first is 1 or 2."""
    if not 0.0 < error < math.inf:
        return f"{value:.4g}"
    digits = -math.floor(math.log10(error))
    digits += round(error * 10.0**digits, 1) < 3.0
    if digits <= 0:
        return f"{value:.0f}({error:.0f})"
    return f"{value:.{digits}f}({round(error * 10.0**digits)})"


def place_name(axis: str, value: float, error: float = 0.0) -> str:
    """`λ = 0.72(3)`, `U = 8.1(3)t`."""
    parameter = SCAN_AXES[axis]
    unit = "t" if parameter.in_units_of_t else ""
    return f"{parameter.symbol} = {with_error(value, error)}{unit}"


def _parabola(values: Array, v: Array) -> Array:
    left, middle, right = np.moveaxis(values, -1, 0)
    return np.asarray(middle + 0.5 * (right - left) * v + 0.5 * (left - 2.0 * middle + right) * v * v)


def _vertex(values: Array) -> Array:
    left, middle, right = np.moveaxis(values, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(0.5 * (left - right) / (left - 2.0 * middle + right))


def _roots(values: Array) -> list[Array]:
    """Return both roots of the parabola, by the formula that does not cancel."""
    left, middle, right = np.moveaxis(values, -1, 0)
    a, b, c = 0.5 * (left - 2.0 * middle + right), 0.5 * (right - left), middle
    with np.errstate(divide="ignore", invalid="ignore"):
        q = -0.5 * (b + np.copysign(np.sqrt(b * b - 4.0 * a * c), b))
        return [q / a, c / q]


def _systematic(scan: Scan, place: float, height: float) -> float | None:
    """Interpolate the relative systematic errors of the points beside the peak: they have one cause."""
    known = [
        (x, point.tc_systematic)
        for x, point in zip(scan.x[:, 0], scan.points, strict=True)
        if point.tc_systematic is not None
    ]
    if not known:
        return None
    x, relative = np.array(known).T
    return height * float(np.interp(place, x, relative))


def _flags(scan: Scan, peak: Peak) -> list[RaisedFlag]:
    raised = []
    if peak.limit:
        raised.append(flags.PEAK_AT_END.raised())
    if len(np.unique(scan.x)) < FEW:
        raised.append(flags.PEAK_FEW_POINTS.raised())
    if peak.p_value < P_ALARM:
        raised.append(flags.PEAK_NOT_SMOOTH.raised())
    rests = rests_on(scan, [peak.position])
    bad = [point for point, counts in zip(scan.points, rests, strict=True) if counts and not point.valid]
    if bad:
        raised.append(flags.PEAK_ON_FLAGGED_POINTS.raised(points=_named(bad, peak.axis)))
    if scan.left_out:
        raised.append(flags.PEAK_POINTS_LEFT_OUT.raised(points=_named(scan.left_out, peak.axis)))
    return raised + _binding_flags(scan, peak)


def rests_on(scan: Scan, place: Sequence[float]) -> NDArray[np.bool_]:
    """(n,): the points that the curves at a place rest on, by their weights."""
    weights = np.abs(scan.curves.weights([place])[:, 0]).max(axis=(0, 1))
    return np.asarray(weights > RESTS * weights.max())


def _named(points: Sequence[ScanPoint], axis: str) -> str:
    """Return the places of points, each with its flags in brackets."""
    places = [place_name(axis, point.coordinate(axis)) for point in points]
    reasons = [", ".join(point.flags) or "no value" for point in points]
    return ", ".join(f"{place} ({reason})" for place, reason in zip(places, reasons, strict=True))


def _binding_flags(scan: Scan, peak: Peak) -> list[RaisedFlag]:
    """Compare Tc with the binding energy, which is interpolated linearly between the points beside the
    peak."""
    known = [
        (float(point.coordinate(peak.axis)), point.binding)
        for point in scan.points
        if point.binding is not None
    ]
    if not known:
        return [flags.PEAK_BINDING_UNKNOWN.raised()]
    x, y = np.array(sorted(known)).T
    above = peak.height >= np.interp(peak.position, x, y)
    return [flags.PEAK_ABOVE_BINDING.raised()] if above else []


def _statement(peak: Peak, kink: bool, end: bool, raised: Sequence[RaisedFlag]) -> str:
    height, place = (
        with_error(peak.height, peak.height_err),
        place_name(peak.axis, peak.position, peak.position_err),
    )
    if end:
        where = place_name(peak.axis, peak.position)
        text = f"Tc/Ω is highest at the end of the scan, {height} at {where}: a bound, no peak"
    elif peak.limit:
        text = f"Tc/Ω is highest, {height}, at {place}, with the end of the scan within the error: a bound"
    else:
        at = ", at the kink where R² = 1 and the density saturates" if kink else ""
        text = f"Tc/Ω peaks at {height} at {place}{at}"
    rest = [flag.text for flag in raised if flag.code != flags.PEAK_AT_END.code]
    return f"{peak.label}: {text}" + (f" ({'; '.join(rest)})" if rest else "")
