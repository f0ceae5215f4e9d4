"""Tc/Ω of Migdal–Eliashberg theory against λ_ME, beside the formulas of McMillan and of Allen and Dynes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hpcbip.report.plotting import layout, series
from hpcbip.report.plotting.ceilings import draw_ceilings
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import COLUMN, GREY, PALE, TEXT, SeriesStyle
from hpcbip.report.tables import Record
from hpcbip.theory.eliashberg.tables import LARGEST_CONFIRMED_LAMBDA

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CURVES = (("tc_over_omega", "Migdal–Eliashberg"), ("allen_dynes", "Allen–Dynes"), ("mcmillan", "McMillan"))
_LINES = ("-", "--", ":")


def eliashberg_figure(rows: Sequence[Record]) -> Picture:
    """Draw the rows of `hpcbip theory eliashberg`.

    Args:
        rows: rows of `hpcbip.theory.eliashberg.eliashberg_table`.
    """
    figure = layout.canvas(COLUMN, 2.5)
    axes = layout.panels(figure)[0, 0]
    mu_stars = list(dict.fromkeys(row["mu_star"] for row in rows))
    for i, mu_star in enumerate(mu_stars):
        curve = [row for row in rows if row["mu_star"] == mu_star]
        for (name, _), line in zip(CURVES, _LINES, strict=True):
            axes.plot(
                [row["lambda_me"] for row in curve],
                [row[name] for row in curve],
                color=SeriesStyle.of(i).colour,
                ls=line,
                lw=1.4 if line == "-" else 0.9,
            )
        series.entry(axes, rf"$\mu^* = {mu_star:g}$", color=SeriesStyle.of(i).colour, lw=1.4)
    for (_, label), line in zip(CURVES, _LINES, strict=True):
        series.entry(axes, label, color=GREY, ls=line, lw=1.0)
    prepare_tc_axis(axes)
    last = max(row["lambda_me"] for row in rows)
    if last > LARGEST_CONFIRMED_LAMBDA:
        axes.axvspan(LARGEST_CONFIRMED_LAMBDA, 2.0 * last, color=PALE, alpha=0.35, lw=0, zorder=0)
    axes.set_xlim(0.0, last)
    axes.set_xlabel(r"$\lambda_\mathrm{ME}$", fontsize=TEXT)
    layout.legend(figure, axes)
    caption = (
        "Tc/Ω of an Einstein phonon against λ_ME; dotted grey: the usual ceilings 0.05 and 0.1. Shaded: "
        f"λ_ME above {LARGEST_CONFIRMED_LAMBDA:g}, where Monte Carlo does not confirm the theory."
    )
    return Picture(figure, [dict(row) for row in rows], "Migdal–Eliashberg", caption)


def prepare_tc_axis(axes: Axes) -> None:
    """Label the axis of Tc/Ω, begin it at zero, and draw the conventional ceilings."""
    draw_ceilings(axes)
    axes.set_ylabel(r"$T_c/\Omega$", fontsize=TEXT)
    axes.set_ylim(0.0, None)
