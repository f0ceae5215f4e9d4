"""The exact reference against closed forms, and against its own truncation."""

from __future__ import annotations

import numpy as np
import pytest

from tests.exact.reference.cluster import CHAIN3, DIMER, PLAQUETTE, RING4, SQUARE, TRIANGULAR, Cluster
from tests.exact.reference.problem import Problem


def test_dimer_ground_states() -> None:
    """E = -t - g²/Ω and -2t - 4g²/Ω (docs/physics.md, "Published numbers"), up to e^{-βΩ}."""
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
    problem = Problem(CHAIN3, 2, 1.0, 0.8, 0.9, 3.0, 2.0, 0.5, 7, kappa=0.3)
    dense = problem.hamiltonian.toarray()
    values, vectors = np.linalg.eigh(dense)
    weight = (problem.trial @ vectors) ** 2

    def ln_z(beta: float) -> float:
        return float(np.log(weight @ np.exp(-beta * values)))

    h = 1e-4
    expected = -(ln_z(2.0 + h) - ln_z(2.0 - h)) / (2 * h)
    assert problem.solve()["energy"] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("cluster", "cutoff"), [(DIMER, 18), (CHAIN3, 14), (RING4, 12), (PLAQUETTE, 11)])
def test_truncation_and_quadrature_have_converged(cluster: object, cutoff: int) -> None:
    values = [
        Problem(cluster, 2, 1.0, 1.0, 0.8, 8.0, 3.0, 0.75, n).solve(nodes)
        for n, nodes in ((cutoff, 8), (cutoff - 2, 6))
    ]
    for name in values[0]:
        assert values[0][name] == pytest.approx(values[1][name], abs=2e-4), name


SQUARE9 = Cluster(SQUARE, (3, 3), periodic=True)
TRIANGULAR9 = Cluster(TRIANGULAR, (3, 3), periodic=True)
BOTH = {"coupling": "bond+holstein", "g_holstein": 0.8, "omega_holstein": 0.6}


@pytest.mark.parametrize(
    ("cluster", "electrons", "cutoff", "fields"),
    [
        (RING4, 1, 4, BOTH),
        (RING4, 2, 3, {**BOTH, "V": 1.5, "kappa": 0.3}),
        (SQUARE9, 2, 1, {"t_factors": (1.0, 0.5), "g_factors": (0.3, 1.2), "shells": (-1.0, 0.5)}),
        (TRIANGULAR9, 2, 1, {"V": 1.0, "kappa": 0.3}),
    ],
)
def test_seen_from_the_electron_it_is_the_same(
    cluster: Cluster, electrons: int, cutoff: int, fields: dict[str, object]
) -> None:
    """The sector of total momentum zero, which the periodic clusters are solved in, against all states."""
    found = [
        Problem(
            cluster, electrons, 1.0, 1.0, 0.7, 2.0, 3.0, 0.75, cutoff, from_electron=moving, **fields
        ).solve(4)
        for moving in (True, False)
    ]
    assert found[0] == pytest.approx(found[1], abs=1e-10)


def test_displacement_is_the_curvature_of_the_wave() -> None:
    """<cos K·ΔR> = 1 - <(K·ΔR)²>/2 + ..., on a lattice with oblique axes too."""
    problem = Problem(
        TRIANGULAR9, 2, 1.0, 1.0, 0.9, 2.0, 3.0, 0.75, 2, coupling="holstein", t_factors=(1.0, 0.6, 0.3)
    )
    primitive = np.linalg.cholesky(
        np.array(TRIANGULAR.metric)
    )  # rows: Cartesian components of the coordinates
    small = 1e-3
    for stop in (2.0, 2.25):  # the latter as far from the end as the start from the beginning
        waves = [problem.wave(small * primitive[:, a], 0.75, stop) for a in range(2)]
        curvature = [2 * (1 - wave) / small**2 for wave in waves]
        assert curvature == pytest.approx(list(problem.displacement2(0.75, stop)), rel=1e-5)


def test_the_share_at_the_cutoff_bounds_the_error() -> None:
    """What the comparisons with the kernel rely on, for a cluster of many oscillators and a low cutoff."""
    fine, coarse = (Problem(SQUARE9, 2, 1.0, 1.0, 0.3, 4.0, 3.0, 0.75, cutoff, V=0.5) for cutoff in (3, 2))
    share = coarse.share_at_cutoff()
    assert 1e-4 < share < 2e-2 and fine.share_at_cutoff() < 0.1 * share
    exact, found = fine.solve(6), coarse.solve(6)
    assert all(abs(found[name] - exact[name]) < 5 * share for name in exact)
