"""Series of one state that fluctuates slowly, and of two: a pair of quantities each, (series, 2, N)."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np

from tests.statistics.ar1 import ar1

Array = np.ndarray
SERIES = int(os.environ.get("HPCBIP_SERIES", "20"))
TIMES = (0.5, 5.0, 30.0, 200.0)
NOISE = 0.3  # of every sample, beside what changes slowly


def slow(rng: np.random.Generator, tau: float, chains: int, length: int) -> Array:
    """AR(1) of unit variance, (series, chains * length)."""
    return np.concatenate(ar1(rng, tau, chains, length, SERIES)).T


def noise(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return NOISE * rng.normal(size=shape)


def gaussian(rng: np.random.Generator, tau: float, chains: int, length: int) -> Array:
    """Two quantities, (series, 2, N), that follow one slow process in opposite directions."""
    z = slow(rng, tau, chains, length)
    return np.stack([z + noise(rng, z.shape), -z + noise(rng, z.shape)], axis=1)


def lognormal(rng: np.random.Generator, tau: float, chains: int, length: int) -> Array:
    """Sizes with a long tail, and phonons that follow them."""
    z = slow(rng, tau, chains, length)
    size2, phonons = 4.0 * np.exp(-z + noise(rng, z.shape)), np.exp(0.3 * z + 0.5 * noise(rng, z.shape))
    return np.stack([np.log1p(phonons), np.log1p(size2)], axis=1)


def squares(rng: np.random.Generator, tau: float, chains: int, length: int) -> Array:
    """Squared distances of a harmonic pair in three dimensions: gamma distributed."""
    size2 = sum(slow(rng, tau, chains, length) ** 2 for _ in range(3))
    phonons = np.maximum(4.0 - np.log1p(size2) + noise(rng, size2.shape), 0.0)
    return np.stack([np.log1p(phonons), np.log1p(size2)], axis=1)


def weakly_bound(rng: np.random.Generator, drift: float, chains: int, length: int) -> Array:
    """A distance that diffuses, and drifts towards zero: exponentially distributed, of a time ~ 1/drift²
    steps.

    A sample is the mean of eight steps; where electrons meet, they have more phonons than far apart.
    """
    r = rng.exponential(0.5 / drift, (SERIES, chains))
    size2, phonons = np.zeros((2, SERIES, chains, length))
    for step in range(8 * length):
        r = np.abs(r - drift + rng.normal(size=r.shape))
        size2[..., step // 8] += r * r / 8.0
        phonons[..., step // 8] += (2.0 + 4.0 * np.exp(-0.5 * r)) / 8.0
    phonons = np.maximum(phonons + noise(rng, phonons.shape), 0.0)
    return np.stack([np.log1p(phonons), np.log1p(size2)], axis=1).reshape(SERIES, 2, -1)


ONE_STATE: list[tuple[Callable[[np.random.Generator, float, int, int], Array], tuple[float, ...]]] = [
    (gaussian, TIMES),
    (lognormal, TIMES),
    (squares, TIMES),
    (weakly_bound, (0.3, 0.1, 0.03)),
]


def hopping(
    rng: np.random.Generator, dwell: float, share: float, apart: float, chains: int, length: int
) -> tuple[Array, Array]:
    """States `apart` standard deviations of their noise (AR(1), τ = 2), that last `dwell` samples on
    average; a pair of quantities (series, 2, N), and the states (series, N)."""
    leave = np.array([0.5 / (1.0 - share), 0.5 / share]) / dwell
    state = np.empty((SERIES, chains, length), dtype=int)
    state[..., 0] = rng.random((SERIES, chains)) < share
    for k in range(1, length):
        before = state[..., k - 1]
        state[..., k] = np.where(rng.random(before.shape) < leave[before], 1 - before, before)
    level = apart * state.reshape(SERIES, -1)
    return np.stack([sign * level + slow(rng, 2.0, chains, length) for sign in (1, -1)], axis=1), state


def double_well(rng: np.random.Generator, barrier: float, chains: int, length: int) -> tuple[Array, Array]:
    """Diffusion in barrier (x² - 1)², which takes its time from one well to the other; and the sign of x."""
    x = rng.choice([-1.0, 1.0], (SERIES, chains))
    found = np.empty((SERIES, chains, length))
    for k in range(length):
        for _ in range(4):
            x = x - 0.02 * barrier * x * (x * x - 1.0) + np.sqrt(0.01) * rng.normal(size=x.shape)
        found[..., k] = x
    x = found.reshape(SERIES, -1)
    return np.stack([x + noise(rng, x.shape), -x + noise(rng, x.shape)], axis=1), np.asarray(found > 0.0)
