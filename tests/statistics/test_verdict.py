"""Verdicts and the checks behind them, with negative controls."""

from __future__ import annotations

import numpy as np
from scipy import stats

from hpcbip.statistics import (
    binning_analysis,
    chain_consistency,
    check_bins,
    rebin,
    split_r_hat,
    summarise,
    thermalisation,
    trend,
)
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


def test_the_error_is_students_for_the_degrees_of_freedom_that_it_is_known_with() -> None:
    summary = summarise(ar1(np.random.default_rng(32), 2.0, 2, 100, 50))
    gamma = summary.gamma
    freedom = 0.5 * (gamma.error / gamma.error_error) ** 2
    assert np.allclose(summary.error, gamma.error * stats.t.ppf(stats.norm.cdf(1.0), freedom))
    assert np.all((summary.error > 1.01 * gamma.error) & (summary.error < 1.15 * gamma.error))
    assert np.allclose(summary.error_error / summary.error, gamma.error_error / gamma.error)


def test_a_stuck_chain_is_found() -> None:
    data = ar1(np.random.default_rng(33), 1.0, 4, 512, 100)
    data[2] = data[2] + 0.6
    ratio, p = chain_consistency(data, binning_analysis(data))
    assert np.median(ratio) > 10.0 and np.all(p < 1e-4)
    assert verdicts(data)[0] == 0.0
    assert np.all(split_r_hat(data) > 1.01)


def test_a_chain_stuck_far_away_is_found_as_well() -> None:
    """The autocorrelation time of the whole is then that of the difference, and of no use for the checks."""
    for offset, found in ((3.0, 0.9), (100.0, 1.0)):
        data = ar1(np.random.default_rng(36), 3.0, 4, 120, 100)  # chains of 40 tau
        data[2] = data[2] + offset
        assert np.mean(summarise(data).chain_p < 1e-4) >= found
        assert np.all(split_r_hat(data) > 1.3)


def drifting(seed: int, drift: float, chains: int = 4, length: int = 512) -> list[np.ndarray]:
    slope = np.linspace(0.0, -drift, length)[:, None]
    return [chain + slope for chain in ar1(np.random.default_rng(seed), 1.0, chains, length, 100)]


def test_a_drift_is_found() -> None:
    data = drifting(34, 0.5)
    binning = binning_analysis(data)
    (z, p), (t, trend_p) = thermalisation(data, binning), trend(data, binning)
    assert np.median(z) > 3.5 and np.median(t) < -4.0  # the first halves are larger
    assert np.median(p) < 1e-3 and np.median(trend_p) < 1e-4  # the trend has the better chance
    summary = summarise(data)
    assert np.array_equal(summary.trend_p, trend_p) and np.array_equal(summary.half_p, p)
    assert np.all(summary.verdict[trend_p < 1e-4] > 0)


def test_a_large_drift_does_not_hide_behind_the_autocorrelation_time_that_it_makes() -> None:
    for chains in (1, 4):
        summary = summarise(drifting(37, 5.0, chains))
        assert np.all(summary.trend_p < 1e-4) and np.all(summary.half_p < 1e-2)
        assert np.all(summary.r_hat > 1.2) and np.all(summary.verdict > 0)


def test_a_trend_alone_lowers_the_verdict() -> None:
    """A weak one, which the halves do not see that clearly."""
    summary = summarise(drifting(38, 0.45))
    only = (summary.trend_p < 1e-4) & (summary.half_p > 1e-4) & (summary.chain_p > 1e-4)
    assert np.sum(only) > 10
    assert np.all(summary.verdict[only] == 1)


def test_r_hat_of_good_chains_is_one() -> None:
    data = ar1(np.random.default_rng(39), 1.0, 4, 1000, 200)
    assert np.all(np.abs(summarise(data).r_hat - 1.0) < 0.01)
    # of bins of plateau size it scatters far more than the limits by which it is read, so it is not taken of
    # them
    binning = binning_analysis(data)
    size = int(np.median(binning.size[binning.plateau]))
    assert np.std(split_r_hat([rebin(chain, size) for chain in data])) > 0.01


def test_bins_of_the_checks_are_long_against_the_autocorrelation_time() -> None:
    for tau in (0.5, 2.0, 10.0):
        data = ar1(np.random.default_rng(41), tau, 4, 1000, 100)
        used = check_bins(data, binning_analysis(data))
        assert np.all(used.size > 12.0 * tau) and np.all(used.size <= 250)
        assert np.all(used.low > 0.9) and np.all(used.worth == 1.0)
    data = ar1(np.random.default_rng(41), 10.0, 8, 150, 100)  # of 15 tau: short ones, and it is known
    used = check_bins(data, binning_analysis(data))
    assert np.all(used.size <= 37) and np.median(used.low) < 0.9 and np.median(used.worth) < 0.8


def test_nothing_is_said_about_a_single_chain_or_single_bins() -> None:
    data = [np.random.default_rng(35).normal(size=(20, 3))]
    binning = binning_analysis(data)
    assert np.all(chain_consistency(data, binning)[1] == 1.0)
    assert np.all(np.isfinite(split_r_hat(data))) and np.all(np.isfinite(trend(data, binning)[0]))
    data = [np.ones((1, 1)), np.zeros((1, 1))]
    binning = binning_analysis(data)
    for check in (thermalisation, trend, chain_consistency):
        statistic, p = check(data, binning)
        assert np.all(np.isnan(statistic)) and np.all(p == 1.0)
    assert np.all(np.isnan(split_r_hat(data)))
    assert summarise(data).verdict[0] == 2
