"""Delete-one jackknife for functions of means, over chains and over independent data sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hpcbip.statistics.binning import rebin
from hpcbip.statistics.samples import Array, Chains, dot

Function = Callable[..., Array]


@dataclass(frozen=True)
class Jackknife:
    """A vector-valued function of means with its jackknife pseudo-values.

    Attributes:
        value: (q,) the function at the means over all blocks.
        bias: (q,) jackknife estimate of the bias of `value`; `value - bias` is correct to O(1/N²).
        error: (q,) standard error: contributions of independent sets add in quadrature.
        rows: per set (q, N) the pseudo-values N f - (N-1) f_without_one_block, chain after chain. To first
            order they are samples of the linearised function, so that binning and the Γ method apply to them
            as to plain samples.
        lengths: per set the number of blocks in each chain.
    """

    value: Array
    bias: Array
    error: Array
    rows: list[Array]
    lengths: list[list[int]]

    @property
    def pseudo(self) -> list[list[Array]]:
        """Per set a list of chains, each (blocks, q): the pseudo-values."""
        return [
            np.split(np.moveaxis(rows, -1, 0), np.cumsum(lengths)[:-1])
            for rows, lengths in zip(self.rows, self.lengths, strict=True)
        ]


def jackknife(function: Function, *sets: Chains, block: int = 1) -> Jackknife:
    """Delete-one-block jackknife of `function(mean_1, ..., mean_S)` over independent data sets.

    Args:
        function: takes S arrays (..., m_s) of means and returns (..., q); leading axes broadcast.
        sets: S data sets, each a list of chains (n_i, m_s). Blocks never straddle chains; sets are
            independent of each other, so blocks of one set are deleted with the other sets' means held whole.
        block: samples per block.

    Raises:
        ValueError: if a set has fewer than two blocks.
    """
    blocked = [[rebin(chain, block) for chain in chains] for chains in sets] if block > 1 else sets
    if any(sum(map(len, chains)) < 2 for chains in blocked):
        raise ValueError("the jackknife needs at least two blocks in every data set")
    rows = [_rows(chains) for chains in blocked]
    means = [row.mean(axis=1) for row in rows]
    value = np.asarray(function(*means), dtype=float)
    bias, variance = np.zeros_like(value), np.zeros_like(value)
    pseudo: list[Array] = []
    for s, row in enumerate(rows):
        n = row.shape[1]
        mean = means[s][:, None]
        without = np.subtract(mean, row, out=row)
        without /= n - 1.0
        without += mean
        replicates = np.asarray(
            function(*[without.T if j == s else mean for j, mean in enumerate(means)]), dtype=float
        )
        shape = (n, *value.shape)
        replicates = np.moveaxis(np.broadcast_to(replicates, shape), 0, -1)
        with np.errstate(invalid="ignore"):  # inf - inf, where a mass is not resolved: its error is nan
            change = np.subtract(replicates, value[..., None], order="C")
        change *= n - 1.0  # the value minus the pseudo-values
        shift = change.mean(axis=-1)
        bias += shift
        variance += (dot(change, change) / n - shift * shift) / (n - 1.0)
        pseudo.append(np.subtract(value[..., None], change, out=change))
    return Jackknife(
        value, bias, np.sqrt(variance), pseudo, [[len(chain) for chain in chains] for chains in blocked]
    )


def _rows(chains: Chains) -> Array:
    """(m, N) all samples, a contiguous row per quantity."""
    rows, end = np.empty((chains[0].shape[1], sum(map(len, chains)))), 0
    for chain in chains:
        start, end = end, end + len(chain)
        rows[:, start:end] = chain.T
    return rows
