"""Chosen states: energies and what is left out against independent numbers, and errors that hold."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpcbip.theory.exact.basis import build_space
from hpcbip.theory.exact.convergence import converge
from hpcbip.theory.exact.geometry import EXACT_COUPLINGS, Geometry
from hpcbip.theory.exact.selection import Selection
from hpcbip.theory.exact.solver import solve_in_space
from hpcbip.theory.exact.system import System, g_from_lambda
from tests.theory.plain import plain_level, system_of

HOLSTEIN = System(Geometry("chain", "holstein"), 1.0, 1.0, 1.0)
"""E = -2.46968 (PRB 60, 1633); the further digits are those of all 1.2·10⁷ states of 22 moves."""

HOLSTEIN_PAIR = System(Geometry("chain", "holstein", 2), 1.0, 1.0, 1.0)
"""E = -5.4247 (PRL 84, 3153); -5.4246529(8) from all 275,715 states of 16 moves."""


def site_peierls_pair(lam: float = 1.0, U: float = 4.0) -> System:
    """E = -6.871224 at Ω = 3t, λ = 2g²/(Ωt) = 1, U = 4t, of an independent program."""
    geometry = Geometry("chain", "site-peierls", 2)
    return System(geometry, 1.0, 3.0, g_from_lambda(geometry, lam, 3.0, 1.0), U)


@pytest.mark.parametrize("coupling", EXACT_COUPLINGS)
@pytest.mark.parametrize("electrons", [1, 2])
def test_what_is_left_out(coupling: str, electrons: int) -> None:
    """E2 outside the states of two moves, at finite K, against H written once more."""
    system, K = system_of("chain", coupling, electrons), np.array([0.7])
    selection = Selection(system)
    selection.grow(len(build_space(system.geometry, 2)), K)
    level = selection.solve(K)
    E, E2 = plain_level(system, 2, K)
    assert level.E == pytest.approx(E, abs=1e-10)
    assert level.E2 == pytest.approx(E2, rel=1e-6) and E2 < 0.0


@pytest.mark.parametrize(
    "system",
    [
        HOLSTEIN,
        HOLSTEIN_PAIR,
        site_peierls_pair(),
        System(Geometry("square", "bond", 2), 1.0, 1.0, 0.5, U=4.0),
        System(Geometry("chain", "bond+holstein", 2), 1.0, 1.0, 0.5, 2.0, 0.3, 0.4, 0.7),
        System(Geometry("triangular", "bond"), 1.0, 1.0, 0.6),
    ],
)
@pytest.mark.parametrize("momentum", [0.0, 0.8])
def test_energies_fall_with_the_number_of_states(system: System, momentum: float) -> None:
    """And are below those of about as many states, or more, that hold all of some moves."""
    d = system.geometry.bravais.dimension
    K = np.array([momentum, 0.3, 0.1])[:d] * (momentum != 0.0)
    selection, levels = Selection(system), []
    for size in (100, 200, 400, 800, 1600):
        selection.grow(size, K)
        levels.append(selection.solve(K))
        assert levels[-1].basis_size <= size and levels[-1].E2 is not None and levels[-1].E2 < 0.0
    energies = [level.E for level in levels]
    assert all(np.diff(energies) < 0.0) and all(np.diff([level.E2 for level in levels]) > 0.0)
    moves = {HOLSTEIN: 8, HOLSTEIN_PAIR: 7}.get(system, 4 if system.geometry.electrons == 2 else 3)
    complete = solve_in_space(build_space(system.geometry, moves), system, K, mass=False)[0]
    nearest = min(levels, key=lambda level: abs(math.log(level.basis_size / complete.basis_size)))
    assert nearest.basis_size < 2.0 * complete.basis_size and nearest.E < complete.E


def reorder(selection: Selection, order: np.ndarray) -> None:
    """Store the states of a selection in another order."""
    selection._states, selection.state = selection._states.select(order), selection.state[order]
    selection._rebuild()


def test_the_order_of_storage_does_not_matter() -> None:
    system, K, found = site_peierls_pair(), np.zeros(1), []
    for seed in (None, 1, 2):
        selection = Selection(system)
        for size in (200, 500):
            selection.grow(size, K)
            if seed is not None:
                reorder(selection, np.random.default_rng(seed).permutation(len(selection)))
        found.append((selection._known, selection.solve(K).E))
    for hashes, energy in found[1:]:
        assert np.array_equal(hashes, found[0][0]) and energy == pytest.approx(found[0][1], abs=1e-11)


KNOWN = {
    "holstein polaron": (HOLSTEIN, -2.469684723933, 1e-12),
    "holstein pair": (HOLSTEIN_PAIR, -5.4246529, 8e-7),
    "site-peierls pair": (site_peierls_pair(), -6.871224, 1e-6),
    "two polarons": (
        System(Geometry("chain", "holstein", 2), 1.0, 1.0, math.sqrt(0.4), U=8.0),
        2.0 * -2.18221775814,
        1e-9,
    ),
    "dimer": (
        System(Geometry("chain", "bond", 2, cluster=(2,)), 1.0, 0.8, 0.7),
        -2.0 - 4.0 * 0.49 / 0.8,
        0.0,
    ),
    "one site": (
        System(Geometry("chain", "holstein", 2, cluster=(1,)), 1.0, 1.0, 0.7, U=0.9),
        0.9 - 4.0 * 0.49,
        0.0,
    ),
    "no hop": (System(Geometry("square", "holstein", 2), 1e-9, 1.0, 1.0, U=1.0), 1.0 - 4.0, 1e-8),
}
"""Systems with their energies and how well these are known."""


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("states", [200, 700, 2500])
def test_errors_hold(name: str, states: int) -> None:
    """The energy is within the error of the limit, in small spaces and in large ones, and below the bound."""
    system, E, uncertainty = KNOWN[name]
    result = converge(system, states, np.zeros(system.geometry.bravais.dimension))
    assert result.E.value is not None and result.E.error is not None
    assert abs(result.E.value - E) <= result.E.error + uncertainty
    assert result.levels[-1].E >= E - uncertainty - 1e-9 * abs(E)


def test_masses_sizes_and_clouds_have_errors_that_hold() -> None:
    """Against much larger spaces."""
    for system in (HOLSTEIN, HOLSTEIN_PAIR, site_peierls_pair()):
        few, many = (converge(system, states, (0.0,)) for states in (1000, 3000))
        for name in ("E", "mass", "phonons", "weight", "pair_distance2"):
            a, b = getattr(few, name), getattr(many, name)
            if a.value is not None:
                assert abs(a.value - b.value) < a.error + b.error, name
                assert b.error < a.error


def test_site_peierls_pair_of_an_independent_program() -> None:
    result = converge(site_peierls_pair(), 40_000, (0.0,))
    assert result.E.value == pytest.approx(-6.871224, abs=2e-6)
    assert result.E.error is not None and result.E.error < 2e-5
    assert result.levels[-1].E == pytest.approx(-6.871224, abs=3e-5)
    assert result.mass.value == pytest.approx(0.89066, abs=2e-5)


def test_holstein_pair_of_the_literature() -> None:
    result = converge(HOLSTEIN_PAIR, 6000)
    assert result.levels[-1].E == pytest.approx(-5.4246529, abs=1e-4)
    assert result.E.value == pytest.approx(-5.4246529, abs=5e-6)
    assert result.mass.value == pytest.approx(2.661314, abs=2e-4)


def test_strong_coupling() -> None:
    """One electron at small t: E = -g²/Ω - 2t e^{-(g/Ω)²} + O(t²) (Lang, Firsov, Sov. Phys. JETP 16, 1301).

    To second order in t: -2t² Σ_{n+m>0} e^{-2a} aⁿ⁺ᵐ/(n! m! (n + m) Ω), a = (g/Ω)², for the hops there and
    back, and the same sum over one oscillator twice for the hops to second neighbours at K = 0.
    """
    t, omega, g = 0.005, 1.0, 1.5
    a = (g / omega) ** 2
    series = [a**n / math.factorial(n) / n for n in range(1, 60)]
    there = sum(2.0**n * x for n, x in enumerate(series, 1))
    second = -2.0 * t * t * math.exp(-2.0 * a) / omega * (there + sum(series))
    expected = -g * g / omega - 2.0 * t * math.exp(-a) + second
    result = converge(System(Geometry("chain", "holstein"), t, omega, g), 1500)
    assert result.E.value == pytest.approx(expected, abs=2.0 * t**3)
    assert result.phonons.value == pytest.approx(a, rel=0.02)
