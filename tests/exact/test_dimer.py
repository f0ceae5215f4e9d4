"""The dimer with one bond phonon, U = 0, solved in closed form at every β: no truncation, no matrices, no
sampling.

The uniform trial state is an eigenstate of the hops K (K = n for n electrons), so the phonon is an oscillator
under the constant force f = n g:

    ln Z = n t β + (f/Ω)² (Ωβ - 1 + e^{-Ωβ}) + const,
    <b†b>(τ) = (f/Ω)² (1 - e^{-Ωτ}) (1 - e^{-Ω(β-τ)}),   <-H_eph>(τ) = (f²/Ω) (2 - e^{-Ωτ} - e^{-Ω(β-τ)}),

which tends to E = -t - g²/Ω (n = 1) and -2t - 4g²/Ω (n = 2). The position of an electron flips its bonding
state to the antibonding one, so between the two times of <|ΔR|²> K is n - 2, and the weight of the path
changes by

    c = exp(-2tW - g² (2n I_io + 2(n - 1) I_ii)),   <|ΔR|²> = (1 - c)/(2n),

W the window, I_ii the integral of e^{-Ω|τ-τ'|} with both times inside of it, I_io with one inside and one
outside.
"""

from __future__ import annotations

import numpy as np
import pytest

from hpcbip.models import Model, get_lattice
from hpcbip.qmc import Ensemble
from tests.exact.reference.cases import sample
from tests.exact.reference.cluster import DIMER
from tests.exact.reference.problem import Problem
from tests.exact.reference.zscore import compare


def closed_form(n: int, t: float, omega: float, g: float, beta: float, edge: float) -> dict[str, float]:
    """All observables of n electrons."""
    window, force = beta - 2 * edge, n * g
    decay = (np.exp(-omega * edge) - np.exp(-omega * (beta - edge))) / (omega * window)  # mean of e^{-Ωτ}
    saturation = 1.0 - np.exp(-omega * beta)
    inside = 2.0 / omega**2 * (omega * window - 1.0 + np.exp(-omega * window))
    across = 2.0 / omega**2 * (1.0 - np.exp(-omega * edge)) * (1.0 - np.exp(-omega * window))
    correlation = np.exp(-2 * t * window - g**2 * (2 * n * across + 2 * (n - 1) * inside))
    # before and after τ the oscillator is in coherent states α, α': |<α'|0><0|α>/<α'|α>| = e^{-α' α}
    nodes, weights = np.polynomial.legendre.leggauss(40)
    times = 0.5 * beta + 0.5 * window * nodes
    amplitudes = [force / omega * (1.0 - np.exp(-omega * time)) for time in (times, beta - times)]
    result = {
        "energy": -n * t - force**2 / omega * saturation,
        "vacuum": 0.5 * weights @ np.exp(-amplitudes[0] * amplitudes[1]),
        "phonons": (force / omega) ** 2 * (1.0 + np.exp(-omega * beta) - 2.0 * decay),
        "bare_hops": n * t,
        "assisted_hops": 2.0 * force**2 / omega * (1.0 - decay),
        "displacement2_window": (1.0 - correlation) / (2 * n),
    }
    if n == 2:
        result |= {"pair_distance2": 0.5} | {
            f"pair_weight[{x}]": w for x, w in ((-1, 0.25), (0, 0.5), (1, 0.25))
        }
    return {name: float(value) for name, value in result.items()}


@pytest.mark.parametrize(("g", "omega", "t"), [(0.4, 1.0, 1.0), (0.9, 1.3, 0.6)])
@pytest.mark.parametrize("n", [1, 2])
def test_matrices_agree_with_the_closed_form(n: int, g: float, omega: float, t: float) -> None:
    exact = Problem(DIMER, n, t, omega, g, 0.0, 3.0, 0.6, 30).solve()
    exact.pop("potential", None)
    assert exact == pytest.approx(closed_form(n, t, omega, g, 3.0, 0.6), abs=1e-9)


@pytest.mark.parametrize(("n", "g"), [(1, 1.2), (2, 0.7)])
def test_kernel_reaches_the_ground_state(n: int, g: float) -> None:
    """β = 20: the energy is the ground state's to 1e-8, and no phonon number is cut off."""
    beta, edge = 20.0, 5.0
    exact = closed_form(n, 1.0, 1.0, g, beta, edge)
    assert exact["energy"] == pytest.approx(-n - (n * g) ** 2, abs=1e-7)
    exact["events"] = n * beta + 2.0 * (n * g) ** 2 * (beta - 1.0 + np.exp(-beta))
    ensemble = Ensemble(
        Model("chain", "bond", 1.0, 1.0, g), n, beta, edge, 0.0, get_lattice("chain").cluster(2)
    )
    bins = sample(ensemble, 16, 24, 60_000)
    assert not (table := compare(bins, exact)), table
