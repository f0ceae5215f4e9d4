"""The kernel on infinite lattices against closed forms, without phonons and at long β; convergence in β is
shown.

Attractive Hubbard chain, two electrons, no phonons. In the relative coordinate at total momentum K the
hopping is 2t cos(K/2) = t_K, and the bound state ψ(n) ∝ q^|n| of -t_K Σ (ψ(n+1) + ψ(n-1)) + U δ_n0 has q =
(|E| - |U|)/(2 t_K) and E = -√(U² + 4 t_K²). Hence, at K = 0, E = -√(U² + 16t²), 1/m* = d²E/dK² = 4t²/√(U² +
16t²), <n²> = Σ n² q^{2|n|} / Σ q^{2|n|} = 2q²/(1 - q²)², and <V> = U P(0) with P(0) = (1 - q²)/(1 + q²).
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import eigh_tridiagonal

from hpcbip.models import Model
from hpcbip.qmc import Chain, Ensemble, columns
from tests.exact.reference.cases import sample
from tests.exact.reference.zscore import compare

U = -4.0
KAPPA = 0.15


def attractive_chain(u: float) -> dict[str, float]:
    energy = -np.sqrt(u * u + 16.0)
    q = (abs(energy) - abs(u)) / 4.0
    p0 = (1 - q * q) / (1 + q * q)
    weights = {f"pair_weight[{n}]": p0 * q ** (2 * abs(n)) for n in range(-3, 4)}
    return {
        "energy": energy,
        "diffusion": 4.0 / abs(energy),  # d/m*
        "pair_distance2": 2 * q * q / (1 - q * q) ** 2,
        "potential": u * p0,
        **weights,
    }


def finite_beta_energy(u: float, beta: float, kappa: float, size: int = 300) -> float:
    """Exact -∂lnZ/∂β of the relative coordinate from the trial state e^{-κ|n|}, K = 0."""
    n = np.arange(-size, size + 1)
    values, vectors = eigh_tridiagonal(np.where(n == 0, u, 0.0), np.full(2 * size, -2.0))
    weight = (np.exp(-kappa * np.abs(n)) @ vectors) ** 2 * np.exp(-beta * (values - values.min()))
    return float(weight @ values / weight.sum())


def chain(
    u: float,
    electrons: int = 2,
    beta: float = 12.0,
    lattice: str = "chain",
    g: float = 0.0,
    kappa: float = 0.4,
) -> Ensemble:
    return Ensemble(Model(lattice, "bond", 1.0, 1.0, g, u), electrons, beta, beta / 4, kappa)


def test_the_closed_form_solves_the_relative_problem() -> None:
    assert finite_beta_energy(U, 60.0, 0.4) == pytest.approx(attractive_chain(U)["energy"], abs=1e-10)


def test_attractive_hubbard_chain() -> None:
    """All of the closed form; false-alarm rate 1e-4."""
    bins = sample(chain(U), 16, 24, 60_000)
    exact = attractive_chain(U)
    assert not (table := compare(bins, exact)), table
    wrong = exact | {"diffusion": exact["diffusion"] * 1.02, "energy": exact["energy"] * 1.005}
    table = compare(bins, wrong)
    assert "BAD diffusion" in table and "BAD energy" in table  # negative control


def test_energy_converges_in_beta_as_it_should() -> None:
    """At every β the energy is the exact one of that β; with β it goes to the ground state's, which β = 2
    misses by a lot."""
    ground = attractive_chain(U)["energy"]
    off = []
    for beta in (1.0, 2.0, 4.0, 8.0):
        exact = finite_beta_energy(
            U, beta, KAPPA
        )  # a trial state far too wide, so that there is something to see
        off.append(exact - ground)
        table = compare(sample(chain(U, beta=beta, kappa=KAPPA), 16, 24, 30_000), {"energy": exact})
        assert not table, table
    assert off[0] > 0.2 and off[0] > off[1] > off[2] > off[3] and off[3] < 1e-3


@pytest.mark.parametrize(("lattice", "d"), [("chain", 1), ("square", 2)])
def test_a_free_electron_has_the_band_mass(lattice: str, d: int) -> None:
    """E = -2dt and m* = m_e = 1/(2t): diffusion d/m* = 2dt."""
    exact = {"energy": -2.0 * d, "diffusion": 2.0 * d, "displacement2_window": 2.0 * d * 6.0}
    table = compare(sample(chain(0.0, 1, lattice=lattice), 16, 24, 40_000), exact)
    assert not table, table


def test_mass_does_not_depend_on_the_lags() -> None:
    """With phonons: the slope of the displacement curve between two shorter lags than those of `diffusion`,
    from the same chains."""
    ensemble = chain(0.0, 1, beta=24.0, g=0.7)
    names = columns(ensemble)
    mass, slope = (
        names.index("diffusion"),
        (names.index("displacement2[12]"), names.index("displacement2[6]")),
    )
    difference = []
    for k in range(16):
        walk = Chain.start(ensemble, np.random.SeedSequence((5, k)).generate_state(4, np.uint64))
        walk.thermalise(100_000)
        rows = walk.run_block(16, 60_000)
        difference.append((rows[:, slope[0]] - rows[:, slope[1]]) / 3.0 - rows[:, mass])  # six lags of 12/24
    table = compare({"difference": difference}, {"difference": 0.0})
    assert not table, table
