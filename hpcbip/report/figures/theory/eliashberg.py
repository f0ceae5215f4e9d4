"""The conventional ceiling: Tc/Ω of Migdal–Eliashberg theory against λ_ME, and against λ of the lattice
models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hpcbip.report.figures import style
from hpcbip.report.figures.style import COLUMN, GREY, PAGE, TEXT, Look, Picture
from hpcbip.report.tables import Record
from hpcbip.theory.eliashberg.tables import LARGEST_CONFIRMED_LAMBDA, QUOTED_CEILINGS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CURVES = (("tc_over_omega", "Migdal–Eliashberg"), ("allen_dynes", "Allen–Dynes"), ("mcmillan", "McMillan"))
_LINES = ("-", "--", ":")


def eliashberg_figure(rows: Sequence[Record]) -> Picture:
    """Draw the rows of `hpcbip theory eliashberg`.

    Args:
        rows: with lambda_me, mu_star, tc_over_omega, allen_dynes, mcmillan.
    """
    figure = style.canvas(COLUMN, 2.5)
    axes = style.panels(figure)[0, 0]
    mu_stars = list(dict.fromkeys(row["mu_star"] for row in rows))
    for i, mu_star in enumerate(mu_stars):
        of_it = [row for row in rows if row["mu_star"] == mu_star]
        for (name, _), line in zip(CURVES, _LINES, strict=True):
            axes.plot(
                [row["lambda_me"] for row in of_it],
                [row[name] for row in of_it],
                color=Look.of(i).colour,
                ls=line,
                lw=1.4 if line == "-" else 0.9,
            )
        style.entry(axes, rf"$\mu^* = {mu_star:g}$", color=Look.of(i).colour, lw=1.4)
    for (_, label), line in zip(CURVES, _LINES, strict=True):
        style.entry(axes, label, color=GREY, ls=line, lw=1.0)
    _ceilings(axes)
    axes.set_xlabel(r"$\lambda_\mathrm{ME}$", fontsize=TEXT)
    style.legend(figure, axes)
    caption = "Tc/Ω of an Einstein phonon against λ_ME; dotted grey lines: the usual ceilings 0.05 and 0.1."
    return Picture(figure, [dict(row) for row in rows], "Migdal–Eliashberg", caption)


def ceiling_figure(rows: Sequence[Record]) -> Picture:
    """Draw the rows of `hpcbip theory fermi-surface`: λ_ME and Tc/Ω against the model's λ, hollow where
    flagged.

    Args:
        rows: of `hpcbip.theory.eliashberg.tables.fermi_surface_table`.
    """
    figure = style.canvas(PAGE, 2.5)
    left, right = style.panels(figure, 1, 2)[0]
    curves: dict[tuple[str, float], list[Record]] = {}
    for row in rows:
        curves.setdefault((row["coupling"], row["filling"]), []).append(row)
    for i, curve in enumerate(curves.values()):
        look, x = Look.of(i), [row["lambda"] for row in curve]
        hollow = [bool(row["flags"]) for row in curve]
        for axes, name in ((left, "lambda_me"), (right, "tc_over_omega")):
            y = [row[name] if row[name] is not None and np.isfinite(row[name]) else None for row in curve]
            style.curve(axes, x, y, look)
            style.points(axes, x, y, [row[f"{name}_err"] for row in curve], look, hollow)
    labelled = [
        (f"{coupling}, filling {filling:g}", Look.of(i)) for i, (coupling, filling) in enumerate(curves)
    ]
    style.look_entries(right, labelled)
    style.hollow_entry(right)
    left.axhline(LARGEST_CONFIRMED_LAMBDA, color=GREY, lw=0.6, ls="--", zorder=0.5)
    left.set_ylabel(r"$\lambda_\mathrm{ME}$", fontsize=TEXT)
    left.set_ylim(0.0, None)
    _ceilings(right)
    for axes in (left, right):
        axes.set_xlabel(r"$\lambda$", fontsize=TEXT)
    some = rows[0]
    where = rf"{some['lattice']}, $\Omega = {some['omega']:g}t$, $\mu^* = {some['mu_star']:g}$"
    style.legend(figure, right, where)
    missing = sum(row["tc_over_omega"] is None for row in rows)
    caption = (
        "λ_ME from the Fermi surface, and the Tc/Ω of Migdal–Eliashberg theory at that λ_ME, against the model's λ. "
        "Hollow: a flag speaks against the point (not adiabatic, not resolved, or λ_ME above what Monte Carlo "
        "confirms, the dashed line). Dotted: the usual ceilings 0.05 and 0.1. "
        f"Points without a Tc ({missing}) are in the CSV only."
    )
    return Picture(figure, [dict(row) for row in rows], "The conventional ceiling", caption)


def _ceilings(axes: Axes) -> None:
    for ceiling in QUOTED_CEILINGS:
        axes.axhline(ceiling, color=GREY, lw=0.6, ls=":", zorder=0.5)
    axes.set_ylabel(r"$T_c/\Omega$", fontsize=TEXT)
    axes.set_ylim(0.0, None)
