"""Samples laid out for analysis: a row per quantity, chain after chain, with what all analyses share.

Data come in as a list of chains, one array (n_i, m) per chain: n_i equidistant samples of m quantities.
Samples are correlated within a chain and independent between chains, so that no bin and no lag ever holds
samples of two chains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Chains = Sequence[Array]


@dataclass(frozen=True)
class Moments:
    """Moments of bins of one size, or of several with a leading axis L. P chains, m quantities.

    Attributes:
        count: (L, 1, P) or (m, P), bins per chain.
        total: (L, m, P) sum over the bins of each chain; a bin is the sum of its samples.
        square: (L, m) sum of the squares of all bins.
        rise: (L, m) sum of bin times t over all bins; t numbers the bins of a chain, 0 in its middle.
        step: (L, m) sum over the bins in the first halves of the chains minus that in the second; the bin in
            the middle of an odd number is in neither.
    """

    count: Array
    total: Array
    square: Array
    rise: Array
    step: Array

    @classmethod
    def stack(cls, levels: Sequence[Moments]) -> Moments:
        """Stack the moments of several sizes along a leading axis L."""
        return cls(*(np.stack([vars(level)[name] for level in levels]) for name in vars(levels[0])))

    def pick(self, level: NDArray[np.int64]) -> Moments:
        """Select for every quantity one of the sizes, `level` (m,)."""
        column = np.arange(len(level))
        rest = (values[level, column] for values in (self.total, self.square, self.rise, self.step))
        return Moments(self.count[level, 0], *rest)

    @property
    def used(self) -> Array:
        """Chains that have bins."""
        return np.asarray((self.count > 0.0).sum(axis=-1, dtype=float))

    @property
    def bins(self) -> Array:
        """Number of bins, over all chains."""
        return np.asarray(self.count.sum(axis=-1))

    @property
    def within(self) -> Array:
        """Sum over all bins of the squared deviation from the mean bin of the chain."""
        return np.asarray(self.square - (self.total**2 / np.maximum(self.count, 1.0)).sum(axis=-1))

    @property
    def rise2(self) -> Array:
        """Sum of t² over all bins."""
        return np.asarray((self.count * (self.count**2 - 1.0)).sum(axis=-1) / 12.0)

    @property
    def step2(self) -> Array:
        """Number of bins that belong to a half."""
        return np.asarray((2.0 * (self.count // 2.0)).sum(axis=-1))


@dataclass(frozen=True)
class Samples:
    """All samples of all chains, as deviations from their mean.

    Every analysis takes one in place of a list of chains; what several of them need is then worked out once.

    Attributes:
        mean: (m,) pooled mean.
        deviation: (m, N) samples minus `mean`; a quantity that never varies has exact zeros.
        lengths: samples per chain.
    """

    mean: Array
    deviation: Array
    lengths: tuple[int, ...]
    _bins: dict[int, list[Array]] = field(default_factory=dict, repr=False)
    _moments: dict[int, Moments] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, chains: Chains | Samples) -> Samples:
        """Make the samples of these chains; chains without samples are left out."""
        if isinstance(chains, Samples):
            return chains
        lengths = tuple(len(chain) for chain in chains if len(chain))
        deviation = np.empty((chains[0].shape[1], sum(lengths)))
        if not lengths:
            return cls(np.full(len(deviation), np.nan), deviation, lengths)
        origin = next(chain[0] for chain in chains if len(chain))
        end = 0
        with np.errstate(invalid="ignore"):  # of infinite samples everything is nan
            for chain in chains:
                start, end = end, end + len(chain)
                np.subtract(chain.T, origin[:, None], out=deviation[:, start:end])
            shift = deviation.mean(axis=1)
            deviation -= shift[:, None]
        return cls(origin + shift, deviation, lengths)

    @classmethod
    def together(cls, tables: Sequence[Array], lengths: Sequence[int]) -> Samples:
        """Join the samples of several sets of quantities, arrays (m_k, N), from chains of the same lengths.
        Most analyses of few samples take no longer for many quantities than for a few."""
        deviation = np.concatenate(tables)
        origin = deviation[:, 0].copy()
        with np.errstate(invalid="ignore"):
            deviation -= origin[:, None]
            shift = deviation.mean(axis=1)
            deviation -= shift[:, None]
        return cls(origin + shift, deviation, tuple(lengths))

    @property
    def total(self) -> int:
        """Number of samples N, over all chains."""
        return self.deviation.shape[1]

    @cached_property
    def runs(self) -> list[Array]:
        """The deviations as arrays (m, chains, length), one per run of consecutive chains of equal length."""
        result, at = [], 0
        for length, equal in groupby(self.lengths):
            count = len(list(equal))
            result.append(self.deviation[:, at : at + count * length].reshape(-1, count, length))
            at += count * length
        return result

    def bins(self, size: int) -> list[Array]:
        """Return sums over bins of `size` samples, per run an array (m, chains, bins).

        What does not fill a bin is left out at the start of the chain, so that bins of one size consist of
        whole bins of any size that divides it.
        """
        if size == 1:
            return self.runs
        if size not in self._bins:
            part = 1 if size % 2 else size // 2
            self._bins[size] = [_sums(run, size // part) for run in self.bins(part)]
        return self._bins[size]

    def moments(self, size: int) -> Moments:
        """Return the moments of the bins of one size."""
        if size not in self._moments:
            runs = self.bins(size)
            linear = _join([_project(run) for run in runs])
            count = np.repeat([float(run.shape[2]) for run in runs], [run.shape[1] for run in runs])
            _, rise, step = linear.sum(axis=1).T
            square = _join([dot(run, run) for run in runs]).sum(axis=1)
            self._moments[size] = Moments(count[None], linear[:, :, 0], square, rise, step)
        return self._moments[size]


def _join(parts: list[Array]) -> Array:
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)


def _project(run: Array) -> Array:
    """(m, chains, 3): sums over the bins of each chain, plain and with the two other `_weights`."""
    m, chains, count = run.shape
    return (run.reshape(m * chains, count) @ _weights(count)).reshape(m, chains, 3)


@lru_cache(maxsize=128)
def _weights(count: int) -> Array:
    """(count, 3): one, the number of the bin from the middle, and the half it is in, 1 or -1 (0 in the
    middle)."""
    number = np.arange(count) - 0.5 * (count - 1)
    weights = np.stack([np.ones(count), number, -np.sign(number)], axis=1)
    weights.setflags(write=False)
    return weights


def _sums(run: Array, size: int) -> Array:
    """Return sums over `size` neighbours along the last axis, two or more."""
    first, second, *others = (run[:, :, run.shape[2] % size + k :: size] for k in range(size))
    total = np.asarray(first + second)
    for other in others:
        total += other
    return total


def dot(a: Array, b: Array) -> Array:
    """Return the sum of a b along the last axis, by BLAS: several times as fast as einsum."""
    return np.asarray(a[..., None, :] @ b[..., :, None])[..., 0, 0]
