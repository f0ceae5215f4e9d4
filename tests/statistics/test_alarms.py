"""False alarms of the checks: on good chains their p-values are uniform, far down and also for short series.

`python -m pytest -s tests/statistics/test_alarms.py` prints the rates; HPCBIP_SERIES=1000000 for the table of
docs/statistics.md, which reaches down to the alarm of the verdicts, 1e-4.
"""

from __future__ import annotations

import os

import numpy as np
import pytest
from scipy.stats import chi2, poisson

from hpcbip.statistics import Samples, binning_analysis
from hpcbip.statistics.checks import check_all
from tests.statistics.ar1 import ar1

SERIES = int(os.environ.get("HPCBIP_SERIES", "20000"))
LEVELS = (1e-2, 1e-3, 1e-4)
BLOCK = 2000  # series at once

# chains, samples per chain, autocorrelation time: from 15 independent samples in all upwards
CASES = [(1, 60, 2.0), (4, 60, 2.0), (8, 60, 2.0), (2, 200, 2.0), (8, 15, 0.5), (1, 150, 0.5), (4, 300, 2.0)]


@pytest.mark.parametrize("chains,length,tau", CASES)
def test_false_alarms(chains: int, length: int, tau: float) -> None:
    """At most twice as many as uniform p-values have: at 1e-4 that is one false alarm in 5000 numbers.

    A count that a rate of twice the nominal one exceeds once in 10,000 cases is an alarm here.
    """
    rng = np.random.default_rng(70)
    found = []
    for _ in range(SERIES // BLOCK):
        samples = Samples.of(ar1(rng, tau, chains, length, BLOCK))
        checks = check_all(samples, binning_analysis(samples))
        found.append([checks.chain_p, checks.half_p, checks.trend_p])
    p_values = dict(zip(("chains", "halves", "trend"), np.concatenate(found, axis=1), strict=True))
    for name, p in p_values.items():
        counts = [int(np.sum(p < level)) for level in LEVELS]
        rates = "  ".join(
            f"{count / len(p) / level:5.2f}" for count, level in zip(counts, LEVELS, strict=True)
        )
        print(
            f"{chains} x {length / tau:3.0f} tau, tau = {tau:3}: {name:7s}{rates}  "
            "x nominal at 1e-2, 1e-3, 1e-4"
        )
        for count, level in zip(counts, LEVELS, strict=True):
            assert count <= poisson.isf(1e-4, 2.0 * level * len(p)), (name, level)


def test_p_values_are_uniform_for_long_chains() -> None:
    """All the way: 8000 of each in ten boxes, chi² at a false-alarm rate of 1e-4."""
    samples = Samples.of(ar1(np.random.default_rng(72), 1.0, 4, 512, 8000))
    checks = check_all(samples, binning_analysis(samples))
    for p in (checks.chain_p, checks.half_p, checks.trend_p):
        counts = np.histogram(p, 10, (0.0, 1.0))[0]
        assert counts.sum() == 8000
        assert np.sum((counts - 800.0) ** 2 / 800.0) < chi2.isf(1e-4, 9)
