"""Where Tc is highest along an axis of a scan, and how high, with errors (docs/method/domes.md).

ln m*, ln R² and the binding energy Δ are smooth: they are what is interpolated (`hpcbip.statistics.smooth`),
and Tc is built from them. Its maximum is taken where pairs are bound by more than Tc
(`hpcbip.superconductivity.tops`); where Tc runs into Δ below the top of the formula, that crossing is it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from hpcbip.statistics.notation import with_short_error
from hpcbip.superconductivity.scans import Array, Scan, ScanPoint, scans
from hpcbip.superconductivity.tops import (
    BINDING_KIND,
    END,
    END_KIND,
    KINK_KIND,
    SMOOTH_KIND,
    UNBOUND_KIND,
    Tops,
    likely_end,
    spread,
    tops,
)
from hpcbip.vocabulary import flags
from hpcbip.vocabulary.flags import RaisedFlag
from hpcbip.vocabulary.parameters import SCAN_AXES

GRID = 121  # places on the axis at which curves are worked out; between them quadratic interpolation
INTERPOLATION_DRAWS = 500  # curves drawn for the error of the interpolation
SMOOTH_P_ALARM = 1e-3  # of a smooth curve through the points
RESTS = 0.3  # of the largest weight: what a point needs for the peak to rest on it
_DOUBTS = {flags.PEAK_ON_FLAGGED_POINTS.code, flags.PEAK_NOT_SMOOTH.code}
"""Flags of a maximum that points which flags speak against may have brought about."""
MIN_PEAK_POINTS = 4  # points below which the error of the interpolation is hardly known
RESOLVED = 2.0  # errors by which Δ has to be above Tc somewhere on a curve
RARE = 0.01  # probability that binding decides below which the errors leave it out


@dataclass(frozen=True)
class Peak:
    """The maximum of Tc along one curve, as far as pairs are bound by more than Tc.

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
        kind: "smooth", "kink" (R² = 1, where the density saturates), "end" (of the scan), "binding" (Tc = Δ:
            limited by binding) or "unbound" (nowhere on the curve Δ is above Tc by more than two errors:
            there is no maximum that counts, position and height are those of the formula, and `end` is the
            one towards which pairs become bound).
        at_binding: probability that binding decides: that the maximum lies where Tc = Δ, or nowhere.
        formula_position, formula_height: where the formula for Tc has its maximum, bound or not, and Tc/Ω
            there.
        margin, margin_err: Δ/Ω - Tc/Ω at that place, and its error; None where Δ is not known.
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
    kind: str = SMOOTH_KIND
    at_binding: float = 0.0
    formula_position: float | None = None
    formula_height: float | None = None
    margin: float | None = None
    margin_err: float | None = None

    @property
    def limit(self) -> bool:
        """Whether the maximum is only a bound, because the scan ends there."""
        return self.end != 0 and self.kind != UNBOUND_KIND

    @property
    def open(self) -> bool:
        """Whether Δ - Tc is within its error, so that it is open whether binding decides."""
        return END < self.at_binding < 1.0 - END


def find_peaks(points: Sequence[ScanPoint]) -> list[Peak]:
    """Find the maximum of Tc along every curve of at least three points, along all axes."""
    return [find_peak(scan) for axis in SCAN_AXES for scan in scans(points, (axis,)) if scan.interpolates]


def find_peak(scan: Scan) -> Peak:
    """Find the maximum of Tc along one curve.

    Points that a flag speaks against are left out where the maximum would rest on them, or no smooth curve
    goes through all, and the others have one that has none of them beside it and that binding does not
    decide: m* and R² of weakly bound pairs, far from the maximum, have small statistical errors, with which
    they would bend the curve, and systematic ones that nobody knows.

    Raises:
        InputError: if it has fewer than three points.
    """
    peak = _find(scan)
    if _DOUBTS.intersection(peak.flag_codes):
        sound = scan.sound
        enough = sound.interpolates and len(np.unique(sound.x)) >= MIN_PEAK_POINTS
        if enough and len(sound.points) < len(scan.points):
            other = _find(sound)
            decided = other.kind in (SMOOTH_KIND, KINK_KIND) and not (other.limit or other.open)
            return other if decided and _is_among(scan, other.position) else peak
    return peak


