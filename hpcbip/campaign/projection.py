"""The projection length β of an ensemble, and how long it has to be for a pair that is bound so weakly."""

from __future__ import annotations

import math

from hpcbip.campaign.model_section import ModelSection
from hpcbip.campaign.points import BetaSection, PointSection
from hpcbip.models import BULK_EDGE
from hpcbip.vocabulary.sectors import POLARON

MAX_EDGE_WEIGHT = 0.02
"""Weight that a broken pair may have left at the edge of the bulk; above, the flag "beta short" is raised."""

_LARGEST_EXPONENT = 700.0  # of a double


def edge_weight(binding_energy: float, beta: float) -> float:
    """Return the weight e^{-Δ β edge} that a broken pair, of an energy higher by Δ, may have left at the edge
    of the bulk."""
    exponent = binding_energy * beta * BULK_EDGE
    return math.exp(-max(-_LARGEST_EXPONENT, min(_LARGEST_EXPONENT, exponent)))


def shortest_beta(binding_energy: float) -> float:
    """Return the β at which `edge_weight` is `MAX_EDGE_WEIGHT`: shorter paths are flagged.

    Args:
        binding_energy: > 0, in the inverse unit of β.
    """
    return -math.log(MAX_EDGE_WEIGHT) / (BULK_EDGE * binding_energy)


def auto_beta(sector: str, t: float, omega: float) -> float:
    """Choose the projection length β (units 1/energy) for `beta: auto`: long against both the hopping and the
    phonon time.

    The ends of the path relax to the ground state within a few 1/gap. The gap above a bound pair is the
    phonon frequency or the binding energy, whichever is smaller, so the bipolaron gets the longer path. What
    is left of the ends lies outside the bulk window in which mass and size are measured.
    """
    if sector == POLARON.name:
        return max(30.0 / t, 20.0 / omega)
    return max(50.0 / t, 24.0 / omega)


def projection_length_of(
    given: str | float | BetaSection, model: ModelSection, entry: PointSection, sector: str
) -> float:
    """Return β of one sector of a point: the point's own, or the given one of the campaign; auto is worked
    out."""
    beta = given if entry.beta is None else entry.beta
    if isinstance(beta, BetaSection):
        return float(getattr(beta, sector))
    return auto_beta(sector, model.t, entry.slowest_phonon(model)) if beta == "auto" else float(beta)
