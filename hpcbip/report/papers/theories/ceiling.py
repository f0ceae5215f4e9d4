"""Figure 1: how high Tc/Ω can be in the conventional theory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcbip.report.figures.theory.eliashberg import eliashberg_figure
from hpcbip.report.papers.figure import PaperFigure
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.tables import Record
from hpcbip.theory.eliashberg.references import USUAL_MU_STAR
from hpcbip.theory.eliashberg.tables import eliashberg_line

_TEMPERATURES = np.concatenate([np.geomspace(1e-4, 0.01, 12), np.linspace(0.015, 0.25, 24)])


def draw(records: Sequence[Record]) -> Picture:
    """Draw Tc/Ω of Migdal–Eliashberg, Allen–Dynes and McMillan; no points of campaigns are needed."""
    temperatures = _TEMPERATURES.tolist()
    return eliashberg_figure(
        [row for mu_star in (0.0, USUAL_MU_STAR) for row in eliashberg_line(temperatures, mu_star)]
    )


CEILING = PaperFigure(
    name="ceiling",
    number="1",
    title="The conventional ceiling",
    message=(
        "Tc/Ω of a conventional superconductor from the Migdal–Eliashberg equations and from the formulas of "
        "Allen and Dynes and of McMillan. It passes 0.1 only at couplings far beyond λ_ME = 0.4, up to which "
        "Monte Carlo confirms the theory (shaded)."
    ),
    campaigns=(),
    draw=draw,
)
