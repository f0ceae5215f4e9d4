"""The exact reference against closed forms, and against its own truncation."""

from __future__ import annotations

import numpy as np
import pytest

from .cluster import CHAIN3, DIMER, PLAQUETTE, RING4, Problem


def test_dimer_ground_states() -> None:
    """E = -t - g²/Ω and -2t - 4g²/Ω (PHYSICS.md section 4), up to e^{-βΩ}."""
    one = Problem(DIMER, 1, 1.0, 1.0, 0.7, 0.0, 40.0, 10.0, 24).solve()
    two = Problem(DIMER, 2, 1.0, 1.0, 0.7, 0.0, 40.0, 10.0, 34).solve()
    assert one["energy"] == pytest.approx(-1.0 - 0.49, abs=1e-9)
    assert two["energy"] == pytest.approx(-2.0 - 4 * 0.49, abs=1e-9)
    assert one["phonons"] == pytest.approx(0.49, abs=1e-3)


def test_no_coupling_on_the_ring() -> None:
    """Free electrons from a uniform start are in their ground state at any β; the walk has rate 2t in either
    direction."""
    free = Problem(RING4, 2, 1.0, 1.0, 0.0, 0.0, 3.0, 0.75, 2).solve()
    assert free["energy"] == pytest.approx(-4.0, abs=1e-10)
    assert free["bare_hops"] == pytest.approx(4.0, abs=1e-9)
    assert free["displacement2_window"] == pytest.approx(4.0 * 1.5 / 4, abs=1e-9)  # hops carry 1/2 of a step
    assert free["pair_distance2"] == pytest.approx((0 + 1 + 1 + 4) / 4, abs=1e-9)


def test_energy_is_the_derivative_of_ln_z() -> None:
    problem = Problem(CHAIN3, 2, 1.0, 0.8, 0.9, 3.0, 2.0, 0.5, 12, kappa=0.3)
    dense = problem.hamiltonian.toarray()
    values, vectors = np.linalg.eigh(dense)
    weight = (problem.trial @ vectors) ** 2

    def ln_z(beta: float) -> float:
        return float(np.log(weight @ np.exp(-beta * values)))

    h = 1e-4
    expected = -(ln_z(2.0 + h) - ln_z(2.0 - h)) / (2 * h)
    assert problem.solve()["energy"] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("cluster", "cutoff"), [(DIMER, 22), (CHAIN3, 16), (RING4, 13), (PLAQUETTE, 13)])
def test_truncation_and_quadrature_have_converged(cluster: object, cutoff: int) -> None:
    values = [
        Problem(cluster, 2, 1.0, 1.0, 0.8, 8.0, 3.0, 0.75, n).solve(nodes)
        for n, nodes in ((cutoff, 12), (cutoff - 2, 10))
    ]
    for name in values[0]:
        assert values[0][name] == pytest.approx(values[1][name], abs=2e-4), name
