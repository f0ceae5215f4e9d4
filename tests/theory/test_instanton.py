"""The semiclassical instantons: energies against independent diagonalisation, limits in closed form, paths,
the law.
"""

from __future__ import annotations

import numpy as np
import pytest

from hpcbip.errors import InputError
from hpcbip.theory.instanton.scaling import (
    MonteCarloMass,
    compare_masses,
    fit_power_law,
    instanton_table,
    manifold_spread,
    mass_comparison_table,
    scan_coupling,
)
from hpcbip.theory.instanton.surface import (
    AdiabaticSurface,
    hessian,
    localised_stationary_points,
    self_trapped_minima,
)
from hpcbip.theory.instanton.tunnelling import Instanton, find_instanton
from tests.exact.reference.cluster import RING4
from tests.exact.reference.problem import Problem

CORNER_TO_DIMER = (
    2.0 ** (17 / 4) * 2.0 * (1.0 - np.cos(np.pi / 8))
)  # docs/theory/instanton.md: the chain's s/√Λ as Λ → ∞


@pytest.mark.parametrize(
    ("lattice", "coupling", "ratio"),
    [
        ("chain", "bond", 1.0),
        ("square", "bond", 2.0),
        ("chain", "holstein", 4.0),
        ("square", "holstein", 8.0),
    ],
)
def test_strength_in_the_conventions_of_lambda(lattice: str, coupling: str, ratio: float) -> None:
    assert AdiabaticSurface(lattice, coupling, lam=0.7).strength == pytest.approx(0.7 * ratio)


@pytest.mark.parametrize("U", [0.0, 8.0])
@pytest.mark.parametrize("electrons", [1, 2])
def test_level_without_distortion_is_that_of_the_independent_cluster(electrons: int, U: float) -> None:
    if electrons == 1 and U > 0.0:
        return
    problem = Problem(RING4, electrons, 1.0, 1.0, 0.0, U, 1.0, 0.1, 0, from_electron=False)
    expected = np.linalg.eigvalsh(problem.hamiltonian.toarray())[0]
    surface = AdiabaticSurface("chain", sector=("polaron", "bipolaron")[electrons - 1], U=U)
    assert float(surface.energy(np.zeros(4))[0]) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("coupling", ["bond", "holstein"])
@pytest.mark.parametrize("U", [0.0, 5.0])
def test_gradient_against_differences_and_pair_against_a_dense_matrix(coupling: str, U: float) -> None:
    surface = AdiabaticSurface("square", coupling, lam=0.4, U=U)
    x = 0.3 * np.random.default_rng(2).random(surface.modes)
    v, slope = surface.energy(x)
    h, one = surface.one_body(x), np.eye(16)
    dense = np.kron(h, one) + np.kron(one, h) + U * np.diag(one.ravel())
    assert float(v) == pytest.approx(np.linalg.eigvalsh(dense)[0] + 0.5 * x @ x, abs=1e-9)
    for mode in (0, 5, 11):
        shift = np.eye(surface.modes)[mode] * 1e-4
        difference = (surface.energy(x + shift)[0] - surface.energy(x - shift)[0]) / 2e-4
        assert slope[mode] == pytest.approx(float(difference), abs=1e-6)
    assert surface.density(x).sum() == pytest.approx(2.0)
    assert np.linalg.eigvalsh(hessian(surface, x))[-1] < 1.0 + 1e-6  # e_el is concave


def test_pair_without_repulsion_is_a_polaron_at_twice_the_coupling() -> None:
    pair = find_instanton(AdiabaticSurface("chain", lam=2.0, size=8), 13, with_minimum_energy_path=False)
    polaron = find_instanton(
        AdiabaticSurface("chain", lam=4.0, size=8, sector="polaron"), 13, with_minimum_energy_path=False
    )
    assert pair.minimum.energy == pytest.approx(2.0 * polaron.minimum.energy, abs=1e-8)
    assert pair.barrier == pytest.approx(2.0 * polaron.barrier, abs=1e-8)
    assert pair.least_action_path.action == pytest.approx(2.0 * polaron.least_action_path.action, rel=1e-4)


