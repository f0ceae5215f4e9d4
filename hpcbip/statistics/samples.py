"""Samples laid out for analysis: a row per quantity, chain after chain, with what all analyses share.

Data come in as a list of chains, one array (n_i, m) per chain: n_i equidistant samples of m quantities. Samples are
correlated within a chain and independent between chains, so that no bin and no lag ever holds samples of two chains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Chains = Sequence[Array]


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

    @classmethod
    def of(cls, chains: Chains | Samples) -> Samples:
        """The samples of these chains; chains without samples count as not there."""
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
        """Sums over bins of `size` samples, per run an array (m, chains, bins).

        What does not fill a bin is left out at the start of the chain, so that bins of one size consist of whole bins
        of any size that divides it.
        """
        if size == 1:
            return self.runs
        if size not in self._bins:
            part = 1 if size % 2 else size // 2
            self._bins[size] = [_sums(run, size // part) for run in self.bins(part)]
        return self._bins[size]


def _sums(run: Array, size: int) -> Array:
    """Sums over `size` neighbours along the last axis."""
    rest = run.shape[2] % size
    total = run[:, :, rest::size].copy()
    for k in range(1, size):
        total += run[:, :, rest + k :: size]
    return total


def dot(a: Array, b: Array) -> Array:
    """Sum of a b along the last axis, by BLAS: several times as fast as einsum."""
    return np.asarray(a[..., None, :] @ b[..., :, None])[..., 0, 0]
