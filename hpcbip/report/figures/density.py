"""Tc against the density of pairs, up to where they touch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.models import get_lattice
from hpcbip.report.figures.curves import chosen, labels, point_names, shared_name
from hpcbip.report.figures.source import Figures, Source
from hpcbip.report.plotting import layout, series
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import COLUMN, MAX_COLOURED, TEXT, SeriesStyle
from hpcbip.report.tables import Record
from hpcbip.superconductivity import closest_packing, transition_temperature

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SAMPLES = 60  # densities per curve
_WIDE = 10.0  # ratio of the densities at which the pairs touch from which both axes are logarithmic
_LOWEST = 0.1  # lowest density on a logarithmic axis, in the lowest at which pairs touch


def draw_density(source: Source) -> Figures:
    """Draw Tc against the density of pairs (`density`), if a point has a Tc of a gas of pairs."""
    records = source.results.records
    if any(has_density(record) for record in records):
        yield "density", density(records)


def density(records: Sequence[Record]) -> Picture:
    """Draw Tc/Ω of at most eight points against pairs per a^d, with a marker where the pairs touch.

    The points with the highest Tc of each curve are drawn first.
    The mass is the one that the point's Tc implies at the density it was taken at (for anisotropic pairs it
    is the geometric mean), and the law is that of `hpcbip.superconductivity.transition_temperature`. The
    bands have the relative statistical error of the point's Tc.

    Args:
        records: of points; those without Tc, and those in one dimension, are left out.
    """
    usable = [record for record in records if has_density(record)]
    shown = [usable[i] for i in chosen(usable, MAX_COLOURED)]
    figure = layout.canvas(COLUMN, 2.5)
    axes = layout.panels(figure)[0, 0]
    axes.set_xlabel(r"density of pairs $\rho$ [$a^{-d}$]", fontsize=TEXT)
    axes.set_ylabel(r"$T_c/\Omega$", fontsize=TEXT)
    touching = [float(closest_packing(r["radius2"], get_lattice(r["lattice"]).dimension)) for r in shown]
    logarithmic = bool(shown) and max(touching) > _WIDE * min(touching)
    lowest = _LOWEST * min(touching) if logarithmic else 0.0
    space = np.geomspace if logarithmic else np.linspace
    names, legend = point_names(shown, tex=False), labels(shown)
    rows: list[dict[str, Any]] = []
    for i, (record, touch) in enumerate(zip(shown, touching, strict=True)):
        rho = space(lowest, touch, _SAMPLES)
        rows += _draw_point(axes, record, rho, SeriesStyle.of(i), names[i])
        if legend[i]:
            series.legend_entry(axes, legend[i], SeriesStyle.of(i))
    if logarithmic:
        axes.set(xscale="log", yscale="log")
        layout.log_axis(axes.xaxis)
        layout.log_axis(axes.yaxis)
    else:
        axes.set_xlim(left=0.0)
        axes.set_ylim(bottom=0.0)
    if any(not record["tc_valid"] for record in shown):
        series.hollow_entry(axes)
    layout.legend(figure, axes, shared_name(shown))
    caption = (
        "Transition temperature against the density of pairs, at fixed mass and size of a pair, up to the "
        "density at which pairs of radius R touch (markers, with the statistical error; the bands have the "
        f"same relative error). Hollow: a flag speaks against the Tc of that point. Shown are {len(shown)} "
        f"of the {len(usable)} points that have a Tc, the highest of each curve first."
    )
    return Picture(figure, rows, "Tc against the density of pairs", caption)


def _draw_point(
    axes: Axes, record: Record, rho: NDArray[np.float64], series_style: SeriesStyle, name: str
) -> list[dict[str, Any]]:
    """Draw the Tc of a point at these densities, at the last of which its pairs touch; return the data."""
    ratio = tc_of_density(record, rho)
    error = ratio * (record["tc_over_omega_err"] or 0.0) / record["tc_over_omega"]
    axes.plot(rho, ratio, color=series_style.colour, lw=1.0)
    axes.fill_between(rho, ratio - error, ratio + error, color=series_style.colour, alpha=0.2, lw=0)
    series.points(axes, rho[-1:], ratio[-1:], error[-1:], series_style, [not record["tc_valid"]])
    return [
        {
            "point": name,
            "density": x,
            "tc_over_omega": y,
            "tc_over_omega_err": dy,
            "touching": x == rho[-1],
            "tc_valid": record["tc_valid"],
            "flags": record["flags"],
        }
        for x, y, dy in zip(rho.tolist(), ratio.tolist(), error.tolist(), strict=True)
    ]


def has_density(record: Record) -> bool:
    """Tell whether a point has the Tc of a gas of pairs: its Tc and size are known, and d > 1."""
    known = record["tc_over_omega"] is not None and record["radius2"] is not None
    return known and record["tc_over_omega"] > 0.0 and get_lattice(record["lattice"]).dimension > 1


def tc_of_density(record: Record, rho: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Tc/Ω of a point at these densities in a^-d; at the density of the point it is its Tc."""
    d, factor, r2 = get_lattice(record["lattice"]).dimension, record["tc_prefactor"], record["radius2"]
    own = transition_temperature(1.0, r2, d, factor, record.get("density"))
    return record["tc_over_omega"] * transition_temperature(1.0, r2, d, factor, rho) / own
