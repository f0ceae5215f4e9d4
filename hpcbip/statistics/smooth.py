"""Smooth curves and surfaces through a few points with errors: Gaussian processes on top of a straight line.

Each output is y(x) = a + b·x + f(x), with a and b free (flat prior) and f a Gaussian process of covariance s²
(1 + r + 2r²/5 + r³/15) e^{-r}, r² = 7 Σ_j (x_j - x'_j)²/ℓ_j² (Matérn, ν = 7/2): universal kriging (Rasmussen
and Williams, Gaussian Processes for Machine Learning, sections 2.7 and 4.2). Its curves have three
derivatives; why not all of them (a squared exponential) is said in docs/method/domes.md. At fixed s and ℓ the
curve is linear in the data, so that errors go through it by weights; a straight line goes through it
unchanged. Several outputs at one point may have correlated errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import block_diag, null_space
from scipy.optimize import minimize
from scipy.special import chdtrc, ndtr

from hpcbip.errors import InputError

Array = NDArray[np.float64]

SHORTEST_LENGTH_SCALE = 0.5  # length scale in spans below which nothing is believed, and in spacings:
SPACINGS = 1.5
LONGEST_LENGTH_SCALE = 4.0
USUAL = (
    0.7  # weak priors: of ln ℓ about this many spans, of ln s about the range of the data, with the widths
)
LENGTH_WIDTH = 0.75
AMPLITUDE_WIDTH = 1.5
REFIT = 20  # points up to which each is left out of the search for s and ℓ as well
FEWEST = 0.5  # degrees of freedom without which nothing can be said on the fit
_AMPLITUDES = (0.01, 10.0)  # of the range of the data
_GRID = {1: 8, 2: 5}  # values of each length that are tried, by dimension
_TOLERANCES = {"ftol": 1e-14, "gtol": 1e-8}  # of the search for s and ℓ, which costs little


@dataclass(frozen=True)
class Smooth:
    """Curves through points with errors; made by `smooth`.

    Attributes:
        x: (n, d) places. y: (q, n) outputs. noise: (n, q, q) covariance of the errors at each place.
        low, span: (d,) range of the places, in units of which all is worked out.
        amplitudes: (q,) s. lengths: (q, d) ℓ in spans.
    """

    x: Array
    y: Array
    noise: Array
    low: Array
    span: Array
    amplitudes: Array
    lengths: Array

    @cached_property
    def left_out(self) -> Array:
        """(q, n): each point less what a curve through all others says there, in standard deviations.

        nan where that cannot be told: at the ends of the range, and where fewer than d + 4 points are left.
        """
        variances = np.diagonal(self.noise, axis1=1, axis2=2).T
        u = self._scaled(self.x)
        return np.array(
            list(map(_left_out, [u] * len(self.y), self.y, variances, self.amplitudes, self.lengths))
        )

    @cached_property
    def p_value(self) -> float:
        """Whether the curves describe the points: twice the smaller of two p-values; nan with too few points.

        Of χ² of the residuals (errors that are too small, structure finer than the shortest length), and of
        the point that the others predict worst (one wrong point, which a curve through all would bend to).
        """
        tested = np.abs(self.left_out[np.isfinite(self.left_out)])
        worst = min(1.0, 2.0 * len(tested) * float(ndtr(-tested.max()))) if len(tested) else float("nan")
        known = [p for p in (self.goodness[2], worst) if np.isfinite(p)]
        return min(1.0, len(known) * min(known)) if known else float("nan")

    @cached_property
    def goodness(self) -> tuple[float, float, float]:
        """χ² of the residuals, its mean if nothing but noise is left in them, and the p-value (nan below
        `FEWEST`).

        For curves that the smoother S reproduces the residuals are (1 - S) times the errors; that quadratic
        form is taken for a multiple of χ² with the same mean and variance (Satterthwaite, Biometrics Bulletin
        2, 110).
        """
        q, n = self.y.shape
        noise = _stacked(self.noise)
        remains = np.eye(q * n) - self.weights(self.x).reshape(q * n, q * n)
        residual = remains @ self.y.ravel()
        form = remains.T @ np.linalg.solve(noise, remains) @ noise
        chi2 = float(residual @ np.linalg.solve(noise, residual))
        mean, half_variance = float(np.trace(form)), float(np.trace(form @ form))
        if mean < FEWEST:
            return chi2, mean, float("nan")
        return chi2, mean, float(chdtrc(mean**2 / half_variance, chi2 * mean / half_variance))

    def weights(self, at: ArrayLike) -> Array:
        """(q, m, q, n): the curves at m places (m, d) are these times `y`. Constants and straight lines are
        exact."""
        u, v = self._scaled(self.x), self._scaled(at)
        q, n, m = len(self.y), len(u), len(v)
        basis = block_diag(*[_line(u)] * q)
        none = np.zeros((basis.shape[1],) * 2)
        system = np.block([[self._prior(u, u) + _stacked(self.noise), basis], [basis.T, none]])
        right = np.vstack([self._prior(u, v), block_diag(*[_line(v).T] * q)])
        return np.asarray(np.linalg.solve(system, right)[: q * n].T.reshape(q, m, q, n))

    def mean(self, at: ArrayLike) -> Array:
        """(q, m): the curves at m places."""
        return np.einsum("kmln,ln->km", self.weights(at), self.y)

    def error(self, at: ArrayLike) -> Array:
        """(q, m): standard deviation of the curves, from the errors of the points and from what lies between
        them."""
        u, v = self._scaled(self.x), self._scaled(at)
        q, m = len(self.y), len(v)
        w = self.weights(at).reshape(q * m, -1)
        inner = self._prior(u, u) + _stacked(self.noise)
        cross = np.einsum("ij,ji->i", w, self._prior(u, v))
        variance = np.repeat(self.amplitudes**2, m) - 2.0 * cross + np.einsum("ij,jk,ik->i", w, inner, w)
        return np.sqrt(np.maximum(variance, 0.0)).reshape(q, m)

    def samples(self, at: ArrayLike, number: int, rng: np.random.Generator, noise: bool = True) -> Array:
        """(number, q, m): curves that the points allow, joint over outputs and places, by Matheron's rule.

        A draw of the prior, less what smoothing makes of its values (and errors) at the points, on top of the
        mean.

        Args:
            at: (m, d) places.
            number: of draws.
            rng: random numbers.
            noise: False takes the points as exact: what is left is the uncertainty of the interpolation
                alone.
        """
        u, v = self._scaled(self.x), self._scaled(at)
        q, n, m = len(self.y), len(u), len(v)
        w = self.weights(at)
        drawn = np.empty((number, q, m))
        data = np.empty((number, q, n))
        for k in range(q):
            everywhere = np.vstack([v, u])
            covariance = self.amplitudes[k] ** 2 * _kernel(everywhere, everywhere, self.lengths[k])
            draw = rng.standard_normal((number, m + n)) @ _root(covariance)
            drawn[:, k], data[:, k] = draw[:, :m], draw[:, m:]
        if noise:
            factors = np.linalg.cholesky(self.noise)
            data += np.einsum("nkl,snl->skn", factors, rng.standard_normal((number, n, q)))
        mean = np.einsum("kmln,ln->km", w, self.y)
        return np.asarray(mean + drawn - np.einsum("kmln,sln->skm", w, data, optimize=True))

    def _scaled(self, x: ArrayLike) -> Array:
        return (_places(x) - self.low) / self.span

    def _prior(self, u: Array, v: Array) -> Array:
        return np.asarray(
            block_diag(
                *(s * s * _kernel(u, v, ell) for s, ell in zip(self.amplitudes, self.lengths, strict=True))
            )
        )


def smooth(x: ArrayLike, y: ArrayLike, noise: ArrayLike) -> Smooth:
    """Curves through points with known errors; s and ℓ of each output by its restricted marginal likelihood.

    The length scale is at least `SHORTEST_LENGTH_SCALE` spans and `SPACINGS` mean distances of points (at
    most one span), so that noise is not interpolated. Weak log-normal priors (0.7 spans, range of the data)
    keep few points from pretending that they know the curvature.

    Args:
        x: (n,) or (n, d) places.
        y: (n,) or (q, n) outputs.
        noise: (n, q, q) covariance of the errors at each place; for one output also (n,) variances.

    Raises:
        InputError: for fewer places than d + 2, for places on one line (d = 2), or values that are not
            finite.
    """
    places, outputs = _places(x), np.atleast_2d(np.asarray(y, dtype=float))
    n, d = places.shape
    covariance = np.asarray(noise, dtype=float)
    covariance = covariance.reshape(n, 1, 1) if covariance.ndim == 1 else covariance
    if not all(np.all(np.isfinite(part)) for part in (places, outputs, covariance)):
        raise InputError("a smooth curve: a value or an error is not finite; allowed: finite numbers")
    if np.any(np.linalg.eigvalsh(covariance)[:, 0] <= 0.0):
        raise InputError("a smooth curve: a point has no error; allowed: errors > 0")
    low = places.min(axis=0)
    span = places.max(axis=0) - low
    if not enough(places):
        distinct = len(np.unique(places, axis=0))
        wanted = f"{d + 2} places" + (" that do not lie on one line" if d > 1 else "")
        raise InputError(f"a smooth curve: {distinct} places are too few; allowed: {wanted}, or more")
    u = (places - low) / span
    fitted = [_hyperparameters(u, row, covariance[:, k, k]) for k, row in enumerate(outputs)]
    amplitudes, lengths = np.array([s for s, _ in fitted]), np.array([ell for _, ell in fitted])
    return Smooth(places, outputs, covariance, low, span, amplitudes, lengths)


def enough(x: ArrayLike) -> bool:
    """Tell whether a straight line (a plane) goes through these places (n,) or (n, d), and one more is
    there."""
    places = np.unique(_places(x), axis=0)
    d, span = places.shape[1], np.ptp(places, axis=0)
    if len(places) < d + 2 or np.any(span == 0.0):
        return False
    return int(np.linalg.matrix_rank(_line((places - places.min(axis=0)) / span), 1e-6)) > d


def shortest_length(points: int, dimension: int) -> float:
    """Return the shortest length scale, in spans, that so many points can resolve."""
    spacing = 1.0 / (points ** (1.0 / dimension) - 1.0)
    return max(SHORTEST_LENGTH_SCALE, min(1.0, SPACINGS * spacing))


def _hyperparameters(u: Array, y: Array, variance: Array, polish: bool = True) -> tuple[float, Array]:
    """s and ℓ at the maximum of the restricted likelihood times the priors; without `polish` the best of a
    grid.

    The likelihood is that of the contrasts of the data that no straight line contributes to.
    """
    d = u.shape[1]
    contrasts = null_space(_line(u).T)
    z, noise = contrasts.T @ y, (contrasts.T * variance) @ contrasts
    unit = max(float(np.ptp(y)), float(np.sqrt(np.median(variance))))

    def inner(theta: Array) -> tuple[Array, Array]:
        """Return s² K and its sum with the noise, of the contrasts, for (..., 1 + d) values of ln (s/unit)
        and ln ℓ."""
        amplitude = unit * np.exp(theta[..., :1, None])
        signal = amplitude**2 * (contrasts.T @ _kernel(u, u, np.exp(theta[..., None, None, 1:])) @ contrasts)
        return signal, signal + noise

    def cost(theta: Array) -> Array:
        """Return minus the logarithm of the posterior for values as above."""
        root = np.linalg.cholesky(inner(theta)[1])
        white = np.linalg.solve(root, np.broadcast_to(z[:, None], (*root.shape[:-1], 1)))[..., 0]
        likelihood = 0.5 * (white**2).sum(-1) + np.log(np.diagonal(root, axis1=-2, axis2=-1)).sum(-1)
        return np.asarray(likelihood + 0.5 * (((theta - usual) / width) ** 2).sum(-1))

    def slope(theta: Array) -> Array:
        """Return its gradient (1 + d,): differences of `cost` are noise where it is flat, and with them s and
        ℓ would depend on the processor."""
        signal, covariance = inner(theta)
        by_lengths = np.exp(2.0 * theta[0]) * unit**2 * _kernel_slopes(u, np.exp(theta[1:]))
        changes = np.stack([2.0 * signal, *(contrasts.T @ by_lengths @ contrasts)])
        solved = np.linalg.solve(covariance, z)
        traces = np.trace(np.linalg.solve(covariance, changes), axis1=-2, axis2=-1)
        return np.asarray(0.5 * (traces - solved @ changes @ solved) + (theta - usual) / width**2)

    usual = np.array([0.0, *[np.log(USUAL)] * d])
    width = np.array([AMPLITUDE_WIDTH, *[LENGTH_WIDTH] * d])
    distinct = len(np.unique(u, axis=0))
    shortest = min(1.0, shortest_length(distinct, d))
    bounds = np.log([_AMPLITUDES, *[(shortest, LONGEST_LENGTH_SCALE)] * d])
    grid = [np.linspace(low, high, 8 if i == 0 else _GRID[d]) for i, (low, high) in enumerate(bounds)]
    starts = np.stack(np.meshgrid(*grid, indexing="ij"), axis=-1).reshape(-1, 1 + d)
    theta = starts[cost(starts).argmin()]
    if polish:
        theta = minimize(cost, theta, method="L-BFGS-B", jac=slope, bounds=bounds, options=_TOLERANCES).x
    return unit * float(np.exp(theta[0])), np.exp(theta[1:])


def _left_out(u: Array, y: Array, variance: Array, s: float, lengths: Array) -> Array:
    """Return one row of `Smooth.left_out`; of few points hyperparameters are found anew without each, or it
    would excuse itself, of more than `REFIT` they are those of all.

    With P as in the restricted likelihood the deviation is (P y)_i / √P_ii (Sundararajan and Keerthi, Neural
    Computation 13, 1103).
    """
    n, d = u.shape
    if n > REFIT:
        projected = _projected(u, variance, s, lengths)
        found = projected @ y / np.sqrt(np.diag(projected))
    else:
        found = np.full(n, np.nan)
    for i in range(n):
        others = np.arange(n) != i
        if n < d + 5 or not enough(u[others]) or np.any(np.ptp(u[others], axis=0) < np.ptp(u, axis=0)):
            found[i] = np.nan
        elif n <= REFIT:
            inner = _projected(
                u, variance, *_hyperparameters(u[others], y[others], variance[others], polish=False)
            )
            found[i] = (inner @ y)[i] / np.sqrt(inner[i, i])
    return found


def _projected(u: Array, variance: Array, s: float, lengths: Array) -> Array:
    """Return P = V⁻¹ - V⁻¹ H (Hᵀ V⁻¹ H)⁻¹ Hᵀ V⁻¹, with V the covariance of the data and H the lines."""
    contrasts = null_space(_line(u).T)
    inner = contrasts.T @ (s * s * _kernel(u, u, lengths) + np.diag(variance)) @ contrasts
    return np.asarray(contrasts @ np.linalg.solve(inner, contrasts.T))


def _root(covariance: Array) -> Array:
    """Return the symmetric square root, which no library's choice of signs of eigenvectors changes: with it
    draws are the same on all processors, up to rounding."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)


