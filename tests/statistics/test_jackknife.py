"""The jackknife against linear error propagation, across chains and across independent sets."""

from __future__ import annotations

import numpy as np
import pytest

from hpcbip.statistics import binning_analysis, gamma_method, jackknife
from tests.statistics.ar1 import ar1, exact_error


def test_linear_function_reproduces_mean_and_error() -> None:
    data = ar1(np.random.default_rng(40), 0.5, 3, 100, 4)
    result = jackknife(lambda m: 3.0 * m, data)
    rows = np.concatenate(data)
    assert np.allclose(result.value, 3.0 * rows.mean(axis=0))
    assert np.allclose(result.error, 3.0 * rows.std(axis=0, ddof=1) / np.sqrt(300))
    assert np.allclose(result.bias, 0.0, atol=1e-12)
    for chain, pseudo in zip(data, result.pseudo[0], strict=True):
        assert np.allclose(pseudo, 3.0 * chain)


def test_ratio_of_correlated_means_against_propagation() -> None:
    rng = np.random.default_rng(41)
    covariance = np.array([[0.04, 0.018], [0.018, 0.02]])
    data = [rng.multivariate_normal([2.0, 5.0], covariance, 400) for _ in range(4)]
    result = jackknife(lambda m: m[..., :1] / m[..., 1:], data)
    gradient = np.array([1 / 5.0, -2 / 25.0])
    assert result.error[0] == pytest.approx(np.sqrt(gradient @ covariance @ gradient / 1600), rel=0.06)


def test_independent_sets_add_in_quadrature() -> None:
    rng = np.random.default_rng(42)
    a, b = [rng.normal(3.0, 1.0, (500, 1))], [rng.normal(4.0, 2.0, (300, 1)), rng.normal(4.0, 2.0, (100, 1))]
    result = jackknife(lambda x, y: x * y, a, b)
    assert result.error[0] == pytest.approx(np.sqrt(16.0 / 500 + 9.0 * 4.0 / 400), rel=0.08)
    assert [len(chain) for chain in result.pseudo[1]] == [300, 100]


def test_bias_of_a_square() -> None:
    data = [np.random.default_rng(43).normal(1.0, 1.0, (50, 1))]
    result = jackknife(lambda m: m**2, data)
    unbiased = data[0].mean() ** 2 - data[0].var(ddof=1) / 50
    assert (result.value - result.bias)[0] == pytest.approx(unbiased)


def test_blocks_against_binned_pseudo_values() -> None:
    """Deleting blocks of 16 and binning single-sample pseudo-values by 16 is the same thing to first
    order."""
    data = [1.0 + 0.2 * chain for chain in ar1(np.random.default_rng(44), 3.0, 4, 512, 2)]

    def function(m: np.ndarray) -> np.ndarray:
        return m[..., :1] ** 2 / m[..., 1:]

    blocked = jackknife(function, data, block=16)
    binned = binning_analysis(jackknife(function, data).pseudo[0])
    assert blocked.error[0] == pytest.approx(binned.error[list(binned.size).index(16), 0], rel=0.02)


def test_errors_of_a_derived_quantity_cover() -> None:
    """1/mean through jackknife and Γ method: 68 % over 300 campaigns, within 4 standard deviations both
    ways."""
    hits, tau, inside = 300, 2.0, 0
    data = ar1(np.random.default_rng(45), tau, 4, 128, hits)
    data = [2.0 + chain for chain in data]
    result = jackknife(lambda m: 1.0 / m, data)
    error = gamma_method(result.pseudo[0]).error
    assert np.mean(error) == pytest.approx(exact_error(tau, 4, 128) / 4.0, rel=0.05)
    inside = int(np.sum(np.abs(result.value - 0.5) < error))
    assert abs(inside - 0.6827 * hits) < 4.0 * np.sqrt(hits * 0.6827 * 0.3173)


def test_too_few_blocks_are_refused() -> None:
    with pytest.raises(ValueError, match="two blocks"):
        jackknife(lambda m: m, [np.ones((7, 1))], block=4)
