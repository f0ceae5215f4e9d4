"""Limits in which infinite lattices with phonons have closed forms; false-alarm rate 1e-4 per case.

Antiadiabatic Holstein chain (Lang and Firsov): with Ω → ∞ at fixed g²/Ω the electrons are those of a Hubbard
chain with t' = t e^{-g²/Ω²} and U' = U - 2g²/Ω, each lowered by g²/Ω; what is left out is of the order t²
g²/Ω³ < 1e-4.

Bond-Peierls polaron at weak coupling: in second order, with K_b|k=0> spread over both sites of the bond,

    E = -2dt - g² Σ_a ∫ d^dq/(2π)^d (2 + 2 cos q_a)/(Ω + ε(q) - ε(0)),

which for Ω → ∞ is the antiadiabatic -(g²/Ω) Σ_b K_b² = -2d g²/Ω; fourth order is of the size (g²/Ω)²/Ω.
"""

from __future__ import annotations

import numpy as np
import pytest

from hpcbip.models import Model
from hpcbip.qmc import Ensemble
from tests.exact.reference.cases import sample
from tests.exact.reference.zscore import compare


def test_antiadiabatic_holstein_polaron() -> None:
    omega, g = 100.0, 10.0
    hopping = np.exp(-((g / omega) ** 2))
    exact = {"energy": -2.0 * hopping - g * g / omega, "diffusion": 2.0 * hopping}
    bins = sample(Ensemble(Model("chain", "holstein", 1.0, omega, g), 1, 12.0), 16, 24, 80_000)
    assert not (table := compare(bins, exact)), table
    wrong = compare(bins, {"energy": -2.0 - g * g / omega, "diffusion": 2.0})  # t' = t
    assert "BAD energy" in wrong and "BAD diffusion" in wrong


def test_antiadiabatic_holstein_bipolaron() -> None:
    omega, g, U = 100.0, 7.0, -3.02
    hopping, attraction = np.exp(-((g / omega) ** 2)), U - 2.0 * g * g / omega
    exact = {"energy": -np.hypot(attraction, 4.0 * hopping) - 2.0 * g * g / omega}
    bins = sample(Ensemble(Model("chain", "holstein", 1.0, omega, g, U), 2, 12.0), 16, 24, 60_000)
    assert not (table := compare(bins, exact)), table


def second_order(d: int, omega: float, g: float, size: int = 64) -> float:
    """The energy of a bond-Peierls polaron on the hypercubic lattice in d dimensions, t = 1, to second order
    in g."""
    cosine = np.cos(2 * np.pi * np.arange(size) / size)
    grid = np.meshgrid(*[cosine] * d, indexing="ij")
    denominator = omega + sum(2.0 * (1.0 - c) for c in grid)
    return float(-2.0 * d - g * g * d * np.mean((2.0 + 2.0 * grid[0]) / denominator))


@pytest.mark.parametrize(
    ("lattice", "d", "omega"), [("chain", 1, 20.0), ("square", 2, 20.0), ("cubic", 3, 20.0)]
)
def test_weakly_coupled_bond_polaron(lattice: str, d: int, omega: float) -> None:
    g = 0.8
    assert second_order(d, 1e6, g) == pytest.approx(
        -2.0 * d - 2.0 * d * g * g / 1e6, rel=1e-9
    )  # antiadiabatic
    bins = sample(Ensemble(Model(lattice, "bond", 1.0, omega, g), 1, 6.0), 16, 24, 40_000)
    exact = {"energy": second_order(d, omega, g)}
    assert not (table := compare(bins, exact)), table
    assert "BAD" in compare(bins, {"energy": second_order(d, omega, 0.0)})