@pytest.fixture(scope="module")
def chain() -> Instanton:
    return find_instanton(AdiabaticSurface("chain", lam=5.0, size=8))


def test_minimum_saddle_and_paths_of_the_chain(chain: Instanton) -> None:
    assert chain.minimum.start == "star" and chain.minimum.negative == 0 and chain.minimum.residual < 1e-6
    assert chain.saddle.negative == 1 and chain.saddle.residual < 1e-6
    dimer = next(
        p for p in localised_stationary_points(chain.surface) if p.start == "dimer"
    )  # the mirror between two translates
    assert chain.saddle.energy == pytest.approx(dimer.energy, abs=1e-8)
    assert chain.minimum_energy_path is not None and chain.force is not None and chain.force < 5e-3
    assert chain.minimum_energy_path.barrier == pytest.approx(chain.barrier, abs=1e-4)
    assert chain.least_action_path.action < chain.minimum_energy_path.action
    assert chain.least_action_path.barrier > chain.barrier
    step = chain.surface.translated(chain.minimum.x, (1,))
    assert chain.least_action_path.x[-1] == pytest.approx(step) and chain.least_action_path.profile[
        -1
    ] == pytest.approx(0.0, abs=1e-9)


def test_action_does_not_depend_on_cluster_or_points(chain: Instanton) -> None:
    other = find_instanton(
        AdiabaticSurface("chain", lam=5.0, size=9), points=33, with_minimum_energy_path=False
    )
    assert other.least_action_path.action == pytest.approx(chain.least_action_path.action, rel=1e-3)


def test_strong_holstein_coupling_gives_the_overlap_of_displaced_oscillators() -> None:
    """Two electrons displace an oscillator by 2g/Ω, so S → 4 g²/Ω², s → 4Λ; one electron: Λ."""
    for sector, factor in (("bipolaron", 4.0), ("polaron", 1.0)):
        surface = AdiabaticSurface("chain", "holstein", 20.0, sector)
        found = find_instanton(surface, 17, with_minimum_energy_path=False)
        assert found.minimum.start == "site" and found.saddle.negative == 1
        assert found.least_action_path.action == pytest.approx(factor * surface.strength, rel=5e-3)
        assert found.barrier == pytest.approx(
            factor * surface.strength / 2.0 - sector.startswith("bi") - 1.0, rel=2e-3
        )


def test_strong_bond_coupling_approaches_the_arc_on_the_manifold() -> None:
    """s/√Λ grows to the closed form, missing a part that falls like Λ^-1/3; so does the barrier, to (2√2 -
    2)t.
    """
    surfaces = [AdiabaticSurface("chain", lam=lam, size=6) for lam in (100.0, 1000.0)]
    found = [find_instanton(surface, 13, with_minimum_energy_path=False) for surface in surfaces]
    missing = [
        1.0 - i.least_action_path.action / np.sqrt(i.surface.strength) / CORNER_TO_DIMER for i in found
    ]
    assert 0.0 < missing[1] < missing[0] < 0.35
    assert missing[0] / missing[1] == pytest.approx(10 ** (1 / 3), rel=0.15)
    lower = [2.0 * np.sqrt(2.0) - 2.0 - i.barrier for i in found]
    assert lower[0] / lower[1] == pytest.approx(10 ** (1 / 3), rel=0.15)


@pytest.mark.parametrize(("sector", "limit"), [("polaron", -1.0), ("bipolaron", -4.0)])
def test_manifold_is_degenerate_in_the_limit(sector: str, limit: float) -> None:
    for lattice in ("chain", "square"):
        low, high = manifold_spread(AdiabaticSurface(lattice, lam=1e4, sector=sector, size=5))
        assert low == pytest.approx(limit, abs=3e-3) and high == pytest.approx(limit, abs=3e-3)
    wide = manifold_spread(AdiabaticSurface("square", lam=1.0, sector=sector, size=5))
    assert wide[1] - wide[0] > 0.1


