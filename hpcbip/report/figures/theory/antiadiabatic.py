"""The antiadiabatic limit: errors of the effective Hamiltonians in energy and mass against Ω/t."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hpcbip.report.plotting import layout, series
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import COLOURS, GREY, PAGE, TEXT, SeriesStyle
from hpcbip.report.tables import Record
from hpcbip.statistics.notation import with_error

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKERS = {2: "o", 4: "s"}
PANELS = (
    ("difference", "power", r"$|E_\mathrm{eff}-E|/t$"),
    ("mass_difference", "mass_power", r"$|m^*_\mathrm{eff}/m^*-1|$"),
)
HOLLOW_RELATIVE_ERROR = 1.0 / 3.0
"""Relative error from which a point is drawn hollow."""


def antiadiabatic_figure(rows: Sequence[Record]) -> Picture:
    """Draw the rows of `hpcbip theory antiadiabatic`.

    Args:
        rows: rows of `hpcbip.theory.antiadiabatic.antiadiabatic_table` for one or more couplings.
    """
    figure = layout.canvas(PAGE, 2.8)
    grid = layout.panels(figure, 1, 2)[0]
    couplings = list(dict.fromkeys(row["coupling"] for row in rows))
    curves = list(dict.fromkeys((row["coupling"], row["order"]) for row in rows))
    hollow = False
    for axes, (name, power, label) in zip(grid, PANELS, strict=True):
        for coupling, order in curves:
            own = sorted(
                (row for row in rows if (row["coupling"], row["order"]) == (coupling, order)), key=_omega
            )
            series_style = SeriesStyle(COLOURS[couplings.index(coupling) % len(COLOURS)], MARKERS[order])
            hollow |= _curve(axes, own, name, series_style)
            if name == "difference":
                slope = (
                    ""
                    if own[0][power] is None
                    else f": p = {with_error(own[0][power], own[0][f'{power}_err'])}"
                )
                series.legend_entry(axes, f"{coupling}, order {order}{slope}", series_style)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel(r"$\Omega/t$", fontsize=TEXT)
        axes.set_ylabel(label, fontsize=TEXT)
        for axis in (axes.xaxis, axes.yaxis):
            layout.log_axis(axis)
    series.entry(grid[0], "dashed: 1/Ω, 1/Ω²", color=GREY, lw=0.7, ls="--")
    if hollow:
        series.hollow_entry(grid[0])
    first = rows[0]
    layout.legend(
        figure, grid[0], f"{first['lattice']}, electrons: {first['electrons']}, U/t = {first['U']:g}"
    )
    caption = (
        "Effective minus exact energy (left) and mass (right) at fixed g²/Ω, to second and fourth order in "
        "g; dashed: the power of what is left out, through the last point; p: fitted power of the energy; "
        "hollow: error above a third."
    )
    return Picture(figure, [dict(row) for row in rows], "Antiadiabatic limit", caption)


def _omega(row: Record) -> float:
    return float(row["omega"])


def _curve(axes: Axes, rows: Sequence[Record], name: str, series_style: SeriesStyle) -> bool:
    """Draw points and their power law; return whether one of the points is hollow."""
    x = np.array([row["omega"] for row in rows])
    y = np.abs(series.numbers([row[name] for row in rows]))
    error = series.numbers([row[f"{name}_err"] for row in rows])
    uncertain = ~(error <= HOLLOW_RELATIVE_ERROR * y)
    down = np.minimum(error, 0.999 * y)  # a bar to zero has no place on a logarithmic axis
    series.points(
        axes, x, np.where(y > 0.0, y, np.nan), np.where(uncertain, down, error), series_style, list(uncertain)
    )
    known = np.flatnonzero(~uncertain & (y > 0.0))
    if len(known):
        last = known[-1]
        power_law = y[last] * (x / x[last]) ** (-0.5 * rows[0]["order"])
        axes.plot(x, power_law, color=series_style.colour, lw=0.7, ls="--", alpha=0.7, zorder=1.5)
    return bool((uncertain & np.isfinite(y)).any())
