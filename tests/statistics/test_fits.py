"""Straight lines through correlated data."""

from __future__ import annotations

import numpy as np
import pytest

from hpcbip.statistics import LineFit, fit_line, fit_line_past_transient

X = np.arange(1.0, 11.0)
COVARIANCE = 0.01 * np.exp(-np.abs(X[:, None] - X) / 3.0) * np.sqrt(X[:, None] * X)


def curves(seed: int, n: int, transient: float = 0.0) -> np.ndarray:
    noise = np.random.default_rng(seed).multivariate_normal(np.zeros(len(X)), COVARIANCE, n)
    return 1.0 + 0.5 * X - transient * np.exp(-X) + noise


@pytest.mark.parametrize("shrink", [0.0, 0.3, 1.0])
def test_slope_error_chi2_and_p_value(shrink: float) -> None:
    fits = [fit_line(X, y, COVARIANCE, shrink=shrink) for y in curves(50, 400)]
    slopes = np.array([fit.slope for fit in fits])
    assert np.mean(slopes) == pytest.approx(0.5, abs=4 * fits[0].slope_error / 20)
    assert np.std(slopes) == pytest.approx(fits[0].slope_error, rel=0.15)
    assert np.std([fit.intercept for fit in fits]) == pytest.approx(fits[0].intercept_error, rel=0.15)
    assert np.mean([fit.chi2 for fit in fits]) == pytest.approx(fits[0].dof, rel=0.1)
    assert 0.02 < np.mean([fit.p_value < 0.05 for fit in fits]) < 0.09


def test_correlated_weights_have_the_smallest_error() -> None:
    y = curves(51, 1)[0]
    best = fit_line(X, y, COVARIANCE).slope_error
    middle, diagonal = (fit_line(X, y, COVARIANCE, shrink=shrink).slope_error for shrink in (0.3, 1.0))
    assert best < middle < diagonal


def test_slope_is_its_weights_times_the_data() -> None:
    y = curves(52, 1)[0]
    fit = fit_line(X, y, COVARIANCE, 2, 8, shrink=0.3)
    assert fit.weights @ y == pytest.approx(fit.slope)
    assert np.all(fit.weights[:2] == 0.0) and np.all(fit.weights[8:] == 0.0)


def test_estimated_covariance_has_honest_p_values() -> None:
    """With 20 samples of 10 points the chi² distribution would reject far too often; Hotelling's does not."""
    naive, honest = [], []
    rng = np.random.default_rng(53)
    for _ in range(300):
        rows = 1.0 + 0.5 * X + rng.multivariate_normal(np.zeros(len(X)), COVARIANCE, 20)
        covariance = np.cov(rows.T) / 20
        naive.append(fit_line(X, rows.mean(axis=0), covariance, shrink=0.3).p_value < 0.1)
        honest.append(fit_line(X, rows.mean(axis=0), covariance, samples=20, shrink=0.3).p_value < 0.1)
    assert np.mean(naive) > 0.25
    assert 0.04 < np.mean(honest) < 0.17


def test_window_starts_past_the_transient() -> None:
    assert fit_line_past_transient(X, 2.0 * X, COVARIANCE / 400).start == 1  # straight from the start
    noisy = np.random.default_rng(55).multivariate_normal(np.zeros(len(X)), COVARIANCE / 400, 50)
    fits = [
        fit_line_past_transient(X, 0.5 * X - 2.0 * np.exp(-X) + noise, COVARIANCE / 400) for noise in noisy
    ]
    assert min(fit.start for fit in fits) >= 1
    assert np.median([fit.start for fit in fits]) <= 5
    z = [(fit.slope - 0.5) / fit.slope_error for fit in fits]
    assert abs(np.mean(z)) < 0.6
    biased = [
        (fit_line(X, 0.5 * X - 2.0 * np.exp(-X) + n, COVARIANCE / 400).slope - 0.5) / 0.003 for n in noisy
    ]
    assert np.mean(biased) > 3.0  # what the window is for


