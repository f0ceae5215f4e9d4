"""Delete-one jackknife for functions of means, over chains and over independent data sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .binning import Array, Chains, rebin

Function = Callable[..., Array]


@dataclass(frozen=True)
class Jackknife:
    """A vector-valued function of means with its jackknife pseudo-values.

    Attributes:
        value: (q,) the function at the means over all blocks.
        bias: (q,) jackknife estimate of the bias of `value`; `value - bias` is correct to O(1/N²).
        error: (q,) standard error: contributions of independent sets add in quadrature.
        pseudo: per set a list of chains, each (blocks, q): N f - (N-1) f_without_one_block. To first order they
            are samples of the linearised function, so that binning and the Γ method apply to them as to plain samples.
    """

    value: Array
    bias: Array
    error: Array
    pseudo: list[list[Array]]


def jackknife(function: Function, *sets: Chains, block: int = 1) -> Jackknife:
    """Delete-one-block jackknife of `function(mean_1, ..., mean_S)` over independent data sets.

    Args:
        function: takes S arrays (..., m_s) of means and returns (..., q); leading axes broadcast.
        sets: S data sets, each a list of chains (n_i, m_s). Blocks never straddle chains; sets are independent
            of each other, so blocks of one set are deleted with the other sets' means held whole.
        block: samples per block.

    Raises:
        ValueError: if a set has fewer than two blocks.
    """
    blocked = [[rebin(chain, block) for chain in chains] for chains in sets]
    means: list[Array] = []
    for chains in blocked:
        rows = np.concatenate(chains)
        if len(rows) < 2:
            raise ValueError("the jackknife needs at least two blocks in every data set")
        means.append(rows.mean(axis=0))
    value = np.asarray(function(*means), dtype=float)
    bias, variance = np.zeros_like(value), np.zeros_like(value)
    pseudo: list[list[Array]] = []
    for s, chains in enumerate(blocked):
        rows = np.concatenate(chains)
        n = len(rows)
        without = means[s] + (means[s] - rows) / (n - 1.0)
        replicates = np.asarray(function(*[without if j == s else mean for j, mean in enumerate(means)]), dtype=float)
        replicates = np.broadcast_to(replicates, (n, *value.shape))
        bias += (n - 1.0) * (replicates.mean(axis=0) - value)
        variance += (n - 1.0) * replicates.var(axis=0)
        values = n * value - (n - 1.0) * replicates
        pseudo.append(np.split(values, np.cumsum([len(chain) for chain in chains])[:-1]))
    return Jackknife(value, bias, np.sqrt(variance), pseudo)

