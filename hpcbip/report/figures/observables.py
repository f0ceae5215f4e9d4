"""Mass, size, binding energy and phonon cloud of the pair along an axis of the scan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hpcbip.messages import counted
from hpcbip.report.figures.curves import Curve, curves, pooled, scan_axis, shared_name
from hpcbip.report.figures.source import Figures, Source, file_name
from hpcbip.report.plotting import layout, series, style
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import GREY, MAX_COLOURED, PAGE, TEXT, SeriesStyle
from hpcbip.report.tables import Record
from hpcbip.superconductivity.scans import axis_value
from hpcbip.vocabulary.displays import CURVES_FIGURE, FLAGS_ENTRY
from hpcbip.vocabulary.entries import ERROR, VERDICT
from hpcbip.vocabulary.flags import flags_of, speaks_against
from hpcbip.vocabulary.observables import BINDING_ENERGY, MASS_BIPOLARON, OBSERVABLES, RADIUS2, TC_OVER_OMEGA
from hpcbip.vocabulary.parameters import PARAMETERS, SCAN_AXES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LOGARITHMIC = 20.0  # ratio of the largest to the smallest size above which its axis is logarithmic

_NAMES = tuple(observable.name for observable in CURVES_FIGURE)


def draw_observables(source: Source) -> Figures:
    """Draw the observables along every axis of a campaign (`observables`), if one of them is known."""
    records = source.results.records
    if any(record[name] is not None for record in records for name in _NAMES):
        for axis in source.axes:
            yield file_name("observables", axis), observables(records, axis)


def observables(records: Sequence[Record], axis: str | None = None) -> Picture:
    """Draw m*/m0 (logarithmic), R² in a², Δ/t and the phonons of the pair, one panel each.

    There is one curve per set of the other parameters.

    Hollow: statistics of that observable not converged, or a flag speaks against it (`doubtful`).

    Args:
        records: of points; None is not drawn, but there is a row in the CSV.
        axis: lambda, U or t/omega; None: along which the curves are longest.
    """
    axis = axis or scan_axis(records)
    lines = style.sorted_to_front(curves(records, axis), lambda line: (_height(line), len(line.x)))
    figure = layout.canvas(PAGE, 4.4)
    grid = layout.panels(figure, 2, 2, sharex=True)
    outside = 0
    for axes, name in zip(grid.ravel(), _NAMES, strict=True):
        axes.set_ylabel(OBSERVABLES[name].axis_label, fontsize=TEXT)
        values = [value for record in records if (value := value_of(record, name)) is not None]
        _scale(axes, name, values)
        for i, line in enumerate(lines):
            series.curve(axes, line.x, _shown(axes, line, name), SeriesStyle.of(i))
        outside += sum(
            _draw_points(axes, line, name, SeriesStyle.of(i))
            for i, line in enumerate(pooled(lines, MAX_COLOURED))
        )
    for axes in grid[1]:
        axes.set_xlabel(SCAN_AXES[axis].axis_tex, fontsize=TEXT)
    first = grid[0, 0]
    series.curve_entries(first, [line.label for line in lines])
    if any(doubtful(record, name) for record in records for name in _NAMES):
        series.hollow_entry(first)
    layout.legend(figure, first, shared_name(records, axis))
    caption = (
        "Effective mass m*/m0 of the pair (m0 = 1/t), its mean-square radius R² = ⟨(r1-r2)²⟩/4, its "
        "binding energy Δ = 2 E(polaron) - E(bipolaron) and the number of phonons in its cloud, against "
        f"{SCAN_AXES[axis].axis_symbol}. Hollow points: the statistics of that observable have not "
        "converged, or a flag speaks against it."
    )
    if len(lines) > MAX_COLOURED:
        grey = counted(len(lines) - MAX_COLOURED, "other is", "others are")
        caption += f" {MAX_COLOURED} curves are coloured, those with the highest Tc, the {grey} grey."
    if outside:
        caption += f" Values off the scale ({outside}) are triangles at the edge."
    rows = [_row(record, axis) for record in records]
    return Picture(figure, rows, f"Observables against {SCAN_AXES[axis].axis_symbol}", caption)


def doubtful(record: Record, name: str) -> bool:
    """Tell whether an observable is known and drawn hollow: not converged, or a flag speaks against it."""
    if value_of(record, name) is None:
        return False
    flagged = any(speaks_against(flag.code, name) for flag in flags_of(record))
    return flagged or record.get(name + VERDICT) != "converged"


def _height(line: Curve) -> float:
    return max(
        (record[TC_OVER_OMEGA.name] for record in line.records if record.get("tc_valid")), default=-1.0
    )


def value_of(record: Record, name: str, suffix: str = "") -> float | None:
    """Return a value as figures show it: binding energies in units of t."""
    value = record.get(name + suffix)
    if value is None:
        return None
    return float(value / record["t"] if name == BINDING_ENERGY.name else value)


def _scale(axes: Axes, name: str, values: Sequence[float]) -> None:
    """Set the limits from the values alone, so that one huge error bar does not squash the rest."""
    good = [value for value in values if value > 0.0]
    wide = name == RADIUS2.name and good and max(good) > _LOGARITHMIC * min(good)
    if name == MASS_BIPOLARON.name or wide:
        axes.set_yscale("log", nonpositive="clip")
        if good:
            axes.set_ylim(min(good) / 1.4, max(good) * 1.4)
    elif values:
        low, high = min(*values, 0.0), max(values)
        margin = 0.08 * (high - low) or 1.0
        axes.set_ylim(low - (margin if low < 0.0 else 0.0), high + margin)
    if axes.get_yscale() == "log":
        layout.log_axis(axes.yaxis)
    if name == BINDING_ENERGY.name:
        axes.axhline(0.0, color=GREY, lw=0.6, ls=":", zorder=0.5)


def _shown(axes: Axes, line: Curve, name: str) -> list[Any]:
    """Return the values of a curve, with None for those that its axis cannot show."""
    log = axes.get_yscale() == "log"
    values = [value_of(record, name) for record in line.records]
    return [None if value is None or (log and value <= 0.0) else value for value in values]


def _draw_points(axes: Axes, line: Curve, name: str, series_style: SeriesStyle) -> int:
    error = [value_of(record, name, ERROR) for record in line.records]
    hollow = [doubtful(record, name) for record in line.records]
    series.points(axes, line.x, _shown(axes, line, name), error, series_style, hollow)
    return series.off_scale(axes, line.x, [value_of(record, name) for record in line.records], series_style)


def _row(record: Record, axis: str) -> dict[str, Any]:
    row: dict[str, Any] = {"axis": axis, "x": axis_value(record, axis)}
    row |= {name: record.get(name) for name, p in PARAMETERS.items() if not (p.optional or p.follows)}
    for name in _NAMES:
        row |= {name: value_of(record, name), name + ERROR: value_of(record, name, ERROR)}
        row |= {name + VERDICT: record.get(name + VERDICT), f"{name}_hollow": doubtful(record, name)}
    return row | {FLAGS_ENTRY.name: record[FLAGS_ENTRY.name]}
