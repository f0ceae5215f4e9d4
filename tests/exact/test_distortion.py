"""The distortion of the bonds around electrons, and the hopping that it modulates, against matrices and
closed forms, sixteen seeds each; and the same test on a wrong weight.

The false-alarm rate is `zscore.FALSE_ALARM` = 1e-4 per case, so 1e-3 for the whole file.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from hpcbip.qmc import Ensemble
from hpcbip.qmc.estimators.distortion import nodes, sign_change_weights
from tests.exact.reference.cases import model_problem, rejected, sample
from tests.exact.reference.cluster import CHAIN3, DIMER, PLAQUETTE, RING4, SQUARE, TRIANGULAR, Cluster
from tests.exact.reference.distortion import TIMES, distortion_columns
from tests.exact.reference.problem import Problem
from tests.exact.reference.zscore import compare

SQUARE9 = Cluster(SQUARE, (3, 3), periodic=True)
TRIANGULAR9 = Cluster(TRIANGULAR, (3, 3), periodic=True)
BOTH = {"coupling": "bond+holstein", "g": 0.6, "omega": 1.4, "g_holstein": 0.5, "omega_holstein": 0.7}

# cluster, electrons, cutoff, fields of the model
CASES = {
    "dimer, 1": (DIMER, 1, 18, {"g": 0.9}),
    "dimer, 2, U": (DIMER, 2, 18, {"g": 0.9, "U": 4.0}),
    "chain, 1, soft": (CHAIN3, 1, 18, {"g": 0.7, "omega": 0.6}),
    "chain, 2, U": (CHAIN3, 2, 14, {"g": 0.9, "U": 8.0}),
    "ring, 2": (RING4, 2, 12, {"g": 0.7}),
    "ring, 2, Holstein": (RING4, 2, 8, {**BOTH, "U": 4.0}),
    "anisotropic plaquette, 2": (
        PLAQUETTE,
        2,
        11,
        {"g": 0.7, "U": 2.0, "t_factors": (1.0, 0.4), "g_factors": (0.5, 1.2)},
    ),
    "one axis without coupling, torus, 2": (SQUARE9, 2, 3, {"g": 0.25, "U": 4.0, "g_factors": (1.0, 0.0)}),
    "triangular, 1": (TRIANGULAR9, 1, 4, {"g": 0.45}),
}


def case(name: str) -> tuple[Ensemble, dict[str, float]]:
    cluster, electrons, cutoff, fields = CASES[name]
    ensemble, problem = model_problem(cluster, electrons, cutoff, **fields)
    return ensemble, distortion_columns(problem)


@pytest.mark.parametrize("name", CASES)
def test_all_columns(name: str) -> None:
    ensemble, exact = case(name)
    assert not (table := compare(sample(ensemble, 16, 24, 60_000), exact)), table


@pytest.mark.parametrize("electrons", [1, 2])
def test_the_dimer_is_a_displaced_oscillator(electrons: int) -> None:
    """All hops are on one bond, K = n: <X> = -2ng/Ω but for what the ends of the path take, with the width of
    an oscillator at rest; the other neighbour of a site is lacking, and counts as one at rest."""
    g, omega, beta, edge = 0.7, 1.3, 20.0, 5.0
    exact = distortion_columns(Problem(DIMER, electrons, 1.0, omega, g, 0.0, beta, edge, 32))
    times = edge + np.array(TIMES) * (beta - 2 * edge)
    x = -electrons * g / omega * (2.0 - np.exp(-omega * times) - np.exp(-omega * (beta - times)))
    assert exact["distortion"] == pytest.approx(x.mean() / 2, abs=1e-9)
    assert exact["distortion"] == pytest.approx(-electrons * g / omega, rel=2e-3)
    assert exact["modulation2"] == pytest.approx(g**2 * (2.0 + (x**2).mean()) / 2, abs=1e-8)
    changed = (norm.sf(1.0 / g) + norm.sf(1.0 / g - x)) / 2
    assert exact["sign_change"] == pytest.approx(changed.mean(), abs=1e-9)
    ensemble, _ = model_problem(DIMER, electrons, 0, beta, edge, g=g, omega=omega)
    assert not (table := compare(sample(ensemble, 16, 24, 60_000), exact)), table


@pytest.mark.parametrize(
    ("ratio", "omega"),
    [(0.2, 0.1), (0.7, 0.1), (0.2, 0.3), (0.7, 0.3), (1.5, 0.3), (1.5, 1.0), (3.0, 1.0), (3.0, 4.0)],
)
def test_the_integral_over_q_gives_the_normal_tail(ratio: float, omega: float) -> None:
    """An oscillator displaced by as much as two electrons can: its characteristic function is known."""
    q = nodes(np.array([ratio, 0.0]), omega, 1.0, 2)
    constant, real, imaginary = sign_change_weights(q, ratio)
    for x in np.linspace(-4.0 * ratio / omega, 0.0, 9):
        found = constant + real @ np.cos(q * x) + imaginary @ np.sin(q * x)
        assert found == pytest.approx(norm.sf(1.0 / ratio - x), abs=1e-8)


@pytest.mark.parametrize("factor", [0.99, 1.01])
def test_a_weight_wrong_by_a_per_cent_is_rejected(factor: float) -> None:
    """Negative control: w_k of all hops; the paths themselves are right."""
    ensemble, exact = case("chain, 1, soft")
    ensemble.parameters["ratio"] *= factor
    assert rejected(ensemble, exact, 300_000)
