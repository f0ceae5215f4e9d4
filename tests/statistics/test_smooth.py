"""Smooth curves through points with errors: exact algebra, coverage, and whether they notice that they do not
fit."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from hpcbip.errors import InputError
from hpcbip.statistics.smooth import Smooth, shortest_length, smooth

CURVES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], float]] = {
    "parabola": (lambda x: 0.05 + 0.5 * x + 0.95 * x * x, 0.01),
    "steep parabola": (lambda x: 0.2 + 0.2 * x + 3.2 * x * x, 0.01),
    "exponential": (lambda x: -1.2 + 8.16 * np.exp(-2.47 * x), 0.03),
    "step": (lambda x: np.tanh(3.0 * (x - 0.8)), 0.03),
}
LOW, HIGH = 0.3, 1.2


def fitted(name: str, n: int, rng: np.random.Generator, errors: float = 1.0) -> Smooth:
    """A curve through n noisy points; their errors are stated as `errors` times the noise."""
    function, noise = CURVES[name]
    x = np.linspace(LOW, HIGH, n)
    return smooth(x, function(x) + noise * rng.standard_normal(n), np.full(n, (errors * noise) ** 2))


def limits(probability: float, n: int) -> tuple[float, float]:
    """What a fraction of n trials stays within, but for 1 time in 1000."""
    width = 3.29 * math.sqrt(probability * (1.0 - probability) / n)
    return probability - width, probability + width


def test_straight_lines_and_planes_go_through_unchanged() -> None:
    rng = np.random.default_rng(1)
    for d in (1, 2):
        x = rng.uniform(-3.0, 5.0, (9, d))
        slope = rng.standard_normal((2, d))
        noise = np.array([[0.02, 0.01], [0.01, 0.03]]) * rng.uniform(0.5, 2.0, (9, 1, 1))
        curve = smooth(x, 1.5 + slope @ x.T, noise)
        at = rng.uniform(-4.0, 6.0, (7, d))
        assert curve.mean(at) == pytest.approx(1.5 + slope @ at.T, abs=1e-9)


@pytest.mark.parametrize("name", CURVES)
def test_hyperparameters_do_not_depend_on_rounding(name: str) -> None:
    """Processors round differently: with a gradient by differences s moved by 6 % where it matters little."""
    rng = np.random.default_rng(4)
    for n in (6, 9, 14):
        curve = fitted(name, n, rng)
        for _ in range(4):
            rounded = curve.y[0] * (1.0 + 2e-16 * rng.standard_normal(n))
            other = smooth(curve.x, rounded, curve.noise[:, 0, 0])
            assert other.amplitudes == pytest.approx(curve.amplitudes, rel=1e-4)
            assert other.lengths == pytest.approx(curve.lengths, rel=1e-4)


def test_mean_and_error_are_those_of_scikit_learn() -> None:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, DotProduct, Matern

    curve = fitted("exponential", 7, np.random.default_rng(2))
    flat = 1e6  # in place of a flat prior of the straight line
    line = ConstantKernel(flat) + ConstantKernel(flat) * DotProduct(sigma_0=1e-6)
    process = ConstantKernel(curve.amplitudes[0] ** 2) * Matern(curve.lengths[0, 0], nu=3.5)
    peer = GaussianProcessRegressor(line + process, alpha=curve.noise[:, 0, 0], optimizer=None)
    peer.fit((curve.x - curve.low) / curve.span, curve.y[0])
    at = np.linspace(0.2, 1.3, 12)
    mean, error = peer.predict(((at - curve.low) / curve.span)[:, None], return_std=True)
    assert curve.mean(at)[0] == pytest.approx(mean, abs=1e-5)
    assert curve.error(at)[0] == pytest.approx(error, rel=1e-3)


def test_correlated_outputs_are_conditioned_together() -> None:
    """Against the normal distribution of everything at once, with a broad prior for the straight lines."""
    rng = np.random.default_rng(3)
    x, at = np.linspace(0.0, 1.0, 6), np.array([0.13, 0.77])
    noise = np.array([[0.04, -0.03], [-0.03, 0.05]]) * rng.uniform(0.5, 2.0, (6, 1, 1))
    curve = smooth(x, rng.standard_normal((2, 6)).cumsum(axis=1), noise)
    everywhere = np.concatenate([x, at])
    lines = 1e5 * (1.0 + np.outer(everywhere, everywhere))
    big = np.zeros((16, 16))
    for k in range(2):
        r = math.sqrt(7.0) * np.abs(everywhere[:, None] - everywhere) / curve.lengths[k, 0]
        matern = (1.0 + r + 0.4 * r**2 + r**3 / 15.0) * np.exp(-r)
        big[8 * k : 8 * k + 8, 8 * k : 8 * k + 8] = curve.amplitudes[k] ** 2 * matern + lines
    data, wanted = [*range(6), *range(8, 14)], [6, 7, 14, 15]
    inner = big[np.ix_(data, data)].copy()
    for i in range(6):
        inner[np.ix_([i, i + 6], [i, i + 6])] += noise[i]
    gain = np.linalg.solve(inner, big[np.ix_(data, wanted)]).T
    variance = np.diag(big[np.ix_(wanted, wanted)] - gain @ big[np.ix_(data, wanted)])
    assert curve.mean(at).ravel() == pytest.approx(gain @ curve.y.ravel(), abs=1e-4)
    assert curve.error(at).ravel() == pytest.approx(np.sqrt(variance), rel=1e-3)
    off_diagonal = curve.weights(at)[0, :, 1]
    assert np.abs(off_diagonal).max() > 0.01, "the second output's points say something about the first"


def test_samples_have_the_mean_and_the_errors() -> None:
    curve = fitted("parabola", 6, np.random.default_rng(4))
    at = np.linspace(LOW, HIGH, 9)
    n = 20000
    rng = np.random.default_rng(5)
    drawn, exact = (curve.samples(at, n, rng, noise=noise)[:, 0] for noise in (True, False))
    error = curve.error(at)[0]
    # 36 comparisons; 4.2 standard errors are exceeded by one of them in 1 of 1000 cases
    assert np.abs(drawn.mean(axis=0) - curve.mean(at)[0]).max() < 4.2 * (error / math.sqrt(n)).max()
    assert drawn.std(axis=0) == pytest.approx(error, rel=4.2 / math.sqrt(2 * n))
    weights = curve.weights(at)[0, :, 0]
    from_noise = (weights**2) @ curve.noise[:, 0, 0]
    assert exact.var(axis=0) + from_noise == pytest.approx(error**2, rel=4.2 * math.sqrt(2.0 / n))


@pytest.mark.slow
@pytest.mark.parametrize("n", [4, 5, 7, 12, 20])
def test_coverage(n: int) -> None:
    """One error holds the truth 68 % of the time, at a random place of random smooth curves; 1 false alarm in
    1000."""
    rng = np.random.default_rng([6, n])
    trials = 240
    pulls = np.empty(trials)
    for i in range(trials):
        name = list(CURVES)[i % len(CURVES)]
        curve, at = fitted(name, n, rng), rng.uniform(LOW, HIGH, 1)
        pulls[i] = (curve.mean(at)[0, 0] - CURVES[name][0](at)[0]) / curve.error(at)[0, 0]
    low, high = limits(0.683, trials)
    assert low < (np.abs(pulls) < 1.0).mean() < high
    assert abs(pulls.mean()) < 0.3


def test_noise_is_not_interpolated() -> None:
    """Of points without structure little but a straight line is left, and no length is shorter than their
    spacing."""
    rng = np.random.default_rng(7)
    x = np.linspace(0.0, 1.0, 20)
    left = []
    for _ in range(20):
        curve = smooth(x, rng.standard_normal(20), np.ones(20))
        left.append(curve.mean(x)[0].var())
        assert curve.lengths.min() >= shortest_length(20, 1) - 1e-12
    assert np.mean(left) < 0.25  # 2 parameters of 20 are 0.1
    assert shortest_length(3, 1) == pytest.approx(0.75)
    assert shortest_length(20, 1) == pytest.approx(0.5)
    assert shortest_length(2, 1) == 1.0


@pytest.mark.slow
def test_goodness_of_fit_raises_few_false_alarms() -> None:
    rng = np.random.default_rng(8)
    p = np.array([fitted(name, n, rng).p_value for n in (7, 12) for name in CURVES for _ in range(15)])
    assert (p < 0.05).mean() < limits(0.05, len(p))[1]
    assert (p < 0.001).sum() <= 1


@pytest.mark.parametrize("n", [9, 14])
def test_goodness_of_fit_sees_one_wrong_point(n: int) -> None:
    rng = np.random.default_rng([9, n])
    seen = 0
    for _ in range(20):
        curve = fitted("parabola", n, rng)
        curve.y[0, n // 2] += 0.1
        seen += smooth(curve.x, curve.y, curve.noise).p_value < 1e-3
    assert seen >= 18


def test_goodness_of_fit_sees_errors_that_are_too_small() -> None:
    rng = np.random.default_rng(12)
    assert sum(fitted("parabola", 20, rng, errors=0.2).p_value < 1e-3 for _ in range(20)) >= 18


def test_few_points_say_nothing_on_the_fit() -> None:
    assert math.isnan(fitted("parabola", 3, np.random.default_rng(10)).p_value)


def test_surface_covers_the_truth() -> None:
    """The same in two dimensions, with anisotropic structure and scattered points."""

    def truth(x: np.ndarray) -> np.ndarray:
        return np.asarray(np.exp(-x[:, 0]) + 0.1 * (x[:, 1] - 0.5) ** 2)

    rng = np.random.default_rng(11)
    trials = 120
    pulls = np.empty(trials)
    for i in range(trials):
        x = np.vstack(
            [[[0.0, 0.0], [2.0, 0.0], [0.0, 3.0], [2.0, 3.0]], rng.uniform(0.0, [2.0, 3.0], (10, 2))]
        )
        curve = smooth(x, truth(x) + 0.02 * rng.standard_normal(14), np.full(14, 0.02**2))
        at = rng.uniform(0.0, [2.0, 3.0], (1, 2))
        pulls[i] = (curve.mean(at)[0, 0] - truth(at)[0]) / curve.error(at)[0, 0]
    low, high = limits(0.683, trials)
    assert low < (np.abs(pulls) < 1.0).mean() < high


@pytest.mark.parametrize(
    "x,y,noise,message",
    [
        ([0.0, 1.0], [1.0, 2.0], [1.0, 1.0], "2 places are too few"),
        ([0.0, 1.0, 1.0], [1.0, 2.0, 2.0], [1.0] * 3, "2 places are too few"),
        ([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]], [1.0] * 4, [1.0] * 4, "do not lie on one line"),
        ([0.0, 1.0, 2.0], [1.0, math.nan, 2.0], [1.0] * 3, "not finite"),
        ([0.0, 1.0, 2.0], [1.0, 2.0, 2.0], [1.0, 0.0, 1.0], "no error"),
    ],
)
def test_refusals(x: list, y: list, noise: list, message: str) -> None:
    with pytest.raises(InputError, match=message):
        smooth(x, y, noise)
