"""The four-site ring of the second paper: levels for both signs of the hop in both models."""

from __future__ import annotations

from collections.abc import Sequence

from hpcbip.report.figures.theory.ring import draw_levels
from hpcbip.report.papers.figure import PaperFigure
from hpcbip.report.plotting import layout
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import PAGE, TEXT
from hpcbip.report.tables import Record
from hpcbip.theory.pair.ring import RING_MODELS

_PANELS = {
    "a": "(a) nearest neighbours of the square lattice, hop $t'$",
    "b": "(b) next layer of the bct lattice, hop $t$",
}


def draw(records: Sequence[Record]) -> Picture:
    """Draw the levels of both models; no points of campaigns are needed."""
    figure = layout.canvas(PAGE, 2.6)
    grid = layout.panels(figure, 1, len(_PANELS))[0]
    rows = []
    for axes, (model, title) in zip(grid, _PANELS.items(), strict=True):
        rows += draw_levels(axes, 1.0, 0.0, model)
        axes.margins(x=0.3)
        axes.set_ylabel("$E/|h|$", fontsize=TEXT)
        layout.name_panel(axes, title)
    resonant = "; ".join(f"({name}) {model.description}" for name, model in RING_MODELS.items())
    caption = (
        "Energies, above that of a static pair and in units of |h|, of a carrier that hops with amplitude h "
        f"between the four sites next to its partner. Resonant sites: {resonant}."
    )
    return Picture(figure, rows, "The four-site ring", caption)


RING = PaperFigure(
    name="ring",
    number="",
    title="The four-site ring behind d-wave pairs",
    message=(
        "Four resonant sites joined by a hop h have levels at -2|h|, 0 (twice) and 2|h|. Electron-like "
        "hops put s at the bottom and d at the top, hole-like hops the other way round, in both models of "
        "the note."
    ),
    campaigns=(),
    draw=draw,
)
