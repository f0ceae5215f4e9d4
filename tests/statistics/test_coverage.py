"""Do value ± error and value ± 2 errors hold the truth as often as they should, for what is called converged?

Autoregressive chains, 2000 series per length. `python -m pytest -s tests/statistics/test_coverage.py` prints
the tables of docs/statistics.md.

Whatever the limit between "converged" and "maybe", of series just about long enough those pass whose
autocorrelation time comes out low, and with it the error. No error bar is right for them and for longer ones
too: what is in hand does not tell which it is. So coverage is asked for (a) at each length at which the
verdict is not left to chance, and (b) over all converged series when their lengths spread evenly (in the
logarithm) from 30 to 1000 autocorrelation times.
"""

from __future__ import annotations

import numpy as np
import pytest

from hpcbip.statistics import summarise
from tests.statistics.ar1 import ar1
from tests.statistics.coverage import Coverage

SERIES = 2000
LENGTHS = np.geomspace(30.0, 1000.0, 8)  # autocorrelation times, all chains together


def deviations(tau: float, chains: int, length: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(mean - truth)/error of all series, and which of them are called converged."""
    samples = max(2, round(length * tau / chains))
    summary = summarise(ar1(np.random.default_rng([seed, samples]), tau, chains, samples, SERIES))
    return summary.mean / summary.error, summary.verdict == 0


def check(tau: float, chains: int) -> None:
    print(
        f"\ntau = {tau}, chains = {chains}: length/tau, % converged; "
        "converged series, % within 1 and 2 errors"
    )
    pooled = []
    for length in LENGTHS:
        z, converged = deviations(tau, chains, length, 80)
        coverage = Coverage.of(z[converged])
        pooled.append(z[converged])
        print(f"{length:5.0f}  {100 * np.mean(converged):5.1f}  {coverage}")
        if np.mean(converged) > 0.9:
            assert not coverage.outside_limits(), length
    coverage = Coverage.of(np.concatenate(pooled))
    print(f"  all         {coverage}")
    assert coverage.number > 5 * SERIES and not coverage.outside_limits()


@pytest.mark.parametrize("tau,chains", [(0.5, 1), (0.5, 4), (1.0, 2), (2.0, 1), (2.0, 8)])
def test_coverage(tau: float, chains: int) -> None:
    check(tau, chains)


@pytest.mark.slow
@pytest.mark.parametrize("tau,chains", [(5.0, 4), (10.0, 1), (10.0, 8)])
def test_coverage_of_long_correlations(tau: float, chains: int) -> None:
    check(tau, chains)


def test_errors_too_small_or_too_large_by_a_tenth_are_noticed() -> None:
    z = deviations(2.0, 4, 600.0, 81)[0]
    assert not Coverage.of(z).outside_limits()
    for _ in range(3):
        z = np.concatenate([z, deviations(2.0, 4, 600.0, 82)[0]])
    assert Coverage.of(1.15 * z).outside_limits() and Coverage.of(0.85 * z).outside_limits()
