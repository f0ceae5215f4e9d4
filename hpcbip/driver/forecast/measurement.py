"""What is known of an ensemble's cost: errors with the number of updates that they took.

The square of an error times the number of updates (the *effort*) hardly depends on how long one samples, and
not at all on the processor.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hpcbip.vocabulary.entries import ERROR
from hpcbip.vocabulary.observables import RADIUS2, sector_observable
from hpcbip.vocabulary.sectors import BIPOLARON

ENERGY, MASS, SIZE = "energy", "mass", "radius2"
"""Quantities whose effort is predicted; those of all targets follow from them."""

PHONONS = "phonons"

CORRELATION = "correlation"
"""Updates per independent sample, beside the efforts."""


@dataclass(frozen=True)
class Measurement:
    """What sampling has shown of an ensemble.

    Attributes:
        sector: "polaron" or "bipolaron".
        parameters: of the ensemble.
        values: by quantity (energy, mass, radius2, phonons); what is not known is absent.
        efforts: by quantity, error² × updates, of relative errors, but of the energy in units of t; beside
            them updates per independent sample (`CORRELATION`).
        updates: that were measured.
        seconds: CPU time of an update.
        independent: number of independent samples, None if it is not known.
    """

    sector: str
    parameters: Mapping[str, Any]
    values: Mapping[str, float]
    efforts: Mapping[str, float]
    updates: float
    seconds: float | None = None
    independent: float | None = None


def quantities(sector: str) -> dict[str, str]:
    """Return the names of the observables of a sector by quantity."""
    found = {name: sector_observable(name, sector).name for name in (ENERGY, MASS, PHONONS)}
    return found | ({SIZE: RADIUS2.name} if sector == BIPOLARON.name else {})


def measurement(
    sector: str,
    parameters: Mapping[str, Any],
    entries: Mapping[str, Any],
    updates: float,
    seconds: float | None = None,
) -> Measurement:
    """Make a measurement of the entries of a record.

    Args:
        sector: of the ensemble.
        parameters: of the ensemble.
        entries: observables with their errors.
        updates: number of updates in the bins that were analysed.
        seconds: CPU time of all of them.
    """
    values, efforts = {}, {}
    for quantity, name in quantities(sector).items():
        value, error = entries.get(name), entries.get(name + ERROR)
        if value is None or error is None or not math.isfinite(value) or not error > 0.0:
            continue
        if quantity != ENERGY and not value > 0.0:
            continue
        values[quantity] = float(value)
        scale = parameters["t"] if quantity == ENERGY else value
        efforts[quantity] = (error / scale) ** 2 * updates
    independent = entries.get(f"independent_{sector}")
    if independent:
        efforts[CORRELATION] = updates / independent
    return Measurement(
        sector, parameters, values, efforts, updates, seconds / updates if seconds else None, independent
    )
