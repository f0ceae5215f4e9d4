"""The fast formulas against the plain ones, written out here: equal to rounding, also for chains of unequal
lengths."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hpcbip.statistics import (
    Samples,
    autocovariance,
    binning_analysis,
    chain_consistency,
    check_bins,
    gamma_method,
    jackknife,
    rebin,
    split_r_hat,
    summarise,
    thermalisation,
    trend,
)
from tests.statistics.ar1 import ar1


def chains(lengths: tuple[int, ...], tau: float, seed: int = 60) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [7.0 + ar1(rng, tau, 1, n, 3)[0] for n in lengths]


DATA = {
    "equal": chains((101,) * 4, 1.0),
    "unequal": chains((200, 200, 77, 5, 1, 130), 3.0),
    "one long chain": chains((1500,), 12.0),
    "anticorrelated": chains((64, 65), 0.25),
    "short": chains((3, 2), 0.5),
}
CASES = pytest.mark.parametrize("name", DATA)


def gamma_of(series: list[np.ndarray], lag: int) -> float:
    """Autocovariance of one quantity, pair by pair."""
    mean = np.concatenate(series).mean()
    products = [(x[: len(x) - lag] - mean) * (x[lag:] - mean) for x in series if len(x) > lag]
    return float(np.concatenate(products).mean())


@CASES
def test_autocovariance(name: str) -> None:
    longest = max(len(chain) for chain in DATA[name])
    result = autocovariance(DATA[name], longest - 1)
    for lag in {0, 1, 2, longest // 3, longest - 1}:
        for k in range(3):
            expected = gamma_of([chain[:, k] for chain in DATA[name]], lag)
            assert result[lag, k] == pytest.approx(expected, rel=1e-10, abs=1e-12), lag


@CASES
def test_gamma_method(name: str) -> None:
    """Wolff's recipe, lag after lag, for windows below and above the number of lags that are summed
    directly."""
    result = gamma_method(DATA[name])
    for k in range(3):
        series = [chain[:, k] for chain in DATA[name]]
        n, last = sum(map(len, series)), max(1, max(map(len, series)) // 2)
        tau = 0.5
        for window in range(1, last + 1):
            tau += gamma_of(series, window) / gamma_of(series, 0)
            twice = max(2.0 * tau, 0.1)
            twice = max(twice, 1.0 / twice, 1.0 + 1e-9)
            decay = 1.5 / np.log((twice + 1.0) / (twice - 1.0))
            if np.exp(-window / decay) < decay / np.sqrt(window * n):
                break
        tau = max(tau, 1e-3) * (1.0 + (2.0 * window + 1.0) / n)
        assert result.window[k] == window
        assert result.tau[k] == pytest.approx(tau)
        assert result.error[k] == pytest.approx(np.sqrt(2.0 * tau * gamma_of(series, 0) / (n - 1.0)))


def test_both_ways_to_sum_were_looked_at() -> None:
    assert np.all(gamma_method(DATA["one long chain"]).window > 16)
    assert np.all(gamma_method(DATA["equal"]).window < 16)


@CASES
def test_binning(name: str) -> None:
    result = binning_analysis(DATA[name], min_bins=2)
    total = sum(map(len, DATA[name]))
    assert len(result.size) > 1
    for size, bins, error in zip(result.size, result.bins, result.error, strict=True):
        rows = np.concatenate([rebin(chain, int(size)) for chain in DATA[name]])
        assert bins == len(rows)
        assert np.allclose(error, np.sqrt(rows.var(axis=0, ddof=1) * size / total))


@pytest.mark.parametrize("name", ["equal", "unequal", "one long chain", "anticorrelated"])
def test_checks_are_least_squares_on_bins(name: str) -> None:
    """With a column of ones per chain and one for trend or halves; between chains an analysis of variance."""
    data = DATA[name]
    binning = binning_analysis(data)
    results = {check: check(data, binning) for check in (trend, thermalisation, chain_consistency)}
    used = check_bins(data, binning)
    for k, (size, low, worth) in enumerate(zip(used.size, used.low, used.worth, strict=True)):
        bins = [b for chain in data if len(b := rebin(chain, int(size))[:, k])]
        chain = np.repeat(np.eye(len(bins)), [len(b) for b in bins], axis=0)
        numbers = np.concatenate([np.arange(len(b)) - 0.5 * (len(b) - 1) for b in bins])
        y = np.concatenate(bins)
        for check, column in ((trend, numbers), (thermalisation, -np.sign(numbers))):
            design = np.column_stack([column, chain])
            solution, residual, rank, _ = np.linalg.lstsq(design, y, rcond=None)
            free = len(y) - rank
            variance = residual[0] / free / low * np.linalg.inv(design.T @ design)[0, 0]
            t = solution[0] / np.sqrt(variance)
            assert results[check][0][k] == pytest.approx(t)
            assert results[check][1][k] == pytest.approx(2.0 * stats.t.sf(abs(t), max(1.0, worth * free)))
        ratio, p_value = (values[k] for values in results[chain_consistency])
        if len(bins) > 1:
            free = len(y) - len(bins)
            assert ratio == pytest.approx(low * stats.f_oneway(*bins).statistic)
            assert p_value == pytest.approx(stats.f.sf(ratio, len(bins) - 1, max(1.0, worth * free)))
        else:
            assert np.isnan(ratio) and p_value == 1.0


def test_split_r_hat() -> None:
    data = [chain[1:] for chain in DATA["equal"]]
    parts = [half for chain in data for half in (chain[:50], chain[50:])]
    between = 50 * np.var([part.mean(axis=0) for part in parts], axis=0, ddof=1)
    within = np.mean([part.var(axis=0, ddof=1) for part in parts], axis=0)
    assert np.allclose(split_r_hat(data), np.sqrt((49 / 50 * within + between / 50) / within))


@CASES
def test_jackknife(name: str) -> None:
    def function(means: np.ndarray) -> np.ndarray:
        return np.stack([means[..., 0] / means[..., 1], means[..., 2] ** 2], axis=-1)

    rows = np.concatenate(DATA[name])
    n = len(rows)
    without = np.array([function(np.delete(rows, k, axis=0).mean(axis=0)) for k in range(n)])
    value = function(rows.mean(axis=0))
    result = jackknife(function, DATA[name])
    assert np.allclose(result.value, value)
    assert np.allclose(result.bias, (n - 1) * (without.mean(axis=0) - value), rtol=1e-6)
    assert np.allclose(result.error, np.sqrt((n - 1) * without.var(axis=0)))
    assert [chain.shape for chain in result.pseudo[0]] == [(len(chain), 2) for chain in DATA[name]]
    assert np.allclose(np.concatenate(result.pseudo[0]), n * value - (n - 1) * without)


def test_samples_stand_for_their_chains() -> None:
    samples = Samples.of(DATA["unequal"])
    assert samples.total == sum(samples.lengths) and Samples.of(samples) is samples
    a, b = summarise(samples), summarise(DATA["unequal"])
    for name in ("mean", "error", "tau", "chain_p", "half_p", "trend_p", "r_hat", "independent", "verdict"):
        assert np.array_equal(getattr(a, name), getattr(b, name)), name


def test_a_constant_that_is_no_binary_fraction_has_exactly_no_error() -> None:
    summary = summarise([np.full((17, 2), 0.1), np.full((30, 2), 0.1)])
    assert np.all(summary.error == 0.0) and np.all(summary.binning.error == 0.0)
    assert np.all(summary.half_p == 1.0) and np.all(np.isnan(summary.r_hat))


def test_one_bad_quantity_does_not_touch_the_others() -> None:
    data = [np.column_stack([chain, np.full(len(chain), np.nan)]) for chain in DATA["equal"]]
    data[0] = np.column_stack([data[0], np.full(101, np.inf)])
    data[1:] = [np.column_stack([chain, np.ones(101)]) for chain in data[1:]]
    bad, good = summarise(data), summarise(DATA["equal"])
    assert np.allclose(bad.error[:3], good.error) and np.allclose(bad.trend_p[:3], good.trend_p)
    assert np.all(np.isnan(bad.error[3:])) and np.all(bad.verdict[3:] == 2)
