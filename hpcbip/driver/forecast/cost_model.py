"""The cost model: effort (error² × updates) and time of an update from a few features of an ensemble.

Each is a regression (`regression.py`) on the features, from the benchmark (`samples.csv`, made by
`benchmarks/plan/cost.py`) and the campaigns of the atlas. Efforts are those of relative errors (of the
energy: in units of t), so that

    updates for a relative error ε = effort / ε².
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.driver.forecast.measurement import CORRELATION, ENERGY, MASS, PHONONS, SIZE, Measurement
from hpcbip.driver.forecast.regression import Estimate, Regression
from hpcbip.models import get_lattice
from hpcbip.vocabulary.sectors import BIPOLARON, SECTORS

SPEED = "seconds"
"""Name of the regression of the time of an update, beside those of the efforts."""

FEATURE_LENGTHS: Mapping[str, float] = {
    "ln(beta t)": 2.0,
    "ln(1+phonons)": 1.4,
    "ln(mass)": 2.0,
    "ln(radius2)": 2.0,
    "ln(t/omega)": 1.4,
    "ln(z)": 1.4,
    "U/(|U|+4t)": 0.8,
    "holstein": 2.0,
    "dimension": 4.0,
    "V": 2.0,
}
"""Features, and over which changes of them efforts vary. Like `EFFORT_SMOOTH` and `EFFORT_NOISE` chosen for
the largest likelihood of measurements that were left out (`benchmarks/plan/cost.py residuals`)."""

EFFORT_SMOOTH, EFFORT_NOISE = 1.0, 0.3
"""Standard deviations of the smooth part of the prior, and of a measured effort over and above that from the
number of its independent samples."""

SPEED_SMOOTH, SPEED_NOISE = 0.2, 0.1
"""The same of the time of an update."""

FEWEST_INDEPENDENT = 20.0
"""Independent samples below which a measurement does not enter: its error is hardly known."""

PROCESSOR = "AMD EPYC"
"""On which the times of `samples.csv` were measured."""


@dataclass(frozen=True)
class CostModel:
    """Regressions of efforts and of the time of an update.

    Attributes:
        regressions: by sector, then by quantity: energy, mass, radius2, correlation (updates per independent
            sample) and seconds (of an update).
    """

    regressions: Mapping[str, Mapping[str, Regression]]

    @classmethod
    def fit(cls, measurements: Iterable[Measurement]) -> CostModel:
        """Fit it to measurements of ensembles of both sectors, of which some know their times."""
        found: dict[str, dict[str, Regression]] = {}
        complete = [one for one in measurements if _is_complete(one)]
        for sector in SECTORS:
            own = [one for one in complete if one.sector == sector]
            found[sector] = {
                quantity: Regression.fit(
                    [_place(one.parameters, _known(one))[0] for one in own if quantity in one.efforts],
                    [one.efforts[quantity] for one in own if quantity in one.efforts],
                    [effort_noise(one) for one in own if quantity in one.efforts],
                    EFFORT_SMOOTH,
                )
                for quantity in (ENERGY, MASS, CORRELATION, *([SIZE] if sector == BIPOLARON.name else []))
            }
            timed = [(one, one.seconds) for one in own if one.seconds is not None]
            found[sector][SPEED] = Regression.fit(
                [_place(one.parameters, _known(one))[0] for one, _ in timed],
                [seconds for _, seconds in timed],
                [SPEED_NOISE] * len(timed),
                SPEED_SMOOTH,
            )
        return cls(found)

    @property
    def quantities(self) -> Mapping[str, tuple[str, ...]]:
        """Those of which it knows efforts, by sector."""
        return {
            sector: tuple(name for name in found if name != SPEED)
            for sector, found in self.regressions.items()
        }

    def effort(
        self, sector: str, quantity: str, parameters: Mapping[str, Any], values: Mapping[str, Estimate]
    ) -> Estimate:
        """Predict the effort of a quantity, or the time of an update.

        Args:
            sector: of the ensemble.
            quantity: as in `regressions`.
            parameters: of the ensemble.
            values: expected mass, phonons and, of a pair, radius2.
        """
        return self.regressions[sector][quantity].at(*_place(parameters, values))

    def seconds(self, sector: str, parameters: Mapping[str, Any], values: Mapping[str, Estimate]) -> Estimate:
        """Predict the CPU time of an update."""
        return self.effort(sector, SPEED, parameters, values)


def effort_noise(one: Measurement) -> float:
    """Return the standard deviation of the logarithm of a measured effort: an error from n independent
    samples is known up to 1/√(2n)."""
    return math.hypot(EFFORT_NOISE, math.sqrt(2.0 / max(2.0, one.independent or 2.0)))


def _is_complete(one: Measurement) -> bool:
    needed = {MASS, PHONONS, *([SIZE] if one.sector == BIPOLARON.name else [])}
    return needed <= one.values.keys() and (one.independent or 0.0) >= FEWEST_INDEPENDENT


def _known(one: Measurement) -> dict[str, Estimate]:
    return {name: Estimate(value, 0.0) for name, value in one.values.items() if value > 0.0}


def _place(
    parameters: Mapping[str, Any], values: Mapping[str, Estimate]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the features of an ensemble in their `FEATURE_LENGTHS`, and their standard deviations."""
    t, lattice = parameters["t"], get_lattice(parameters["lattice"])
    U = parameters.get("U", 0.0)
    features = {
        "ln(beta t)": math.log(parameters["beta"] * t),
        "ln(t/omega)": math.log(t / parameters["omega"]),
        "ln(z)": math.log(lattice.coordination),
        "U/(|U|+4t)": U / (abs(U) + 4.0 * t),
        "holstein": float(parameters["coupling"] == "holstein"),
        "dimension": float(lattice.dimension),
        "V": float(bool(parameters.get("V"))),
    }
    deviations = {}
    for name, quantity, added in (
        ("ln(1+phonons)", PHONONS, 1.0),
        ("ln(mass)", MASS, 0.0),
        ("ln(radius2)", SIZE, 0.0),
    ):
        value = values.get(quantity, Estimate(1.0, 0.0))  # one electron has no size
        features[name] = math.log(added + value.value)
        deviations[name] = value.spread * value.value / (added + value.value)
    lengths = np.array(list(FEATURE_LENGTHS.values()))
    return (
        np.array([features[name] for name in FEATURE_LENGTHS]) / lengths,
        np.array([deviations.get(name, 0.0) for name in FEATURE_LENGTHS]) / lengths,
    )
