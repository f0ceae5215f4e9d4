"""Autoregressive processes: correlated samples with closed-form errors."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter


def ar1(rng: np.random.Generator, tau: float, chains: int, length: int, copies: int) -> list[np.ndarray]:
    """Stationary AR(1) of unit variance and zero mean, integrated autocorrelation time tau; arrays (length,
    copies)."""
    a = coefficient(tau)
    result = []
    for _ in range(chains):
        noise = rng.normal(size=(length, copies)) * np.sqrt(1.0 - a * a)
        noise[0] /= np.sqrt(1.0 - a * a)
        result.append(lfilter([1.0], [1.0, -a], noise, axis=0))
    return result


def coefficient(tau: float) -> float:
    """a of x' = a x + noise: tau = (1 + a)/(2 (1 - a))."""
    return (2.0 * tau - 1.0) / (2.0 * tau + 1.0)


def exact_error(tau: float, chains: int, length: int) -> float:
    """Standard error of the pooled mean of stationary AR(1) chains of unit variance."""
    k = np.arange(1, length)
    return float(np.sqrt((1.0 + 2.0 * np.sum((1.0 - k / length) * coefficient(tau) ** k)) / length / chains))
