"""d-wave pairs between the layers of the body-centred tetragonal lattice (PRB 111, 014506, and the note)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hpcbip.report.figures.theory.d_wave import d_wave_figure
from hpcbip.report.papers.figure import PaperFigure
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.tables import Record
from hpcbip.theory.pair.tetragonal import interlayer_table

HOLE_LIKE, HARD_CORE = -1.0, math.inf
T_PERP = 0.25  # hop between the layers of the pairs that are drawn, |t|
ATTRACTION = -2.0  # between layers, of the pair whose order parameter is drawn, |t|


def draw(records: Sequence[Record]) -> Picture:
    """Draw thresholds, binding energies and the order parameter; no points of campaigns are needed."""
    table = interlayer_table(HOLE_LIKE, HARD_CORE, np.linspace(0.0, 2.0, 21).tolist())
    return d_wave_figure(table, HOLE_LIKE, T_PERP, HARD_CORE, ATTRACTION)


BCT = PaperFigure(
    name="bct",
    number="",
    title="d-wave pairs between layers",
    message=(
        "Holes on the body-centred tetragonal lattice that attract each other between neighbouring layers "
        "pair in the d channel at any attraction, whatever the repulsion on a site, as long as the hop "
        "between the layers is smaller than that in the plane. The s channel with a hard core needs a "
        "finite attraction there."
    ),
    campaigns=(),
    draw=draw,
)
