"""The Γ method: errors and autocorrelation times from the autocorrelation function (U. Wolff, CPC 156, 143
(2004))."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from hpcbip.statistics.samples import Array, Chains, Samples, dot

FEW_LAGS = 16  # up to which products are quicker than Fourier transforms
MORE_LAGS = 128  # up to which one looks before all of them are worked out


@dataclass(frozen=True)
class Gamma:
    """Result of the Γ method for m quantities.

    Attributes:
        mean: (m,) mean over all samples of all chains.
        error: (m,) its standard error.
        error_error: (m,) standard error of `error` (Wolff eq. 42 carried to the error).
        tau: (m,) integrated autocorrelation time in samples, 1/2 when uncorrelated (eq. 41).
        tau_error: (m,) its standard error (eq. 42).
        window: (m,) lag at which the sum was cut.
    """

    mean: Array
    error: Array
    error_error: Array
    tau: Array
    tau_error: Array
    window: NDArray[np.int64]

    def pick(self, which: slice) -> Gamma:
        """Return the results of the quantities that a slice selects."""
        return Gamma(*(values[which] for values in vars(self).values()))


def autocovariance(chains: Chains | Samples, max_lag: int) -> Array:
    """(max_lag + 1, m) autocovariance Γ(k) about the pooled mean, averaged over all pairs of all chains (eq.
    31)."""
    samples = Samples.of(chains)
    return np.ascontiguousarray(_by_fourier(samples.runs, max_lag, np.arange(len(samples.mean))).T)


def gamma_method(chains: Chains | Samples, s: float = 1.5) -> Gamma:
    """Error and integrated autocorrelation time with the automatic window.

    Args:
        chains: arrays (n_i, m) of samples; chains are independent replica.
        s: assumed ratio of the exponential to the integrated autocorrelation time (Wolff's S).

    Raises:
        ValueError: for fewer than two samples.
    """
    samples = Samples.of(chains)
    n = samples.total
    if n < 2:
        raise ValueError("the Γ method needs at least two samples")
    longest = max(samples.lengths)
    max_lag = min(max(1, longest // 2), longest - 1)
    window, tau = np.zeros(len(samples.mean), dtype=np.int64), np.full(len(samples.mean), np.nan)
    rest = np.arange(len(tau))
    for lags in sorted({min(FEW_LAGS, max_lag), min(MORE_LAGS, max_lag), max_lag}):
        cov = _by_fourier(samples.runs, lags, rest) if lags > FEW_LAGS else _by_products(samples.runs, lags)
        window[rest], tau[rest], found = _cut(cov, n, s)
        rest = rest[~found]
        if not len(rest):
            break
    # Subtracting the estimated instead of the true mean lowers Γ(k) by σ²·2τ/n at every lag (eq. 49).
    tau = np.maximum(tau, 1e-3) * (1.0 + (2.0 * window + 1.0) / n)
    tau_error = tau * np.sqrt(4.0 / n * np.maximum(window + 0.5 - tau, 0.5))
    error = np.sqrt(2.0 * tau * samples.moments(1).square / n / (n - 1.0))
    return Gamma(samples.mean, error, 0.5 * error * tau_error / tau, tau, tau_error, window)


def _pairs(runs: list[Array], max_lag: int) -> Array:
    """(max_lag + 1,) pairs of samples of one chain at each distance, over all chains; at least 1."""
    lag = np.arange(max_lag + 1)
    pairs = sum(run.shape[-2] * np.maximum(run.shape[-1] - lag, 0) for run in runs)
    return np.asarray(np.maximum(pairs, 1), dtype=float)


def _by_products(runs: list[Array], max_lag: int) -> Array:
    """(m, max_lag + 1) autocovariance of runs (m, chains, length), lag by lag: quickest for a few lags."""
    total = np.zeros((len(runs[0]), max_lag + 1))
    for run in runs:
        n = run.shape[2]
        for k in range(min(max_lag, n - 1) + 1):
            total[:, k] += dot(run[:, :, : n - k], run[:, :, k:]).sum(axis=1)
    return total / _pairs(runs, max_lag)


def _by_fourier(runs: list[Array], max_lag: int, columns: NDArray[np.int64]) -> Array:
    """(columns, max_lag + 1) autocovariance of some of the quantities, by Fourier transforms."""
    total = np.zeros((len(columns), max_lag + 1))
    for run in runs:
        n = run.shape[2]
        lags = min(max_lag, n - 1) + 1
        padded = next_fast_len(
            n + lags - 1, real=True
        )  # zeros between the end and the beginning: no wrap-around
        for row, column in zip(
            total, columns, strict=True
        ):  # one by one, which stays within the processor's cache
            wave = rfft(run[column], padded)
            row[:lags] += irfft((wave.real**2 + wave.imag**2).sum(axis=0), padded)[:lags]
    return total / _pairs(runs, max_lag)


def _cut(cov: Array, n: int, s: float) -> tuple[NDArray[np.int64], Array, NDArray[np.bool_]]:
    """From autocovariances (m, lags): the lag (m,) where their sum is cut, the sum, and whether the lags have
    sufficed.

    Eq. 51: τ_W = S / ln((2τ+1)/(2τ-1)); eq. 52: cut where g changes sign, systematic = statistical error.
    Anticorrelated samples, 2τ < 1, fall off like correlated ones with 1/(2τ).
    """
    m, lags = cov.shape
    rho = np.divide(cov, cov[:, :1], out=np.zeros_like(cov), where=cov[:, :1] > 0.0)
    rho[:, 0] = 1.0
    tau = np.cumsum(rho, axis=1) - 0.5  # column W: the sum cut at W
    if lags == 1:
        return np.zeros(m, dtype=np.int64), tau[:, 0], np.ones(m, dtype=np.bool_)
    lag = np.arange(1, lags)
    twice = np.maximum(tau[:, 1:] * 2.0, 0.1)
    twice = np.maximum(np.maximum(twice, 1.0 / twice), 1.0 + 1e-9)
    decay = s / np.log((twice + 1.0) / (twice - 1.0))
    cut = np.exp(-lag / decay) - decay / np.sqrt(lag * n) < 0.0
    found = np.asarray(cut.any(axis=1))
    window = np.where(found, cut.argmax(axis=1) + 1, lags - 1)
    return window, tau[np.arange(m), window], found
