"""Sentences about two states: where along lambda their energies cross."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np

from hpcbip.report.summary import curve_key, curve_label
from hpcbip.report.tables import Record
from hpcbip.statistics.notation import with_error
from hpcbip.vocabulary.entries import ERROR
from hpcbip.vocabulary.observables import sector_observable
from hpcbip.vocabulary.parameters import LAMBDA
from hpcbip.vocabulary.sectors import SECTORS

SLOPE_SIGMA = 2.0
"""Standard errors by which the slope of the difference in energy has to differ from zero."""


class Difference(NamedTuple):
    """Energy of the lighter state less that of the heavier one at a coupling."""

    coupling: float
    value: float
    error: float


class Crossing(NamedTuple):
    """Where the energies of two states cross along lambda; `between`: points lie on both sides of it."""

    coupling: float
    error: float
    between: bool


def energy_differences(states: Sequence[Record]) -> list[tuple[Record, list[Difference]]]:
    """Return the differences along every curve on which points have two states, with a record of the curve.

    Args:
        states: records of states, the lighter one of each point before the heavier one
            (`hpcbip.reduction.points.state_records`).
    """

    def curve(record: Record) -> tuple[str, ...]:
        return (record["sector"], *curve_key(record))

    found = []
    for _, group in groupby(sorted(states, key=curve), curve):
        own = list(group)
        name = sector_observable("energy", own[0]["sector"]).name
        differences = [
            Difference(
                lighter[LAMBDA.name],
                lighter[name] - heavier[name],
                math.hypot(lighter[name + ERROR], heavier[name + ERROR]),
            )
            for lighter, heavier in zip(own[::2], own[1::2], strict=True)
            if lighter[name] is not None and heavier[name] is not None
        ]
        found.append((own[0], differences))
    return found


def crossing(differences: Sequence[Difference]) -> Crossing | None:
    """Return where a straight line through the differences, by least squares with their errors, is zero.

    Where the line does not describe them, χ² above its degrees of freedom, its errors grow accordingly.

    Returns:
        None with fewer than two couplings, or a slope that is not known to differ from zero.
    """
    couplings, values, errors = (np.array(column) for column in zip(*differences, strict=True))
    if len(set(couplings)) < 2 or not np.all(errors > 0.0):
        return None
    middle = couplings.mean()
    (slope, height), covariance = np.polyfit(couplings - middle, values, 1, w=1.0 / errors, cov="unscaled")
    if len(values) > 2:
        chi2 = float(np.square((values - height - slope * (couplings - middle)) / errors).sum())
        covariance = covariance * max(1.0, chi2 / (len(values) - 2))
    if abs(slope) < SLOPE_SIGMA * math.sqrt(covariance[0, 0]):
        return None
    place = -height / slope
    gradient = np.array([place, 1.0]) / slope
    error = math.sqrt(gradient @ covariance @ gradient)
    at = float(middle + place)
    return Crossing(at, error, bool(couplings.min() <= at <= couplings.max()))


def crossing_lines(states: Sequence[Record]) -> list[str]:
    """Return a sentence for every curve on which points have two states: where their energies cross, or what
    is known of the difference."""
    lines = []
    for record, differences in energy_differences(states):
        if not differences:
            continue
        label = f"{curve_label(record)}: two states of {SECTORS[record['sector']].words}"
        found = crossing(differences)
        if found is None:
            known = ", ".join(f"{with_error(d.value, d.error)} at {d.coupling:g}" for d in differences)
            lines.append(f"{label}: E(lighter) - E(heavier) = {known}; their crossing is not resolved")
            continue
        where = "" if found.between else ", outside of the points that have both"
        lines.append(
            f"{label}: their energies cross at lambda = {with_error(found.coupling, found.error)}{where}"
        )
    return lines
