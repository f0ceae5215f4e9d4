"""Straight-line fits to correlated data, with a window and its goodness of fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, fdtrc

from .binning import Array


@dataclass(frozen=True)
class LineFit:
    """Generalised least-squares fit of y = intercept + slope x to the points start:stop.

    Attributes:
        slope, intercept: best values.
        slope_error, intercept_error: standard errors from the covariance of the data.
        weights: (points,) the slope is `weights @ y`, zero outside the window: linear, so it can be jackknifed.
        chi2, dof, p_value: goodness of fit.
        start, stop: the window, `x[start:stop]`.
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
        samples: number of independent samples that the covariance was estimated from; the p-value then follows
            Hotelling's T² distribution. None: the covariance is exact (chi² distribution).
        shrink: the fit is weighed with the inverse of (1 - shrink) covariance + shrink diagonal: 0 has the smallest
            error if the covariance is exact, 1 leaves correlations out of the weights. Errors and chi² always use
            the covariance as it is.

    Raises:
        ValueError: for fewer than two points in the window.
    """
    stop = len(x) if stop is None else stop
    if stop - start < 2:
        raise ValueError("a straight line needs at least two points")
    design = np.stack([np.ones(stop - start), x[start:stop]], axis=1)
    cov = covariance[start:stop, start:stop]
    inverse = np.linalg.pinv((1.0 - shrink) * cov + shrink * np.diag(np.diag(cov)), hermitian=True)
    solve = np.linalg.solve(design.T @ inverse @ design, design.T @ inverse)  # (2, points): parameters = solve @ y
    parameters = solve @ y[start:stop]
    error = np.sqrt(np.diag(solve @ cov @ solve.T))
    weights = np.zeros(len(x))
    weights[start:stop] = solve[1]
    # The residuals are projected out of the fitted directions, so their covariance is singular: pseudo-inverse.
    project = np.eye(stop - start) - design @ solve
    residual = project @ y[start:stop]
    dof = stop - start - 2
    chi2 = float(residual @ np.linalg.pinv(project @ cov @ project.T, rcond=1e-10, hermitian=True) @ residual)
    if dof == 0:
        p_value = 1.0
    elif samples is None:
        p_value = float(chdtrc(dof, chi2))
    elif samples > dof + 1:
        p_value = float(fdtrc(dof, samples - dof, chi2 * (samples - dof) / (dof * (samples - 1.0))))
    else:
        p_value = float("nan")
    return LineFit(
        float(parameters[1]), float(parameters[0]), float(error[1]), float(error[0]), weights, chi2, dof, p_value,
        start, stop,
    )


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

    The longest window up to the last point on which a straight line describes the data (p-value > `p_min`) still has
    as much of the transient as cannot be told from noise, a bias of about one standard error; so the fit starts at 1.5
    times its first x. The windows are judged with the full covariance and fitted with the shrunk one (see `fit_line`).
    If no window passes, the one of the last `min_points` points is returned; its small p-value tells.

    Raises:
        ValueError: for fewer than two points.
    """
    last = max(0, len(x) - min_points)
    for start in range(last + 1):
        fit = fit_line(x, y, covariance, start, samples=samples, shrink=shrink)
        if fit.p_value > p_min:
            later = min(last, int(np.searchsorted(x, 1.5 * x[start])))
            return fit_line(x, y, covariance, later, samples=samples, shrink=shrink)
    return fit