def _places(x: ArrayLike) -> Array:
    places = np.asarray(x, dtype=float)
    return places[:, None] if places.ndim == 1 else places


def _line(u: Array) -> Array:
    return np.hstack([np.ones((len(u), 1)), u])


def _kernel(u: Array, v: Array, lengths: Array) -> Array:
    r = np.sqrt(7.0 * (((u[:, None, :] - v[None, :, :]) / lengths) ** 2).sum(axis=-1))
    return np.asarray((1.0 + r + 0.4 * r**2 + r**3 / 15.0) * np.exp(-r))


def _kernel_slopes(u: Array, lengths: Array) -> Array:
    """Return the derivatives of `_kernel` among n places (n, d) by the logarithms of ℓ, shape (d, n, n)."""
    squares = 7.0 * ((u[:, None, :] - u[None, :, :]) / lengths) ** 2
    r = np.sqrt(squares.sum(axis=-1))
    return np.asarray(np.moveaxis(squares, -1, 0) * (0.2 * (1.0 + r + r**2 / 3.0) * np.exp(-r)))


def _stacked(noise: Array) -> Array:
    """(n, q, q) covariances as one matrix (q n, q n), output by output."""
    n, q, _ = noise.shape
    full = np.zeros((q, n, q, n))
    for k in range(q):
        for other in range(q):
            full[k, range(n), other, range(n)] = noise[:, k, other]
    return full.reshape(q * n, q * n)
