"""Neighbours that the first paper names: a Coulomb tail in 2D, the triangular lattice, bond with Holstein."""

from __future__ import annotations

from collections.abc import Sequence

from hpcbip.report.figures.curves import Curve, coordinate_text, curves
from hpcbip.report.papers import drawing
from hpcbip.report.papers.campaigns.cubic import shift_sentence, tail_curves, tail_shifts
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
from hpcbip.report.plotting import layout, series, style
from hpcbip.report.plotting.ceilings import CEILING_LABEL, draw_ceilings
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import MAX_COLOURED, PAGE, TEXT, SeriesStyle
from hpcbip.report.tables import Record
from hpcbip.superconductivity.peaks import Peak
from hpcbip.vocabulary.observables import BINDING_ENERGY, MASS_BIPOLARON, OBSERVABLES
from hpcbip.vocabulary.parameters import COORDINATES, COUPLING, G_HOLSTEIN, LAMBDA, OMEGA_HOLSTEIN, SITE_KEYS

Maxima = list[tuple[PointSeries, Peak]]

TRIANGULAR_CURVES = [
    Wanted(
        rf"$t/\Omega = {ratio:g}$, $U = {repulsion:g}t$",
        f"t/Ω = {ratio:g}, U = {repulsion:g}t",
        SeriesStyle.of(number),
        conditions(lattice="triangular", coupling="bond", U=repulsion, V=0.0, t_over_omega=ratio),
    )
    for number, (ratio, repulsion) in enumerate(((2.0, 6.0), (5.0, 4.0)))
]


def two_panels(
    found: Sequence[PointSeries],
    axis: str,
    xlabel: str,
    second: str,
    title: str,
) -> tuple[Picture, Maxima]:
    """Draw Tc/Ω and another observable against an axis; the picture has no title and caption yet."""
    figure = layout.canvas(PAGE, 2.6)
    left, right = layout.panels(figure, 1, 2)[0]
    published = drawing.draw_published(left, found)
    drawing.scale_tc(left, found, [one.value for one in published])
    if second == MASS_BIPOLARON.name:
        drawing.scale_log(right, found, second)
    for axes, name in ((left, TC), (right, second)):
        for one in found:
            drawing.draw_points(axes, one, axis, name)
        drawing.draw_off_scale(axes, found, axis, name)
        axes.set_xlabel(xlabel, fontsize=TEXT)
    maxima = drawing.draw_maxima(left, found[:MAX_COLOURED], axis)
    series.legend_entries(left, [(one.label, one.series_style) for one in found])
    draw_ceilings(left, CEILING_LABEL)
    drawing.published_entries(left, published)
    drawing.hollow_entry(left, found, [TC, second])
    left.set_ylabel(r"$T_c/\Omega$", fontsize=TEXT)
    right.set_ylabel(OBSERVABLES[second].axis_label, fontsize=TEXT)
    layout.legend(figure, left, title)
    rows = drawing.point_rows(found, axis) + drawing.peak_rows(maxima) + drawing.published_rows(published)
    return Picture(figure, rows, "", ""), maxima


def draw_coulomb(records: Sequence[Record]) -> Picture:
    """Draw Tc/Ω and Δ with and without the tail on the square lattice.

    Raises:
        NoPoints: if there are no points with the tail.
    """
    found, missing = wanted_series(records, tail_curves("square", (1.0, 2.0), 0.8))
    if not any(one.records[0]["V"] for one in found):
        raise NoPoints("no points of the square lattice with V = 0.8t")
    title = "square lattice, $U = 8t$"
    picture, maxima = two_panels(found, LAMBDA.name, r"$\lambda$", BINDING_ENERGY.name, title)
    shifts = tail_shifts(maxima)
    caption = (
        "Tc/Ω and binding energy of bond-Peierls bipolarons on the square lattice at U = 8t, with the "
        "unscreened Coulomb tail V/r, V = U/10, and without it."
        + PREFACTOR_SENTENCE
        + drawing.HOLLOW_SENTENCE
        + drawing.maxima_sentence(maxima)
        + shift_sentence(shifts)
        + missing_sentence(missing)
    )
    return Picture(picture.figure, [*picture.rows, *shifts], "The Coulomb tail in two dimensions", caption)


