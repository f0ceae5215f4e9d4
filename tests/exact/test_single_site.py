"""Site vertices alone, in closed form at every β: n electrons on one site with a Holstein oscillator.

The oscillator is under the constant force f = n g, and nothing else moves (docs/physics.md, "Models"):

    ln Z = (f/Ω)² (Ωβ - 1 + e^{-Ωβ}) - U β (n = 2),   so E = -n² g²/Ω (1 - e^{-Ωβ}) + U,
    <b†b>(τ) = (f/Ω)² (1 - e^{-Ωτ}) (1 - e^{-Ω(β-τ)}),   <-H_eph>(τ) = (f²/Ω) (2 - e^{-Ωτ} - e^{-Ω(β-τ)}),

and the number of phonon lines has a Poisson distribution of mean (f/Ω)² (Ωβ - 1 + e^{-Ωβ}).
"""

from __future__ import annotations

import numpy as np
import pytest

from hpcbip.models import Model, get_lattice
from hpcbip.qmc import Ensemble
from tests.exact.reference.cases import sample
from tests.exact.reference.cluster import CHAIN, Cluster
from tests.exact.reference.problem import Problem
from tests.exact.reference.zscore import compare

SITE = Cluster(CHAIN, (1,))


def closed_form(n: int, omega: float, g: float, U: float, beta: float, edge: float) -> dict[str, float]:
    """The observables that fluctuate."""
    window, force = beta - 2 * edge, n * g
    decay = (np.exp(-omega * edge) - np.exp(-omega * (beta - edge))) / (omega * window)  # mean of e^{-Ωτ}
    decayed = np.exp(-omega * beta)
    return {
        "energy": float((n - 1) * U - force**2 / omega * (1.0 - decayed)),
        "phonons": float((force / omega) ** 2 * (1.0 + decayed - 2.0 * decay)),
        "assisted_hops": float(2.0 * force**2 / omega * (1.0 - decay)),
    }


@pytest.mark.parametrize("n", [1, 2])
def test_matrices_agree_with_the_closed_form(n: int) -> None:
    exact = Problem(SITE, n, 1.0, 1.3, 0.7, 2.0, 3.0, 0.6, 40, coupling="holstein").solve()
    expected = closed_form(n, 1.3, 0.7, 2.0, 3.0, 0.6)
    assert {name: exact[name] for name in expected} == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("beta", [2.0, 20.0])
@pytest.mark.parametrize(("n", "omega", "g", "U"), [(1, 0.7, 0.9, 0.0), (2, 1.3, 0.6, 3.0)])
def test_kernel(n: int, omega: float, g: float, U: float, beta: float) -> None:
    """β = 20 is the ground state, E = -g²/Ω for one electron and U - 4g²/Ω for two; false-alarm rate 1e-4 per
    case."""
    exact = closed_form(n, omega, g, U, beta, beta / 4)
    if beta == 20.0:
        assert exact["energy"] == pytest.approx((n - 1) * U - (n * g) ** 2 / omega, abs=1e-5)
    exact["events"] = 2.0 * (n * g / omega) ** 2 * (omega * beta - 1.0 + np.exp(-omega * beta))
    model = Model("chain", "holstein", 1.0, omega, g, U)
    ensemble = Ensemble(model, n, beta, beta / 4, 0.0, cluster=get_lattice("chain").cluster(1))
    bins = sample(ensemble, 16, 24, 40_000)
    assert not (table := compare(bins, exact)), table
    table = compare(bins, exact | {"energy": exact["energy"] - 0.04 * (n * g) ** 2 / omega})
    assert "BAD energy" in table  # negative control
