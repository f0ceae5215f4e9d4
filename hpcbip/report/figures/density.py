"""Tc against the density of pairs, up to where they touch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.models import get_lattice
from hpcbip.report.figures.curves import chosen, labels, point_names, shared_name
from hpcbip.report.plotting import layout, series
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import COLUMN, MAX_COLOURED, TEXT, SeriesStyle
from hpcbip.report.tables import Record
from hpcbip.superconductivity import closest_packing, transition_temperature

_SAMPLES = 60
_WIDE = 10.0  # ratio of the densities at which the pairs touch from which both axes are logarithmic


def density(records: Sequence[Record]) -> Picture:
    """Tc/Ω of at most eight points, the best of each curve first, against pairs per a^d; a marker where they
    touch.

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
    lowest = 0.1 * min(touching) if logarithmic else 0.0
    rows: list[dict[str, Any]] = []
    names = point_names(shown, tex=False)
    for i, (record, touch, label) in enumerate(zip(shown, touching, labels(shown), strict=True)):
        series_style = SeriesStyle.of(i)
        rho = (np.geomspace if logarithmic else np.linspace)(lowest, touch, _SAMPLES)
        ratio = tc_of_density(record, rho)
        error = ratio * (record["tc_over_omega_err"] or 0.0) / record["tc_over_omega"]
        axes.plot(rho, ratio, color=series_style.colour, lw=1.0)
        axes.fill_between(rho, ratio - error, ratio + error, color=series_style.colour, alpha=0.2, lw=0)
        series.points(axes, rho[-1:], ratio[-1:], error[-1:], series_style, [not record["tc_valid"]])
        if label:
            series.legend_entry(axes, label, series_style)
        rows += [
            {
                "point": names[i],
                "density": x,
                "tc_over_omega": y,
                "tc_over_omega_err": dy,
                "touching": x == rho[-1],
                "tc_valid": record["tc_valid"],
                "flags": record["flags"],
            }
            for x, y, dy in zip(rho.tolist(), ratio.tolist(), error.tolist(), strict=True)
        ]
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


def has_density(record: Record) -> bool:
    """Whether the Tc of a point is one of a gas of pairs: not in one dimension, and the mass and size are
    known."""
    known = record["tc_over_omega"] is not None and record["radius2"] is not None
    return known and record["tc_over_omega"] > 0.0 and get_lattice(record["lattice"]).dimension > 1


def tc_of_density(record: Record, rho: NDArray[np.float64]) -> NDArray[np.float64]:
    """Tc/Ω of a point (with Tc, R², `tc_prefactor`) at these densities in a^-d; at its own density it is its
    Tc."""
    d, factor, r2 = get_lattice(record["lattice"]).dimension, record["tc_prefactor"], record["radius2"]
    own = transition_temperature(1.0, r2, d, factor, record.get("density"))
    return record["tc_over_omega"] * transition_temperature(1.0, r2, d, factor, rho) / own
