"""The cost model: effort (error² × updates) and time of an update from a few features of an ensemble.

The logarithm of each is linear in the features, a least-squares fit to the benchmark (`samples.csv`) and to
campaigns of the atlas, made by `benchmarks/cost.py fit` and stored as `cost_model.json` with its residuals.
The efforts are those of relative errors (of the energy: in units of t), so that

    updates for a relative error ε = effort / ε².
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.driver.forecast.measurement import CORRELATION, ENERGY, MASS, PHONONS, SIZE, Measurement
from hpcbip.models import get_lattice
from hpcbip.vocabulary.sectors import BIPOLARON, SECTORS

COST_MODEL = Path(__file__).with_name("cost_model.json")

SPEED = "seconds"
"""Name of the line of the time of an update, beside those of the efforts."""

CONSTANT, LENGTH, CLOUD, DIMENSION, TAIL = "1", "ln(beta t)", "ln(1+phonons)", "dimension", "has V(r)"
LN_MASS, LN_SIZE = "ln(mass)", "ln(radius2)"
FEATURES: Mapping[str, tuple[str, ...]] = {
    "polaron": (CONSTANT, LENGTH, CLOUD, LN_MASS),
    "bipolaron": (CONSTANT, LENGTH, CLOUD, LN_MASS, LN_SIZE),
}
"""Of efforts, by sector."""

SPEED_FEATURES = (CONSTANT, LENGTH, CLOUD, DIMENSION, TAIL)
RIDGE = 1e-2
"""Weight of the squares of coefficients in the fits, in units of one measurement."""

FEWEST_INDEPENDENT = 20.0
"""Independent samples below which a measurement does not enter a fit: its error is hardly known."""


@dataclass(frozen=True)
class Line:
    """A linear model of a logarithm.

    Attributes:
        coefficients: by feature.
        residual: standard deviation of the logarithms about it.
        number: of measurements.
    """

    coefficients: Mapping[str, float]
    residual: float
    number: int

    def at(self, features: Mapping[str, float], deviations: Mapping[str, float]) -> Estimate:
        """Predict at features that are known up to these standard deviations."""
        value = sum(c * features[name] for name, c in self.coefficients.items())
        spread = math.hypot(
            self.residual, *(c * deviations.get(name, 0.0) for name, c in self.coefficients.items())
        )
        return Estimate(math.exp(value), spread)


@dataclass(frozen=True)
class Estimate:
    """A positive number and the standard deviation of its logarithm."""

    value: float
    spread: float

    @property
    def low(self) -> float:
        """One standard deviation below."""
        return self.value * math.exp(-self.spread)

    @property
    def high(self) -> float:
        """One standard deviation above."""
        return self.value * math.exp(self.spread)

    def times(self, factor: float) -> Estimate:
        """Multiply by a number that is known."""
        return Estimate(self.value * factor, self.spread)

    def joined(self, other: Estimate) -> Estimate:
        """Return the weighted mean of two independent estimates of the same number."""
        a, b = (1.0 / max(one.spread, 1e-6) ** 2 for one in (self, other))
        mean = (a * math.log(self.value) + b * math.log(other.value)) / (a + b)
        return Estimate(math.exp(mean), (a + b) ** -0.5)


@dataclass(frozen=True)
class CostModel:
    """Lines of efforts and of the time of an update, by sector and quantity.

    Attributes:
        lines: by sector, then by quantity (energy, mass, radius2, correlation, seconds).
        campaigns: of the atlas, to which it was fitted.
        processor: on which the time of an update was measured.
    """

    lines: Mapping[str, Mapping[str, Line]]
    campaigns: tuple[str, ...]
    processor: str

    def effort(
        self, sector: str, quantity: str, parameters: Mapping[str, Any], values: Mapping[str, Estimate]
    ) -> Estimate:
        """Predict the effort of a quantity.

        Args:
            sector: of the ensemble.
            quantity: energy, mass, radius2, or correlation (updates per independent sample).
            parameters: of the ensemble.
            values: expected mass, radius2 and phonons.
        """
        features, deviations = _features(parameters, values)
        return self.lines[sector][quantity].at(features, deviations)

    def seconds(self, sector: str, parameters: Mapping[str, Any], values: Mapping[str, Estimate]) -> Estimate:
        """Predict the CPU time of an update."""
        return self.effort(sector, SPEED, parameters, values)

    def to_json(self) -> str:
        """Write it as the text of `COST_MODEL`."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> CostModel:
        """Read the text of `COST_MODEL`."""
        content = json.loads(text)
        lines = {
            sector: {name: Line(**line) for name, line in lines.items()}
            for sector, lines in content["lines"].items()
        }
        return cls(lines, tuple(content["campaigns"]), content["processor"])


