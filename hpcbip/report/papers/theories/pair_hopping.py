"""Figure 4: how a pair hops by a phonon of its bond, and the amplitude, antiadiabatic against exact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hpcbip.report.papers.figure import PaperFigure
from hpcbip.report.plotting import layout, series
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import COLOURS, GREY, PAGE, SMALL, TEXT, SeriesStyle
from hpcbip.report.tables import Record
from hpcbip.theory.antiadiabatic import antiadiabatic_table, scan_systems
from hpcbip.theory.exact.geometry import Geometry

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_RATIO = 0.5  # g²/Ω in t
_FREQUENCIES = (5.0, 7.0, 10.0, 15.0, 25.0, 50.0, 100.0)  # Ω in t
_STATES, _PAIR_EXTENT = 10_000, 20
_STAGES = (
    (0.0, 0.0, ("↑↓", ""), False),
    (1.0, 1.0, ("↑", "↓"), True),
    (2.0, 0.0, ("", "↑↓"), False),
)
"""Stages of the process: place, energy in Ω, electrons on the two sites, and whether the phonon is there."""


def draw(records: Sequence[Record]) -> Picture:
    """Draw the process and the amplitude against Ω/t; no points of campaigns are needed."""
    systems = scan_systems(Geometry("chain", "bond", 2), _RATIO, _FREQUENCIES)
    rows = [
        _amplitudes(row) for row in antiadiabatic_table(systems, states=_STATES, pair_extent=_PAIR_EXTENT)
    ]
    figure = layout.canvas(PAGE, 2.5)
    process, axes = layout.panels(figure, 1, 2)[0]
    _draw_process(process)
    layout.name_panel(process, "(a) a pair moves, one electron after the other")
    _draw_amplitudes(axes, rows)
    layout.name_panel(axes, rf"(b) chain, $U = 0$, $g^2/\Omega = {_RATIO:g}t$")
    layout.legend(figure, axes)
    caption = (
        "(a) One electron of a pair hops and leaves a phonon on the bond (energy Ω); the other follows "
        "and takes it: to second order the pair hops with amplitude -2g²/Ω, for either electron may go "
        "first. (b) Hop amplitude of the bound pair, m0/(2m*) in units of t, from its mass: exact "
        "diagonalisation with errors, and the effective Hamiltonians of order 2 and 4 in g, at fixed "
        "g²/Ω. Dotted: 2g²/Ω of the process alone; the pair also has bare hops and pairs of neighbours."
    )
    return Picture(figure, rows, "Pair hopping", caption)


def _amplitudes(row: Record) -> Record:
    """Add m0/(2m*) with its error to a row, of the effective Hamiltonian and exact; t = m0 = 1."""
    added = {}
    for suffix in ("_eff", ""):
        mass, error = row[f"mass{suffix}"], row[f"mass{suffix}_err"]
        known = mass is not None and error is not None
        added[f"amplitude{suffix}"] = 0.5 / mass if known else None
        added[f"amplitude{suffix}_err"] = 0.5 * error / mass**2 if known else None
    return {**row, **added}


def _draw_amplitudes(axes: Axes, rows: Sequence[Record]) -> None:
    axes.set_xscale("log")
    for number, order in enumerate(sorted({row["order"] for row in rows}), 1):
        own = [row for row in rows if row["order"] == order]
        x, y = [row["omega"] for row in own], [row["amplitude_eff"] for row in own]
        axes.plot(x, series.numbers(y), color=COLOURS[number], lw=1.2, label=f"order {order} in $g$")
    exact, style = [row for row in rows if row["order"] == 2], SeriesStyle.of(0)
    x = [row["omega"] for row in exact]
    errors = [row["amplitude_err"] for row in exact]
    series.points(axes, x, [row["amplitude"] for row in exact], errors, style, [False] * len(x))
    series.entry(axes, "exact", color=style.colour, marker=style.marker, ms=4.2, lw=0)
    axes.axhline(2.0 * _RATIO, color=GREY, lw=0.8, ls=":", label=r"$2g^2/\Omega$")
    known = [row["amplitude"] for row in exact if row["amplitude"] is not None]
    axes.set_ylim(0.0, 1.5 * max(*known, 2.0 * _RATIO))
    layout.log_axis(axes.xaxis)
    axes.set_xlabel(r"$\Omega/t$", fontsize=TEXT)
    axes.set_ylabel(r"hop amplitude $m_0/2m^*$ [$t$]", fontsize=TEXT)


def _draw_process(axes: Axes) -> None:
    for place, energy, electrons, excited in _STAGES:
        left, right = place - 0.25, place + 0.25
        axes.plot([place - 0.4, place + 0.4], [energy, energy], color="black", lw=1.0)
        height = energy + 0.2
        axes.plot([left, right], [height, height], "o", ms=3.0, color=GREY, zorder=3)
        at = np.linspace(0.0, 1.0, 41)
        wave = 0.04 * np.sin(10.0 * np.pi * at) * (2.0 if excited else 1.0)
        colour = COLOURS[1] if excited else GREY
        axes.plot(left + (0.1 + 0.8 * at) * (right - left), height + wave, color=colour, lw=1.0)
        for x, arrows in zip((left, right), electrons, strict=True):
            axes.text(x, height + 0.1, arrows, ha="center", fontsize=TEXT, color=COLOURS[0])
    for start, stop in ((0, 1), (1, 2)):
        (x0, y0, *_), (x1, y1, *_) = _STAGES[start], _STAGES[stop]
        near, far = 0.42 * (1 if x1 > x0 else -1), 0.08
        up = 1.0 if y1 > y0 else -1.0
        ends = (x0 + near, y0 + up * far), (x1 - near, y1 - up * far)
        axes.annotate("", ends[1], ends[0], arrowprops={"arrowstyle": "->", "lw": 0.9, "color": COLOURS[1]})
        middle = 0.5 * (ends[0][0] + ends[1][0])
        axes.text(middle - 0.14 * up, 0.55, "$g$", ha="center", fontsize=TEXT, color=COLOURS[1])
    axes.text(1.0, -0.1, r"amplitude $-2g^2/\Omega$", ha="center", va="center", fontsize=SMALL)
    axes.annotate("", (1.0, 0.95), (1.0, 0.05), arrowprops={"arrowstyle": "<->", "lw": 0.6, "color": GREY})
    axes.text(1.05, 0.3, r"$\Omega$", fontsize=SMALL, color=GREY)
    axes.set(xlim=(-0.5, 2.5), ylim=(-0.3, 1.55))
    layout.hide([axes])


PAIR_HOPPING = PaperFigure(
    name="pair-hopping",
    number="4",
    title="Pair hopping",
    message=(
        "A phonon of its bond lets a pair hop as a whole, with amplitude 2g²/Ω to second order, so that "
        "coupling makes pairs lighter and not heavier. The amplitude from the mass of the exactly "
        "diagonalised pair approaches that of the effective Hamiltonians as Ω/t grows."
    ),
    campaigns=(),
    draw=draw,
)
