"""Figure 9a: the static distortion in which a pair traps itself."""

from __future__ import annotations

from collections.abc import Sequence

from hpcbip.report.figures.theory.instanton import draw_distortion
from hpcbip.report.papers.figure import PaperFigure
from hpcbip.report.plotting import layout
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import PAGE
from hpcbip.report.tables import Record
from hpcbip.theory.instanton.surface import AdiabaticSurface, self_trapped_minima

_LAMBDA = 2.0
_SURFACES = (
    ("bond, $U = 0$", AdiabaticSurface(coupling="bond", lam=_LAMBDA, U=0.0, size=5)),
    ("bond, $U = 8t$", AdiabaticSurface(coupling="bond", lam=_LAMBDA, U=8.0, size=4)),
    ("holstein, $U = 0$", AdiabaticSurface(coupling="holstein", lam=_LAMBDA, U=0.0, size=5)),
)


def draw(records: Sequence[Record]) -> Picture:
    """Draw the minima of the adiabatic energy; no points of campaigns are needed."""
    figure = layout.canvas(PAGE, 2.5)
    rows, words = [], []
    for axes, (label, surface) in zip(layout.panels(figure, 1, len(_SURFACES))[0], _SURFACES, strict=True):
        minimum = self_trapped_minima(surface)[0]
        plain = label.replace("$", "")
        found = draw_distortion(axes, surface, minimum.x, plain)
        largest = max(abs(row["value"]) for row in found if row["kind"].endswith("change"))
        what = "hopping" if surface.coupling == "bond" else "level"
        layout.name_panel(axes, label)
        words.append(f"{plain}: {what} by up to {largest:.2g}t, {minimum.sites:.2g} sites")
        rows += found
    caption = (
        f"Lowest energy of two electrons and static oscillators on the square lattice at λ = {_LAMBDA:g} "
        "(Ω → 0): density of the electrons (discs) and change of the hopping of each bond (width of the "
        f"lines). Largest changes and number of sites that the pair covers: {'; '.join(words)}. For "
        "Holstein coupling levels change instead of hoppings: the pair digs itself a hole on one site."
    )
    return Picture(figure, rows, "The distortion around a pair", caption)


DISTORTION = PaperFigure(
    name="distortion",
    number="9a",
    title="The distortion around a pair",
    message=(
        "For Ω ≪ t a bond-Peierls pair traps itself on a star of bonds, or with repulsion on a plaquette, "
        "which are two points of a continuous family of distortions of nearly equal energy. A Holstein "
        "pair sits on one site, and has to leave its distortion behind to move."
    ),
    campaigns=(),
    draw=draw,
)
