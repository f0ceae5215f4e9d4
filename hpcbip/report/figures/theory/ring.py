"""The four-site ring behind d-wave pairs, and the lattice problem that it approximates."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from hpcbip.report.plotting import layout, series
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import COLOURS, GREY, PAGE, SMALL, TEXT
from hpcbip.theory.pair.ring import (
    crossing_attraction,
    crossing_hopping,
    pairs_of_ring_model,
    ring_levels,
    ring_table,
    square_lattice_table,
)
from hpcbip.theory.pair.solver import solve_channel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CHANNELS = {"s": COLOURS[0], "p": COLOURS[1], "d": COLOURS[2], "dxy": COLOURS[3]}
ATTRACTIONS = (-60.0, -8.0)
"""V/t at which the lattice problem is shown: near the ring's limit, and where pairs are wide."""
Rows = list[dict[str, Any]]


def ring_figure(amplitude: float, attraction: float, model: str) -> Picture:
    """Draw the levels with their symmetries for both signs of the amplitude.

    Beside the ring two carriers on its lattice are drawn: with the ring's hop alone, and for model a also on
    the square lattice with t.

    Args:
        amplitude, attraction, model: as in `hpcbip.theory.pair.ring_levels`.

    Raises:
        InputError: for other values.
    """
    both = model == "a"
    figure = layout.canvas(PAGE, 4.6 if both else 2.4)
    grid = layout.panels(figure, *(2, 2) if both else (1, 2)).ravel()
    data = draw_levels(grid[0], abs(amplitude), attraction, model)
    data += _exchange(grid[1]) if both else _one_hop(grid[1], model)
    for axes, V in zip(grid[2:], ATTRACTIONS, strict=False):
        data += _embedded(axes, V)
    layout.legend(figure, grid[0])
    caption = "Levels of the ring against the amplitude h: electron-like (h < 0) and hole-like (h > 0). " + (
        "Above right: where s, p and d of two carriers with a hard core on the square lattice change places. "
        "Below: their energies by channel (full) and the ring's, h = -2t' for both move (dashed)."
        if both
        else "Right: two carriers with a hole-like hop in two layers by channel (full; they begin at their "
        "thresholds) and the ring's levels, h = -2t for both move (dashed)."
    )
    return Picture(figure, data, "The four-site ring", caption)


def draw_levels(axes: Axes, amplitude: float, attraction: float, model: str) -> Rows:
    """Draw the levels and their symmetries for both signs of the amplitude; returns rows of `ring_table`."""
    for sign in (-1.0, 1.0):
        for level in ring_levels(sign * amplitude, attraction, model):
            axes.plot(
                [0.0, sign * amplitude],
                [-attraction, level.E],
                color=CHANNELS[level.label],
                lw=0.8 + 0.8 * level.degeneracy,
                label=level.label if sign < 0 else None,
            )
            axes.text(
                sign * amplitude,
                level.E,
                f" {level.label} ({level.irrep}) ",
                ha="right" if sign < 0 else "left",
                va="center",
                fontsize=SMALL,
                color=CHANNELS[level.label],
            )
    axes.axvline(0.0, color=GREY, lw=0.6, ls=":")
    axes.margins(x=0.22)
    axes.set_xlabel("amplitude $h$: electron-like | hole-like", fontsize=TEXT)
    axes.set_ylabel("$E$", fontsize=TEXT)
    return [
        {"kind": "ring", **row}
        for sign in (-1.0, 1.0)
        for row in ring_table(sign * amplitude, attraction, model)
    ]


def _exchange(axes: Axes) -> Rows:
    t_primes = np.linspace(-0.499, -0.03, 200).tolist()
    V = [crossing_attraction(t) for t in t_primes]
    axes.plot(t_primes, np.abs(V), color="black", lw=1.2)
    axes.plot(t_primes, 2.0 / np.abs(t_primes), color=GREY, lw=0.8, ls="--")
    axes.text(-0.3, 19.0, "d lowest", color=CHANNELS["d"], fontsize=SMALL)
    axes.text(-0.2, 2.5, "s lowest", color=CHANNELS["s"], fontsize=SMALL)
    axes.set_xlabel("$t'/t$", fontsize=TEXT)
    axes.set_ylabel("$|V|/t$", fontsize=TEXT)
    axes.set_ylim(0.0, 25.0)
    layout.name_panel(axes, "two carriers, $U = \\infty$: exact; dashed: $2t^2/|t'|$")
    return [{"kind": "exchange", "t_prime": t, "V": v} for t, v in zip(t_primes, V, strict=True)]


def _embedded(axes: Axes, V: float) -> Rows:
    table = square_lattice_table(V, math.inf, np.linspace(-0.45, 0.25, 36).tolist())
    for name, colour in CHANNELS.items():
        curve = [row for row in table if row["channel"] == name]
        x = [row["t_prime"] for row in curve]
        bound = [None if row["E"] is None else row["E"] - V for row in curve]
        axes.plot(x, series.numbers(bound), color=colour, lw=1.2)
        axes.plot(x, [row["E_ring"] - V for row in curve], color=colour, lw=0.7, ls="--")
    axes.axvline(crossing_hopping(V), color=GREY, lw=0.6, ls=":")
    axes.set_xlabel("$t' = -h/2$ [$t$]", fontsize=TEXT)
    axes.set_ylabel("$(E - V)/t$", fontsize=TEXT)
    layout.name_panel(axes, f"two carriers, $U = \\infty$, $V = {V:g}t$")
    return [{"kind": "two carriers", **row} for row in table]


def _one_hop(axes: Axes, model: str) -> Rows:
    rows: Rows = []
    d = ring_levels(1.0, 0.0, model)[0].label
    for V in np.geomspace(0.5, 60.0, 13):
        pairs = pairs_of_ring_model(model, -1.0, -float(V))
        for name, level in (("s", 4.0), ("p", 0.0), (d, -4.0)):
            channel = next(channel for channel in pairs.channels if channel.name == name)
            states = solve_channel(pairs, channel)
            words = {"kind": "two carriers", "model": model, "hop": -1.0, "V": -float(V), "channel": name}
            rows.append({**words, "E": states[0].E if states else None, "E_ring": level - float(V)})
    for name in ("s", "p", d):
        curve = [row for row in rows if row["channel"] == name]
        x = [-row["V"] for row in curve]
        bound = [None if row["E"] is None else row["E"] - row["V"] for row in curve]
        axes.plot(x, series.numbers(bound), color=CHANNELS[name], lw=1.2)
        axes.plot(x, [row["E_ring"] - row["V"] for row in curve], color=CHANNELS[name], lw=0.7, ls="--")
    axes.set_xscale("log")
    layout.log_axis(axes.xaxis)
    axes.set_xlabel("$|V|/|t|$", fontsize=TEXT)
    axes.set_ylabel("$(E - V)/|t|$", fontsize=TEXT)
    layout.name_panel(axes, "two carriers, hole-like")
    return rows
