"""Binning: the error of a mean against the size of the bins it is taken from.

Data are always a list of chains, one array (n_i, m) per chain: n_i equidistant samples of m quantities.
Samples are correlated within a chain and independent between chains, so no bin ever holds samples of two
chains. Autocorrelation times follow Wolff (CPC 156, 143): tau = 1/2 + Σ_{k>0} ρ(k), in units of one sample;
1/2 means uncorrelated, and N samples are worth N/(2 tau) independent ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpcbip.statistics.samples import Array, Chains, Moments, Samples

__all__ = [
    "MIN_BINS_AT_LEVEL",
    "Array",
    "Binning",
    "Chains",
    "bin_sizes",
    "binning_analysis",
    "pooled_mean",
    "rebin",
]

MIN_BINS_AT_LEVEL = 16  # the error of the error is 18 % there; larger bins say nothing


@dataclass(frozen=True)
class Binning:
    """Errors of the mean of m quantities at L bin sizes.

    Attributes:
        size: (L,) samples per bin.
        bins: (L,) number of bins, over all chains.
        error: (L, m) error of the mean estimated from bins of that size.
        error_error: (L, m) its own standard error, error/√(2 (bins - 1)).
        plateau: (m,) level taken to be on the plateau.
        reached: (m,) False where no level is large enough for its autocorrelation.
    """

    size: NDArray[np.int64]
    bins: NDArray[np.int64]
    error: Array
    error_error: Array
    plateau: NDArray[np.int64]
    reached: NDArray[np.bool_]

    def pick(self, which: slice) -> Binning:
        """Return the results of the quantities that a slice selects."""
        error, error_error = self.error[:, which], self.error_error[:, which]
        return Binning(self.size, self.bins, error, error_error, self.plateau[which], self.reached[which])

    def _at_plateau(self, values: Array) -> Array:
        return np.asarray(np.take_along_axis(values, self.plateau[None, :], axis=0)[0])

    @property
    def plateau_error(self) -> Array:
        """(m,) error of the mean at the plateau."""
        return self._at_plateau(self.error)

    @property
    def plateau_error_error(self) -> Array:
        """(m,) standard error of `plateau_error`."""
        return self._at_plateau(self.error_error)

    @property
    def tau(self) -> Array:
        """(m,) integrated autocorrelation time, 2 tau = (error at the plateau / error of single samples)²."""
        return 0.5 * _ratio2(self.plateau_error, self.error[0])

    @property
    def tau_error(self) -> Array:
        """(m,) standard error of `tau`."""
        return 2.0 * self.tau / np.sqrt(2.0 * (self.bins[self.plateau] - 1.0))


def _ratio2(error: Array, naive: Array) -> Array:
    """(error/naive)², and 1 for a quantity that never varies."""
    return np.divide(error, naive, out=np.ones_like(error), where=naive > 0.0) ** 2


def rebin(chain: Array, size: int) -> Array:
    """(n // size, m) means over consecutive samples; what does not fill a bin is left out at the start of the
    chain."""
    count = len(chain) // size
    return np.asarray(chain[len(chain) - count * size :].reshape(count, size, chain.shape[1]).mean(axis=1))


def pooled_mean(chains: Chains) -> Array:
    """(m,) mean over all samples of all chains."""
    return np.asarray(sum(chain.sum(axis=0) for chain in chains) / sum(map(len, chains)))


def bin_sizes(lengths: Sequence[int], min_bins: int = MIN_BINS_AT_LEVEL) -> list[int]:
    """Bin sizes 1, 2, 3, 4, 6, 8, 12, ... that leave at least `min_bins` bins in all chains together.

    Each but 3 is twice an earlier one, so that its bins are pairs of bins that are there already.
    """
    sizes = [1]
    for step in range(2 * max(lengths).bit_length()):
        size = (2 + step % 2) << step // 2
        if sum(n // size for n in lengths) < min_bins:
            break
        sizes.append(size)
    return sizes


def binning_analysis(chains: Chains | Samples, min_bins: int = MIN_BINS_AT_LEVEL) -> Binning:
    """Errors of the pooled mean against bin size, and the plateau.

    The plateau is the first bin size b with b³ > N (2 tau_b)², 2 tau_b = (error_b/error_1)². Up to a factor
    of order one it balances the relative bias -tau/(2b), which correlations between neighbouring bins leave,
    against the noise √(b/2N) of the error (Wolff, CPC 156, 143; Lee, Conduit, Nemec, López Ríos, Drummond,
    PRE 83, 066706).

    Args:
        chains: arrays (n_i, m) with at least two samples in all.
        min_bins: bins that the largest size must leave.

    Raises:
        ValueError: for fewer than two samples.
    """
    samples = Samples.of(chains)
    total = samples.total
    if total < 2:
        raise ValueError("binning needs at least two samples")
    sizes = np.array(bin_sizes(samples.lengths, min_bins))
    moments = Moments.stack([samples.moments(int(size)) for size in sizes])
    bins = moments.bins[:, 0].astype(np.int64)
    # The spread of bins of a size, turned into the error of the mean of ALL samples, left-out ones included.
    spread = (moments.square - moments.total.sum(axis=2) ** 2 / bins[:, None]) / (bins[:, None] - 1.0)
    error = np.sqrt(spread / (sizes[:, None] * float(total)))
    error_error = error / np.sqrt(2.0 * (bins - 1.0))[:, None]
    enough = sizes[:, None] ** 3 > total * _ratio2(error, np.broadcast_to(error[0], error.shape)) ** 2
    reached = np.asarray(enough.any(axis=0))
    plateau = np.where(reached, enough.argmax(axis=0), len(sizes) - 1)
    return Binning(sizes, bins, error, error_error, plateau, reached)
