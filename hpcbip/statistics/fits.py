"""Straight-line fits to correlated data, with a window and its goodness of fit."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, fdtrc

from hpcbip.statistics.samples import Array


@dataclass(frozen=True)
class Windows:
    """Fits of a straight line on W windows of points, all up to the same last one; every attribute is
    (W,).

    Attributes:
        start: first point.
        slope, slope_error: of the line.
        p_value: goodness of fit.
        weight: exp(-(chi² + 2 parameters + 2 points left out)/2), normalised: Akaike's criterion for models
            that differ in the data they describe (Jay, Neil, PRD 103, 114502 (2021), on the selection of
            subsets of the data).
    """

    start: NDArray[np.int64]
    slope: Array
    slope_error: Array
    p_value: Array
    weight: Array

    @property
    def systematic(self) -> float:
        """Spread of the slope over the windows, √(Σ w slope² - (Σ w slope)²): Jay and Neil's systematic
        part."""
        mean = float(self.weight @ self.slope)
        return math.sqrt(float(self.weight @ (self.slope - mean) ** 2))


@dataclass(frozen=True)
class LineFit:
    """Generalised least-squares fit of y = intercept + slope x to the points start:stop.

    Attributes:
        slope, intercept: best values.
        slope_error, intercept_error: standard errors from the covariance of the data.
        weights: (points,) the slope is `weights @ y`, zero outside the window: linear, so it can be
            jackknifed.
        chi2, dof, p_value: goodness of fit.
        start, stop: the window, `x[start:stop]`.
        slope_systematic: error of the slope from the choice of the window; 0 if there was no choice.
        windows: the windows that there were to choose from.
    """

    slope: float
    intercept: float
    slope_error: float
    intercept_error: float
    weights: Array
    chi2: float
    dof: int
    p_value: float
    start: int
    stop: int
    slope_systematic: float
    windows: Windows


@dataclass(frozen=True)
class _Lines:
    """Raw results of fits to W windows: slope and intercept (W, 2) with errors, weights (W, 2, points), chi²
    (W,), dof, p-value."""

    parameters: Array
    errors: Array
    weights: Array
    chi2: Array
    dof: NDArray[np.int64]
    p_value: Array
    start: NDArray[np.int64]
    stop: int

    def pick(self, which: slice) -> _Lines:
        """Return the fits to the windows that are selected."""
        return replace(self, **{name: values[which] for name, values in vars(self).items() if name != "stop"})

    def choose(self, k: int) -> LineFit:
        """Return the fit to one of the windows, with the scan over all of them."""
        score = self.chi2 + 2.0 * self.start
        weight = np.exp(-0.5 * (score - score.min()))
        windows = Windows(
            self.start, self.parameters[:, 0], self.errors[:, 0], self.p_value, weight / weight.sum()
        )
        (slope, intercept), (slope_error, intercept_error) = (
            self.parameters[k].tolist(),
            self.errors[k].tolist(),
        )
        return LineFit(
            slope,
            intercept,
            slope_error,
            intercept_error,
            self.weights[k, 0],
            float(self.chi2[k]),
            int(self.dof[k]),
            float(self.p_value[k]),
            int(self.start[k]),
            self.stop,
            windows.systematic,
            windows,
        )


def fit_line(
    x: Array,
    y: Array,
    covariance: Array,
    start: int = 0,
    stop: int | None = None,
    samples: int | None = None,
    shrink: float = 0.0,
) -> LineFit:
    """Fit a straight line to `y` (points,) at `x` (points,) with the covariance (points, points) of `y`.

    Args:
        x, y: data.
        covariance: covariance of `y`.
        start, stop: window of points.
        samples: number of independent samples that the covariance was estimated from; the p-value then
            follows Hotelling's T² distribution. None: the covariance is exact (chi² distribution).
        shrink: the fit is weighed with the inverse of (1 - shrink) covariance + shrink diagonal: 0 has the
            smallest error if the covariance is exact, 1 leaves correlations out of the weights. Errors and
            chi² always use the covariance as it is.

    Raises:
        ValueError: for fewer than two points in the window.
    """
    stop = len(x) if stop is None else stop
    if stop - start < 2:
        raise ValueError("a straight line needs at least two points")
    return _fit(x, y, covariance, np.array([start]), stop, samples, shrink).choose(0)


def _fit(
    x: Array,
    y: Array,
    covariance: Array,
    start: NDArray[np.int64],
    stop: int,
    samples: int | NDArray[np.int64] | None,
    shrink: float,
) -> _Lines:
    """Lines through the windows start:stop, all at once: points outside a window get no weight. Data,
    covariance and samples may be one for all windows, or have a leading axis for them."""
    index, unit = np.arange(len(x)), np.eye(len(x))
    inside = ((index >= start[:, None]) & (index < stop)).astype(float)
    both = inside[:, :, None] * inside[:, None, :]
    cov, data = covariance * both, y * inside
    design = np.stack([x * inside, inside], axis=2)
    # Points outside are put on the diagonal, where they touch nothing: a matrix of full rank has a plain
    # inverse.
    outside = np.diagonal(covariance, axis1=-2, axis2=-1) * (1.0 - inside)
    shrunk = cov * (1.0 - shrink + shrink * unit) + outside[:, :, None] * unit
    if shrink > 0.0:  # the diagonal makes it regular
        weighed = np.linalg.solve(shrunk, design).transpose(0, 2, 1)
    else:
        weighed = design.transpose(0, 2, 1) @ np.linalg.pinv(shrunk, hermitian=True)
    weights = np.linalg.solve(weighed @ design, weighed)  # parameters = weights @ y
    parameters = (weights @ data[:, :, None])[:, :, 0]
    errors = np.sqrt(np.einsum("wip,wpq,wiq->wi", weights, cov, weights))
    # The residuals are projected out of the fitted directions, so their covariance is singular:
    # pseudo-inverse.
    project = unit - design @ weights
    residual = (project @ data[:, :, None])[:, :, 0]
    spread = project @ cov @ project.transpose(0, 2, 1)
    chi2 = np.einsum("wp,wpq,wq->w", residual, np.linalg.pinv(spread, rcond=1e-10, hermitian=True), residual)
    dof = stop - start - 2
    return _Lines(parameters, errors, weights, chi2, dof, _p_value(chi2, dof, samples), start, stop)


def _p_value(chi2: Array, dof: NDArray[np.int64], samples: int | NDArray[np.int64] | None) -> Array:
    if samples is None:
        p_value = chdtrc(dof, chi2)
    else:
        free = np.maximum(samples - dof, 1)
        hotelling = fdtrc(dof, free, chi2 * free / (np.maximum(dof, 1) * (samples - 1.0)))
        p_value = np.where(samples > dof + 1, hotelling, np.nan)
    return np.where(dof == 0, 1.0, p_value)


def fit_line_past_transient(
    x: Array,
    y: Array,
    covariance: Array,
    samples: int | None = None,
    min_points: int = 4,
    p_min: float = 0.1,
    shrink: float = 0.3,
) -> LineFit:
    """Straight line through the end of a curve that has a transient at x = 0, past that transient.

    The longest window up to the last point on which a straight line describes the data (p-value > `p_min`)
    still has as much of the transient as cannot be told from noise, a bias of about one standard error; so
    the fit starts at 1.5 times its first x. The windows are judged with the full covariance and fitted with
    the shrunk one (see `fit_line`). If no window passes, the one of the last `min_points` points is returned;
    its small p-value tells. All windows are in `windows`, and what the slope owes to the choice among them is
    in `slope_systematic`.

    Raises:
        ValueError: for fewer than two points.
    """
    covariances, worth = covariance[None], None if samples is None else np.array([samples])
    return fit_lines_past_transient(x, y[None], covariances, worth, min_points, p_min, shrink)[0]


def fit_lines_past_transient(
    x: Array,
    y: Array,
    covariance: Array,
    samples: NDArray[np.int64] | None = None,
    min_points: int = 4,
    p_min: float = 0.1,
    shrink: float = 0.3,
) -> list[LineFit]:
    """`fit_line_past_transient` of several curves at the same x at once: y (curves, points), covariance
    (curves, points, points), samples (curves,)."""
    if len(x) < 2:
        raise ValueError("a straight line needs at least two points")
    last = max(0, len(x) - min_points)
    start, curve = np.tile(np.arange(last + 1), len(y)), np.repeat(np.arange(len(y)), last + 1)
    worth = None if samples is None else samples[curve]
    lines = _fit(x, y[curve], covariance[curve], start, len(x), worth, shrink)
    fits = []
    for k in range(len(y)):
        own = lines.pick(slice(k * (last + 1), (k + 1) * (last + 1)))
        good = np.flatnonzero(own.p_value > p_min)
        fits.append(own.choose(min(last, int(np.searchsorted(x, 1.5 * x[good[0]]))) if len(good) else last))
    return fits
