"""The dome: Tc/Ω along the axis of a scan, against the conventional ceiling and other lines of comparison."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpcbip.messages import counted
from hpcbip.report.figures.curves import Curve, curves, pooled, scan_axis, shared_name
from hpcbip.report.figures.source import Figures, Source, file_name
from hpcbip.report.plotting import layout, series, style
from hpcbip.report.plotting.ceilings import CEILING_LABEL, draw_ceilings
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import COLUMN, GREY, MAX_COLOURED, SMALL, TEXT, SeriesStyle
from hpcbip.report.tables import Record
from hpcbip.superconductivity.scans import axis_value
from hpcbip.superconductivity.tops import BINDING_KIND, UNBOUND_KIND
from hpcbip.theory.eliashberg.references import QUOTED_CEILINGS, reference_lines
from hpcbip.vocabulary.displays import (
    DOME_DATA,
    FLAGS_ENTRY,
    GAS_BAND,
    TC_OVER_OMEGA_SYSTEMATIC,
    TC_PREFACTOR,
)
from hpcbip.vocabulary.entries import ERROR
from hpcbip.vocabulary.flags import PEAK_LIMITED_BY_BINDING
from hpcbip.vocabulary.observables import TC_KELVIN, TC_OVER_OMEGA
from hpcbip.vocabulary.parameters import BETA, LAMBDA, PARAMETERS, SCAN_AXES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hpcbip.superconductivity.peaks import Peak

_TC, _KELVIN, _SYSTEMATIC = TC_OVER_OMEGA.name, TC_KELVIN.name, TC_OVER_OMEGA_SYSTEMATIC.name
_BAND_CAPTION = " Shades are Tc of an interacting gas of the same pairs, as far as that is known."
_DASHES = ((0, (5, 2)), (0, (5, 1.5, 1, 1.5)), (0, (2, 1)), (0, (8, 3)))


def draw_dome(source: Source) -> Figures:
    """Draw Tc along every axis of a campaign (`dome`), if a Tc is known."""
    records = source.results.records
    if any(record[_TC] is not None for record in records):
        lines = reference_lines()
        for axis in source.axes or [LAMBDA.name]:
            yield file_name("dome", axis), dome(records, axis, lines, source.results.peaks)


def dome_figure(
    records: Sequence[Record],
    path: Path,
    axis: str | None = None,
    lines: Sequence[tuple[str, float]] = (),
    peaks: Sequence[Peak] = (),
) -> list[Path]:
    """Draw and save Tc along an axis (`dome`) as PNG, PDF and CSV.

    Returns:
        the files written.

    Raises:
        InputError: if they cannot be written.
    """
    return dome(records, axis, lines, peaks).save(path)


def dome(
    records: Sequence[Record],
    axis: str | None = None,
    lines: Sequence[tuple[str, float]] = (),
    peaks: Sequence[Peak] = (),
) -> Picture:
    """Draw Tc/Ω along one axis, one curve per set of the other parameters, hollow where Tc is flagged.

    Args:
        records: of points; those without Tc are not drawn, but are in the CSV.
        axis: lambda, U or t/omega; None: along which the curves are longest.
        lines: of comparison, (label, Tc/Ω), beside the conventional ceilings, which are always there.
        peaks: tops of curves; those of other axes are left out.
    """
    axis = axis or scan_axis(records)
    drawn = [record for record in records if record[_TC] is not None]
    scans = style.sorted_to_front(curves(drawn, axis), lambda scan: max(map(_rank, scan.records)))
    peaks = [peak for peak in peaks if peak.axis == axis]
    lines = [(label, value) for label, value in lines if value not in QUOTED_CEILINGS]
    figure = layout.canvas(COLUMN, 2.5)
    axes = layout.panels(figure)[0, 0]
    axes.set_xlabel(SCAN_AXES[axis].axis_tex, fontsize=TEXT)
    axes.set_ylabel(r"$T_c/\Omega$", fontsize=TEXT)
    axes.set_ylim(0.0, _top(drawn, [*QUOTED_CEILINGS, *(value for _, value in lines)], peaks))
    for i, scan in enumerate(scans):
        series.curve(axes, scan.x, [record[_TC] for record in scan.records], SeriesStyle.of(i))
    outside = sum(
        _draw_points(axes, scan, SeriesStyle.of(i)) for i, scan in enumerate(pooled(scans, MAX_COLOURED))
    )
    series.curve_entries(axes, [scan.label for scan in scans])
    shaded = sum(_draw_band(axes, scan, SeriesStyle.of(i)) for i, scan in enumerate(scans[:MAX_COLOURED]))
    named = {scan.name: (SeriesStyle.of(i).colour, scan.x) for i, scan in enumerate(scans)}
    axes.margins(x=0.09 if any(peak.limit for peak in peaks) else 0.05)
    for peak in peaks:
        draw_peak(axes, peak, *named.get(peak.label, ("black", axes.get_xlim())))
    if any(not record["tc_valid"] for record in drawn):
        series.hollow_entry(axes)
    _draw_lines(axes, lines)
    kelvin = _kelvin_axis(axes, drawn)
    layout.legend(figure, axes, shared_name(drawn, axis))
    rows = [_row(record, axis) for record in records]
    rows += [{"kind": "ceiling", _TC: value} for value in QUOTED_CEILINGS]
    rows += [{"kind": f"comparison: {label}", _TC: value} for label, value in lines]
    rows += [
        {
            "kind": peak_kind(peak),
            "curve": peak.label,
            "axis": axis,
            "x": peak.position,
            "x_err": peak.position_err,
            _TC: peak.height,
            _TC + ERROR: peak.height_err,
            _SYSTEMATIC: peak.height_sys,
            "flags": peak.flags,
        }
        for peak in peaks
    ]
    caption = _caption(axis, scans, len(records) - len(drawn), outside, bool(lines), peaks, kelvin)
    caption += _BAND_CAPTION if shaded else ""
    return Picture(figure, rows, f"Tc against {SCAN_AXES[axis].axis_symbol}", caption)


def _rank(record: Record) -> tuple[bool, float]:
    return bool(record["tc_valid"]), record[_TC]


def _total(record: Record) -> float:
    return float(np.hypot(record[_TC + ERROR] or 0.0, record.get(_SYSTEMATIC) or 0.0))


def _top(drawn: Sequence[Record], lines: Sequence[float], peaks: Sequence[Peak]) -> float:
    """Return the upper limit of the axis.

    Every valid Tc, line and maximum is on the scale; a flagged Tc far above them is not.
    """
    valid = [record[_TC] + min(_total(record), record[_TC]) for record in drawn if record["tc_valid"]]
    flagged = [record[_TC] for record in drawn if not record["tc_valid"]]
    top = max([*valid, *lines, *(peak.height for peak in peaks)])
    return 1.12 * max(top, min(max(flagged, default=0.0), 2.0 * max([*valid, 0.15])))


def _draw_points(axes: Axes, scan: Curve, series_style: SeriesStyle) -> int:
    y = [record[_TC] for record in scan.records]
    hollow = [not record["tc_valid"] for record in scan.records]
    error = [record[_TC + ERROR] for record in scan.records]
    series.points(axes, scan.x, y, error, series_style, hollow, [_total(record) for record in scan.records])
    return series.off_scale(axes, scan.x, y, series_style)


def _draw_band(axes: Axes, scan: Curve, series_style: SeriesStyle) -> bool:
    """Shade the gas band of a curve between the points that have one; tell whether there are two of them."""
    ends = [[record.get(entry.name) for record in scan.records] for entry in GAS_BAND]
    low, high = (series.numbers(values) for values in ends)
    known = np.isfinite(low) & np.isfinite(high)
    if known.sum() < 2:
        return False
    x = series.numbers(scan.x)[known]
    axes.fill_between(x, low[known], high[known], color=series_style.colour, alpha=0.15, lw=0, zorder=0.8)
    return True


def peak_kind(peak: Peak) -> str:
    """Return what kind of row a maximum is in the data of the figure."""
    if peak.kind == UNBOUND_KIND:
        return "unbound"
    if peak.limit:
        return "edge of the scan"
    return PEAK_LIMITED_BY_BINDING.text if peak.kind == BINDING_KIND else "peak"


def peak_doubtful(peak: Peak) -> bool:
    """Tell whether a flag speaks against a maximum; that binding limits it is none."""
    limited = peak.kind == BINDING_KIND
    return bool(set(peak.flag_codes) - {PEAK_LIMITED_BY_BINDING.code} if limited else peak.flags)


def draw_peak(axes: Axes, peak: Peak, colour: str, scan: Sequence[float]) -> None:
    """Draw the top of a curve with its errors, or an arrow where it is only a bound.

    Args:
        axes: to draw on.
        peak: the top.
        colour: of the curve.
        scan: places of its points, which say at which end the arrow points.
    """
    if peak.kind == UNBOUND_KIND:  # a top of the formula alone counts for nothing
        return
    if peak.limit:  # the top is here or beyond: the arrow leads out of the scan
        side = 1 if peak.position > 0.5 * (min(scan) + max(scan)) else -1
        arrow = {"arrowstyle": "<-", "color": colour, "lw": 1.2, "shrinkA": 0, "shrinkB": 5}
        axes.annotate(
            "",
            (peak.position, peak.height),
            (16 * side, 0),
            textcoords="offset points",
            zorder=5,
            arrowprops=arrow,
            annotation_clip=False,
        )
        return
    axes.errorbar(
        peak.position,
        peak.height,
        peak.height_err,
        peak.position_err,
        fmt="none",
        ecolor="black",
        elinewidth=0.7,
        capsize=2,
        capthick=0.7,
        zorder=5,
    )
    face = "white" if peak_doubtful(peak) else colour
    marker = "D" if peak.kind == BINDING_KIND else "X"
    axes.plot(peak.position, peak.height, marker, ms=5, mec="black", mew=0.7, mfc=face, zorder=6)


def _draw_lines(axes: Axes, lines: Sequence[tuple[str, float]]) -> None:
    draw_ceilings(axes, CEILING_LABEL)
    for i, (label, value) in enumerate(lines):
        axes.axhline(value, color=GREY, lw=0.8, ls=_DASHES[i % len(_DASHES)], zorder=0.5, label=label)


def _kelvin_axis(axes: Axes, drawn: Sequence[Record]) -> bool:
    """Draw an axis in kelvin on the right if one factor fits all points; tell whether it was drawn."""
    pairs = [(record.get(_KELVIN), record[_TC]) for record in drawn]
    if not pairs or any(kelvin is None or not ratio for kelvin, ratio in pairs):
        return False
    factors = series.numbers([kelvin for kelvin, _ in pairs]) / series.numbers([ratio for _, ratio in pairs])
    factor = float(factors[0])
    if not np.allclose(factors, factor, rtol=1e-6):
        return False
    axes.tick_params(which="both", right=False)
    second = axes.secondary_yaxis(
        "right", functions=(partial(np.multiply, factor), partial(np.multiply, 1.0 / factor))
    )
    second.tick_params(which="both", direction="in", labelsize=SMALL, width=0.6)
    second.set_ylabel(r"$T_c$ [K]", fontsize=TEXT)
    return True


def _row(record: Record, axis: str) -> dict[str, Any]:
    extra = {"kind": "point", "axis": axis, "x": axis_value(record, axis)}
    return {name: record.get(name) for name in _data_names()} | extra


def _data_names() -> list[str]:
    """Return the names of the entries of a record that are in the data of the figure."""
    names = [name for name, parameter in PARAMETERS.items() if not parameter.optional and name != BETA.name]
    for observable in DOME_DATA:
        names += [observable.name, observable.name + ERROR]
    band = [entry.name for entry in GAS_BAND]
    return [*names, _SYSTEMATIC, *band, TC_PREFACTOR.name, "tc_valid", FLAGS_ENTRY.name]


def _caption(
    axis: str,
    scans: Sequence[Curve],
    missing: int,
    outside: int,
    lines: bool,
    peaks: Sequence[Peak],
    kelvin: bool,
) -> str:
    along = SCAN_AXES[axis].axis_symbol
    parts = [f"Transition temperature Tc/Ω against {along}, one curve per set of the other parameters."]
    parts.append(
        "Thick error bars are statistical; thin ones add the systematic error in quadrature if it is known."
    )
    parts.append("Hollow points have a flag that speaks against them (see the table of flags).")
    if len(scans) > MAX_COLOURED:
        parts.append(
            f"The {MAX_COLOURED} curves with the highest Tc are coloured, the "
            f"{counted(len(scans) - MAX_COLOURED, 'other is', 'others are')} grey."
        )
    parts.append("Dotted lines: the conventional ceilings Tc/Ω = 0.05 and 0.1.")
    if lines:
        parts.append("Dashed lines are the comparisons that the legend names.")
    kinds = {peak_kind(peak) for peak in peaks}
    if "peak" in kinds:
        parts.append("Crosses mark the tops of the domes with their errors (hollow: flagged).")
    if PEAK_LIMITED_BY_BINDING.text in kinds:
        parts.append("Diamonds mark where Tc meets the binding energy, beyond which it does not count.")
    if any(peak.limit for peak in peaks):
        parts.append(
            "An arrow marks a curve that is highest at an end of its scan, within the error: a bound."
        )
    if kelvin:
        parts.append("The right axis is Tc in kelvin for the phonon energy of the configuration.")
    if outside:
        parts.append(f"Points off the scale ({outside}) are triangles at the edge.")
    if missing:
        parts.append(f"Points without a Tc ({missing}) are in the CSV only.")
    return " ".join(parts)
