"""Figure 6: Tc/Ω against λ on the square lattice, bond-Peierls beside Holstein and Migdal–Eliashberg."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hpcbip.report.figures.curves import curves
from hpcbip.report.papers import drawing
from hpcbip.report.papers.drawing import TC
from hpcbip.report.papers.figure import NoPoints, PaperFigure, missing_sentence
from hpcbip.report.papers.points import (
    PREFACTOR_SENTENCE,
    PointSeries,
    Wanted,
    conditions,
    points_of,
    series_of_curves,
    wanted_series,
)
from hpcbip.report.plotting import layout, series
from hpcbip.report.plotting.ceilings import CEILING_LABEL, draw_ceilings
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import PAGE, SMALL, TEXT, SeriesStyle
from hpcbip.report.tables import Record
from hpcbip.superconductivity.scans import axis_value
from hpcbip.theory.eliashberg.tables import model_line
from hpcbip.vocabulary.parameters import LAMBDA

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_AXIS = LAMBDA.name
FILLING = 0.5
"""Electrons per site in Migdal–Eliashberg theory."""
_TEMPERATURES = np.concatenate([np.geomspace(1e-4, 0.01, 10), np.linspace(0.015, 0.2, 20)])
DOME_RATIOS = ((1.0, "1"), (2.0, "2"), (10.0 / 3.0, "10/3"), (5.0, "5"))
"""t/Ω of the domes, as numbers and as text."""
_PLAIN = conditions(lattice="square", V=0.0)

DOME_CURVES = [
    *(
        Wanted(
            rf"bond, $t/\Omega = {text}$",
            f"bond, t/Ω = {text}",
            SeriesStyle.of(number),
            conditions(**_PLAIN, coupling="bond", U=8.0, t_over_omega=ratio),
        )
        for number, (ratio, text) in enumerate(DOME_RATIOS)
    ),
    *(
        Wanted(
            rf"Holstein, $t/\Omega = {text}$, $U = 0$",
            f"Holstein, t/Ω = {text}, U = 0",
            SeriesStyle.of(len(DOME_RATIOS) + number),
            conditions(**_PLAIN, coupling="holstein", U=0.0, t_over_omega=ratio),
        )
        for number, (ratio, text) in enumerate(DOME_RATIOS[:2])
    ),
]


def conventional_line(coupling: str) -> drawing.Rows:
    """Tabulate Tc/Ω of Migdal–Eliashberg theory against λ on the square lattice (`model_line`).

    Args:
        coupling: bond or holstein.
    """
    return model_line("square", coupling, FILLING, _TEMPERATURES.tolist())


def draw(records: Sequence[Record]) -> Picture:
    """Draw all domes on one pair of axes, and beside them what U does to Holstein bipolarons.

    Raises:
        NoPoints: if there is no dome.
    """
    found, missing = wanted_series(records, DOME_CURVES)
    if not found:
        raise NoPoints("no points of the square lattice at U = 8t (bond) or U = 0 (Holstein)")
    figure = layout.canvas(PAGE, 3.1)
    main, side = layout.panels(figure, 1, 2, width_ratios=(1.45, 1.0))[0]
    published = [value for one in found for value in drawing.published_of(one)]
    drawing.scale_tc(main, found, [one.value for one in published])
    for one in found:
        drawing.draw_points(main, one, _AXIS, TC)
        series.legend_entry(main, one.label, one.series_style)
    drawing.draw_published(main, found)
    drawing.draw_off_scale(main, found, _AXIS, TC)
    maxima = drawing.draw_maxima(main, found, _AXIS)
    places = [axis_value(record, _AXIS) for one in found for record in one.records]
    places += [(one.lam_value or 0.0) + one.lam_error for one in published]
    main.set_xlim(0.0, 1.08 * max(places))
    lines = _draw_conventional(main)
    draw_ceilings(main, CEILING_LABEL)
    drawing.published_entries(main, published)
    drawing.hollow_entry(main, found, [TC])
    with_repulsion = _draw_holstein(side, records)
    for axes in (main, side):
        axes.set_xlabel(r"$\lambda$", fontsize=TEXT)
        axes.set_ylabel(r"$T_c/\Omega$", fontsize=TEXT)
    layout.name_panel(main, "square lattice; bond: $U = 8t$")
    layout.name_panel(side, "Holstein: what $U$ does to it")
    layout.legend(figure, main)
    caption = (
        "Tc/Ω of bond-Peierls bipolarons at U = 8t and of Holstein bipolarons on the square lattice "
        "against λ (bond g²/(2Ωt), Holstein g²/(8Ωt)). Black and grey lines: Migdal–Eliashberg theory of "
        f"the same two models at {FILLING:g} electrons per site and μ* = 0.12, dashed where λ_ME > 0.4 is "
        "not confirmed."
        + PREFACTOR_SENTENCE
        + drawing.HOLLOW_SENTENCE
        + drawing.PUBLISHED_SENTENCE
        + drawing.maxima_sentence(maxima)
        + missing_sentence(missing)
    )
    rows = drawing.point_rows([*found, *with_repulsion], _AXIS) + drawing.peak_rows(maxima)
    rows += drawing.published_rows(published) + lines
    return Picture(figure, rows, "Tc against λ: bond-Peierls, Holstein, Migdal–Eliashberg", caption)


def _draw_conventional(axes: Axes) -> drawing.Rows:
    """Draw Tc of Migdal–Eliashberg theory of both models, dashed where it is not confirmed."""
    rows: drawing.Rows = []
    for coupling, word, colour in (("bond", "bond", "black"), ("holstein", "Holstein", "0.55")):
        line = conventional_line(coupling)
        x, y = (np.array([row[name] for row in line]) for name in (_AXIS, TC))
        confirmed = np.array([row["confirmed"] for row in line])
        axes.plot(x, y, color=colour, lw=0.9, ls=(0, (4, 2)), zorder=0.8)
        axes.plot(x[confirmed], y[confirmed], color=colour, lw=1.3, zorder=0.8)
        series.entry(axes, f"Migdal–Eliashberg, {word}", color=colour, lw=1.0, ls=(0, (4, 2)))
        rows += [{"kind": "Migdal–Eliashberg", "curve": word, "x": row[_AXIS], **row} for row in line]
    return rows


def _draw_holstein(axes: Axes, records: Sequence[Record]) -> list[PointSeries]:
    """Draw Tc of Holstein bipolarons, one curve per t/Ω and U; returns the curves."""
    ratios = [ratio for ratio, _ in DOME_RATIOS]
    chosen = points_of(records, **_PLAIN, coupling="holstein", t_over_omega=ratios)
    found = [one for one in series_of_curves(curves(chosen, _AXIS)) if any(r[TC] for r in one.records)]
    drawing.scale_tc(axes, found)
    axes.set_ylim(0.0, 1.3 * axes.get_ylim()[1])  # room for the legend
    for one in found:
        drawing.draw_points(axes, one, _AXIS, TC)
        series.legend_entry(axes, one.label or one.name, one.series_style)
    drawing.draw_off_scale(axes, found, _AXIS, TC)
    draw_ceilings(axes)
    if found:
        axes.legend(fontsize=SMALL - 1.0, frameon=False, loc="upper right", ncols=2, handlelength=1.4)
    else:
        drawing.say_no_points(axes)
    return found


DOMES = PaperFigure(
    name="domes",
    number="6",
    title="Tc against λ",
    message=(
        "Bond-Peierls bipolarons have a dome of Tc far above the conventional ceiling and above "
        "Migdal–Eliashberg theory of the same model where that is confirmed, and its top moves to smaller "
        "λ as t/Ω grows. Holstein bipolarons come near it only without repulsion, where within a "
        "narrow range of λ a large light pair becomes a small heavy one, and U lowers them."
    ),
    campaigns=(
        "square-bond-1",
        "square-bond-2",
        "square-bond-3.3",
        "square-bond-5",
        "square-holstein-1",
        "square-holstein-2",
    ),
    draw=draw,
)
