"""The map of the phonon cloud near the maxima of Tc."""

from __future__ import annotations

from collections.abc import Sequence

from hpcbip.report.figures.cloud_map import cloud_map, has_map
from hpcbip.report.papers.figure import NoPoints, PaperFigure
from hpcbip.report.papers.points import points_of
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.tables import Record
from hpcbip.superconductivity.scans import axis_value
from hpcbip.vocabulary.parameters import ADIABATICITY

MAPPED = "square-map"
"""Campaign of one point per t/Ω, near the maximum of Tc; where it is among others it is drawn alone."""


def draw(records: Sequence[Record]) -> Picture:
    """Draw the clouds of polarons and pairs, one column per t/Ω.

    Raises:
        NoPoints: if no cloud is known.
    """
    known = [one for one in records if has_map(one)]
    mapped = [one for one in known if one.get("campaign") == MAPPED]
    found = points_of(mapped or known, True, lattice="square", coupling="bond", U=8.0, V=0.0)
    if not found:
        raise NoPoints("no point at U = 8t whose cloud is known shell by shell")
    return cloud_map(sorted(found, key=lambda one: float(axis_value(one, ADIABATICITY.name))))


CLOUD_MAP = PaperFigure(
    name="cloud-map",
    number="",
    title="The map of the phonon cloud",
    message=(
        "A bond-Peierls polaron distorts the four bonds of its site, and the bonds beyond by less than half "
        "as much. In a pair the distortion around an electron is larger and reaches further, for it holds "
        "the other electron."
    ),
    campaigns=(MAPPED,),
    draw=draw,
)
