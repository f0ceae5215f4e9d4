"""The conventional ceilings of Tc/Ω, which every figure of Tc shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpcbip.report.plotting import series
from hpcbip.report.plotting.style import GREY
from hpcbip.theory.eliashberg.references import QUOTED_CEILINGS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CEILING_LABEL = "conventional, {:g} and {:g}".format(*QUOTED_CEILINGS)


def draw_ceilings(axes: Axes, label: str = "") -> None:
    """Draw the quoted conventional ceilings as dotted lines, with one entry in the legend ("": none)."""
    for ceiling in QUOTED_CEILINGS:
        axes.axhline(ceiling, color=GREY, lw=0.7, ls=":", zorder=0.5)
    if label:
        series.entry(axes, label, color=GREY, lw=0.7, ls=":")