def test_star_is_lowest_on_the_square_and_repulsion_makes_it_a_plaquette() -> None:
    for U, expected in ((0.0, 3.3), (8.0, 4.1)):
        lowest = self_trapped_minima(AdiabaticSurface(lam=5.0, U=U))[0]
        assert lowest.sites == pytest.approx(expected, abs=0.1)
        half = np.add.outer(np.arange(4), np.arange(4)) % 2
        n = AdiabaticSurface(lam=5.0, U=U).density(lowest.x)
        assert n[half == 0].sum() == pytest.approx(1.0, abs=0.03) and n.sum() == pytest.approx(2.0)


def test_exponent_of_a_power_and_of_a_bent_curve() -> None:
    lams = np.geomspace(1.0, 10.0, 6)
    exact = fit_power_law(lams, 3.0 * lams**0.5)
    assert (exact.p, exact.c) == pytest.approx((0.5, 3.0)) and exact.p_err < 1e-9
    bent = fit_power_law(lams, lams**0.5 * (1.0 + lams))
    assert bent.p_err > 0.1


def test_holstein_exponent_rows_and_comparison() -> None:
    found = scan_coupling(AdiabaticSurface("chain", "holstein", size=4), np.geomspace(2.0, 20.0, 4), points=9)
    fit = fit_power_law([i.surface.lam for i in found], [i.least_action_path.action for i in found])
    assert fit.p == pytest.approx(1.0, abs=0.05) and fit.p_err < 0.05
    assert [row["lambda"] for row in instanton_table(found)] == pytest.approx(
        list(np.geomspace(2.0, 20.0, 4))
    )
    masses = [
        MonteCarloMass(0.01, 2.0, 0.1),
        MonteCarloMass(2.0, np.exp(5.0), 1.0, ("too few bins",)),
        MonteCarloMass(2.0, 1.0, 0.1),
    ]
    compared = compare_masses(AdiabaticSurface("chain", "holstein"), masses, 0.1, points=9)
    assert compared[0].action is None and compared[1].log_mass == pytest.approx(5.0)
    row = mass_comparison_table(compared)[1]
    assert row["action"] == pytest.approx(0.1 * 31.42, rel=0.01) and row["flags"] == ["too few bins"]
    assert compared[2].action == compared[1].action


@pytest.mark.parametrize(
    "values",
    [{"lattice": "cubic"}, {"coupling": "ssh"}, {"sector": "trion"}, {"lam": 0.0}, {"lam": float("nan")}]
    + [{"U": -1.0}, {"U": 1.0, "sector": "polaron"}, {"size": 3}, {"size": 13}],
)
def test_bad_surfaces_are_refused(values: dict) -> None:
    with pytest.raises(InputError, match="allowed"):
        AdiabaticSurface(**values)


def test_bad_requests_are_refused() -> None:
    with pytest.raises(InputError, match="does not trap"):
        find_instanton(AdiabaticSurface("square", lam=0.1))
    with pytest.raises(InputError, match="points"):
        find_instanton(AdiabaticSurface("chain", lam=2.0), points=3)
    with pytest.raises(InputError, match="allowed"):
        fit_power_law([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    with pytest.raises(InputError, match="t/Omega"):
        compare_masses(AdiabaticSurface(), [], 0.0)
    with pytest.raises(InputError, match="points"):
        compare_masses(AdiabaticSurface(lam=1.0), [MonteCarloMass(1.0, 2.0, 0.1)], 1.0, points=3)
    with pytest.raises(InputError, match="mass"):
        compare_masses(AdiabaticSurface(), [MonteCarloMass(1.0, -2.0, 0.1)], 1.0)
    with pytest.raises(InputError, match="bond"):
        manifold_spread(AdiabaticSurface(coupling="holstein"))
