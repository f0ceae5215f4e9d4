"""Figure 9b: how the masses of bipolarons grow with λ for Ω ≪ t, beside the semiclassical theory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hpcbip.report.figures.curves import curves
from hpcbip.report.papers import drawing
from hpcbip.report.papers.campaigns.actions import Line, tabulated_actions
from hpcbip.report.papers.figure import NoPoints, PaperFigure, missing_sentence
from hpcbip.report.papers.points import PointSeries, points_of, series_of_curves
from hpcbip.report.plotting import layout, series, style
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import MAX_COLOURED, PAGE, TEXT
from hpcbip.report.tables import Record
from hpcbip.statistics.notation import with_error
from hpcbip.superconductivity.scans import axis_value
from hpcbip.theory.instanton.scaling import MassExponent, fit_mass_exponent
from hpcbip.vocabulary.entries import ERROR
from hpcbip.vocabulary.observables import MASS_BIPOLARON
from hpcbip.vocabulary.parameters import LAMBDA, U

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_AXIS, _MASS = LAMBDA.name, MASS_BIPOLARON.name
_RATIOS = (3.0, 10.0)  # smallest and largest t/Ω
_LEAST_POINTS = 3  # of a curve
HEAVY = 10.0
"""Mass m*/m0 from which a pair counts as trapped, so that tunnelling decides its mass: the laws of the
semiclassical theory hold from there on, and only such points are fitted."""

_LATTICES = {"bond": ("square",), "holstein": ("square", "chain")}
"""Lattices whose masses are shown, by coupling. On the square lattice Holstein pairs trap themselves at once:
masses between 10 m0 and what can be resolved are there on a chain only."""

_POWERS = ((0.5, r"$\sqrt{\lambda}$"), (1.0, r"$\lambda$"))
_SHIFTED = (
    "Dashed: (t/Ω) s(λ) of the instanton, shifted to the points, for its prefactor is not known; only slopes "
    "are to be compared. It begins where the pair traps itself."
)
_NOT_TRAPPED = "The instanton's line begins where the pair traps itself, beyond these points."


def draw(records: Sequence[Record]) -> Picture:
    """Draw m* against √λ and λ, one row of panels per coupling.

    Raises:
        NoPoints: if there is no curve of at least three λ.
    """
    figure = layout.canvas(PAGE, 4.8)
    grid = layout.panels(figure, 2, 2, sharey="row")
    rows: drawing.Rows = []
    words, missing, all_series = [], [], []
    for panels, coupling in zip(grid, _LATTICES, strict=True):
        found = mass_series(records, coupling)
        layout.name_panel(panels[0], coupling)
        layout.name_panel(panels[1], coupling)
        if not found:
            missing.append(f"{coupling} coupling at t/Ω = {_RATIOS[0]:g} to {_RATIOS[1]:g}")
            for axes in panels:
                drawing.say_no_points(axes)
            continue
        rows += drawing.point_rows(found, _AXIS)
        all_series += found
        for one in found[:MAX_COLOURED]:
            fit = fitted_exponent(one)
            words.append(f"{one.name}: {_exponent_text(fit)}")
            rows.append({"kind": "exponent", "curve": one.name, **(vars(fit) if fit else {})})
            rows += _draw_curve(panels, one, _actions_of(one))
        for axes, (_, label) in zip(panels, _POWERS, strict=True):
            drawing.scale_log(axes, found, _MASS)
            axes.set_xlabel(label, fontsize=TEXT)
        panels[0].set_ylabel(MASS_BIPOLARON.axis_label, fontsize=TEXT)
    if not all_series:
        raise NoPoints(f"no curve of {_LEAST_POINTS} or more λ at t/Ω = {_RATIOS[0]:g} to {_RATIOS[1]:g}")
    first = grid[0, 0]
    for one in all_series:
        series.legend_entry(first, one.label, one.series_style)
    if shifted := any(row["kind"] == "instanton" for row in rows):
        series.entry(first, "instanton, shifted", color=style.GREY, lw=1.0, ls="--")
    drawing.hollow_entry(first, all_series, [_MASS])
    layout.legend(figure, first, "bipolarons")
    caption = (
        "Mass of bipolarons on the square lattice, and of Holstein ones on a chain, for t/Ω from 3 to 10, "
        "against √λ and λ: a straight line is the law ln m* ∝ √λ or ∝ λ. "
        + (_SHIFTED if shifted else _NOT_TRAPPED)
        + drawing.HOLLOW_SENTENCE
        + f" Fits ln m* = a + b λ^p to the points with m* > {HEAVY:g} m0 that no flag speaks against: "
        + f"{'; '.join(words)}."
        + missing_sentence(missing)
    )
    return Picture(figure, rows, "Masses for Ω ≪ t", caption)


def mass_series(records: Sequence[Record], coupling: str) -> list[PointSeries]:
    """Return the curves of the mass against λ of one coupling for Ω ≪ t, with at least three λ each."""
    lattices = [*_LATTICES[coupling]]
    chosen = points_of(records, lattice=lattices, coupling=coupling, V=0.0, t_over_omega=_RATIOS)
    known = [record for record in chosen if record[_MASS]]
    lines = [line for line in curves(known, _AXIS) if len(set(line.x)) >= _LEAST_POINTS]
    shown = style.sorted_to_front(lines, lambda line: max(line.x))
    return [
        replace(one, label=f"{coupling}, {one.label}" if one.label else one.name)
        for one in series_of_curves(shown)
    ]


def _actions_of(one: PointSeries) -> Line:
    """Return the tabulated action of a curve; empty where it is not known."""
    record = one.records[0]
    if record["lattice"] != "square":
        return np.empty(0), np.empty(0)
    return tabulated_actions(record["coupling"], axis_value(record, U.name))


def _sound(one: PointSeries) -> list[Record]:
    """Return the records of heavy pairs whose mass no flag speaks against."""
    known = [r for r in one.along(_AXIS) if r[_MASS + ERROR] and not drawing.is_hollow(r, _MASS)]
    return [record for record in known if record[_MASS] >= HEAVY]


def heavy_masses(one: PointSeries) -> tuple[list[float], list[float], list[float]]:
    """Return λ, ln m* and its error of the heavy pairs that no flag speaks against."""
    sound = _sound(one)
    return (
        [axis_value(record, _AXIS) for record in sound],
        [math.log(record[_MASS]) for record in sound],
        [record[_MASS + ERROR] / record[_MASS] for record in sound],
    )


def fitted_exponent(one: PointSeries) -> MassExponent | None:
    """Fit ln m* = a + b λ^p to the heavy pairs that no flag speaks against; None if they are too few, or if
    no p is found."""
    return fit_mass_exponent(*heavy_masses(one))


def _exponent_text(fit: MassExponent | None) -> str:
    if fit is None:
        return "p not determined"
    return f"p = {with_error(fit.p, fit.p_err)} (χ²/n = {fit.chi2 / fit.freedom:.2g})"


def _draw_curve(panels: Sequence[Axes], one: PointSeries, actions: Line) -> drawing.Rows:
    """Draw points against powers of λ, and the instanton's line shifted to them; returns rows of the line."""
    records = one.along(_AXIS)
    lams = np.array([axis_value(record, _AXIS) for record in records])
    y, error = ([record[_MASS + suffix] for record in records] for suffix in ("", ERROR))
    hollow = [drawing.is_hollow(record, _MASS) for record in records]
    line = _shifted(one, actions)
    for axes, (power, _) in zip(panels, _POWERS, strict=True):
        series.points(axes, lams**power, y, error, one.series_style, hollow)
        if line is not None:
            axes.plot(
                line[0] ** power, np.exp(line[1]), color=one.series_style.colour, lw=1.0, ls="--", zorder=1
            )
    if line is None:
        return []
    return [
        {"kind": "instanton", "curve": one.name, "x": lam, _MASS: math.exp(value)}
        for lam, value in zip(*(part.tolist() for part in line), strict=True)
    ]