def _is_among(scan: Scan, position: float) -> bool:
    """Tell whether no flag speaks against the points on either side of a place that are nearest to it."""
    x = scan.x[:, 0]
    beside = {x[x <= position].max(), x[x >= position].min()}
    return all(point.valid for point, place in zip(scan.points, x, strict=True) if place in beside)


def _find(scan: Scan) -> Peak:
    """Return the maximum of Tc along the curve through all points."""
    grid = np.linspace(scan.x.min(), scan.x.max(), GRID)
    at = grid[:, None]
    mean = scan.mean(at)
    best, formula = tops(scan, grid, mean), tops(scan, grid, mean[:2])
    exact, added = scan.draws(at, INTERPOLATION_DRAWS, np.random.default_rng(scan.seed))
    drawn = exact + added
    both = tops(scan, grid, drawn)
    margin = _margin(scan, at, mean, drawn)
    at_binding = float(both.limited.mean())
    if margin is not None and np.all(margin[0] <= RESOLVED * margin[1]):
        # nothing is known to be bound by more than Tc: what there is to tell is the maximum of the formula
        end, kind, best = _towards_binding(mean, drawn, formula), UNBOUND_KIND, formula
        between, total = tops(scan, grid, exact[:, :2]), tops(scan, grid, drawn[:, :2])
    else:
        end = int(best.end) or likely_end(both.end > 0, both.end < 0)
        between, total, kind = tops(scan, grid, exact), both, _kind(best)
    by_draws = kind == BINDING_KIND or (at_binding > RARE and kind != UNBOUND_KIND)
    errors = _errors(scan, at, (best, between, total), by_draws)
    (stat_x, stat_h), (between_x, between_h) = errors
    height, place = float(np.exp(best.log_height)), float(best.position)
    top = np.abs(grid - formula.position).argmin()
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
        end,
        len(scan.points),
        _p_value(scan, at_binding),
        kind=kind,
        at_binding=at_binding,
        formula_position=float(formula.position),
        formula_height=float(np.exp(formula.log_height)),
        margin=None if margin is None else float(margin[0, top]),
        margin_err=None if margin is None else float(margin[1, top]),
    )
    raised = _flags(scan, peak)
    return replace(
        peak,
        flags=[flag.text for flag in raised],
        flag_codes=[flag.code for flag in raised],
        statement=_statement(peak, raised),
    )


def _kind(best: Tops) -> str:
    if best.end:
        return END_KIND
    return BINDING_KIND if best.binding else KINK_KIND if best.kink else SMOOTH_KIND


