"""Errors of the kernel's own bins: coverage, pyerrors, bootstrap.

`python -m pytest -s tests/statistics/test_real_series.py` prints the table; HPCBIP_RUNS=3000 for that of
docs/method/statistics.md (six minutes).
"""

from __future__ import annotations

import os

import numpy as np
import pytest

from hpcbip.qmc import Ensemble, columns
from hpcbip.statistics import jackknife, summarise
from tests.statistics import kernel
from tests.statistics.coverage import Coverage
from tests.statistics.test_pyerrors import Comparison

RUNS = int(os.environ.get("HPCBIP_RUNS", "160"))
CHAINS = 2  # of a short run
LONG = 40  # short runs that the long one is as long as


@pytest.fixture(scope="module")
def pair() -> Ensemble:
    return kernel.ensemble(2)


@pytest.fixture(scope="module")
def long_run(pair: Ensemble) -> list[np.ndarray]:
    """Four chains of a pair, all columns."""
    return kernel.sample(pair, (90, 2), 4, LONG * CHAINS * kernel.BINS[2] // 4)


@pytest.mark.slow
@pytest.mark.parametrize("electrons", [1, 2])
def test_errors_of_short_runs_cover_the_truth(electrons: int, request: pytest.FixtureRequest) -> None:
    """Through the jackknife, as a campaign does it. The truth is that of all runs together, whose error is
    allowed for.

    A long run agrees with the short ones: they are thermalised, and ratios of their means have no bias that
    shows.
    """
    what, bins, function = kernel.ensemble(electrons), kernel.BINS[electrons], kernel.observables
    if electrons == 2:
        long = kernel.pick(what, request.getfixturevalue("long_run"))
    else:
        long = kernel.pick(what, kernel.sample(what, (90, 1), 4, LONG * CHAINS * bins // 4))
    runs = [kernel.pick(what, kernel.sample(what, (91, electrons, run), CHAINS, bins)) for run in range(RUNS)]
    all_runs = [chain for run in runs for chain in run]
    one, many = (jackknife(function, chains) for chains in (long, all_runs))
    apart = (one.value - many.value) / np.hypot(
        *(summarise(result.pseudo[0]).error for result in (one, many))
    )
    assert np.all(np.abs(apart) < 4.0)

    truth = jackknife(function, [*long, *all_runs])
    truth_error = summarise(truth.pseudo[0]).error
    results = [jackknife(function, run) for run in runs]
    summaries = [summarise(result.pseudo[0]) for result in results]
    error = np.array([summary.error for summary in summaries])
    z = (np.array([result.value for result in results]) - truth.value) / np.hypot(error, truth_error)
    converged = np.array([summary.verdict == 0 for summary in summaries])
    tau = np.mean([summary.tau for summary in summaries], axis=0)
    print(
        f"\n{electrons} electrons, {RUNS} runs of {CHAINS} x {bins} bins: value, error of a run, "
        "tau in bins, % converged; converged runs, % within 1 and 2 errors"
    )
    for k, name in enumerate(kernel.OBSERVABLES[electrons]):
        good = converged[:, k]
        coverage = Coverage.of(z[good, k])
        known = f"{truth.value[k]:8.4f}  {np.mean(error[:, k]):6.4f}  {tau[k]:4.2f}"
        print(f"{name:16s}{known}  {100 * np.mean(good):5.1f}  {coverage}")
        assert np.mean(good) > 0.9, name  # so that it matters little which of them are not
        assert not coverage.outside_limits(), name


def test_gamma_method_agrees_with_pyerrors(pair: Ensemble, long_run: list[np.ndarray]) -> None:
    """On 20 columns of 4 x 500 bins: errors within 10 %; all of both but 1/N once the conventions are the
    same."""
    chains = [chain[:500] for chain in long_run]
    names = [name for name in columns(pair) if not name.startswith("accept:")]
    varying = [k for k in range(len(names)) if all(np.std(chain[:, k]) > 0.0 for chain in chains)][:20]
    assert len(varying) == 20
    print("\ncolumn: error by that of pyerrors; error and tau with its conventions")
    for k in varying:
        comparison = Comparison.of([chain[:, k] for chain in chains])
        print(f"{names[k]:20s} {comparison}")
        comparison.check()


def test_jackknife_agrees_with_the_bootstrap_on_tc(pair: Ensemble, long_run: list[np.ndarray]) -> None:
    """Blocks of 16 bins, drawn with replacement, against the jackknife over the same blocks.

    With n blocks the variance of the bootstrap is that of the jackknife times (n - 1)/n but for terms of
    relative order (error of Tc)²; of B draws the standard deviation has a relative error of 1/√(2B), and four
    of these are allowed.
    """
    draws, block = 20_000, 16
    data = kernel.pick(pair, long_run)
    result = jackknife(kernel.observables, data, block=block)
    rows = np.concatenate([chain[len(chain) % block :].reshape(-1, block, 3).mean(axis=1) for chain in data])
    n = len(rows)
    counts = np.random.default_rng(92).multinomial(n, np.full(n, 1.0 / n), draws)
    bootstrap = kernel.observables(counts @ rows / n).std(axis=0, ddof=1) * np.sqrt(n / (n - 1.0))
    relative = np.max(result.error / np.abs(result.value))
    assert relative < 0.02
    print(
        "\nbootstrap by jackknife:", dict(zip(kernel.OBSERVABLES[2], bootstrap / result.error, strict=True))
    )
    assert np.all(np.abs(bootstrap / result.error - 1.0) < 4.0 / np.sqrt(2.0 * draws) + 8.0 * relative**2)
