"""Binning and the Γ method on processes with known answers: 500 campaigns at once, one per column."""

from __future__ import annotations

import numpy as np
import pytest

from hpcbip.statistics import binning_analysis, gamma_method, rebin, summarise
from tests.statistics.ar1 import ar1, exact_error

COPIES = 500
# 68.27 % ± 4 standard deviations of a proportion of 500: a false alarm in 16,000
COVERAGE = 0.6827 + 4.0 * np.sqrt(0.6827 * 0.3173 / COPIES) * np.array([-1.0, 1.0])


@pytest.mark.parametrize(
    "chains,length,tau", [(4, 64, 0.5), (4, 64, 2.0), (2, 512, 1.0), (4, 256, 5.0), (3, 1000, 10.0)]
)
def test_gamma_error_is_unbiased_and_covers(chains: int, length: int, tau: float) -> None:
    data = ar1(np.random.default_rng(20), tau, chains, length, COPIES)
    result = gamma_method(data)
    assert np.mean(result.error) == pytest.approx(exact_error(tau, chains, length), rel=0.04)
    assert np.mean(result.tau) == pytest.approx(tau, rel=0.06)
    covered = np.mean(np.abs(result.mean) < result.error)
    assert COVERAGE[0] < covered < COVERAGE[1]  # too large an error fails as well


@pytest.mark.parametrize("chains,length,tau", [(4, 256, 0.5), (4, 256, 2.0), (4, 1024, 5.0)])
def test_binned_error_is_within_its_stated_bias_and_covers(chains: int, length: int, tau: float) -> None:
    data = ar1(np.random.default_rng(21), tau, chains, length, COPIES)
    result = binning_analysis(data)
    exact = exact_error(tau, chains, length)
    assert 0.90 < np.mean(result.plateau_error) / exact < 1.02
    assert np.all(result.reached)
    mean = np.mean(data, axis=(0, 1))
    assert 0.60 < np.mean(np.abs(mean) < result.plateau_error) < COVERAGE[1]


def test_error_grows_to_a_plateau_and_single_bins_give_the_naive_error() -> None:
    tau = 5.0
    data = ar1(np.random.default_rng(22), tau, 4, 2048, 50)
    result = binning_analysis(data)
    curve = result.error.mean(axis=1)
    assert result.size[0] == 1 and curve[0] == pytest.approx(1.0 / np.sqrt(4 * 2048), rel=0.03)
    assert curve[-1] / curve[0] == pytest.approx(np.sqrt(2.0 * tau), rel=0.1)
    assert np.all(np.diff(curve[:8]) > 0.0)


def test_own_errors_of_error_and_tau_are_right() -> None:
    data = ar1(np.random.default_rng(23), 2.0, 4, 512, COPIES)
    gamma, binning = gamma_method(data), binning_analysis(data)
    assert np.std(gamma.tau) == pytest.approx(np.mean(gamma.tau_error), rel=0.25)
    assert np.std(gamma.error) == pytest.approx(np.mean(gamma.error_error), rel=0.25)
    assert np.std(binning.error[4]) == pytest.approx(np.mean(binning.error_error[4]), rel=0.2)


def test_gamma_method_and_binning_agree() -> None:
    data = ar1(np.random.default_rng(24), 3.0, 4, 2048, 200)
    gamma, binning = gamma_method(data), binning_analysis(data)
    z = (gamma.error - binning.plateau_error) / binning.plateau_error_error
    assert abs(np.mean(z)) < 0.6 and np.std(z) < 1.2
    assert np.mean(binning.tau) == pytest.approx(np.mean(gamma.tau), rel=0.1)


def test_bins_never_straddle_chains() -> None:
    """Chains that differ by an offset, seven samples each: bins of two must not mix them."""
    chain = np.array([[1.0], [1.0], [1.0], [1.0], [1.0], [1.0], [1.0]])
    assert np.array_equal(
        rebin(chain * np.arange(7)[:, None], 3), [[2.0], [5.0]]
    )  # the first sample is left out
    result = binning_analysis([chain * 0.0, chain], min_bins=4)
    assert result.bins.tolist() == [14, 6, 4]
    # Every bin is exactly 0 or 1, so its variance about 1/2 is n/4/(n-1) at every size.
    for size, n, error in zip(result.size, result.bins, result.error[:, 0], strict=True):
        assert error == pytest.approx(np.sqrt(n / 4 / (n - 1) * size / 14))


def test_chains_of_unequal_length_count_by_their_samples() -> None:
    rng = np.random.default_rng(25)
    data = [ar1(rng, 2.0, 1, length, COPIES)[0] for length in (50, 300, 500)]
    result = gamma_method(data)
    assert np.allclose(result.mean, np.concatenate(data).mean(axis=0))
    assert np.mean(result.error) == pytest.approx(exact_error(2.0, 1, 850), rel=0.05)
    covered = np.mean(np.abs(result.mean) < result.error)
    assert COVERAGE[0] < covered < COVERAGE[1]


def test_a_quantity_that_never_varies_has_no_error() -> None:
    data = [np.full((40, 1), 3.0)] * 2
    summary = summarise(data)
    assert summary.mean[0] == 3.0 and summary.error[0] == 0.0 and summary.verdict[0] == 0


def test_negative_correlations_lower_the_error() -> None:
    data = ar1(np.random.default_rng(26), 0.25, 4, 512, COPIES)
    result = gamma_method(data)
    assert np.mean(result.tau) == pytest.approx(0.25, rel=0.15)
    assert np.mean(result.error) == pytest.approx(exact_error(0.25, 4, 512), rel=0.1)


@pytest.mark.parametrize("function", [gamma_method, binning_analysis])
def test_one_sample_is_refused(function: object) -> None:
    with pytest.raises(ValueError, match="two samples"):
        function([np.ones((1, 2))])  # type: ignore[operator]
