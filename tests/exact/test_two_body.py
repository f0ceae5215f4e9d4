"""The exact pair of the attractive Hubbard model against closed forms, and the kernel on the square lattice
against it."""

from __future__ import annotations

import numpy as np
import pytest

from hpcbip.models import Model
from hpcbip.qmc import Ensemble
from tests.exact.reference.cases import sample
from tests.exact.reference.cluster import CHAIN, SQUARE
from tests.exact.reference.two_body import attractive_hubbard, finite_beta
from tests.exact.reference.zscore import compare


@pytest.mark.parametrize("U", [-2.0, -4.0, -8.0])
def test_chain_has_its_closed_form(U: float) -> None:
    """E = -√(U² + 16t²), ψ = q^|n| with 1/q - q = |U|/2t, m* = |E|/4t², <n²> = 8t²/U²."""
    pair = attractive_hubbard(1, U)
    q = (np.hypot(U, 4.0) - abs(U)) / 4.0
    assert pair.energy == pytest.approx(-np.hypot(U, 4.0), abs=1e-12)
    assert pair.mass == pytest.approx(np.hypot(U, 4.0) / 4.0, abs=1e-12)
    assert pair.pair_distance2 == pytest.approx(8.0 / U**2, abs=1e-12)
    for n in range(4):
        expected = q ** (2 * n) * (1 - q * q) / (1 + q * q)
        assert [pair.weight(n), pair.weight(-n)] == pytest.approx([expected] * 2, abs=1e-12)


def test_square_lattice_in_real_space() -> None:
    """The wave function solves the relative problem site by site; strong attraction gives E → U - 16t²/|U|
    and m* → |U|/4t²."""
    U = -8.0
    pair = attractive_hubbard(2, U)
    psi = np.sqrt(pair.weights)  # nodeless
    hop = sum(np.roll(psi, step, axis) for step in (1, -1) for axis in (0, 1))
    residual = -2.0 * hop - pair.energy * psi
    residual[0, 0] += U * psi[0, 0]
    assert np.abs(residual).max() < 1e-11
    strong = attractive_hubbard(2, -200.0)
    assert strong.energy == pytest.approx(-200.0 - 16.0 / 200.0, abs=1e-4)
    assert strong.mass == pytest.approx(200.0 / 4.0, rel=1e-3)


def test_what_is_not_bound_is_refused() -> None:
    with pytest.raises(ValueError, match="does not bind"):
        attractive_hubbard(2, -0.5)


@pytest.mark.parametrize(("dimension", "U"), [(1, -4.0), (2, -8.0)])
def test_long_paths_reach_the_bound_state(dimension: int, U: float) -> None:
    """Every average tends to the bound state's, the faster the larger the gap to the continuum."""
    pair = attractive_hubbard(dimension, U)
    zero = (0,) * dimension
    exact = {
        "energy": pair.energy,
        "diffusion": dimension / pair.mass,
        "pair_distance2": pair.pair_distance2,
        "potential": U * pair.weight(*zero),
        "bare_hops": U * pair.weight(*zero) - pair.energy,
    }
    off = []
    for beta in (4.0, 12.0, 36.0):
        found = finite_beta({1: CHAIN, 2: SQUARE}[dimension], U, beta, beta / 4, 0.4)
        off.append(max(abs(found[name] - value) for name, value in exact.items()))
    assert off[0] > 1e-2 > off[1] > 1e-7 > off[2]


def test_kernel_on_the_square_lattice() -> None:
    """Energy, mass, size and P(r) of the pair; false-alarm rate 1e-4."""
    U, beta, kappa = -8.0, 4.0, 0.4
    exact = finite_beta(SQUARE, U, beta, beta / 4, kappa)
    # a tightly bound pair moves slowly: bins of 60,000 updates are correlated
    bins = sample(
        Ensemble(Model("square", "bond", 1.0, 1.0, 0.0, U), 2, beta, beta / 4, kappa), 16, 24, 120_000
    )
    assert not (table := compare(bins, exact)), table
    wrong = exact | {"energy": exact["energy"] * 1.005, "diffusion": exact["diffusion"] * 1.03}
    table = compare(bins, wrong)
    assert "BAD energy" in table and "BAD diffusion" in table  # negative control
