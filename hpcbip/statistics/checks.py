"""Do the chains agree with each other, their first halves with their second, and is there a trend?

All p-values compare with the spread between bins of plateau size within chains, which are nearly independent samples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc, stdtr

from .binning import Binning
from .samples import Array, Chains, Samples, dot


@dataclass(frozen=True)
class Checks:
    """Results of all checks of m quantities, each (m,); see the functions of this module."""

    chain_p: Array
    half_p: Array
    trend_p: Array
    r_hat: Array


@dataclass(frozen=True)
class _Parts:
    """Bins of plateau size in P parts (chains, or half chains: first halves, then second halves).

    Attributes:
        count: (m, P) bins per part.
        mean: (m, P) their mean; 0 where there are none.
        within: (m,) sum over all parts of the squared deviations of the bins from the mean of their part.
        drift: (m,) sum over all bins of bin times t, the number of the bin counted from the middle of its part.
    """

    count: Array
    mean: Array
    within: Array
    drift: Array

    @property
    def used(self) -> NDArray[np.int64]:
        """(m,) parts that have bins."""
        return np.asarray((self.count > 0.0).sum(axis=1))

    @property
    def inner(self) -> Array:
        """(m,) degrees of freedom of `within`."""
        return np.asarray(self.count.sum(axis=1) - self.used)

    def mean_of(self, parts: slice) -> tuple[Array, Array]:
        """Number of bins in some of the parts, and their mean, (m,) each."""
        count = self.count[:, parts].sum(axis=1)
        return count, _ratio((self.count[:, parts] * self.mean[:, parts]).sum(axis=1), count)


def check_all(chains: Chains | Samples, binning: Binning) -> Checks:
    """All checks at once."""
    samples = Samples.of(chains)
    whole, halves = _moments(samples, binning)
    return Checks(_consistency(whole)[1], _halves_agree(halves)[1], _trend(whole)[1], split_r_hat(samples))


def chain_consistency(chains: Chains | Samples, binning: Binning) -> tuple[Array, Array]:
    """(m,) chi² per degree of freedom of the chain means, and its p-value.

    The variance is the one between bins of plateau size within chains, so that chains that got stuck in different
    places are found; being an estimate, it makes the reference the F distribution. With fewer than two chains, or
    too few bins, nothing can be said: (nan, 1).
    """
    return _consistency(_moments(Samples.of(chains), binning)[0])


def thermalisation(chains: Chains | Samples, binning: Binning) -> tuple[Array, Array]:
    """(m,) z = (first - second halves)/error and its two-sided p-value (Student's t); (nan, 1) with too few bins.

    Halves of the bins of each chain; the one in the middle is left out where their number is odd.
    """
    return _halves_agree(_moments(Samples.of(chains), binning)[1])


def trend(chains: Chains | Samples, binning: Binning) -> tuple[Array, Array]:
    """(m,) t = slope/error of a linear trend in Monte Carlo time and its two-sided p-value (Student's t).

    Least squares on bins of plateau size with a mean of its own for each chain and one slope for all of them. With
    too few bins nothing can be said: (nan, 1).
    """
    return _trend(_moments(Samples.of(chains), binning)[0])


def split_r_hat(chains: Chains | Samples) -> Array:
    """(m,) potential scale reduction R̂ of half chains (Gelman, Rubin, Stat. Sci. 7, 457, split as in Vehtari, Gelman,
    Simpson, Carpenter, Bürkner, Bayesian Anal. 16, 667 (2021), eq. 1 to 4).

    R̂² = ((n - 1) W + B)/(n W) for parts of n samples, W the variance within them and B n times that of their means.
    Of samples as they are, not of bins: the customary limits (1.1, 1.01) refer to them. Parts of unequal lengths count
    by their samples. Nan where there is no variance, or a half of less than two samples is all there is.
    """
    samples = Samples.of(chains)
    halves = [half for run in samples.runs for half in (_first_half(run), _second_half(run)) if half.shape[2]]
    n = np.array([half.shape[2] for half in halves for _ in range(half.shape[1])], dtype=float)
    parts, inner = len(n), float(n.sum()) - len(n)
    if parts < 2 or inner < 1.0:
        return np.full(len(samples.mean), np.nan)
    means = [half.mean(axis=2) for half in halves]
    square = [dot(half, half).sum(axis=1) for half in halves]
    apart = np.square(np.concatenate(means, axis=1)) @ n  # about the mean of all samples, which is zero
    between, within = apart / (parts - 1.0), (np.sum(square, axis=0) - apart) / inner
    return np.sqrt(1.0 + (_ratio(between, within) - 1.0) * parts / float(n.sum()))


def _first_half(run: Array) -> Array:
    return run[:, :, : run.shape[2] // 2]


def _second_half(run: Array) -> Array:
    return run[:, :, (run.shape[2] + 1) // 2 :]


def _consistency(parts: _Parts) -> tuple[Array, Array]:
    _, mean = parts.mean_of(slice(None))
    free, inner = parts.used - 1.0, parts.inner
    between = _ratio((parts.count * (parts.mean - mean[:, None]) ** 2).sum(axis=1), free)
    ratio = _significance(between, _ratio(parts.within, inner))
    return _where((free >= 1.0) & (inner >= 1.0), ratio, lambda: fdtrc(free, inner, ratio))


def _halves_agree(parts: _Parts) -> tuple[Array, Array]:
    half = parts.count.shape[1] // 2
    (a, first), (b, second), inner = parts.mean_of(slice(half)), parts.mean_of(slice(half, None)), parts.inner
    error2 = _ratio(parts.within, inner) * (_ratio(1.0, a) + _ratio(1.0, b))
    z = _significance(first - second, np.sqrt(error2))
    return _where((inner >= 1.0) & (a > 0.0) & (b > 0.0), z, lambda: 2.0 * stdtr(inner, -np.abs(z)))


def _trend(parts: _Parts) -> tuple[Array, Array]:
    times = (parts.count * (parts.count**2 - 1.0)).sum(axis=1) / 12.0  # sum over all bins of t²
    slope, inner = _ratio(parts.drift, times), parts.inner - 1.0
    residual = np.maximum(parts.within - slope * parts.drift, 0.0)
    t = _significance(slope, np.sqrt(_ratio(_ratio(residual, inner), times)))
    return _where(inner >= 1.0, t, lambda: 2.0 * stdtr(inner, -np.abs(t)))


def _significance(difference: Array, error: Array) -> Array:
    """The ratio; 0 where there is no difference, whatever the error."""
    return np.where(difference == 0.0, 0.0, _ratio(difference, error))


def _ratio(numerator: Array | float, denominator: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(numerator / denominator)


def _where(known: NDArray[np.bool_], statistic: Array, p_value: Callable[[], Array]) -> tuple[Array, Array]:
    """Statistic and p-value; nan and 1 where nothing is known."""
    return np.where(known, statistic, np.nan), np.where(known, p_value(), 1.0)


def _moments(samples: Samples, binning: Binning) -> tuple[_Parts, _Parts]:
    """Moments of the bins of chains and of half chains, every column in bins of its own plateau size."""
    sizes = binning.plateau_size
    groups = [(size, np.flatnonzero(sizes == size)) for size in np.unique(sizes)]
    whole, halves = [], []
    for size, columns in groups:
        runs = [run[columns] for run in samples.bins(int(size))]
        whole.append(_parts(runs))
        halves.append(_parts([*map(_first_half, runs), *map(_second_half, runs)]))
    order = np.argsort(np.concatenate([columns for _, columns in groups]))
    return _join(whole, order), _join(halves, order)


def _parts(runs: list[Array]) -> _Parts:
    counts, means, within, drift = [], [], np.zeros(len(runs[0])), np.zeros(len(runs[0]))
    for bins in runs:
        n = bins.shape[2]
        mean = bins.mean(axis=2) if n else np.zeros(bins.shape[:2])
        rest = bins - mean[:, :, None]
        counts.append(np.full(mean.shape, float(n)))
        means.append(mean)
        within += dot(rest, rest).sum(axis=1)
        drift += (rest @ (np.arange(n) - 0.5 * (n - 1))).sum(axis=1)
    return _Parts(np.concatenate(counts, axis=1), np.concatenate(means, axis=1), within, drift)


def _join(groups: list[_Parts], order: NDArray[np.int64]) -> _Parts:
    columns = zip(*(vars(group).values() for group in groups), strict=True)
    return _Parts(*(np.concatenate(column)[order] for column in columns))