def test_a_curve_that_never_straightens_says_so() -> None:
    fit = fit_line_past_transient(X, X**2, COVARIANCE / 100)
    assert fit.p_value < 1e-3 and fit.start == len(X) - 4


def transient_fits(strength: float, number: int = 300) -> list[LineFit]:
    noise = np.random.default_rng(56).multivariate_normal(np.zeros(len(X)), COVARIANCE / 100, number)
    return [
        fit_line_past_transient(X, 0.5 * X - strength * np.exp(-X) + row, COVARIANCE / 100) for row in noise
    ]


def test_windows_are_fits_of_their_own_with_akaike_weights() -> None:
    y = curves(57, 1, transient=2.0)[0]
    fit = fit_line_past_transient(X, y, COVARIANCE, samples=200)
    alone = [fit_line(X, y, COVARIANCE, start, samples=200, shrink=0.3) for start in range(len(X) - 3)]
    assert fit.windows.start.tolist() == list(range(len(alone)))
    for name in ("slope", "slope_error", "p_value"):
        assert np.allclose(getattr(fit.windows, name), [getattr(one, name) for one in alone])
    weight = np.exp([-(one.chi2 + 2 * 2 + 2 * one.start) / 2 for one in alone])
    weight /= weight.sum()
    assert np.allclose(fit.windows.weight, weight)
    slopes = fit.windows.slope
    assert fit.slope_systematic == pytest.approx(np.sqrt(weight @ slopes**2 - (weight @ slopes) ** 2))
    chosen = alone[fit.start]
    assert (fit.slope, fit.intercept, fit.chi2) == pytest.approx(
        (chosen.slope, chosen.intercept, chosen.chi2)
    )
    assert np.allclose(fit.weights, chosen.weights)


def test_a_plain_fit_has_no_systematic_error() -> None:
    fit = fit_line(X, curves(58, 1)[0], COVARIANCE, 2)
    assert (
        fit.slope_systematic == 0.0
        and fit.windows.start.tolist() == [2]
        and fit.windows.weight.tolist() == [1.0]
    )


def test_systematic_error_grows_with_the_transient_and_ends_with_it() -> None:
    fits = {strength: transient_fits(strength) for strength in (0.0, 1.0, 8.0)}
    systematic = [np.median([fit.slope_systematic for fit in row]) for row in fits.values()]
    assert systematic[0] < systematic[1] < systematic[2]
    # of a straight line it is what windows of different lengths differ by: less than the error of the one
    # chosen
    assert np.median([fit.slope_systematic / fit.slope_error for fit in fits[0.0]]) < 0.7
    # a strong transient leaves no doubt about where it ends: the windows that still have it get no weight
    assert max(fit.windows.weight[0] for fit in fits[8.0]) < 1e-6


def test_errors_with_the_systematic_one_cover_the_slope() -> None:
    """68 % at least, at every strength of the transient; 300 curves, three standard deviations."""
    for strength in (0.0, 0.5, 1.0, 2.0, 4.0):
        fits = transient_fits(strength)
        inside = np.mean(
            [abs(fit.slope - 0.5) < np.hypot(fit.slope_error, fit.slope_systematic) for fit in fits]
        )
        assert inside > 0.6827 - 3.0 * np.sqrt(0.6827 * 0.3173 / len(fits)), strength


def test_a_singular_covariance_is_no_trouble() -> None:
    """Two equal points: as many degrees of freedom less."""
    x, y = np.append(X, X[-1]), np.append(0.5 * X, 0.5 * X[-1])
    covariance = np.zeros((len(x), len(x)))
    covariance[:-1, :-1] = COVARIANCE
    covariance[-1], covariance[:, -1] = covariance[-2], covariance[:, -2]
    fit = fit_line_past_transient(x, y, covariance)
    assert fit.slope == pytest.approx(0.5) and fit.p_value == pytest.approx(1.0)


def test_two_points_are_needed() -> None:
    with pytest.raises(ValueError, match="two points"):
        fit_line(X, X, COVARIANCE, 9)
    with pytest.raises(ValueError, match="two points"):
        fit_line_past_transient(X[:1], X[:1], COVARIANCE[:1, :1])
