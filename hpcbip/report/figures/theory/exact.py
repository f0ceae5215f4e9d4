"""Exact diagonalisation: mass and energy against the coupling, and the polaron that leaves K = 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hpcbip.messages import counted
from hpcbip.report.plotting import layout, series, style
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import COLUMN, PAGE, TEXT, SeriesStyle
from hpcbip.report.tables import Record
from hpcbip.theory.exact.critical import CriticalLambda, sharp_transition

HOLLOW_MASS_ERROR = 0.05
"""Relative error of the mass from which a point is drawn hollow."""


def exact_figure(rows: Sequence[Record]) -> Picture:
    """Draw the rows of `hpcbip theory exact`: mass and energy against λ (or g), one curve per coupling and U.

    Args:
        rows: rows of `hpcbip.theory.exact.exact_table`.
    """
    axis = "lambda" if all(row["lambda"] is not None for row in rows) else "g"
    figure = layout.canvas(PAGE, 2.6)
    left, right = layout.panels(figure, 1, 2)[0]
    curves: dict[tuple[str, float], list[Record]] = {}
    for row in rows:
        curves.setdefault((row["coupling"], row["U"]), []).append(row)
    for i, curve in enumerate(curves.values()):
        series_style, x = SeriesStyle.of(i), [row[axis] for row in curve]
        hollow = [uncertain(row) for row in curve]
        for axes, name in ((left, "mass"), (right, "E")):
            y = [row[name] if name == "E" or bound(row) else None for row in curve]
            series.curve(axes, x, y, series_style)
            series.points(axes, x, y, [row[f"{name}_err"] for row in curve], series_style, hollow)
    masses = [row["mass"] for row in rows if row["mass"] is not None and bound(row)]
    if masses and min(masses) > 0.0 and max(masses) > 5.0 * min(masses):
        left.set_yscale("log")
        left.set_ylim(0.7 * min(masses), 1.5 * max(masses))
        layout.log_axis(left.yaxis)
    pair = rows[0]["electrons"] == 2
    left.set_ylabel(r"$m^*/m_0$" if pair else r"$m^*/m_e$", fontsize=TEXT)
    right.set_ylabel("$E$", fontsize=TEXT)
    for axes in (left, right):
        axes.set_xlabel(r"$\lambda$" if axis == "lambda" else "$g$", fontsize=TEXT)
    labels = [f"{coupling}, $U = {U:g}$" if pair else coupling for coupling, U in curves]
    series.legend_entries(right, [(label, SeriesStyle.of(i)) for i, label in enumerate(labels)])
    series.hollow_entry(right, f"hollow: error of the mass above {100 * HOLLOW_MASS_ERROR:g} %, or unknown")
    unbound = sum(not bound(row) for row in rows)
    layout.legend(
        figure, right, rf"{rows[0]['lattice']}, $t = {rows[0]['t']:g}$, $\Omega = {rows[0]['omega']:g}$"
    )
    caption = (
        "Mass and energy of the lowest state against the coupling; errors from the convergence of the space. "
        f"Hollow: the mass is known no better than {100 * HOLLOW_MASS_ERROR:g} %. No mass is drawn where no "
        f"bound pair is resolved ({counted(unbound, 'point')})."
    )
    return Picture(figure, [dict(row) for row in rows], "Exact diagonalisation", caption)


def bound(row: Record) -> bool:
    """Whether the mass has a meaning: for two electrons only if the binding energy exceeds its error."""
    if row["electrons"] == 1:
        return True
    binding, error = row["binding_energy"], row["binding_energy_err"]
    return binding is not None and error is not None and binding > error


def uncertain(row: Record) -> bool:
    """Whether the mass is known no better than `HOLLOW_MASS_ERROR`."""
    mass, error = row["mass"], row["mass_err"]
    return mass is None or error is None or not error < HOLLOW_MASS_ERROR * abs(mass)


def critical_figure(critical: CriticalLambda, omega: float) -> Picture:
    """Draw K of the lowest state and m_e/m* at K = 0 of the site-Peierls polaron on the chain against λ.

    Args:
        critical: result of `hpcbip.theory.exact.critical_lambda`.
        omega: Ω/t.
    """
    middle = float(critical.lam.value or np.nan)
    near = middle + np.array([1e-4, 5e-4, 2e-3, 5e-3, 0.01, 0.02, 0.04])
    rows = sharp_transition(sorted([*np.linspace(0.05, 2.0 * middle, 12).tolist(), *near.tolist()]), omega)
    figure = layout.canvas(COLUMN, 2.5)
    axes = layout.panels(figure)[0, 0]
    x = [row["lambda"] for row in rows]
    axes.plot(
        x,
        [abs(row["K"] or 0.0) / np.pi for row in rows],
        color=SeriesStyle.of(0).colour,
        lw=1.4,
        label=r"$K/\pi$ of the lowest state",
    )
    axes.plot(
        x,
        [row["inverse_mass_0"] for row in rows],
        color=SeriesStyle.of(1).colour,
        lw=1.0,
        ls="--",
        label=r"$m_e/m^*$ at $K = 0$",
    )
    axes.axvline(middle, color=style.GREY, lw=0.6, ls=":")
    axes.axhline(0.0, color=style.PALE, lw=0.5, zorder=0.5)
    axes.set_xlabel(r"$\lambda = 2g^2/(\Omega t)$", fontsize=TEXT)
    layout.legend(figure, axes, rf"site-Peierls polaron, $\Omega = {omega:g}t$")
    caption = (
        f"The site-Peierls polaron on the chain leaves K = 0 at λ = {middle:.6f} (dotted), where m_e/m* at "
        "K = 0 changes its sign."
    )
    data: list[dict[str, Any]] = [dict(row) for row in rows]
    return Picture(figure, data, "The polaron that leaves K = 0", caption)
