"""The displacement curve, the mass estimator that is its slope, and the waves of the dispersion: periodic
clusters at finite β.

The kernel's curve is a sum over segments between the times at which the rest of the path may be reflected,
averaged over pairs of marks in the window; its mean is exact at every lag and every β, and so is that of
`diffusion`. The waves cos K·ΔR are taken without reflections. Coordinates are unwrapped: on a cluster, K may
be any momentum. False-alarm rate 1e-4 per case.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hpcbip.models import MOMENTUM_PERIOD
from hpcbip.qmc import Ensemble
from hpcbip.qmc.estimators.displacement import LAGS, SLOPE_FROM, SLOPE_TO
from tests.exact.reference.cases import matched, model_problem, rejected, sample
from tests.exact.reference.cluster import RING4, SQUARE, TRIANGULAR, Cluster
from tests.exact.reference.problem import Problem
from tests.exact.reference.zscore import compare

SQUARE9 = Cluster(SQUARE, (3, 3), periodic=True)
TRIANGULAR9 = Cluster(TRIANGULAR, (3, 3), periodic=True)
CASES: dict[str, tuple[Cluster, int, int, dict[str, Any]]] = {
    "ring, bond, 1": (RING4, 1, 9, {"g": 0.9}),
    "ring, bond, 2": (RING4, 2, 9, {"g": 0.7, "U": 2.0}),
    "ring, holstein, 2": (RING4, 2, 9, {"coupling": "holstein", "g": 0.9, "U": 2.0}),
    "square, bond, 1": (SQUARE9, 1, 4, {"g": 0.5, "t_factors": (1.0, 0.5), "g_factors": (0.6, 1.2)}),
    "square, holstein, 2": (SQUARE9, 2, 3, {"coupling": "holstein", "g": 0.4, "U": 2.0}),
    "triangular, holstein, 2": (TRIANGULAR9, 2, 3, {"coupling": "holstein", "g": 0.4, "U": 2.0}),
}


def exact_curves(problem: Problem, ensemble: Ensemble) -> dict[str, float]:
    """Averages over the marks; the path is symmetric about β/2, so that half of them are enough."""
    low, high = ensemble.window
    spacing = (high - low) / LAGS

    def average(quantity: Any, lag: int) -> Any:
        starts = range(LAGS + 1 - lag)
        found = {
            m: quantity(low + m * spacing, low + (m + lag) * spacing) for m in starts if 2 * m <= LAGS - lag
        }
        return sum(found[min(m, LAGS - lag - m)] for m in starts) / len(starts)

    curve = {lag: average(problem.displacement2, lag) for lag in {SLOPE_FROM, SLOPE_TO, LAGS}}
    slope = (curve[SLOPE_TO] - curve[SLOPE_FROM]) / ((SLOPE_TO - SLOPE_FROM) * spacing)
    exact = {f"displacement2[{lag}]": float(value.sum()) for lag, value in curve.items()}
    exact["diffusion"] = float(slope.sum())
    if ensemble.lattice.hypercubic:
        exact |= {f"diffusion[{a}]": float(x) for a, x in enumerate(slope)}
    for k, units in enumerate(ensemble.lattice.momenta):
        phases = 2 * np.pi / MOMENTUM_PERIOD * units
        exact[f"wave[{k},8]"] = average(
            lambda start, stop, phases=phases: problem.wave(phases, start, stop), 8
        )
    return exact


@pytest.mark.parametrize("name", CASES)
def test_curves_and_waves(name: str) -> None:
    cluster, electrons, cutoff, fields = CASES[name]
    ensemble, problem = model_problem(cluster, electrons, cutoff, **fields)
    exact = exact_curves(problem, ensemble)
    bins = sample(ensemble, 16, 24, 40_000)
    assert not (table := compare(bins, exact)), table


def test_a_wrong_slope_is_rejected() -> None:
    """Negative control: the slope of the whole curve in place of that beyond the internal relaxation."""
    ensemble, exact = matched(RING4, 1, 9, g=0.9)
    low, high = ensemble.window
    wrong = {"diffusion": exact["displacement2_window"] / (high - low)}
    assert rejected(ensemble, wrong, 40_000)
