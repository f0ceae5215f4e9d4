"""What is expected of a point before it is sampled: mass, size, phonons, binding energy.

Source is what was measured before, in the atlas and by the benchmark of the cost model, interpolated by a
Gaussian process in (λ, ln t/Ω, U/t, V/t) among points of the same lattice and coupling, on the logarithms.
Its prior is a plane plus a smooth function; its standard deviation grows away from what is known.
Where that says nothing and Ω >> t, effective Hamiltonians do (`antiadiabatic.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.campaign.plan import Point
from hpcbip.catalogue.configurations import start_of
from hpcbip.catalogue.entries import read_records
from hpcbip.driver.forecast.antiadiabatic import antiadiabatic_values
from hpcbip.driver.forecast.cost_model import Estimate
from hpcbip.driver.forecast.measurement import quantities
from hpcbip.driver.forecast.samples import benchmark_points
from hpcbip.vocabulary.entries import ERROR
from hpcbip.vocabulary.observables import (
    BINDING_ENERGY,
    MASS_BIPOLARON,
    MASS_POLARON,
    PHONONS_BIPOLARON,
    PHONONS_POLARON,
    RADIUS2,
)
from hpcbip.vocabulary.parameters import COUPLING, FACTOR_KEYS, LATTICE, SHELLS, SITE_KEYS
from hpcbip.vocabulary.sectors import POLARON, SECTORS

ATLAS, INTERPOLATED, THEORY, PILOT, UNKNOWN = "atlas", "interpolated", "theory", "pilot", "unknown"
"""Where an expected value comes from."""

LENGTHS = (0.5, 0.85, 5.5, 0.85, 0.7, 0.85)
"""Over which logarithms vary: λ over that where scans begin, ln t/Ω, U/t, V/t, g and ln t/Ω of the sites.
Like `SMOOTH` and `SLOPES` chosen for the largest likelihood of points that were left out."""

SMOOTH: Mapping[str, float] = {
    MASS_POLARON.name: 0.2,
    PHONONS_POLARON.name: 0.3,
    MASS_BIPOLARON.name: 1.2,
    PHONONS_BIPOLARON.name: 0.8,
    RADIUS2.name: 2.0,
    BINDING_ENERGY.name: 1.2,
}
"""Standard deviations of the smooth part of the prior."""

SLOPES, LEVEL = 0.7, 4.0
"""Standard deviations of the prior of slopes, per length, and of the level."""

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

_SAME_MODEL = (LATTICE.name, COUPLING.name, *FACTOR_KEYS, SHELLS.name)
_LEAST_NOISE, _MOST_NOISE = 0.01, 1.0
_SAME_POINT = 1e-6
"""Squared distance in `LENGTHS` below which two points are the same."""


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
        records: of points, with parameters, observables and their errors; None: those of the atlas and of the
            benchmark.
    """

    def __init__(self, records: Iterable[Mapping[str, Any]] | None = None) -> None:
        if records is None:
            records = [*read_records(), *benchmark_points()]
        self._by_model: dict[str, list[Mapping[str, Any]]] = {}
        for record in records:
            self._by_model.setdefault(_model_key(record), []).append(record)
        self._interpolations: dict[tuple[str, str], Interpolation | None] = {}
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
        if (key, name) not in self._interpolations:
            self._interpolations[key, name] = Interpolation.of(name, self._by_model.get(key, ()))
        found = self._interpolations[key, name]
        return Expected(IGNORANCE[name], UNKNOWN) if found is None else found.at(parameters)


@dataclass(frozen=True)
class Interpolation:
    """An observable between the points of a model where it was measured.

    Attributes:
        name: of the observable.
        places: (N, 6) coordinates (`_coordinates`) about `centre`.
        mean: of the logarithms.
        weights: (N,) inverse covariance times the logarithms about `mean`.
        inverse: (N, N) inverse covariance.
    """

    name: str
    places: NDArray[np.float64]
    centre: NDArray[np.float64]
    mean: float
    weights: NDArray[np.float64]
    inverse: NDArray[np.float64]

    @classmethod
    def of(cls, name: str, records: Sequence[Mapping[str, Any]]) -> Interpolation | None:
        """Prepare the interpolation of an observable among records of points; None without any."""
        rows, values, noises = [], [], []
        for record in records:
            value, error = record.get(name), record.get(name + ERROR)
            if value is None or not error:
                continue
            if name == BINDING_ENERGY.name:  # unbound, or nearly so: an upper limit, and a vague one
                value, error = max(value, 0.5 * error) / record["t"], error / record["t"]
            if value > 0.0:
                rows.append(_coordinates(record, _is_of_pair(name)))
                values.append(math.log(value))
                noises.append(min(_MOST_NOISE, max(_LEAST_NOISE, error / value)))
        if not rows:
            return None
        places, mean = np.array(rows), float(np.mean(values))
        centre = places.mean(axis=0)
        places = places - centre
        inverse = np.linalg.inv(_covariance(places, places, SMOOTH[name]) + np.diag(np.square(noises)))
        return cls(name, places, centre, mean, inverse @ (np.array(values) - mean), inverse)

    def at(self, parameters: Mapping[str, Any]) -> Expected:
        """Return the value expected at a point."""
        at = (_coordinates(parameters, _is_of_pair(self.name)) - self.centre)[None, :]
        between = _covariance(at, self.places, SMOOTH[self.name])[0]
        found = self.mean + float(between @ self.weights)
        variance = float(_covariance(at, at, SMOOTH[self.name])[0, 0] - between @ self.inverse @ between)
        spread = math.sqrt(max(variance, _LEAST_NOISE**2))
        known = float(((self.places - at) ** 2).sum(axis=1).min()) < _SAME_POINT
        return Expected(Estimate(math.exp(found), spread), ATLAS if known else INTERPOLATED)


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


def _covariance(a: NDArray[np.float64], b: NDArray[np.float64], smooth: float) -> NDArray[np.float64]:
    """Return the covariances of the prior between two sets of places."""
    square = ((a[:, None, :] - b[None, :, :]) ** 2).sum(axis=2)
    return np.asarray(LEVEL**2 + SLOPES**2 * (a @ b.T) + smooth**2 * np.exp(-square / 2.0))
