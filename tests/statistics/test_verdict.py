"""Verdicts and the checks behind them, with negative controls."""

from __future__ import annotations

import numpy as np

from hpcbip.statistics import binning_analysis, chain_consistency, summarise, thermalisation
from tests.statistics.ar1 import ar1


def verdicts(data: list[np.ndarray]) -> np.ndarray:
    return np.bincount(summarise(data).verdict, minlength=3) / data[0].shape[1]


def test_long_chains_are_converged_and_short_ones_are_not() -> None:
    rng = np.random.default_rng(30)
    assert verdicts(ar1(rng, 2.0, 4, 1000, 200))[0] > 0.98  # N = 2000 tau
    assert verdicts(ar1(rng, 20.0, 4, 50, 200))[0] < 0.02  # N = 10 tau, each chain shorter than 3 tau
    middle = verdicts(ar1(rng, 4.0, 4, 35, 200))  # N = 35 tau
    assert middle[0] < 0.2 and middle[1] > 0.4


def test_few_samples_are_never_converged() -> None:
    assert verdicts(ar1(np.random.default_rng(31), 0.5, 2, 14, 200))[0] == 0.0  # 28 < 32 independent samples


def test_p_values_are_uniform_for_good_chains() -> None:
    data = ar1(np.random.default_rng(32), 1.0, 4, 1024, 1000)
    binning = binning_analysis(data)
    for _, p in (chain_consistency(data, binning), thermalisation(data, binning)):
        # 1000 p-values in ten boxes of 100 ± 9.5; the binned variance is a few per cent low, so 4.5 standard deviations
        assert np.all(np.abs(np.histogram(p, 10, (0.0, 1.0))[0] - 100) < 43)


def test_a_stuck_chain_is_found() -> None:
    data = ar1(np.random.default_rng(33), 1.0, 4, 512, 100)
    data[2] = data[2] + 0.6
    ratio, p = chain_consistency(data, binning_analysis(data))
    assert np.median(ratio) > 10.0 and np.all(p < 1e-4)
    assert verdicts(data)[0] == 0.0


def test_a_drift_is_found() -> None:
    data = [chain + np.linspace(0.5, 0.0, 512)[:, None] for chain in ar1(np.random.default_rng(34), 1.0, 4, 512, 100)]
    z, p = thermalisation(data, binning_analysis(data))
    assert np.median(z) > 3.5  # the first halves are larger
    assert np.median(p) < 1e-3


def test_nothing_is_said_about_a_single_chain_or_single_bins() -> None:
    data = [np.random.default_rng(35).normal(size=(20, 3))]
    assert np.all(chain_consistency(data, binning_analysis(data))[1] == 1.0)
    data = [np.ones((1, 1)), np.zeros((1, 1))]
    assert np.all(thermalisation(data, binning_analysis(data))[1] == 1.0)
    assert summarise(data).verdict[0] == 2
