"""Two electrons without phonons: pairs in real space and in k space, and how they depend on the model."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.report.plotting import layout, series
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import COLOURS, COLUMN, GREY, PAGE, SMALL, TEXT, SeriesStyle
from hpcbip.report.tables import Record
from hpcbip.theory.pair.lattices import PAIR_LATTICES
from hpcbip.theory.pair.model import PairModel
from hpcbip.theory.pair.order_parameter import condensate_order_parameter
from hpcbip.theory.pair.solver import BoundPair, bound_states

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
Rows = list[dict[str, Any]]

_MOST = 4  # states that are drawn
_REACH = 3  # sites along each primitive vector
_GRID = 61  # points along each phase
_SYMBOLS = {"t_prime": "t'", "t_perp": r"t_\perp", "V2": "V_2", "V3": "V_3", "V_perp": r"V_\perp"}
_SCAN = (
    ("binding_energy", "binding energy / $|t|$"),
    ("mass", "$m^*/m_0$"),
    ("pair_distance2", r"$\langle r^2\rangle$"),
)


def pair_figure(models: Sequence[PairModel], rows: Sequence[Record]) -> Picture:
    """Draw the pairs of one model with their order parameter, or how the pairs of several models vary.

    Args:
        models: models on one lattice.
        rows: rows of `hpcbip.theory.pair.pair_table` for all of them.
    """
    return _pairs(models[0]) if len(models) == 1 else _scan(rows)


def _pairs(model: PairModel) -> Picture:
    """Draw ψ(r) above, Δ(k) and F(k) below, one column per bound state."""
    states, d = bound_states(model), model.place.dimension
    shown, below = states[:_MOST], not any(model.K)
    columns, down = max(1, len(shown)), 1 + below
    figure = layout.canvas(max(COLUMN, 1.75 * columns), 1.8 * down)
    grid = layout.panels(figure, down, columns)
    rows: Rows = []
    for column, state in enumerate(shown):
        words = {"channel": state.channel.name, "level": state.level, "E": state.E}
        layout.name_panel(grid[0, column], f"{state.channel.name}: $E = {state.E:.4g}\\,|t|$")
        rows += [{**words, **row} for row in _real_space(grid[0, column], state)]
        if below:
            rows += [{**words, **row} for row in _momentum_space(grid[1, column], state, not column)]
    if not shown:
        layout.name_panel(grid[0, 0], "no bound pair")
        layout.hide(grid.ravel())
    caption = f"The {len(shown)} lowest of {len(states)} bound states. Above: the wave function of r1 - r2"
    caption += "." if d == 1 else "; area: its square, relative to the largest; colour: its sign."
    if below:
        caption += " Below: the order parameter of their dilute condensate, Δ(k)/√n"
        caption += (
            " and F(k)/√n."
            if d == 1
            else " as colour (red and blue: signs), its nodes grey, F(k) as contours."
        )
    if d == 3:
        caption += (
            " Above is the layer that holds most of the pair, named where it is not z = 0; below, k_z = 0."
        )
    return Picture(figure, rows, "Pairs and their order parameter", caption)


def _real_space(axes: Axes, state: BoundPair) -> Rows:
    place = state.model.place
    near = range(-_REACH, _REACH + 1)
    plane = itertools.product(near, repeat=min(place.dimension, 2))
    sites = np.array([[*site, 0][: place.dimension] for site in plane])
    psi = state.wave_function(sites)
    if place.dimension == 3:
        next_layer = sites + np.array([0, 0, 1])
        psi_next = state.wave_function(next_layer)
        if psi_next @ psi_next > psi @ psi:
            sites, psi = next_layer, psi_next
            layout.name_panel(axes, f"{axes.get_title()}, $z = {place.primitive[2][2]:g}$")
    position = sites @ np.array(place.primitive)
    inside = (np.abs(position) <= np.minimum(position.max(axis=0), -position.min(axis=0)) + 1e-9)[:, :2]
    position, psi = position[inside.all(axis=1)], psi[inside.all(axis=1)]  # as far to all sides
    if place.dimension == 1:
        axes.bar(position[:, 0], psi, 0.7, color=COLOURS[0])
        axes.axhline(0.0, color=GREY, lw=0.5)
        axes.set_xlabel("$r$", fontsize=SMALL)
        return [
            {"kind": "psi", "x": x, "value": y}
            for x, y in zip(position[:, 0].tolist(), psi.tolist(), strict=True)
        ]
    from matplotlib.collections import EllipseCollection

    largest = float(np.abs(psi).max())
    width, colour = 0.95 * np.abs(psi) / largest, np.where(psi > 0.0, COLOURS[0], COLOURS[1])
    discs = EllipseCollection(
        width,
        width,
        np.zeros(len(width)),
        units="xy",
        offsets=position[:, :2],
        offset_transform=axes.transData,
        facecolors=list(colour),
        lw=0,
        zorder=3,
    )
    axes.add_collection(discs)
    axes.scatter(position[:, 0], position[:, 1], 0.8, GREY, lw=0, zorder=2)
    edge = np.abs(position[:, :2]).max(axis=0) + 0.6
    axes.set(aspect="equal", xlim=(-edge[0], edge[0]), ylim=(-edge[1], edge[1]), xticks=[], yticks=[])
    return [
        {"kind": "psi", "x": x, "y": y, "value": value}
        for (x, y), value in zip(position[:, :2].tolist(), psi.tolist(), strict=True)
    ]


def _momentum_space(axes: Axes, state: BoundPair, first: bool) -> Rows:
    order = condensate_order_parameter(state, _GRID)
    k = order.phases / np.pi
    square = state.model.lattice in ("square", "cubic", "bct")
    names = ("$k_x/\\pi$", "$k_y/\\pi$") if square else ("$k_1/\\pi$", "$k_2/\\pi$")
    if order.gap.ndim == 1:
        axes.plot(k, order.gap, color=COLOURS[0], lw=1.2, label="$\\Delta_k/\\sqrt{n}$")
        axes.plot(k, order.anomalous, color=COLOURS[1], lw=1.0, ls="--", label="$F_k/\\sqrt{n}$")
        axes.axhline(0.0, color=GREY, lw=0.5)
        axes.set_xlabel("$k/\\pi$", fontsize=SMALL)
        axes.legend(fontsize=SMALL - 1, frameon=False)
    else:
        top = float(np.abs(order.gap).max())
        top = top if top > 1e-9 else 0.0  # rounding, where the pair is odd in z
        axes.imshow(
            order.gap.T,
            origin="lower",
            extent=(-1, 1, -1, 1),
            cmap="RdBu_r",
            vmin=-top or -1.0,
            vmax=top or 1.0,
        )
        if top:
            axes.contour(k, k, order.anomalous.T, colors="black", linewidths=0.5, levels=7)
            if order.gap.min() < -1e-9 * top and order.gap.max() > 1e-9 * top:
                axes.contour(k, k, order.gap.T, colors=GREY, linewidths=1.0, levels=[0.0])
        axes.set_xlabel(names[0], fontsize=SMALL)
        axes.set_ylabel(names[1] if first else "", fontsize=SMALL)
        largest = f"$|\\Delta_k|/\\sqrt{{n}} \\leq {top:.3g}\\,|t|$"
        layout.name_panel(axes, largest if top else "zero at $k_z = 0$")
    return [
        {
            "kind": "order parameter",
            "x": float(place[0]),
            "y": float(place[1]) if len(place) > 1 else None,
            "value": float(order.gap[index]),
            "anomalous": float(order.anomalous[index]),
        }
        for index in np.ndindex(order.gap.shape)
        for place in [tuple(k[i] for i in index)]
    ]


def _scan(rows: Sequence[Record]) -> Picture:
    """Draw binding energy, mass and size against the first parameter that varies.

    Each channel, level and set of the other parameters has a curve.
    """
    place = PAIR_LATTICES[rows[0]["lattice"]]
    parameters = ("U", *place.shell_names, *place.hop_names)
    varied = [name for name in parameters if len({row.get(name) for row in rows}) > 1]
    x, others = (varied or ["U"])[0], varied[1:]
    figure = layout.canvas(PAGE, 2.3)
    panels = layout.panels(figure, 1, len(_SCAN))[0]
    curves: dict[tuple[Any, ...], list[Record]] = {}
    for row in rows:
        if row["E"] is not None and row[x] != "inf":
            curves.setdefault((row["channel"], row["level"], *(row[name] for name in others)), []).append(row)
    for i, curve in enumerate(curves.values()):
        for axes, (name, _) in zip(panels, _SCAN, strict=True):
            series_style = SeriesStyle.of(i)
            axes.plot(
                series.numbers([row[x] for row in curve]),
                series.numbers([row[name] for row in curve]),
                series_style.marker,
                ls="-",
                ms=2.0,
                color=series_style.colour,
                lw=1.0,
            )
    for axes, (name, label) in zip(panels, _SCAN, strict=True):
        axes.set_xlabel(f"${_SYMBOLS.get(x, x)}/|t|$", fontsize=TEXT)
        axes.set_ylabel(label, fontsize=TEXT)
        if name == "binding_energy":
            axes.set_ylim(0.0, None)
        elif any(row[name] is not None for curve in curves.values() for row in curve):
            axes.set_yscale("log")
            layout.log_axis(axes.yaxis)
    series.legend_entries(
        panels[0], [(_label(key, others), SeriesStyle.of(i)) for i, key in enumerate(curves)]
    )
    fixed = [
        f"${_SYMBOLS.get(name, name)} = {_text(rows[0][name])}$"
        for name in parameters
        if name in rows[0] and name not in varied and rows[0][name] and (name, rows[0][name]) != ("t", 1.0)
    ]
    layout.legend(figure, panels[0], ", ".join([rows[0]["lattice"], *fixed]))
    caption = (
        f"Binding energy, mass and size of the bound states against {x}, by symmetry channel; exact. A curve "
        "begins where its state leaves the band. Energies in |t|."
    )
    return Picture(figure, [dict(row) for row in rows], f"Pairs against {x}", caption)


def _label(key: tuple[Any, ...], others: Sequence[str]) -> str:
    channel, level, *values = key
    parts = [channel if level == 0 else f"{channel}, level {level}"]
    parts += [f"${_SYMBOLS.get(n, n)} = {_text(v)}$" for n, v in zip(others, values, strict=True)]
    return ", ".join(parts)


def _text(value: float | str) -> str:
    return r"\infty" if value == "inf" else f"{value:g}"
