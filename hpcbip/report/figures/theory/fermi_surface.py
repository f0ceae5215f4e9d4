"""λ_ME and Tc/Ω of the lattice models in Migdal–Eliashberg theory against the models' λ."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcbip.report.figures.theory.eliashberg import prepare_tc_axis
from hpcbip.report.plotting import layout, series
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import GREY, PAGE, TEXT, SeriesStyle
from hpcbip.report.tables import Record
from hpcbip.theory.eliashberg.tables import LARGEST_CONFIRMED_LAMBDA


def fermi_surface_figure(rows: Sequence[Record]) -> Picture:
    """Draw λ_ME and Tc/Ω of `hpcbip theory fermi-surface` against the model's λ, hollow where flagged.

    Args:
        rows: rows of `hpcbip.theory.eliashberg.fermi_surface_table`.
    """
    figure = layout.canvas(PAGE, 2.5)
    left, right = layout.panels(figure, 1, 2)[0]
    curves: dict[tuple[str, float], list[Record]] = {}
    for row in rows:
        curves.setdefault((row["coupling"], row["filling"]), []).append(row)
    for i, curve in enumerate(curves.values()):
        series_style, x = SeriesStyle.of(i), [row["lambda"] for row in curve]
        hollow = [bool(row["flags"]) for row in curve]
        for axes, name in ((left, "lambda_me"), (right, "tc_over_omega")):
            y = [row[name] if row[name] is not None and np.isfinite(row[name]) else None for row in curve]
            series.curve(axes, x, y, series_style)
            series.points(axes, x, y, [row[f"{name}_err"] for row in curve], series_style, hollow)
    labelled = [
        (f"{coupling}, filling {filling:g}", SeriesStyle.of(i))
        for i, (coupling, filling) in enumerate(curves)
    ]
    series.legend_entries(right, labelled)
    series.hollow_entry(right)
    left.axhline(LARGEST_CONFIRMED_LAMBDA, color=GREY, lw=0.6, ls="--", zorder=0.5)
    left.set_ylabel(r"$\lambda_\mathrm{ME}$", fontsize=TEXT)
    left.set_ylim(0.0, None)
    prepare_tc_axis(right)
    for axes in (left, right):
        axes.set_xlabel(r"$\lambda$", fontsize=TEXT)
    first = rows[0]
    where = rf"{first['lattice']}, $\Omega = {first['omega']:g}t$, $\mu^* = {first['mu_star']:g}$"
    layout.legend(figure, right, where)
    missing = sum(row["tc_over_omega"] is None for row in rows)
    caption = (
        "λ_ME from the Fermi surface, and the Tc/Ω of Migdal–Eliashberg theory at that λ_ME, against the "
        "model's λ. Hollow: a flag speaks against the point (not adiabatic, not resolved, or λ_ME above what "
        "Monte Carlo confirms, the dashed line). Dotted: the usual ceilings 0.05 and 0.1. "
        f"Points without a Tc ({missing}) are in the CSV only."
    )
    return Picture(figure, [dict(row) for row in rows], "The conventional ceiling", caption)
