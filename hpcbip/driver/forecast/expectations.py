"""What is expected of a point before it is sampled: mass, size, phonons, binding energy.

Source is what was measured before, in the atlas and by the benchmark of the cost model, interpolated
(`regression.py`) in (λ, ln t/Ω, U/t, V/t) among points of the same lattice and coupling. Where
that says nothing and Ω >> t, effective Hamiltonians do (`antiadiabatic.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.campaign.plan import Point
from hpcbip.catalogue.configurations import start_of
from hpcbip.driver.forecast.antiadiabatic import antiadiabatic_values
from hpcbip.driver.forecast.measurement import quantities
from hpcbip.driver.forecast.regression import Estimate, Regression
from hpcbip.vocabulary.entries import ERROR
from hpcbip.vocabulary.observables import (
    BINDING_ENERGY,
    MASS_BIPOLARON,
    MASS_POLARON,
    PHONONS_BIPOLARON,
    PHONONS_POLARON,
    RADIUS2,
)
from hpcbip.vocabulary.parameters import COUPLING, LATTICE, OTHER_MODEL_KEYS, SITE_KEYS
from hpcbip.vocabulary.sectors import POLARON, SECTORS

ATLAS, INTERPOLATED, THEORY, PILOT, UNKNOWN = "atlas", "interpolated", "theory", "pilot", "unknown"
"""Where an expected value comes from."""

LENGTHS = (0.5, 0.85, 3.0, 0.85, 0.7, 0.85)
"""Over which logarithms vary: λ over that where scans begin, ln t/Ω, U/t, V/t, g and ln t/Ω of the sites.
Like `SMOOTH` chosen for the largest likelihood of points that were left out, but for U a little shorter:
pairs come apart within a few t."""

SMOOTH: Mapping[str, float] = {
    MASS_POLARON.name: 0.2,
    PHONONS_POLARON.name: 0.3,
    MASS_BIPOLARON.name: 2.0,
    PHONONS_BIPOLARON.name: 0.8,
    RADIUS2.name: 2.5,
    BINDING_ENERGY.name: 2.0,
}
"""Standard deviations of the smooth part of the prior."""

MOST_SOLVED = 20
"""Points for which effective Hamiltonians are solved, which takes a second each."""

LARGEST_SHOWN = math.log(2.0)
"""Spread above which an interpolated value is not worth showing."""

IGNORANCE: Mapping[str, Estimate] = {
    MASS_POLARON.name: Estimate(2.0, 0.7),
    PHONONS_POLARON.name: Estimate(1.0, 0.8),
    MASS_BIPOLARON.name: Estimate(5.0, 1.5),
    PHONONS_BIPOLARON.name: Estimate(4.0, 1.0),
    RADIUS2.name: Estimate(1.5, 1.0),
    BINDING_ENERGY.name: Estimate(0.3, 1.5),
}
"""What is assumed, in units of t, where nothing is known."""

_SAME_MODEL = (LATTICE.name, COUPLING.name, *OTHER_MODEL_KEYS)
_LEAST_NOISE, _MOST_NOISE = 0.01, 1.0
_SAME_POINT = 1e-6
"""Distance in `LENGTHS` below which two points are the same."""


@dataclass(frozen=True)
class Expected:
    """An expected value, with where it comes from."""

    estimate: Estimate
    source: str

    @property
    def shown(self) -> float | None:
        """The value, if it is known well enough to be shown."""
        if self.source == UNKNOWN or self.estimate.spread > LARGEST_SHOWN:
            return None
        return self.estimate.value


def expected_names() -> tuple[str, ...]:
    """Return the names of the observables that are expected of a point."""
    names = [name for sector in SECTORS for name in quantities(sector).values()]
    return (*(name for name in names if not name.startswith("E_")), BINDING_ENERGY.name)


class Knowledge:
    """What was measured before.

    Args:
        records: of points, with parameters, observables and their errors.
    """

    def __init__(self, records: Iterable[Mapping[str, Any]]) -> None:
        self._by_model: dict[str, list[Mapping[str, Any]]] = {}
        for record in records:
            self._by_model.setdefault(_model_key(record), []).append(record)
        self._regressions: dict[tuple[str, str], Regression | None] = {}
        self._solved = 0

    def expect(self, point: Point) -> dict[str, Expected]:
        """Return the expected values of a point by observable, in units of t."""
        key = _model_key(point.parameters)
        found = {name: self._expect(key, name, point.parameters) for name in expected_names()}
        if self._solved < MOST_SOLVED and any(one.shown is None for one in found.values()):
            limit = antiadiabatic_values(point.parameters)
            self._solved += bool(limit)
            for name, estimate in limit.items():
                if estimate.spread < found[name].estimate.spread:
                    found[name] = Expected(estimate, THEORY)
        return found

    def _expect(self, key: str, name: str, parameters: Mapping[str, Any]) -> Expected:
        if (key, name) not in self._regressions:
            self._regressions[key, name] = _regression(name, self._by_model.get(key, ()))
        found = self._regressions[key, name]
        if found is None:
            return Expected(IGNORANCE[name], UNKNOWN)
        place = _coordinates(parameters, _is_of_pair(name))
        return Expected(found.at(place), ATLAS if found.nearest(place) < _SAME_POINT else INTERPOLATED)


def _regression(name: str, records: Iterable[Mapping[str, Any]]) -> Regression | None:
    """Prepare the interpolation of an observable among records of points; None without any."""
    places, values, noises = [], [], []
    for record in records:
        value, error = record.get(name), record.get(name + ERROR)
        if value is None or not error:
            continue
        if name == BINDING_ENERGY.name:  # unbound, or nearly so: an upper limit, and a vague one
            value, error = max(value, 0.5 * error) / record["t"], error / record["t"]
        if value > 0.0:
            places.append(_coordinates(record, _is_of_pair(name)))
            values.append(value)
            noises.append(min(_MOST_NOISE, max(_LEAST_NOISE, error / value)))
    return Regression.fit(places, values, noises, SMOOTH[name]) if places else None


def _is_of_pair(name: str) -> bool:
    return name not in quantities(POLARON.name).values()


def _model_key(parameters: Mapping[str, Any]) -> str:
    return repr([parameters.get(name) or "" for name in _SAME_MODEL])


def _coordinates(parameters: Mapping[str, Any], pair: bool) -> NDArray[np.float64]:
    """Return the coordinates of a point in `LENGTHS`; one electron does not know of U and V."""
    t = parameters["t"]
    g_site, omega_site = (parameters.get(key) for key in SITE_KEYS)
    values = (
        parameters["lambda"] / start_of(parameters["lattice"], parameters["coupling"]).lambdas[0],
        math.log(t / parameters["omega"]),
        parameters["U"] / t if pair else 0.0,
        (parameters["V"] or 0.0) / t if pair else 0.0,
        (g_site or 0.0) / t,
        math.log(t / omega_site) if omega_site else 0.0,
    )
    return np.array(values) / np.array(LENGTHS)
