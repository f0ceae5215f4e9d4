"""The antiadiabatic limit: by how much the effective Hamiltonians miss the exact energies and masses, against
Ω/t."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hpcbip.report.figures import style
from hpcbip.report.figures.style import COLOURS, GREY, PAGE, TEXT, Look, Picture
from hpcbip.report.tables import Record
from hpcbip.statistics.notation import with_error

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKERS = {2: "o", 4: "s"}
PANELS = (
    ("difference", "power", r"$|E_\mathrm{eff}-E|/t$"),
    ("mass_difference", "mass_power", r"$|m^*_\mathrm{eff}/m^*-1|$"),
)
UNCERTAIN = 1.0 / 3.0
"""Error over value from which a point is drawn hollow."""


def antiadiabatic_figure(rows: Sequence[Record]) -> Picture:
    """Draw the rows of `hpcbip theory antiadiabatic`.

    Args:
        rows: as `hpcbip.theory.antiadiabatic.scaling.compare` gives them, of one or more couplings.
    """
    figure = style.canvas(PAGE, 2.8)
    grid = style.panels(figure, 1, 2)[0]
    couplings = list(dict.fromkeys(row["coupling"] for row in rows))
    curves = list(dict.fromkeys((row["coupling"], row["order"]) for row in rows))
    hollow = False
    for axes, (name, power, label) in zip(grid, PANELS, strict=True):
        for coupling, order in curves:
            own = sorted(
                (row for row in rows if (row["coupling"], row["order"]) == (coupling, order)), key=_omega
            )
            look = Look(COLOURS[couplings.index(coupling) % len(COLOURS)], MARKERS[order])
            hollow |= _curve(axes, own, name, look)
            if name == "difference":
                slope = (
                    ""
                    if own[0][power] is None
                    else f": p = {with_error(own[0][power], own[0][f'{power}_err'])}"
                )
                style.look_entry(axes, f"{coupling}, order {order}{slope}", look)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel(r"$\Omega/t$", fontsize=TEXT)
        axes.set_ylabel(label, fontsize=TEXT)
        for axis in (axes.xaxis, axes.yaxis):
            style.log_axis(axis)
    style.entry(grid[0], "dashed: 1/Ω, 1/Ω²", color=GREY, lw=0.7, ls="--")
    if hollow:
        style.hollow_entry(grid[0])
    first = rows[0]
    style.legend(
        figure, grid[0], f"{first['lattice']}, electrons: {first['electrons']}, U/t = {first['U']:g}"
    )
    caption = (
        "Effective minus exact energy (left) and mass (right) at fixed g²/Ω, to second and fourth order in g; dashed:"
        " the power of what is left out, through the last point; p: fitted power of the energy; hollow: error above a"
        " third."
    )
    return Picture(figure, [dict(row) for row in rows], "Antiadiabatic limit", caption)


def _omega(row: Record) -> float:
    return float(row["omega"])


def _curve(axes: Axes, rows: Sequence[Record], name: str, look: Look) -> bool:
    """Points and their power law; whether one of them is hollow."""
    x = np.array([row["omega"] for row in rows])
    y = np.abs(style.numbers([row[name] for row in rows]))
    error = style.numbers([row[f"{name}_err"] for row in rows])
    uncertain = ~(error <= UNCERTAIN * y)
    down = np.minimum(error, 0.999 * y)  # a bar to zero has no place on a logarithmic axis
    style.points(
        axes, x, np.where(y > 0.0, y, np.nan), np.where(uncertain, down, error), look, list(uncertain)
    )
    known = np.flatnonzero(~uncertain & (y > 0.0))
    if len(known):
        last = known[-1]
        law = y[last] * (x / x[last]) ** (-0.5 * rows[0]["order"])
        axes.plot(x, law, color=look.colour, lw=0.7, ls="--", alpha=0.7, zorder=1.5)
    return bool((uncertain & np.isfinite(y)).any())
