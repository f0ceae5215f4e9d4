"""Do the chains agree with each other, and their first halves with their second?"""

from __future__ import annotations

import numpy as np
from scipy.special import fdtrc, stdtr

from .binning import Array, Binning, Chains, rebin


def _groups_at_plateau(chains: Chains, binning: Binning, halves: bool) -> list[tuple[np.ndarray, list[Array]]]:
    """Per bin size in use: the columns that use it, and the binned chains (or half chains, first halves first)."""
    parts = [c[: len(c) // 2] for c in chains] + [c[len(c) // 2 :] for c in chains] if halves else list(chains)
    result = []
    for size in np.unique(binning.plateau_size):
        columns = np.flatnonzero(binning.plateau_size == size)
        result.append((columns, [rebin(part[:, columns], int(size)) for part in parts]))
    return result


def chain_consistency(chains: Chains, binning: Binning) -> tuple[Array, Array]:
    """(m,) chi² per degree of freedom of the chain means, and its p-value.

    The variance is the one between bins of plateau size within chains, so that chains that got stuck in different
    places are found; being an estimate, it makes the reference the F distribution. With fewer than two chains, or
    too few bins, nothing can be said: (nan, 1).
    """
    m = chains[0].shape[1]
    chi2, p_value = np.full(m, np.nan), np.ones(m)
    for columns, parts in _groups_at_plateau(chains, binning, halves=False):
        parts = [part for part in parts if len(part)]
        counts = np.array([len(part) for part in parts])
        inner = int(counts.sum()) - len(parts)
        if len(parts) < 2 or inner < 1:
            continue
        means = np.array([part.mean(axis=0) for part in parts])
        mean = counts @ means / counts.sum()
        within = sum(((p - mu) ** 2).sum(axis=0) for p, mu in zip(parts, means, strict=True)) / inner
        between = counts @ (means - mean) ** 2 / (len(parts) - 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(between == 0.0, 0.0, between / within)
        chi2[columns] = ratio
        p_value[columns] = fdtrc(len(parts) - 1, inner, ratio)
    return chi2, p_value


def thermalisation(chains: Chains, binning: Binning) -> tuple[Array, Array]:
    """(m,) z = (first - second halves)/error and its two-sided p-value (Student's t); (nan, 1) with too few bins."""
    m = chains[0].shape[1]
    z, p_value = np.full(m, np.nan), np.ones(m)
    for columns, parts in _groups_at_plateau(chains, binning, halves=True):
        first = [part for part in parts[: len(chains)] if len(part)]
        second = [part for part in parts[len(chains) :] if len(part)]
        a, b = (np.concatenate(half) if half else np.empty((0, len(columns))) for half in (first, second))
        inner = len(a) + len(b) - len(first) - len(second)
        if inner < 1 or not len(a) or not len(b):
            continue
        within = sum(((part - part.mean(axis=0)) ** 2).sum(axis=0) for part in first + second) / inner
        difference = a.mean(axis=0) - b.mean(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            z[columns] = np.where(difference == 0.0, 0.0, difference / np.sqrt(within * (1.0 / len(a) + 1.0 / len(b))))
        p_value[columns] = 2.0 * stdtr(inner, -np.abs(z[columns]))
    return z, p_value
