"""Regression of positive numbers on a few coordinates: a Gaussian process on their logarithms.

Its prior is a level, a plane, and a smooth function that varies over one unit of each coordinate. So it
interpolates where there are data and goes on as a plane where there are none; its standard deviation says how
far away they are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVEL, SLOPE = 4.0, 0.7
"""Standard deviations of the level, and of the slopes per unit of a coordinate."""

MOST_LOGARITHM, MOST_SPREAD = 200.0, 10.0
"""Logarithm and standard deviation beyond which an estimate means nothing, and would overflow."""

Array = NDArray[np.float64]


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
class Regression:
    """A number that was measured at some places.

    Attributes:
        places: (N, d) coordinates about `centre`, (d,).
        mean: of the logarithms.
        weights: (N,) inverse covariance times the logarithms about `mean`.
        inverse: (N, N) inverse covariance.
        smooth: standard deviation of the smooth part of the prior.
    """

    places: Array
    centre: Array
    mean: float
    weights: Array
    inverse: Array
    smooth: float

    @classmethod
    def fit(
        cls, places: Sequence[Array], values: Sequence[float], noises: Sequence[float], smooth: float
    ) -> Regression:
        """Fit it.

        Args:
            places: coordinates of the measurements, at least one.
            values: what was measured, positive.
            noises: standard deviations of their logarithms.
            smooth: of the prior.
        """
        x, y = np.array(places), np.log(values)
        centre, mean = x.mean(axis=0), float(y.mean())
        covariance = _covariance(x - centre, x - centre, smooth) + np.diag(np.square(noises))
        inverse = np.linalg.inv(covariance)
        return cls(x - centre, centre, mean, inverse @ (y - mean), inverse, smooth)

    def at(self, place: Array, deviations: Array | None = None) -> Estimate:
        """Estimate it at a place.

        Args:
            place: (d,) coordinates.
            deviations: (d,) standard deviations of these; None: they are known.
        """
        at = (place - self.centre)[None, :]
        between = _covariance(at, self.places, self.smooth)[0]
        prior = LEVEL**2 + SLOPE**2 * float(np.square(at).sum()) + self.smooth**2
        variance = max(0.0, prior - float(between @ self.inverse @ between))
        value = self.mean + float(between @ self.weights)
        if deviations is not None and deviations.any():
            moves = np.diag(deviations)[deviations > 0.0]
            both = _covariance(at + np.concatenate([moves, -moves]), self.places, self.smooth) @ self.weights
            variance += float(np.square((both[: len(moves)] - both[len(moves) :]) / 2.0).sum())
        value = max(-MOST_LOGARITHM, min(MOST_LOGARITHM, value))
        return Estimate(math.exp(value), min(MOST_SPREAD, math.sqrt(variance)))

    def nearest(self, place: Array) -> float:
        """Return the distance to the nearest measurement."""
        return float(np.sqrt(np.square(self.places - (place - self.centre)).sum(axis=1).min()))

    def left_out(self) -> tuple[Array, Array]:
        """Return, for every measurement, the logarithm of it over its estimate from all others, and the
        standard deviation that this should have."""
        variances = 1.0 / np.diag(self.inverse)
        return self.weights * variances, np.sqrt(variances)


def _covariance(a: Array, b: Array, smooth: float) -> Array:
    """Return the covariances of the prior between two sets of places."""
    products = a @ b.T
    square = np.square(a).sum(axis=1)[:, None] + np.square(b).sum(axis=1) - 2.0 * products
    return np.asarray(LEVEL**2 + SLOPE**2 * products + smooth**2 * np.exp(-square / 2.0))
