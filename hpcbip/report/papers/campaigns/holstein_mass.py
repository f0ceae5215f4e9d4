"""Figure 2: masses of the Holstein polaron and bipolaron against λ, on the chain and the square lattice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hpcbip.report.figures.curves import curves
from hpcbip.report.figures.theory.exact import bound, uncertain
from hpcbip.report.papers import drawing
from hpcbip.report.papers.figure import PaperFigure, missing_sentence
from hpcbip.report.papers.points import PointSeries, points_of
from hpcbip.report.plotting import layout, series, style
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import COLOURS, PAGE, SMALL, TEXT, SeriesStyle
from hpcbip.report.tables import Record
from hpcbip.superconductivity.scans import axis_value
from hpcbip.theory.exact.geometry import Geometry
from hpcbip.theory.exact.system import System, g_from_lambda
from hpcbip.theory.exact.tables import exact_table
from hpcbip.vocabulary.observables import MASS_BIPOLARON, MASS_POLARON
from hpcbip.vocabulary.parameters import ADIABATICITY, LAMBDA, U

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_AXIS = LAMBDA.name
_LATTICES = ("chain", "square")
_MOST_CURVES, _LEAST_POINTS = 2, 3  # of bipolarons in a panel, and of the λ of each
_STATES, _COUPLINGS = 5_000, 9  # of the exact diagonalisation: size of the space, number of λ
_DEFAULT = (1.0, 0.0, 0.1, 1.0)
"""t/Ω, U/t and range of λ of the exact diagonalisation where there are no points of the chain."""
_SECTORS = ((MASS_POLARON, "s", "polaron, $m^*/m_e$"), (MASS_BIPOLARON, "o", "bipolaron, $m^*/m_0$"))


def draw(records: Sequence[Record]) -> Picture:
    """Draw masses of Monte Carlo on both lattices, and exact diagonalisation beside those of the chain."""
    figure = layout.canvas(PAGE, 2.7)
    grid = layout.panels(figure, 1, 2)[0]
    rows: drawing.Rows = []
    missing = []
    for axes, lattice in zip(grid, _LATTICES, strict=True):
        axes.set_yscale("log")
        found = _series(records, lattice)
        exact = _draw_exact(axes, found) if lattice == "chain" else []
        if not found:
            missing.append(f"{lattice}, Holstein")
        for number, one in enumerate(found):
            _draw_masses(axes, one, number, joined=not exact)
        if not found and not exact:
            drawing.say_no_points(axes)
            axes.set_yscale("linear")
        else:
            _finish(axes, found, exact)
        axes.set_xlabel(r"$\lambda$", fontsize=TEXT)
        layout.name_panel(axes, lattice)
        rows += drawing.point_rows(found, _AXIS) + [
            {"kind": "exact", "x": row[_AXIS], **row} for row in exact
        ]
    grid[0].set_ylabel("mass", fontsize=TEXT)
    for _, marker, label in _SECTORS:
        series.entry(grid[0], label, color="black", marker=marker, ms=4.2, lw=0)
    series.entry(grid[0], "exact diagonalisation", color=style.GREY, lw=1.0)
    layout.legend(figure, grid[0])
    caption = (
        "Masses of one electron and of a pair with Holstein coupling against λ (chain g²/(4Ωt), square "
        "g²/(8Ωt)). Points: Monte Carlo; lines: exact diagonalisation of the chain, where the mass is "
        "known to 5 %." + drawing.HOLLOW_SENTENCE + missing_sentence(missing)
    )
    return Picture(figure, rows, "The heavy Holstein bipolaron", caption)


def _series(records: Sequence[Record], lattice: str) -> list[PointSeries]:
    """Return the curves of bipolarons with the most points, those without repulsion first."""
    chosen = points_of(records, lattice=lattice, coupling="holstein", V=0.0)
    known = [record for record in chosen if record[MASS_BIPOLARON.name]]
    lines = [line for line in curves(known, _AXIS) if len(set(line.x)) >= _LEAST_POINTS]
    lines.sort(key=lambda line: (line.records[0][U.name] != 0.0, -len(line.x)))
    return [
        PointSeries(line.label or line.name, line.name, line.records, SeriesStyle.of(number))
        for number, line in enumerate(lines[:_MOST_CURVES])
    ]


def _draw_masses(axes: Axes, one: PointSeries, number: int, joined: bool) -> None:
    for observable, marker, _ in _SECTORS:
        drawn = PointSeries(one.label, one.name, one.records, SeriesStyle(COLOURS[number], marker))
        drawing.draw_points(axes, drawn, _AXIS, observable.name, joined)
    repulsion = axis_value(one.records[0], U.name)
    text = rf"$t/\Omega = {_ratio(one):.4g}$, $U = {repulsion:g}{'t' * (repulsion != 0.0)}$"
    place = (0.05, 0.89 - 0.08 * number)
    axes.text(*place, text, transform=axes.transAxes, fontsize=SMALL, color=COLOURS[number])


def _draw_exact(axes: Axes, found: Sequence[PointSeries]) -> list[Record]:
    """Draw the masses of exact diagonalisation for the parameters of the curves; returns its rows."""
    rows: list[Record] = []
    for number, (ratio, repulsion, low, high) in enumerate([_scan(one) for one in found] or [_DEFAULT]):
        for electrons in (1, 2):
            geometry = Geometry("chain", "holstein", electrons)
            systems = [
                System(
                    geometry,
                    1.0,
                    1.0 / ratio,
                    g_from_lambda(geometry, lam, 1.0 / ratio, 1.0),
                    U=repulsion if electrons == 2 else 0.0,
                )
                for lam in np.linspace(low, high, _COUPLINGS).tolist()
            ]
            own = exact_table(systems, states=_STATES)
            resolved = [row for row in own if bound(row) and not uncertain(row)]
            x, y = ([row[name] for row in resolved] for name in (_AXIS, "mass"))
            axes.plot(x, y, color=COLOURS[number], lw=1.0, alpha=0.7, zorder=1)
            rows += own
    return rows


def _ratio(one: PointSeries) -> float:
    return float(axis_value(one.records[0], ADIABATICITY.name))


def _scan(one: PointSeries) -> tuple[float, float, float, float]:
    """Return t/Ω, U/t and the range of λ of a curve."""
    record, lams = one.records[0], [axis_value(record, _AXIS) for record in one.records]
    return _ratio(one), axis_value(record, U.name), min(lams), max(lams)


def _finish(axes: Axes, found: Sequence[PointSeries], exact: Sequence[Record]) -> None:
    """Set the limits of the axis of masses."""
    known = [r[observable.name] for one in found for r in one.records for observable, *_ in _SECTORS]
    known += [row["mass"] for row in exact if bound(row) and not uncertain(row)]
    values = [value for value in known if value is not None and value > 0.0]
    axes.set_ylim(0.7 * min(values), 1.5 * max(values))
    layout.log_axis(axes.yaxis)


HEAVY_HOLSTEIN = PaperFigure(
    name="heavy-holstein",
    number="2",
    title="The heavy Holstein bipolaron",
    message=(
        "With Holstein coupling the mass of one electron grows exponentially with λ, and that of a pair much "
        "faster still. Monte Carlo on the chain agrees with exact diagonalisation."
    ),
    campaigns=("chain-holstein", "square-holstein-mass"),
    draw=draw,
)
