"""Figure 3: the light site-Peierls bipolaron in one dimension beside the Holstein bipolaron."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hpcbip.messages import counted
from hpcbip.report.figures.theory.exact import bound, uncertain
from hpcbip.report.papers.figure import PaperFigure
from hpcbip.report.plotting import layout, series
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import PAGE, TEXT, SeriesStyle
from hpcbip.report.tables import Record
from hpcbip.theory.exact.geometry import Geometry
from hpcbip.theory.exact.system import System, g_from_lambda
from hpcbip.theory.exact.tables import exact_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_OMEGA = 3.0  # in t
_CURVES = {
    ("site-peierls", 0.0): (0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5),
    ("site-peierls", 4.0): (0.7, 0.8, 1.0, 1.25, 1.5),
    ("holstein", 0.0): (0.2, 0.4, 0.6, 0.8, 1.0),
    ("holstein", 4.0): (0.6, 0.7, 0.8, 1.0),
}
"""λ by coupling and U/t."""
_STATES = 4_000  # of the largest space: some seconds for the whole figure


def draw(records: Sequence[Record]) -> Picture:
    """Draw the mass of the pair against λ and its binding energy; no points of campaigns are needed."""
    rows: list[Record] = []
    figure = layout.canvas(PAGE, 2.5)
    left, right = layout.panels(figure, 1, 2, sharey=True)[0]
    for axes in (left, right):
        axes.set_yscale("log")
    for number, (coupling, repulsion) in enumerate(_CURVES):
        found = _solve(coupling, repulsion)
        own, series_style = [row for row in found if bound(row)], SeriesStyle.of(number)
        _draw_curve(left, own, "lambda", series_style)
        _draw_curve(right, own, "binding_energy", series_style)
        series.legend_entry(left, f"{coupling}, $U = {repulsion:g}${'$t$' * (repulsion > 0)}", series_style)
        rows += found
    drawn = [row["mass"] for row in rows if bound(row)]
    left.set_ylim(0.5 * min(drawn), 1.5 * max(drawn))
    layout.log_axis(left.yaxis)
    left.set_ylabel(r"$m^*/m_0$", fontsize=TEXT)
    left.set_xlabel(r"$\lambda$", fontsize=TEXT)
    right.set_xlabel(r"$\Delta/t$", fontsize=TEXT)
    series.hollow_entry(left, "hollow: error above 5 %")
    layout.legend(figure, left, rf"chain, $\Omega = {_OMEGA:g}t$, exact diagonalisation")
    caption = (
        "Mass of the bipolaron on the chain against λ and against its binding energy Δ, which needs no "
        "convention of λ (site-Peierls 2g²/(Ωt), Holstein g²/(4Ωt)). Exact diagonalisation in spaces of "
        f"up to {_STATES} states, with errors from their convergence; no mass is drawn where no bound pair "
        f"is resolved ({counted(sum(not bound(row) for row in rows), 'point')})."
    )
    return Picture(figure, rows, "The light site-Peierls bipolaron", caption)


def _solve(coupling: str, repulsion: float) -> list[Record]:
    geometry = Geometry("chain", coupling, 2)
    systems = [
        System(geometry, 1.0, _OMEGA, g_from_lambda(geometry, lam, _OMEGA, 1.0), U=repulsion)
        for lam in _CURVES[coupling, repulsion]
    ]
    return list(exact_table(systems, states=_STATES))


def _draw_curve(axes: Axes, rows: Sequence[Record], x: str, series_style: SeriesStyle) -> None:
    places, masses = [row[x] for row in rows], [row["mass"] for row in rows]
    errors = [row["mass_err"] for row in rows]
    down = [min(error or 0.0, 0.9 * mass) for error, mass in zip(errors, masses, strict=True)]
    series.curve(axes, places, masses, series_style)
    series.points(axes, places, masses, down, series_style, [uncertain(row) for row in rows])


SITE_PEIERLS = PaperFigure(
    name="site-peierls",
    number="3",
    title="The light site-Peierls bipolaron",
    message=(
        "In one dimension a site-Peierls bipolaron stays about as light as two free electrons, however "
        "strongly it is bound in the range shown. A Holstein bipolaron of the same binding energy is "
        "heavier by orders of magnitude."
    ),
    campaigns=(),
    draw=draw,
)
