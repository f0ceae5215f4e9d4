"""The Γ method: errors and autocorrelation times from the autocorrelation function (U. Wolff, CPC 156, 143 (2004))."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .binning import Array, Chains, pooled_mean


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


def autocovariance(chains: Chains, max_lag: int) -> Array:
    """(max_lag + 1, m) autocovariance Γ(k) about the pooled mean, averaged over all pairs of all chains (eq. 31)."""
    mean = pooled_mean(chains)
    total = np.zeros((max_lag + 1, len(mean)))
    pairs = np.zeros(max_lag + 1)
    for chain in chains:
        n = len(chain)
        lags = min(max_lag, n - 1) + 1
        power = np.abs(np.fft.rfft(chain - mean, 2 * n, axis=0)) ** 2  # zero-padded: no wrap-around
        total[:lags] += np.fft.irfft(power, 2 * n, axis=0)[:lags]
        pairs[:lags] += n - np.arange(lags)
    return total / pairs[:, None]


def gamma_method(chains: Chains, s: float = 1.5) -> Gamma:
    """Error and integrated autocorrelation time with the automatic window.

    Args:
        chains: arrays (n_i, m) of samples; chains are independent replica.
        s: assumed ratio of the exponential to the integrated autocorrelation time (Wolff's S).

    Raises:
        ValueError: for fewer than two samples.
    """
    n = sum(len(chain) for chain in chains)
    if n < 2:
        raise ValueError("the Γ method needs at least two samples")
    max_lag = max(1, max(len(chain) for chain in chains) // 2)
    max_lag = min(max_lag, max(len(chain) for chain in chains) - 1)
    cov = autocovariance(chains, max_lag)
    varies = cov[0] > 0.0
    rho = np.divide(cov, cov[0], out=np.zeros_like(cov), where=varies)
    rho[0] = 1.0
    tau_of = np.cumsum(rho, axis=0) - 0.5  # row W: the sum cut at W
    lag = np.arange(1, max_lag + 1)[:, None]
    # Eq. 51: τ_W = S / ln((2τ+1)/(2τ-1)); eq. 52: cut where g changes sign, systematic = statistical error.
    # Anticorrelated samples, 2τ < 1, fall off like correlated ones with 1/(2τ).
    twice = np.maximum(tau_of[1:] * 2.0, 0.1)
    twice = np.maximum(np.maximum(twice, 1.0 / twice), 1.0 + 1e-9)
    decay = s / np.log((twice + 1.0) / (twice - 1.0))
    cut = np.exp(-lag / decay) - decay / np.sqrt(lag * n) < 0.0
    window = np.where(cut.any(axis=0), cut.argmax(axis=0) + 1, max_lag) if max_lag > 0 else np.zeros(cov.shape[1], int)
    # Subtracting the estimated instead of the true mean lowers Γ(k) by σ²·2τ/n at every lag (eq. 49).
    tau = np.take_along_axis(tau_of, window[None], axis=0)[0]
    tau = np.maximum(tau, 1e-3) * (1.0 + (2.0 * window + 1.0) / n)
    tau_error = tau * np.sqrt(4.0 / n * np.maximum(window + 0.5 - tau, 0.5))
    error = np.sqrt(2.0 * tau * np.maximum(cov[0], 0.0) / n * n / (n - 1.0))
    return Gamma(pooled_mean(chains), error, 0.5 * error * tau_error / tau, tau, tau_error, window)
