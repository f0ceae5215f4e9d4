"""What the figures of the papers that show points have in common: series, maxima, published values, rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hpcbip.report.figures.dome import draw_peak, peak_doubtful, peak_kind
from hpcbip.report.figures.observables import doubtful, value_of
from hpcbip.report.papers.points import PointSeries, peaks_along
from hpcbip.report.papers.published import Published, published_maxima
from hpcbip.report.plotting import layout, series
from hpcbip.report.plotting.style import GREY, SMALL
from hpcbip.report.tables import Record
from hpcbip.statistics.notation import with_error
from hpcbip.superconductivity.peaks import Peak, place_name
from hpcbip.superconductivity.scans import axis_value
from hpcbip.superconductivity.tops import BINDING_KIND, UNBOUND_KIND
from hpcbip.theory.eliashberg.references import QUOTED_CEILINGS
from hpcbip.vocabulary.displays import FLAGS_ENTRY, TC_PREFACTOR
from hpcbip.vocabulary.entries import ERROR, SYSTEMATIC
from hpcbip.vocabulary.flags import PEAK_LIMITED_BY_BINDING
from hpcbip.vocabulary.observables import BINDING_ENERGY, MASS_BIPOLARON, RADIUS2, TC_OVER_OMEGA
from hpcbip.vocabulary.parameters import ADIABATICITY, PARAMETERS, U, V

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Rows = list[dict[str, Any]]

TC = TC_OVER_OMEGA.name
HOLLOW_SENTENCE = " Hollow points: a flag speaks against them."
PUBLISHED_SENTENCE = (
    " Stars: published; solid ones are in print as numbers, hollow ones are read off a figure by eye or "
    "second-hand (±30 %)."
)
_STAR = 8.0


def is_hollow(record: Record, name: str) -> bool:
    """Tell whether a flag speaks against a value, so that it is drawn hollow."""
    return not record["tc_valid"] if name == TC else doubtful(record, name)


def draw_points(axes: Axes, one: PointSeries, axis: str, name: str, joined: bool = True) -> None:
    """Draw an observable of a series along an axis: points, hollow where flagged, joined by a line.

    On a logarithmic axis values that are not positive are left out.
    """
    records = one.along(axis)
    x = [axis_value(record, axis) for record in records]
    y = [value_of(record, name) for record in records]
    if axes.get_yscale() == "log":
        y = [value if value is not None and value > 0.0 else None for value in y]
    error = [value_of(record, name, ERROR) for record in records]
    total = [
        float(np.hypot(value_of(record, name, ERROR) or 0.0, value_of(record, name, SYSTEMATIC) or 0.0))
        for record in records
    ]
    hollow = [is_hollow(record, name) for record in records]
    if joined:
        series.curve(axes, x, y, one.series_style)
    series.points(axes, x, y, error, one.series_style, hollow, total if name == TC else None)


def say_no_points(axes: Axes) -> None:
    """Write into an empty panel that there are no points for it."""
    axes.text(0.5, 0.5, "no points", transform=axes.transAxes, ha="center", fontsize=SMALL)


def draw_off_scale(axes: Axes, all_series: Sequence[PointSeries], axis: str, name: str) -> None:
    """Draw triangles at the edge for points outside the limits, which must be set."""
    for one in all_series:
        records = one.along(axis)
        x = [axis_value(record, axis) for record in records]
        series.off_scale(axes, x, [value_of(record, name) for record in records], one.series_style)


def scale_tc(axes: Axes, all_series: Sequence[PointSeries], others: Sequence[float] = ()) -> None:
    """Set the limits of an axis of Tc/Ω: valid points and other values are inside, flagged ones mostly."""
    records = [record for one in all_series for record in one.records if record[TC] is not None]
    valid = [record[TC] + (record[TC + ERROR] or 0.0) for record in records if record["tc_valid"]]
    top = max([*valid, *others, *QUOTED_CEILINGS])
    flagged = max((record[TC] for record in records if not record["tc_valid"]), default=0.0)
    axes.set_ylim(0.0, 1.12 * max(top, min(flagged, 1.5 * top)))


def draw_maxima(axes: Axes, all_series: Sequence[PointSeries], axis: str) -> list[tuple[PointSeries, Peak]]:
    """Find and draw the maximum of Tc along every series; returns those that were found."""
    found = []
    for one in all_series:
        x = [float(axis_value(record, axis)) for record in one.records if record[TC] is not None]
        for peak in peaks_along(one.records, axis):
            draw_peak(axes, peak, one.series_style.colour, x)
            found.append((one, peak))
    if any(peak.limit for _, peak in found):
        axes.margins(x=0.09)  # room for the arrows
    return found


def maxima_sentence(found: Sequence[tuple[PointSeries, Peak]]) -> str:
    """Return the sentence of a caption that lists maxima, with a space before it."""
    if not found:
        return ""
    parts = []
    for one, peak in found:
        height, place = (
            with_error(peak.height, peak.height_err),
            place_name(peak.axis, peak.position, peak.position_err),
        )
        if peak.kind == UNBOUND_KIND:
            parts.append(f"{one.name}: none, nowhere is Tc below the binding energy by more than the errors")
            continue
        kind = "at least " if peak.limit else ""
        limited = [PEAK_LIMITED_BY_BINDING.text] * (peak.kind == BINDING_KIND)
        doubts = limited + ["flagged"] * peak_doubtful(peak)
        words = f" ({', '.join(doubts)})" if doubts else ""
        parts.append(f"{one.name}: {kind}{height} at {place}{words}")
    return (
        " Maxima of Tc/Ω (crosses; diamond: where Tc meets the binding energy; arrow: the scan ends there): "
        f"{'; '.join(parts)}."
    )


def published_of(one: PointSeries) -> Sequence[Published]:
    """Return the published maxima of Tc for the parameters of a series."""
    record = one.records[0]
    ratio, repulsion, tail = (axis_value(record, name) for name in (ADIABATICITY.name, U.name, V.name))
    return published_maxima(record["lattice"], record["coupling"], ratio, repulsion, tail)


def draw_published(axes: Axes, all_series: Sequence[PointSeries]) -> list[Published]:
    """Draw the published maxima for the parameters of every series, in its colour, with errors or ranges.

    Those whose λ is not known are dash-dotted lines.

    Returns:
        the published values.
    """
    drawn: list[Published] = []
    for one in all_series:
        values = published_of(one)
        _draw_values(axes, values, one.series_style.colour)
        drawn += values
    return drawn


def _draw_values(axes: Axes, values: Sequence[Published], colour: str) -> None:
    for one in values:
        if one.lam_value is None:
            axes.axhline(one.value, color=colour, lw=0.7, ls="-.", zorder=0.7)
            continue
        axes.errorbar(
            one.lam_value,
            one.value,
            one.error,
            one.lam_error,
            fmt="*",
            color=colour,
            mfc=colour if one.solid else "white",
            ms=_STAR,
            mew=0.7,
            elinewidth=0.6,
            alpha=0.9,
            zorder=4,
        )


def published_entries(axes: Axes, values: Sequence[Published]) -> None:
    """Add what solid and hollow stars mean to the legend, where there are such."""
    for solid, label in ((True, "published, in print"), (False, "published, read off or second-hand")):
        if any(one.solid == solid and one.lam_value is not None for one in values):
            face = GREY if solid else "white"
            series.entry(axes, label, color=GREY, marker="*", mfc=face, ms=_STAR - 1.0, lw=0, mew=0.7)
    if any(one.lam_value is None for one in values):
        series.entry(axes, "published height, λ not known", color=GREY, lw=0.8, ls="-.")


def hollow_entry(axes: Axes, all_series: Sequence[PointSeries], names: Sequence[str]) -> None:
    """Add what hollow means to the legend, where a point is hollow."""
    if any(is_hollow(record, name) for one in all_series for record in one.records for name in names):
        series.hollow_entry(axes)


def scale_log(axes: Axes, all_series: Sequence[PointSeries], name: str) -> None:
    """Make the axis of an observable logarithmic, with limits from the values."""
    values = [value_of(record, name) or 0.0 for one in all_series for record in one.records]
    good = [value for value in values if value > 0.0]
    axes.set_yscale("log", nonpositive="clip")
    if good:
        axes.set_ylim(min(good) / 1.4, max(good) * 1.4)
    layout.log_axis(axes.yaxis)


def point_rows(all_series: Sequence[PointSeries], axis: str) -> Rows:
    """Return the rows of the CSV for the points of all series: parameters, Tc, mass, size, binding energy."""
    names = [observable.name for observable in (TC_OVER_OMEGA, MASS_BIPOLARON, RADIUS2, BINDING_ENERGY)]
    rows = []
    for one in all_series:
        for record in one.along(axis):
            row: dict[str, Any] = {"kind": "point", "curve": one.name, "x": axis_value(record, axis)}
            row |= {name: record[name] for name in PARAMETERS if record.get(name) is not None}
            for name in names:
                row |= {name + suffix: value_of(record, name, suffix) for suffix in ("", ERROR, SYSTEMATIC)}
                row[f"{name}_hollow"] = is_hollow(record, name)
            row[TC_PREFACTOR.name] = record.get(TC_PREFACTOR.name)
            rows.append(row | {"campaign": record.get("campaign"), "flags": record.get(FLAGS_ENTRY.name)})
    return rows


def peak_rows(found: Sequence[tuple[PointSeries, Peak]]) -> Rows:
    """Return the rows of the CSV for maxima."""
    return [
        {
            "kind": "maximum" if (kind := peak_kind(peak)) == "peak" else kind,
            "curve": one.name,
            "x": peak.position,
            "x_err": peak.position_err,
            TC: peak.height,
            TC + ERROR: peak.height_err,
            TC + SYSTEMATIC: peak.height_sys,
            "flags": peak.flags,
        }
        for one, peak in found
    ]


def published_rows(values: Sequence[Published]) -> Rows:
    """Return the rows of the CSV for published values."""
    rows = []
    for one in values:
        row: Mapping[str, Any] = {"kind": f"published, {one.reading}", "curve": one.source}
        rows.append(
            {**row, "x": one.lam_value, "x_err": one.lam_error}
            | {one.observable: one.value, one.observable + ERROR: one.error}
        )
    return rows
