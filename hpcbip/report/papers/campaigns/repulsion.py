"""Figure 7: what the Hubbard repulsion does to Tc, mass, size and binding energy."""

from __future__ import annotations

from collections.abc import Sequence

from hpcbip.report.figures.curves import Curve, curves
from hpcbip.report.papers import drawing
from hpcbip.report.papers.drawing import TC
from hpcbip.report.papers.figure import NoPoints, PaperFigure, missing_sentence
from hpcbip.report.papers.points import PREFACTOR_SENTENCE, points_of, series_of_curves
from hpcbip.report.plotting import layout, series, style
from hpcbip.report.plotting.ceilings import CEILING_LABEL, draw_ceilings
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import MAX_COLOURED, PAGE, TEXT
from hpcbip.report.tables import Record
from hpcbip.vocabulary.observables import BINDING_ENERGY, MASS_BIPOLARON, RADIUS2
from hpcbip.vocabulary.parameters import U

REPULSION_RATIOS = [1.0, 2.0, 10.0 / 3.0]
"""t/Ω of the curves along U."""
_LEAST_POINTS = 3  # of a curve
_COUPLINGS = ("bond", "holstein")


def draw(records: Sequence[Record]) -> Picture:
    """Draw Tc/Ω, m*, R² and Δ against U/t, one curve per coupling, t/Ω and λ.

    Raises:
        NoPoints: if there is no curve of at least three U.
    """
    lines, missing = _lines(records)
    if not lines:
        raise NoPoints(f"no curve of {_LEAST_POINTS} or more U in the points")
    found = series_of_curves(style.sorted_to_front(lines, _highest))
    figure = layout.canvas(PAGE, 4.4)
    grid = layout.panels(figure, 2, 2, sharex=True)
    panels = dict(
        zip((TC, MASS_BIPOLARON.name, RADIUS2.name, BINDING_ENERGY.name), grid.ravel(), strict=True)
    )
    for name, axes in panels.items():
        if name == TC:
            drawing.scale_tc(axes, found)
        elif name == BINDING_ENERGY.name:
            axes.axhline(0.0, color=style.GREY, lw=0.6, ls=":", zorder=0.5)
        else:
            drawing.scale_log(axes, found, name)
        for one in found:
            drawing.draw_points(axes, one, U.name, name)
        drawing.draw_off_scale(axes, found, U.name, name)
    labels = (r"$T_c/\Omega$", MASS_BIPOLARON.axis_label, RADIUS2.axis_label, BINDING_ENERGY.axis_label)
    for axes, label in zip(panels.values(), labels, strict=True):
        axes.set_ylabel(label, fontsize=TEXT)
    for axes in grid[1]:
        axes.set_xlabel("$U/t$", fontsize=TEXT)
    first = panels[TC]
    maxima = drawing.draw_maxima(first, found[:MAX_COLOURED], U.name)
    series.legend_entries(first, [(one.label, one.series_style) for one in found])
    draw_ceilings(first, CEILING_LABEL)
    drawing.hollow_entry(first, found, list(panels))
    layout.legend(figure, first, "square lattice")
    caption = (
        "Tc/Ω, mass, R² and binding energy of bipolarons on the square lattice against U/t at fixed λ."
        + PREFACTOR_SENTENCE
        + drawing.HOLLOW_SENTENCE
        + drawing.maxima_sentence(maxima)
        + missing_sentence(missing)
    )
    rows = drawing.point_rows(found, U.name) + drawing.peak_rows(maxima)
    return Picture(figure, rows, "Tc, mass, size and binding energy against U", caption)


def _lines(records: Sequence[Record]) -> tuple[list[Curve], list[str]]:
    """Return the curves, of Holstein coupling the one with the highest Tc per t/Ω, and what is missing."""
    chosen = points_of(
        records, lattice="square", V=0.0, coupling=list(_COUPLINGS), t_over_omega=REPULSION_RATIOS
    )
    lines = [line for line in curves(chosen, U.name) if len(set(line.x)) >= _LEAST_POINTS]
    bond = [line for line in lines if line.records[0]["coupling"] == _COUPLINGS[0]]
    best: dict[float, Curve] = {}
    for line in lines:
        first = line.records[0]
        if first["coupling"] != _COUPLINGS[0]:
            best[first["omega"]] = max(best.get(first["omega"], line), line, key=_highest)
    missing = [f"{name} coupling" for name, found in zip(_COUPLINGS, (bond, best), strict=True) if not found]
    return [*bond, *best.values()], missing


def _highest(line: Curve) -> float:
    return max((record[TC] for record in line.records if record["tc_valid"]), default=-1.0)


REPULSION = PaperFigure(
    name="repulsion",
    number="7",
    title="What repulsion does",
    message=(
        "At fixed coupling near the maximum repulsion first raises the Tc of bond-Peierls bipolarons, and "
        "lowers it where they come apart, the sooner the weaker the coupling: optimised over λ, Tc is "
        "highest without repulsion. That of Holstein bipolarons only falls."
    ),
    campaigns=("square-bond-U", "square-holstein-1", "square-holstein-2"),
    draw=draw,
)
