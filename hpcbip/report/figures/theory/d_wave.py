"""d-wave pairs between the layers of the body-centred tetragonal lattice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hpcbip.report.figures.theory.ring import CHANNELS
from hpcbip.report.plotting import layout, series
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import COLOURS, GREY, PAGE, SMALL, TEXT
from hpcbip.report.tables import Record
from hpcbip.theory.pair.order_parameter import condensate_order_parameter
from hpcbip.theory.pair.solver import solve_channel
from hpcbip.theory.pair.tetragonal import effective_green, interlayer_model

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINDINGS_SHOWN = np.geomspace(1e-4, 30.0, 34)
"""Binding energies, in |t|, that the curves go through."""
SHOWN = ("s", "p", "dxy", "fxyz")
"""Channels in which the attraction acts that are drawn."""
STYLES = {**CHANNELS, "fxyz": COLOURS[4], "s = dxy": "black"}
LINES = ("-", "--", ":", "-.")
_LARGEST_ATTRACTION = 20.0
_GRID = 61
Rows = list[dict[str, Any]]


def d_wave_figure(table: Sequence[Record], t: float, t_perp: float, U: float, V_perp: float) -> Picture:
    """Draw binding energies, thresholds with the exchange of s and d, and the order parameter.

    Args:
        table: rows of `hpcbip.theory.pair.tetragonal.interlayer_table`.
        t, t_perp, U: model of the energies and of the order parameter.
        V_perp: attraction of the pair whose order parameter is drawn.
    """
    figure = layout.canvas(PAGE, 2.5)
    panels = layout.panels(figure, 1, 3)[0]
    rows = _energies(panels[0], t, t_perp, U)
    _lines(panels[1], table)
    rows += [dict(row) for row in table]
    rows += _map(panels[2], t, t_perp, U, V_perp)
    for name in dict.fromkeys([*SHOWN, "s = dxy"]):
        if any(row.get("channel") == name for row in rows):
            series.entry(
                panels[0], "exchange of s and dxy" if name == "s = dxy" else name, color=STYLES[name]
            )
    layout.legend(figure, panels[0])
    caption = (
        f"Pairs between the layers, t = {t:g}, energies in |t|. Left: binding energies by channel at "
        f"t_perp = {t_perp:g}, U = {U:g}. Middle: thresholds of the attraction, and the line on which s and "
        "dxy have one energy (black; dxy is lower above it)"
        + _kinds(table)
        + ". Right: order parameter Δ(k)/√n of the lowest pair at "
        f"V_perp = {V_perp:g} in the plane k_z = 0 (red and blue: signs; nodes grey), beyond the first zone "
        "of a layer (dashed)."
    )
    return Picture(figure, rows, "d-wave pairs between layers", caption)


def _kinds(table: Sequence[Record]) -> str:
    repulsions = list(dict.fromkeys(row["U"] for row in table))
    if len(repulsions) == 1:
        return f", U = {repulsions[0]}"
    words = ("full", "dashed", "dotted", "dash-dotted")
    return "; U = " + ", ".join(f"{U} {word}" for U, word in zip(repulsions, words, strict=False))


def _energies(axes: Axes, t: float, t_perp: float, U: float) -> Rows:
    model = interlayer_model(t, t_perp, -1.0, U)
    rows: Rows = []
    for name in SHOWN:
        words = {
            "t": t,
            "t_perp": t_perp,
            "U": "inf" if U == math.inf else U,
            "kind": "pair",
            "channel": name,
        }
        for binding in BINDINGS_SHOWN * abs(t):
            V = -1.0 / effective_green(model, name, float(binding))
            rows.append(
                {**words, "V_perp": V, "E": model.band.edge - binding, "binding_energy": float(binding)}
            )
        curve = [row for row in rows if row["channel"] == name]
        x = [abs(row["V_perp"] / t) for row in curve]
        y = [row["binding_energy"] / abs(t) for row in curve]
        axes.plot(x, y, color=STYLES[name], lw=1.2, ls="--" if name == "fxyz" else "-")
    axes.set(xscale="log", yscale="log", xlim=(0.3, 30.0), ylim=BINDINGS_SHOWN[[0, -1]])
    axes.set_xlabel(r"$|V_\perp|/|t|$", fontsize=TEXT)
    axes.set_ylabel("binding energy / $|t|$", fontsize=TEXT)
    layout.log_axis(axes.xaxis)
    layout.log_axis(axes.yaxis)
    return rows


def _lines(axes: Axes, table: Sequence[Record]) -> None:
    repulsions = list(dict.fromkeys(row["U"] for row in table))
    for U, line in zip(repulsions, LINES, strict=False):
        for name in dict.fromkeys(row["channel"] for row in table):
            curve = [row for row in table if row["U"] == U and row["channel"] == name]
            x = [row["t_perp"] for row in curve]
            y = [None if row["V_perp"] is None else abs(row["V_perp"]) for row in curve]
            exchange = name == "s = dxy"
            axes.plot(
                x,
                series.numbers(y),
                color=STYLES[name],
                lw=1.6 if exchange else 1.0,
                ls=line,
                marker="." if len(curve) < 4 else None,
            )
    axes.set_ylim(-0.3, _LARGEST_ATTRACTION)
    axes.set_xlabel(r"$t_\perp$", fontsize=TEXT)
    axes.set_ylabel(r"$|V_\perp|$", fontsize=TEXT)


def _map(axes: Axes, t: float, t_perp: float, U: float, V_perp: float) -> Rows:
    model = interlayer_model(t, t_perp, V_perp, U)
    states = [s for c in model.channels if c.spin == "singlet" for s in solve_channel(model, c)]
    if not states:
        layout.name_panel(axes, "no bound pair")
        layout.hide([axes])
        return []
    state = min(states, key=lambda s: s.E)
    order = condensate_order_parameter(state, _GRID, 2.0 * math.pi)
    k, top = order.phases / math.pi, float(np.abs(order.gap).max())
    axes.imshow(
        order.gap.T,
        origin="lower",
        extent=(k[0], k[-1], k[0], k[-1]),
        cmap="RdBu_r",
        vmin=-top,
        vmax=top,
        interpolation="bilinear",
    )
    axes.contour(k, k, order.gap.T, colors=GREY, linewidths=0.8, levels=[0.0])
    axes.plot([-1, 1, 1, -1, -1], [-1, -1, 1, 1, -1], color="black", lw=0.7, ls="--")
    axes.set_xlabel(r"$k_x/\pi$", fontsize=SMALL)
    axes.set_ylabel(r"$k_y/\pi$", fontsize=SMALL)
    layout.name_panel(axes, f"{state.channel.name}: $|\\Delta_k|/\\sqrt{{n}} \\leq {top:.3g}$")
    return [
        {
            "kind": "order parameter",
            "t": t,
            "t_perp": t_perp,
            "channel": state.channel.name,
            "V_perp": V_perp,
            "E": state.E,
            "x": float(k[i]),
            "y": float(k[j]),
            "value": float(order.gap[i, j]),
            "anomalous": float(order.anomalous[i, j]),
        }
        for i, j in np.ndindex(order.gap.shape)
    ]