def _errors(
    scan: Scan, at: Array, maxima: tuple[Tops, Tops, Tops], draws: bool
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the errors of position and log height: statistics, and interpolation.

    Args:
        scan: the points.
        at: (m, 1) grid.
        maxima: of the mean curves, of draws with exact points, and of draws with the points' errors.
        draws: take the statistical error from these, and not from the jackknife: a maximum that may be
            limited by binding jumps from one kind to another, which is not linear in the deviations.
    """
    best, between, total = maxima
    interpolation = spread(between.position), spread(between.log_height)
    if draws:
        variances = zip((spread(total.position), spread(total.log_height)), interpolation, strict=True)
        stat_x, stat_h = (math.sqrt(max(0.0, whole**2 - part**2)) for whole, part in variances)
        return (stat_x, stat_h), interpolation
    weights = scan.curves.weights(at)
    mean = np.einsum("kmln,ln->km", weights, scan.curves.y)
    shifts = [
        np.einsum("kml,bl->bkm", weights[..., i], deviations) for i, deviations in enumerate(scan.deviations)
    ]
    moved = tops(scan, at[:, 0], mean + np.concatenate(shifts))
    stat_x = math.sqrt(float(((moved.position - best.position) ** 2).sum()))
    stat_h = math.sqrt(float(((moved.log_height - best.log_height) ** 2).sum()))
    return (stat_x, stat_h), interpolation


def _margin(scan: Scan, at: Array, mean: Array, drawn: Array) -> Array | None:
    """(2, m): Δ/Ω - Tc/Ω of the curves, and its error from draws of them; None where Δ is not known."""
    value, draws = scan.margin(at, mean), scan.margin(at, drawn)
    return None if value is None or draws is None else np.array([value, draws.std(axis=0)])


def _towards_binding(mean: Array, drawn: Array, formula: Tops) -> int:
    """Return the end, -1 or 1, beyond which pairs may be bound by more than Tc.

    It is that towards which Δ grows, or where that is within the error that towards which Tc grows: in the
    limit of weak coupling both vanish.
    """
    growth, errors = mean[2, -1] - mean[2, 0], drawn[:, 2, -1] - drawn[:, 2, 0]
    if abs(growth) > RESOLVED * errors.std():
        return int(np.sign(growth))
    return int(formula.end) or (1 if mean[:2, -1].sum() < mean[:2, 0].sum() else -1)


def _p_value(scan: Scan, at_binding: float) -> float:
    """Return whether smooth curves describe the points: twice the smaller p-value where Δ's counts."""
    p = scan.curves.p_value
    if scan.binding is None or at_binding <= RARE or math.isnan(scan.binding.p_value):
        return p
    return min(1.0, 2.0 * float(np.nanmin([p, scan.binding.p_value])))


def place_name(axis: str, value: float, error: float = 0.0) -> str:
    """`λ = 0.72(3)`, `U = 8.1(3)t`."""
    parameter = SCAN_AXES[axis]
    unit = "t" if parameter.in_units_of_t else ""
    return f"{parameter.symbol} = {with_short_error(value, error)}{unit}"


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
    if len(np.unique(scan.x)) < MIN_PEAK_POINTS:
        raised.append(flags.PEAK_FEW_POINTS.raised())
    if peak.p_value < SMOOTH_P_ALARM:
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
    """Say what Tc against the binding energy means for a maximum."""
    if scan.binding is None:
        return [flags.PEAK_BINDING_UNKNOWN.raised()]
    raised = []
    if peak.kind == UNBOUND_KIND:
        raised.append(flags.PEAK_ABOVE_BINDING.raised())
    elif peak.kind == BINDING_KIND:
        raised.append(flags.PEAK_LIMITED_BY_BINDING.raised())
    if peak.open:
        raised.append(flags.PEAK_BINDING_OPEN.raised(margin=_margin_text(peak)))
    return raised


def _margin_text(peak: Peak) -> str:
    return with_short_error(peak.margin or 0.0, peak.margin_err or 0.0)


def _statement(peak: Peak, raised: Sequence[RaisedFlag]) -> str:
    height = with_short_error(peak.height, peak.height_err)
    place = place_name(peak.axis, peak.position, peak.position_err)
    in_sentence = [flags.PEAK_AT_END.code, flags.PEAK_ABOVE_BINDING.code, flags.PEAK_LIMITED_BY_BINDING.code]
    if peak.kind == END_KIND:
        where = place_name(peak.axis, peak.position)
        text = f"Tc/Ω is highest at the end of the scan, {height} at {where}: a bound, no peak"
    elif peak.kind == UNBOUND_KIND:
        text = "Tc/Ω is nowhere known to be below the binding energy: no maximum counts; "
        text += f"the formula's is {height} at {place}, where Δ - Tc = {_margin_text(peak)} Ω"
    elif peak.kind == BINDING_KIND:
        top = place_name(peak.axis, float(f"{peak.formula_position or 0.0:.3g}"))
        text = f"Tc/Ω is limited by binding: it meets Δ/Ω at {height} at {place}; the formula goes on to "
        text += f"{peak.formula_height or 0.0:.3g} at {top}, where Δ - Tc = {_margin_text(peak)} Ω"
        text += ", with the end of the scan within the error: a bound" if peak.limit else ""
    elif peak.limit:
        text = f"Tc/Ω is highest, {height}, at {place}, with the end of the scan within the error: a bound"
    else:
        kink = ", at the kink where R² = 1 and the density saturates" if peak.kind == KINK_KIND else ""
        text = f"Tc/Ω peaks at {height} at {place}{kink}"
    rest = [flag.text for flag in raised if flag.code not in in_sentence]
    return f"{peak.label}: {text}" + (f" ({'; '.join(rest)})" if rest else "")