@cache
def cost_model() -> CostModel:
    """Read the model that travels with the package."""
    return CostModel.from_json(COST_MODEL.read_text(encoding="utf-8"))


def fit_cost_model(
    measurements: Sequence[Measurement], campaigns: Sequence[str] = (), processor: str = ""
) -> CostModel:
    """Fit a model.

    Args:
        measurements: of ensembles; those from few independent samples are left out, and the time of an update
            is taken from those that know it.
        campaigns: where they come from, to be noted in the model.
        processor: on which the time of an update was measured.
    """
    lines: dict[str, dict[str, Line]] = {}
    for sector in SECTORS:
        own = [one for one in measurements if one.sector == sector and _is_complete(one)]
        wanted = [ENERGY, MASS, CORRELATION, *([SIZE] if sector == BIPOLARON.name else [])]
        lines[sector] = {
            quantity: _fit(
                [(one, one.efforts[quantity]) for one in own if quantity in one.efforts], FEATURES[sector]
            )
            for quantity in wanted
        }
        timed = [(one, one.seconds) for one in own if one.seconds is not None]
        lines[sector][SPEED] = _fit(timed, SPEED_FEATURES)
    return CostModel(lines, tuple(campaigns), processor)


def _is_complete(one: Measurement) -> bool:
    needed = {MASS, PHONONS, *([SIZE] if one.sector == BIPOLARON.name else [])}
    return needed <= one.values.keys() and (one.independent or 0.0) >= FEWEST_INDEPENDENT


def _features(
    parameters: Mapping[str, Any], values: Mapping[str, Estimate]
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the features of an ensemble, and the standard deviations of those that are."""
    known = {CLOUD: (PHONONS, 1.0), LN_MASS: (MASS, 0.0), LN_SIZE: (SIZE, 0.0)}
    features = {
        CONSTANT: 1.0,
        LENGTH: math.log(parameters["beta"] * parameters["t"]),
        DIMENSION: float(get_lattice(parameters["lattice"]).dimension),
        TAIL: float(bool(parameters.get("V"))),
    }
    deviations = {}
    for name, (quantity, added) in known.items():
        if quantity in values:
            value = values[quantity]
            features[name] = math.log(added + value.value)
            deviations[name] = value.spread * value.value / (added + value.value)
    return features, deviations


def _fit(samples: Sequence[tuple[Measurement, float]], names: Sequence[str]) -> Line:
    rows = [
        _features(one.parameters, {k: Estimate(v, 0.0) for k, v in one.values.items() if v > 0.0})[0]
        for one, _ in samples
    ]
    x: NDArray[np.float64] = np.array([[row[name] for name in names] for row in rows])
    y = np.log([value for _, value in samples])
    coefficients = np.linalg.solve(x.T @ x + RIDGE * np.eye(len(names)), x.T @ y)
    left = y - x @ coefficients
    residual = float(np.sqrt(left @ left / max(1, len(y) - len(names))))
    return Line(dict(zip(names, coefficients.tolist(), strict=True)), residual, len(y))