def draw_triangular(records: Sequence[Record]) -> Picture:
    """Draw Tc/Ω and m* on the triangular lattice.

    Raises:
        NoPoints: if there are no points.
    """
    found, missing = wanted_series(records, TRIANGULAR_CURVES)
    if not found:
        raise NoPoints("no points of the triangular lattice")
    title = "triangular lattice, bond"
    picture, maxima = two_panels(found, LAMBDA.name, r"$\lambda$", MASS_BIPOLARON.name, title)
    caption = (
        "Tc/Ω and mass of bond-Peierls bipolarons on the triangular lattice against λ = g²/(3Ωt). "
        "Dash-dotted: published heights of the maxima (arXiv:2507.07662, second-hand, ±30 %; λ not known)."
        + PREFACTOR_SENTENCE
        + drawing.HOLLOW_SENTENCE
        + drawing.maxima_sentence(maxima)
        + missing_sentence(missing)
    )
    return Picture(picture.figure, picture.rows, "The triangular lattice", caption)


def draw_bond_holstein(records: Sequence[Record]) -> Picture:
    """Draw Tc/Ω and m* against g_H, one curve per λ, t/Ω, U and Ω_H; g_H = 0 are points of bond coupling.

    Raises:
        NoPoints: if there are no points with both couplings.
    """
    both = points_of(records, lattice="square", coupling="bond+holstein")
    if not both:
        raise NoPoints("no points of the square lattice with both couplings")
    lines = style.sorted_to_front(
        curves(both + _without_site_phonons(both, records), G_HOLSTEIN.name), _length
    )
    found = series_of_curves([line for line in lines if line.records[-1][G_HOLSTEIN.name]])
    title = "square lattice, bond with Holstein"
    picture, _ = two_panels(found, G_HOLSTEIN.name, "$g_H/t$", MASS_BIPOLARON.name, title)
    caption = (
        "Tc/Ω and mass of bipolarons with bond-Peierls and Holstein coupling on the square lattice "
        "against the strength g_H of the latter, at fixed λ of the bonds; points at g_H = 0 have bond "
        "coupling alone." + PREFACTOR_SENTENCE + drawing.HOLLOW_SENTENCE
    )
    return Picture(picture.figure, picture.rows, "Bond with Holstein coupling", caption)


def _length(line: Curve) -> int:
    return len(line.x)


def _without_site_phonons(both: Sequence[Record], records: Sequence[Record]) -> list[Record]:
    """Return points of bond coupling at the parameters of points with both, as points with g_H = 0."""
    bare = points_of(records, lattice="square", coupling="bond")
    shared = [name for name in COORDINATES if name not in (COUPLING.name, *SITE_KEYS)]
    found: dict[tuple[str, ...], Record] = {}
    for one in both:
        place = [coordinate_text(one, name) for name in shared]
        for record in bare:
            if [coordinate_text(record, name) for name in shared] == place:
                changed = {COUPLING.name: one[COUPLING.name], OMEGA_HOLSTEIN.name: one[OMEGA_HOLSTEIN.name]}
                key = (*place, str(one[OMEGA_HOLSTEIN.name]))
                found[key] = {**record, **changed, G_HOLSTEIN.name: 0.0}
    return list(found.values())


COULOMB = PaperFigure(
    name="coulomb",
    number="",
    title="The Coulomb tail in two dimensions",
    message=(
        "An unscreened Coulomb tail V/r with V = U/10 binds pairs on the square lattice less, so that the "
        "dome moves to larger λ and is lower. Its top comes down to the conventional ceiling of 0.1 at "
        "t/Ω = 1, and below it at t/Ω = 2."
    ),
    campaigns=("square-coulomb-1", "square-coulomb-2", "square-bond-1", "square-bond-2"),
    draw=draw_coulomb,
)
TRIANGULAR = PaperFigure(
    name="triangular",
    number="",
    title="The triangular lattice",
    message=(
        "The dome on the triangular lattice at two phonon frequencies. Published heights are known "
        "second-hand only, without their λ."
    ),
    campaigns=("triangular-bond",),
    draw=draw_triangular,
)
BOND_HOLSTEIN = PaperFigure(
    name="bond-holstein",
    number="",
    title="Bond with Holstein coupling",
    message=(
        "A moderate Holstein coupling beside that of the bonds raises Tc where these alone bind pairs "
        "weakly, for it makes pairs smaller, as arXiv:2511.06350 says. At the maximum it gains nothing that "
        "exceeds the errors, and beyond it lowers Tc, for pairs get heavier."
    ),
    campaigns=("square-both", "square-bond-1", "square-bond-2"),
    draw=draw_bond_holstein,
)
