"""Mass, size, binding energy and phonon cloud of the pair along an axis of the scan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hpcbip.report.figures.curves import (
    AXES,
    AXIS_WORDS,
    FLAGS_OF_TC,
    Curve,
    curves,
    pooled,
    scan_axis,
    shared_name,
)
from hpcbip.report.plotting import layout, series, style
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import GREY, MAX_COLOURED, PAGE, TEXT, SeriesStyle
from hpcbip.report.tables import Record
from hpcbip.superconductivity.scans import axis_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OBSERVABLES = {
    "mass_bipolaron": r"$m^*/m_0$",
    "radius2": r"$R^2$ [$a^2$]",
    "binding_energy": r"$\Delta/t$",
    "phonons_bipolaron": "phonons of the pair",
}
_LOGARITHMIC = 20.0  # ratio of the largest to the smallest size above which its axis is logarithmic


def observables(records: Sequence[Record], axis: str | None = None) -> Picture:
    """m*/m0 (logarithmic), R² in a², Δ/t and the phonons of the pair, one panel each, one curve per set of
    parameters.

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
    for axes, (name, label) in zip(grid.ravel(), OBSERVABLES.items(), strict=True):
        axes.set_ylabel(label, fontsize=TEXT)
        values = [value for record in records if (value := _value(record, name)) is not None]
        _scale(axes, name, values)
        for i, line in enumerate(lines):
            series.curve(axes, line.x, _shown(axes, line, name), SeriesStyle.of(i))
        outside += sum(
            _draw_points(axes, line, name, SeriesStyle.of(i))
            for i, line in enumerate(pooled(lines, MAX_COLOURED))
        )
    for axes in grid[1]:
        axes.set_xlabel(AXES[axis], fontsize=TEXT)
    first = grid[0, 0]
    series.curve_entries(first, [line.label for line in lines])
    if any(doubtful(record, name) for record in records for name in OBSERVABLES):
        series.hollow_entry(first)
    layout.legend(figure, first, shared_name(records, axis))
    caption = (
        "Effective mass m*/m0 of the pair (m0 = 1/t), its mean-square radius R² = ⟨(r1-r2)²⟩/4, its "
        "binding energy Δ = 2 E(polaron) - E(bipolaron) and the number of phonons in its cloud, against "
        f"{AXIS_WORDS[axis]}. Hollow points: the statistics of that observable have not converged, or a "
        "flag speaks against it."
    )
    if len(lines) > MAX_COLOURED:
        caption += f" {MAX_COLOURED} curves are coloured, those with the highest Tc, the other {len(lines) - MAX_COLOURED} are grey."
    if outside:
        caption += f" Values off the scale ({outside}) are triangles at the edge."
    rows = [_row(record, axis) for record in records]
    return Picture(figure, rows, f"Observables against {AXIS_WORDS[axis]}", caption)


def doubtful(record: Record, name: str) -> bool:
    """Whether an observable of `OBSERVABLES` is known and drawn hollow: not converged, or flagged.

    Flags about Tc alone speak against none of them, those of the one-electron sector against the binding
    energy alone, and two masses that differ against the mass alone.
    """
    if _value(record, name) is None:
        return False
    return record.get(f"{name}_verdict") != "converged" or any(
        _against(flag, name) for flag in record["flags"]
    )


def _against(flag: str, name: str) -> bool:
    if flag in FLAGS_OF_TC:
        return False
    if flag.startswith("mass_bipolaron"):
        return name == "mass_bipolaron"
    if flag.startswith(("polaron", "mass_polaron", "no polaron")):
        return name == "binding_energy"
    return True


def _height(line: Curve) -> float:
    return max((record["tc_over_omega"] for record in line.records if record.get("tc_valid")), default=-1.0)


def _value(record: Record, name: str, suffix: str = "") -> Any:
    """As it is drawn: binding energies in units of t."""
    value = record.get(name + suffix)
    return value / record["t"] if name == "binding_energy" and value is not None else value


def _scale(axes: Axes, name: str, values: Sequence[float]) -> None:
    """Limits from the values alone, so that one huge error bar does not squash the rest."""
    good = [value for value in values if value > 0.0]
    if name == "mass_bipolaron" or (name == "radius2" and good and max(good) > _LOGARITHMIC * min(good)):
        axes.set_yscale("log", nonpositive="clip")
        if good:
            axes.set_ylim(min(good) / 1.4, max(good) * 1.4)
    elif values:
        low, high = min(*values, 0.0), max(values)
        margin = 0.08 * (high - low) or 1.0
        axes.set_ylim(low - (margin if low < 0.0 else 0.0), high + margin)
    if axes.get_yscale() == "log":
        layout.log_axis(axes.yaxis)
    if name == "binding_energy":
        axes.axhline(0.0, color=GREY, lw=0.6, ls=":", zorder=0.5)


def _shown(axes: Axes, line: Curve, name: str) -> list[Any]:
    """The values of a curve; None for those that its axis cannot show."""
    log = axes.get_yscale() == "log"
    values = [_value(record, name) for record in line.records]
    return [None if value is None or (log and value <= 0.0) else value for value in values]


def _draw_points(axes: Axes, line: Curve, name: str, series_style: SeriesStyle) -> int:
    error = [_value(record, name, "_err") for record in line.records]
    hollow = [doubtful(record, name) for record in line.records]
    series.points(axes, line.x, _shown(axes, line, name), error, series_style, hollow)
    return series.off_scale(axes, line.x, [_value(record, name) for record in line.records], series_style)


def _row(record: Record, axis: str) -> dict[str, Any]:
    row: dict[str, Any] = {"axis": axis, "x": axis_value(record, axis)}
    row |= {name: record.get(name) for name in ("lattice", "coupling", "t", "omega", "lambda", "U", "V")}
    for name in OBSERVABLES:
        row |= {name: _value(record, name), f"{name}_err": _value(record, name, "_err")}
        row |= {f"{name}_verdict": record.get(f"{name}_verdict"), f"{name}_hollow": doubtful(record, name)}
    return row | {"flags": record["flags"]}