def _shifted(one: PointSeries, actions: Line) -> Line | None:
    """Return λ and (t/Ω) s(λ) + c up to the largest λ of the points; None if s is not known below it.

    c is the mean over the points at which s is known.
    """
    lams, action = actions
    points: list[tuple[float, float]] = [
        (axis_value(record, _AXIS), math.log(record[_MASS])) for record in _sound(one)
    ]
    inside = [(x, y) for x, y in points if len(lams) > 1 and lams[0] <= x <= lams[-1] * (1.0 + 1e-9)]
    if not inside or (end := min(lams[-1], max(x for x, _ in inside))) <= lams[0]:
        return None
    record: Any = one.records[0]
    ratio = record["t"] / record["omega"]
    fine = np.linspace(lams[0], end, 60)
    exponent = np.interp(fine, lams, ratio * action)
    shift = float(np.mean([y - np.interp(x, fine, exponent) for x, y in inside]))
    return fine, exponent + shift


SEMICLASSICAL_MASS = PaperFigure(
    name="semiclassical-mass",
    number="9b",
    title="Masses for Ω ≪ t",
    message=(
        "Deep in the adiabatic regime the mass of a Holstein bipolaron grows as the exponential of λ t/Ω, "
        "that of a bond-Peierls bipolaron much more slowly. The semiclassical √λ of the latter is a law "
        "of the limit of strong coupling: the fitted exponents say how near to it the points are."
    ),
    campaigns=("heavy-bond", "heavy-holstein", "heavy-holstein-chain", "square-bond-3.3", "square-bond-5"),
    draw=draw,
)
