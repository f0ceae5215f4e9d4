"""Figure 8: the cubic lattice with and without the Coulomb tail, bond-Peierls beside Holstein."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hpcbip.report.figures.dome import peak_doubtful
from hpcbip.report.papers import drawing
from hpcbip.report.papers.drawing import TC
from hpcbip.report.papers.figure import NoPoints, PaperFigure, missing_sentence
from hpcbip.report.papers.points import PointSeries, Wanted, conditions, wanted_series
from hpcbip.report.plotting import layout, series
from hpcbip.report.plotting.ceilings import CEILING_LABEL, draw_ceilings
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import COLOURS, PAGE, PALE, TEXT, SeriesStyle
from hpcbip.report.tables import Record
from hpcbip.statistics.notation import with_error
from hpcbip.superconductivity.peaks import Peak
from hpcbip.superconductivity.tops import UNBOUND_KIND
from hpcbip.vocabulary.entries import ERROR
from hpcbip.vocabulary.observables import MASS_BIPOLARON, RADIUS2
from hpcbip.vocabulary.parameters import LAMBDA

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_AXIS = LAMBDA.name
_LIGHT, _SMALL = 10.0, 3.0
"""m*/m0 and R² below which the published pairs are called light and small (PRB 108, L220502)."""

Maxima = Sequence[tuple[PointSeries, Peak]]


def tail_curves(lattice: str, ratios: Sequence[float], tail: float) -> list[Wanted]:
    """Return the curves of bond coupling at U = 8t with and without a Coulomb tail V (in t), per t/Ω."""
    wanted = []
    for number, ratio in enumerate(ratios):
        for marker, V, word in (("o", tail, f"V = {tail:g}t"), ("s", 0.0, "V = 0")):
            colour = COLOURS[2 * number + (V == 0.0)]
            where = conditions(lattice=lattice, coupling="bond", U=8.0, V=V, t_over_omega=ratio)
            label = rf"bond, $t/\Omega = {ratio:g}$, ${word}$"
            name = f"bond, t/Ω = {ratio:g}, {word}"
            wanted.append(Wanted(label, name, SeriesStyle(colour, marker), where))
    return wanted


CUBIC_CURVES = [
    *tail_curves("cubic", (1.0, 2.0), 0.8),
    *(
        Wanted(
            rf"Holstein, $t/\Omega = {ratio:g}$, $V = 0.8t$",
            f"Holstein, t/Ω = {ratio:g}, V = 0.8t",
            SeriesStyle.of(4 + number),
            conditions(lattice="cubic", coupling="holstein", U=8.0, V=0.8, t_over_omega=ratio),
        )
        for number, ratio in enumerate((1.0, 2.0))
    ),
]


def draw(records: Sequence[Record]) -> Picture:
    """Draw Tc/Ω against λ, and mass against size.

    Raises:
        NoPoints: if there are no points at all.
    """
    found, missing = wanted_series(records, CUBIC_CURVES)
    if not found:
        raise NoPoints("no points of the cubic lattice at U = 8t")
    figure = layout.canvas(PAGE, 2.9)
    left, right = layout.panels(figure, 1, 2)[0]
    published = drawing.draw_published(left, found)
    drawing.scale_tc(left, found, [one.value for one in published])
    for one in found:
        drawing.draw_points(left, one, _AXIS, TC)
        series.legend_entry(left, one.label, one.series_style)
    drawing.draw_off_scale(left, found, _AXIS, TC)
    maxima = drawing.draw_maxima(left, found, _AXIS)
    draw_ceilings(left, CEILING_LABEL)
    drawing.published_entries(left, published)
    drawing.hollow_entry(left, found, [TC])
    left.set_xlabel(r"$\lambda$", fontsize=TEXT)
    left.set_ylabel(r"$T_c/\Omega$", fontsize=TEXT)
    _draw_mass_against_size(right, found)
    layout.legend(figure, left, "cubic lattice, $U = 8t$")
    shifts = tail_shifts(maxima)
    caption = (
        "Left: Tc/Ω of bipolarons on the cubic lattice at U = 8t against λ = g²/(3Ωt) (Holstein: "
        "g²/(12Ωt)), with the Coulomb tail V/r and without it; Tc is that of the ideal Bose gas of "
        f"touching pairs. Right: their mass against R²; shaded: m* < {_LIGHT:g} m0 and R² < {_SMALL:g}."
        + drawing.HOLLOW_SENTENCE
        + " Dash-dotted: published heights of the maxima (figure, ±30 %)."
        + drawing.maxima_sentence(maxima)
        + shift_sentence(shifts)
        + missing_sentence(missing)
    )
    rows = drawing.point_rows(found, _AXIS) + drawing.peak_rows(maxima) + shifts
    rows += drawing.published_rows(published)
    return Picture(figure, rows, "The cubic lattice with and without the Coulomb tail", caption)


def _draw_mass_against_size(axes: Axes, found: Sequence[PointSeries]) -> None:
    drawing.scale_log(axes, found, MASS_BIPOLARON.name)
    for one in found:
        records = [r for r in one.along(_AXIS) if r[MASS_BIPOLARON.name] and r[RADIUS2.name]]
        x, y = ([record[name] for record in records] for name in (RADIUS2.name, MASS_BIPOLARON.name))
        hollow = [drawing.is_hollow(record, MASS_BIPOLARON.name) for record in records]
        series.curve(axes, x, y, one.series_style)
        series.points(axes, x, y, [r[MASS_BIPOLARON.name + ERROR] for r in records], one.series_style, hollow)
    low = axes.get_ylim()[0]
    axes.fill_between([0.0, _SMALL], low, _LIGHT, color=PALE, alpha=0.35, lw=0, zorder=0)
    axes.set_xscale("log")
    layout.log_axis(axes.xaxis)
    axes.set_xlabel("$R^2/a^2$", fontsize=TEXT)
    axes.set_ylabel(MASS_BIPOLARON.axis_label, fontsize=TEXT)


def tail_shifts(maxima: Maxima) -> drawing.Rows:
    """Return, per coupling and t/Ω, what the Coulomb tail does to the maximum: differences with errors."""
    groups: dict[tuple[str, float], dict[bool, Peak]] = {}
    for one, peak in maxima:
        first = one.records[0]
        if peak.kind == UNBOUND_KIND:
            continue
        groups.setdefault((first["coupling"], first["t"] / first["omega"]), {})[bool(first["V"])] = peak
    rows = []
    for (coupling, ratio), pair in groups.items():
        if len(pair) < 2:
            continue
        bare, tail = pair[False], pair[True]
        rows.append(
            {
                "kind": "effect of V",
                "curve": f"{coupling}, t/Ω = {ratio:g}",
                "x": tail.position - bare.position,
                "x_err": math.hypot(tail.position_err, bare.position_err),
                TC: tail.height - bare.height,
                TC + ERROR: math.hypot(tail.height_err, bare.height_err),
                "bound": tail.limit or bare.limit,
                "doubtful": peak_doubtful(tail) or peak_doubtful(bare),
                "flags": [*tail.flags, *bare.flags],
            }
        )
    return rows


def shift_sentence(shifts: drawing.Rows) -> str:
    """Return the sentence of a caption about what the Coulomb tail does, with a space before it."""
    parts = []
    for row in shifts:
        place, height = (with_error(row[name], row[name + "_err"]) for name in ("x", TC))
        doubt = " (a maximum is only a bound)" if row["bound"] else " (flagged)" if row["doubtful"] else ""
        parts.append(f"{row['curve']}: λ by {place}, height by {height}{doubt}")
    return f" The Coulomb tail moves the maximum: {'; '.join(parts)}." if parts else ""


CUBIC = PaperFigure(
    name="cubic",
    number="8",
    title="The cubic lattice and the Coulomb tail",
    message=(
        "On the cubic lattice too bond-Peierls bipolarons have a dome of Tc above the conventional ceiling; "
        "the unscreened Coulomb tail moves it to larger λ and lowers it. Holstein bipolarons at the same U "
        "and V stand beside them."
    ),
    campaigns=(
        "cubic-bond-1",
        "cubic-bond-2",
        "cubic-bond-1-V0",
        "cubic-bond-2-V0",
        "cubic-holstein-1",
        "cubic-holstein-2",
    ),
    draw=draw,
)
