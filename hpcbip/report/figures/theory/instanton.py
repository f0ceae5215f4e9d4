"""Instantons: distortion of minimum and saddle, barriers, actions against λ and beside Monte Carlo masses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.report.plotting import layout, series
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import COLOURS, COLUMN, PAGE, SMALL, TEXT, SeriesStyle
from hpcbip.theory.instanton.scaling import (
    POINTS_OF_POWER_LAW,
    MassComparison,
    fit_power_law,
    mass_comparison_table,
)
from hpcbip.theory.instanton.surface import AdiabaticSurface
from hpcbip.theory.instanton.tunnelling import Instanton

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Rows = list[dict[str, Any]]


def instanton_figure(shown: Instanton, scans: Sequence[tuple[str, Sequence[Instanton]]]) -> Picture:
    """Draw the distortion of minimum and saddle, the barrier, and s against λ with a fit from four λ on.

    Args:
        shown: the instanton whose distortion and barrier are drawn, with its minimum-energy path.
        scans: label and instantons of each curve of s.
    """
    figure = layout.canvas(PAGE, 5.6)
    grid = layout.panels(figure, 2, 2)
    rows: Rows = []
    for axes, point, title in ((grid[0, 0], shown.minimum, "minimum"), (grid[0, 1], shown.saddle, "saddle")):
        rows += draw_distortion(axes, shown.surface, point.x, title)
    rows += _profiles(grid[1, 0], shown)
    for i, (label, found) in enumerate(scans):
        rows += _actions(grid[1, 1], label, found, SeriesStyle.of(i))
    grid[1, 1].set(xscale="log", yscale="log")
    grid[1, 1].set_xlabel(r"$\lambda$", fontsize=TEXT)
    grid[1, 1].set_ylabel(r"$s = S\Omega/t$", fontsize=TEXT)
    for axes, place in zip(grid[1], ("upper left", "lower right"), strict=True):
        axes.legend(fontsize=SMALL - 1.0, frameon=False, loc=place)
    caption = (
        "Above: electron density (discs) and change of the hopping or level (width of the lines) in the "
        "self-trapped minimum and at the saddle. Below: energy along the path of lowest energy and that of "
        "least action; the action against λ with its power, whose error says how far it is from a pure one."
    )
    return Picture(figure, rows, "Instantons", caption)


def comparison_figure(
    found: Sequence[MassComparison], surface: AdiabaticSurface, t_over_omega: float
) -> Picture:
    """Draw ln m* of Monte Carlo with errors and S(λ), hollow where flagged.

    Args:
        found: comparisons in the order of λ.
        surface: the parameters named in the title.
        t_over_omega: t/Ω.
    """
    figure = layout.canvas(COLUMN, 2.5)
    axes = layout.panels(figure)[0, 0]
    lam = [one.mass.lam for one in found]
    hollow = [bool(one.mass.flags) for one in found]
    series.points(
        axes,
        lam,
        [one.log_mass for one in found],
        [one.log_mass_err for one in found],
        SeriesStyle.of(0),
        hollow,
    )
    axes.plot(
        series.numbers(lam),
        series.numbers([one.action for one in found]),
        "s-",
        color=COLOURS[1],
        ms=3.0,
        lw=1.0,
        label=r"$S(\lambda)$, instanton",
    )
    series.legend_entry(axes, r"$\ln m^*$, Monte Carlo", SeriesStyle.of(0))
    if any(hollow):
        series.hollow_entry(axes)
    axes.set_xlabel(r"$\lambda$", fontsize=TEXT)
    axes.set_ylabel(r"$\ln m^*$, $S$", fontsize=TEXT)
    U = f", $U = {surface.U:g}t$" if surface.sector == "bipolaron" else ""
    words = f"{surface.lattice}, {surface.coupling}, {surface.sector}{U}, $t/\\Omega = {t_over_omega:g}$"
    layout.legend(figure, axes, words)
    caption = (
        "Logarithm of the Monte Carlo mass with its error (hollow: flagged) and the tunnelling action S. The "
        "prefactor of m* is not in S: slopes are to be compared, not values. No S where the carriers are not "
        "trapped."
    )
    return Picture(figure, mass_comparison_table(found), "Masses beside instantons", caption)


def draw_distortion(axes: Axes, surface: AdiabaticSurface, x: NDArray[np.float64], title: str) -> Rows:
    """Draw the density of the electrons (discs) and the change of hopping or level (width of the lines).

    Args:
        axes: to draw on.
        surface: the energy surface.
        x: the field, shape (modes,).
        title: what it is a picture of.

    Returns:
        rows of density and change with their places.
    """
    data = bond_picture(surface, x)
    largest = float(np.abs(data["change"]).max())
    for start, stop, change in zip(data["starts"], data["stops"], data["change"], strict=True):
        ends = np.array([start, stop]).T
        axes.plot(*ends, color=COLOURS[1], lw=0.3 + 5.0 * abs(change) / largest, marker=".", ms=1)
    axes.scatter(
        data["sites"][:, 0], data["sites"][:, 1], 4.0 + 220.0 * data["density"], COLOURS[0], zorder=3
    )
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_axis_off()
    layout.name_panel(axes, f"{title}, $\\lambda$ = {surface.lam:g}; largest change {largest:.2g} t")
    sites = [
        {"kind": f"{title}: density", "x": x, "y": y, "value": value}
        for (x, y), value in zip(data["sites"].tolist(), data["density"].tolist(), strict=True)
    ]
    middles = 0.5 * (data["starts"] + data["stops"])
    return sites + [
        {"kind": f"{title}: change", "x": x, "y": y, "value": value}
        for (x, y), value in zip(middles.tolist(), data["change"].tolist(), strict=True)
    ]


def _profiles(axes: Axes, shown: Instanton) -> Rows:
    rows: Rows = []
    lines = (
        (shown.minimum_energy_path, "lowest in energy", COLOURS[0]),
        (shown.least_action_path, "least action", COLOURS[1]),
    )
    for line, label, colour in lines:
        if line is not None:
            x = line.length / line.length[-1]
            axes.plot(x, line.profile, color=colour, label=f"{label}: s = {line.action:.3f}")
            rows += [
                {"kind": label, "lambda": shown.surface.lam, "x": a, "value": b}
                for a, b in zip(x.tolist(), line.profile.tolist(), strict=True)
            ]
    axes.set_xlabel("length along the path", fontsize=TEXT)
    axes.set_ylabel(r"$(v - v_\mathrm{min})/t$", fontsize=TEXT)
    axes.margins(y=0.25)
    return rows


def _actions(axes: Axes, label: str, found: Sequence[Instanton], series_style: SeriesStyle) -> Rows:
    lams, actions = [each.surface.lam for each in found], [each.least_action_path.action for each in found]
    fitted = len(found) >= POINTS_OF_POWER_LAW
    axes.plot(lams, actions, "o", ms=3, color=series_style.colour, label=None if fitted else label)
    if fitted:
        fit = fit_power_law(lams, actions)
        ends = np.array([fit.lam_from, fit.lam_to])
        text = f"{label}: p = {fit.p:.2f} ± {fit.p_err:.2f}"
        axes.plot(ends, fit.c * ends**fit.p, color=series_style.colour, lw=1, label=text)
    return [
        {"kind": f"action: {label}", "lambda": lam, "value": s} for lam, s in zip(lams, actions, strict=True)
    ]


def bond_picture(surface: AdiabaticSurface, x: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Lay out a field for drawing, centred in the cluster.

    Returns:
        `sites` (sites, 2) and their `density`; `starts`, `stops` (modes, 2) of the bonds (Holstein: both the
        site) and y = √(2Λ) x on them as `change`.
    """
    middle = (surface.size // 2,) * surface.dimension
    moved = surface.translated(x, middle)
    grid = np.stack(np.meshgrid(*[np.arange(surface.size)] * surface.dimension, indexing="ij"), -1)
    place = np.zeros((surface.sites, 2))
    place[:, : surface.dimension] = grid.reshape(surface.sites, -1)
    starts, stops = place[surface.ends[0]], place[surface.ends[1]].copy()
    if surface.coupling == "bond":
        for axis in range(surface.dimension):
            of_axis = slice(axis * surface.sites, (axis + 1) * surface.sites)
            stops[of_axis] = starts[of_axis] + np.eye(2)[axis]
    density = surface.density(moved).ravel()
    return {
        "sites": place,
        "density": density,
        "starts": starts,
        "stops": stops,
        "change": np.sqrt(2.0 * surface.strength) * moved,
    }
