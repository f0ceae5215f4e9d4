"""All figures of the papers; a figure is registered by its line in `PAPER_FIGURES`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hpcbip.errors import InputError
from hpcbip.report.atlas_tables import CAMPAIGN, cpu_seconds
from hpcbip.report.papers.campaigns.cloud import CLOUD
from hpcbip.report.papers.campaigns.cloud_map import CLOUD_MAP
from hpcbip.report.papers.campaigns.cubic import CUBIC
from hpcbip.report.papers.campaigns.dispersion import DISPERSION
from hpcbip.report.papers.campaigns.domes import DOMES
from hpcbip.report.papers.campaigns.holstein_mass import HEAVY_HOLSTEIN
from hpcbip.report.papers.campaigns.neighbours import BOND_HOLSTEIN, COULOMB, TRIANGULAR
from hpcbip.report.papers.campaigns.repulsion import REPULSION
from hpcbip.report.papers.campaigns.semiclassical import SEMICLASSICAL_MASS
from hpcbip.report.papers.figure import PaperFigure
from hpcbip.report.papers.theories.bct import BCT
from hpcbip.report.papers.theories.ceiling import CEILING
from hpcbip.report.papers.theories.distortion import DISTORTION
from hpcbip.report.papers.theories.lattice import LAYER
from hpcbip.report.papers.theories.pair_hopping import PAIR_HOPPING
from hpcbip.report.papers.theories.ring import RING
from hpcbip.report.papers.theories.site_peierls import SITE_PEIERLS
from hpcbip.report.tables import Record

PAPER_FIGURES: tuple[PaperFigure, ...] = (
    CEILING,
    HEAVY_HOLSTEIN,
    SITE_PEIERLS,
    PAIR_HOPPING,
    LAYER,
    DOMES,
    REPULSION,
    CUBIC,
    DISTORTION,
    SEMICLASSICAL_MASS,
    RING,
    BCT,
    COULOMB,
    TRIANGULAR,
    BOND_HOLSTEIN,
    DISPERSION,
    CLOUD,
    CLOUD_MAP,
)
"""In the order of the first paper, then the second, then their neighbours."""

_SECONDS_PER_HOUR = 3600.0


def find_figure(word: str) -> PaperFigure:
    """Return the figure of this name, or of this number in the first paper.

    Raises:
        InputError: if there is none; it lists those that there are.
    """
    for figure in PAPER_FIGURES:
        if word in (figure.name, figure.number):
            return figure
    names = [f"{one.name} ({one.number})" if one.number else one.name for one in PAPER_FIGURES]
    raise InputError(f"{word}: no figure; allowed: all, {', '.join(names)}")


def figure_rows(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Return one row per figure: name, number in the first paper, title, campaigns, and points and core hours
    of those in the atlas.

    Ensembles that points share count once; a campaign counts at every figure that rests on it. Core hours are
    None where a campaign has no results yet, and 0 for figures that rest on theory.

    Args:
        records: of the atlas.
    """
    rows = []
    for figure in PAPER_FIGURES:
        own = [record for record in records if record[CAMPAIGN] in figure.campaigns]
        complete = set(figure.campaigns) <= {record[CAMPAIGN] for record in own}
        rows.append(
            {
                "figure": figure.name,
                "number": figure.number,
                "title": figure.title,
                "campaigns": list(figure.campaigns),
                "points": len(own),
                "core_hours": round(cpu_seconds(own) / _SECONDS_PER_HOUR, 2) if complete else None,
            }
        )
    return rows
