"""Do the chains agree with each other, their first halves with their second, and is there a trend?

All p-values compare with the spread of bins within chains. A p-value of 1e-4 suffers more than an error bar
from what is left of the correlation between bins, and a chain that is stuck elsewhere must not pass for a
long autocorrelation time; so these are not the bins of the plateau, see `CheckBins`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc, stdtr

from hpcbip.statistics.binning import Binning, bin_sizes
from hpcbip.statistics.samples import Array, Chains, Moments, Samples, dot

_LARGER = 3.0  # than the rule of the plateau has them
_LEAST = 4  # bins of the longest chain
_INDEPENDENT = 8.0  # autocorrelation times: bins that are shorter count for less than one
_FREE = 8.0  # degrees of freedom that tau is taken from at least


@dataclass(frozen=True)
class CheckBins:
    """Bins that the checks use, (m,) each.

    Within a chain of n samples the rule of `binning_analysis` asks for bins of (n (2 tau)²)^{1/3} samples.
    Here they have up to three times as many, but at most a quarter of the longest chain, and tau is taken
    within the chains and about their common trend. What bins of b samples still have in common is allowed for
    as if the autocorrelation were a single exponential: their variance is low by the factor 1 - (tau/b)(1 -
    e^{-b/tau}) (tau less 1/2, which is that of uncorrelated samples), and below b = 8 tau they count for b/(8
    tau) of a degree of freedom.

    Attributes:
        size: samples per bin.
        low: the factor by which the variance of the bins is low.
        worth: degrees of freedom per bin.
    """

    size: NDArray[np.int64]
    low: Array
    worth: Array


@dataclass(frozen=True)
class _Bins:
    moments: Moments
    low: Array
    worth: Array

    @property
    def inner(self) -> Array:
        """(m,) degrees of freedom within chains, were the bins independent."""
        return self.moments.bins - self.moments.used


@dataclass(frozen=True)
class Checks:
    """Results of all checks of m quantities, each (m,); see the functions of this module."""

    chain_p: Array
    half_p: Array
    trend_p: Array
    r_hat: Array


def check_all(chains: Chains | Samples, binning: Binning) -> Checks:
    """Run all checks."""
    samples = Samples.of(chains)
    bins = _bins(samples, binning)
    return Checks(_consistency(bins)[1], _halves_agree(bins)[1], _trend(bins)[1], split_r_hat(samples))


def chain_consistency(chains: Chains | Samples, binning: Binning) -> tuple[Array, Array]:
    """(m,) chi² per degree of freedom of the chain means, and its p-value.

    The variance is the one between bins within chains, so that chains that got stuck in different places are
    found; being an estimate, it makes the reference the F distribution. With fewer than two chains, or too
    few bins, nothing can be said: (nan, 1).
    """
    return _consistency(_bins(Samples.of(chains), binning))


def thermalisation(chains: Chains | Samples, binning: Binning) -> tuple[Array, Array]:
    """(m,) z = (first - second halves)/error and its two-sided p-value (Student's t); (nan, 1) with too few
    bins.

    Least squares with a mean of its own for each chain and one difference of the halves for all of them.
    """
    return _halves_agree(_bins(Samples.of(chains), binning))


def trend(chains: Chains | Samples, binning: Binning) -> tuple[Array, Array]:
    """(m,) t = slope/error of a linear trend in Monte Carlo time and its two-sided p-value (Student's t).

    Least squares with a mean of its own for each chain and one slope for all of them. With too few bins
    nothing can be said: (nan, 1).
    """
    return _trend(_bins(Samples.of(chains), binning))


def split_r_hat(chains: Chains | Samples) -> Array:
    """(m,) potential scale reduction R̂ of half chains (Gelman, Rubin, Stat. Sci. 7, 457, split as in
    Vehtari, Gelman, Simpson, Carpenter, Bürkner, Bayesian Anal. 16, 667 (2021), eq. 1 to 4).

    R̂² = ((n - 1) W + B)/(n W) for parts of n samples, W the variance within them and B n times that of their
    means. Of samples as they are, not of bins: the customary limits (1.1, 1.01) refer to them. Parts of
    unequal lengths count by their samples. Nan where there is no variance, or a half of less than two samples
    is all there is.
    """
    samples = Samples.of(chains)
    halves = [half for run in samples.runs for half in _halves(run) if half.shape[2]]
    n = np.array([half.shape[2] for half in halves for _ in range(half.shape[1])], dtype=float)
    parts, inner = len(n), float(n.sum()) - len(n)
    if parts < 2 or inner < 1.0:
        return np.full(len(samples.mean), np.nan)
    means = [half.mean(axis=2) for half in halves]
    square = [dot(half, half).sum(axis=1) for half in halves]
    apart = np.square(np.concatenate(means, axis=1)) @ n  # about the mean of all samples, which is zero
    between, within = apart / (parts - 1.0), (np.sum(square, axis=0) - apart) / inner
    return np.sqrt(1.0 + (_ratio(between, within) - 1.0) * parts / float(n.sum()))


def _halves(run: Array) -> tuple[Array, Array]:
    return run[:, :, : run.shape[2] // 2], run[:, :, (run.shape[2] + 1) // 2 :]


def check_bins(chains: Chains | Samples, binning: Binning) -> CheckBins:
    """Choose the bins that the checks use."""
    samples = Samples.of(chains)
    sizes, moments = _levels(samples)
    return _choose(samples, binning, sizes, moments)


def _bins(samples: Samples, binning: Binning) -> _Bins:
    sizes, moments = _levels(samples)
    chosen = _choose(samples, binning, sizes, moments)
    return _Bins(moments.pick(np.searchsorted(sizes, chosen.size)), chosen.low, chosen.worth)


def _levels(samples: Samples) -> tuple[NDArray[np.int64], Moments]:
    """Return the bin sizes (L,) to choose from, and the moments of their bins."""
    longest = max(1, max(samples.lengths) // _LEAST)
    sizes = np.array([size for size in bin_sizes(samples.lengths, 1) if size <= longest])
    return sizes, Moments.stack([samples.moments(int(size)) for size in sizes])


def _choose(samples: Samples, binning: Binning, sizes: NDArray[np.int64], moments: Moments) -> CheckBins:
    free = (moments.bins - moments.used)[:, 0] - 1.0
    looked = max(1, int(np.argmin([*(free[: len(binning.size)] >= _FREE), False])))
    size = sizes[:looked, None]
    variance = _ratio(moments.within - _ratio(moments.rise**2, moments.rise2), free[:, None])[:looked]
    tau = np.where(variance[0] > 0.0, 0.5 * _ratio(variance, variance[0] * size), 0.5)
    measured = tau
    for _ in range(3):  # the bins that tau is taken from are short as well
        tau = np.where(measured > 0.5, measured / _low(size, tau), measured)
    wanted = np.cbrt(max(samples.lengths) * (2.0 * tau) ** 2)
    enough = size > wanted
    level = np.where(enough.any(axis=0), enough.argmax(axis=0), looked - 1)
    tau, wanted = (values[level, np.arange(len(level))] for values in (tau, wanted))
    chosen = sizes[np.maximum(np.searchsorted(sizes, _LARGER * wanted, side="right") - 1, 0)]
    return CheckBins(chosen, _low(chosen, tau), np.minimum(1.0, _ratio(chosen, _INDEPENDENT * tau)))


def _low(size: NDArray[np.int64], tau: Array) -> Array:
    """Variance of the sums over bins of `size` samples by that of independent ones, for exponential
    correlations."""
    lengths = size / np.maximum(tau - 0.5, 1e-9)
    return 1.0 + np.expm1(-lengths) / lengths


def _consistency(bins: _Bins) -> tuple[Array, Array]:
    moments = bins.moments
    free = moments.used - 1.0
    mean = _ratio(moments.total.sum(axis=1), moments.bins)
    apart = (moments.total / np.maximum(moments.count, 1.0) - mean[:, None]) ** 2
    between = _ratio((moments.count * apart).sum(axis=1), free)
    ratio = _significance(between, _ratio(moments.within, bins.inner) / bins.low)
    known = (free >= 1.0) & (bins.inner >= 1.0)
    return _where(known, ratio, lambda: fdtrc(free, np.maximum(bins.worth * bins.inner, 1.0), ratio))


def _halves_agree(bins: _Bins) -> tuple[Array, Array]:
    return _slope(bins, bins.moments.step, bins.moments.step2)


def _trend(bins: _Bins) -> tuple[Array, Array]:
    return _slope(bins, bins.moments.rise, bins.moments.rise2)


def _slope(bins: _Bins, product: Array, norm: Array) -> tuple[Array, Array]:
    """t and p-value of the slope of the bins in a regressor, beside a mean per chain.

    Args:
        bins: of sizes chosen.
        product: (m,) sum of bin times regressor.
        norm: (m,) sum of the squared regressor.
    """
    slope, inner = _ratio(product, norm), bins.inner - 1.0
    residual = np.maximum(bins.moments.within - slope * product, 0.0)
    t = _significance(slope, np.sqrt(_ratio(_ratio(residual, inner) / bins.low, norm)))
    known = (inner >= 1.0) & (norm > 0.0)
    return _where(known, t, lambda: 2.0 * stdtr(np.maximum(bins.worth * inner, 1.0), -np.abs(t)))


def _significance(difference: Array, error: Array) -> Array:
    """Return the ratio; 0 where there is no difference, whatever the error."""
    return np.where(difference == 0.0, 0.0, _ratio(difference, error))


def _ratio(numerator: Array | NDArray[np.int64], denominator: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(numerator / denominator)


def _where(known: NDArray[np.bool_], statistic: Array, p_value: Callable[[], Array]) -> tuple[Array, Array]:
    """Return statistic and p-value; nan and 1 where nothing is known."""
    return np.where(known, statistic, np.nan), np.where(known, p_value(), 1.0)
