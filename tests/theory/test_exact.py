"""The variational diagonalisation against a plain one, closed forms, published numbers and finite
differences.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpcbip.errors import InputError
from hpcbip.theory.exact.basis import build_space
from hpcbip.theory.exact.convergence import converge, extrapolate
from hpcbip.theory.exact.critical import critical_lambda
from hpcbip.theory.exact.geometry import EXACT_COUPLINGS, Geometry
from hpcbip.theory.exact.solver import solve_in_space
from hpcbip.theory.exact.system import System, g_from_lambda
from hpcbip.theory.exact.tables import exact_table
from tests.theory.plain import plain, system_of


@pytest.mark.parametrize("electrons", [1, 2])
@pytest.mark.parametrize(
    ("lattice", "nh"), [("chain", 3), ("square", 2), ("triangular", 2), ("cubic", 2)], ids=lambda x: str(x)
)
@pytest.mark.parametrize("coupling", EXACT_COUPLINGS)
def test_plain_diagonalisation(coupling: str, lattice: str, nh: int, electrons: int) -> None:
    if lattice == "triangular" and coupling.startswith("site-peierls"):
        with pytest.raises(InputError, match="site-peierls"):
            system_of(lattice, coupling, electrons)
        return
    nh -= lattice == "cubic" and electrons == 2
    system = system_of(lattice, coupling, electrons)
    K = np.array([0.7, -0.4, 0.3])[: system.geometry.bravais.dimension]
    space = build_space(system.geometry, nh)
    levels = plain(system, nh, K)
    assert solve_in_space(space, system, K, mass=False)[0].E == pytest.approx(levels[0], abs=1e-10)
    on_site = (space.separation == 0.0).all(axis=1).sum()
    assert len(levels) == (len(space) if electrons == 1 else 2 * len(space) - on_site)


@pytest.mark.parametrize(
    ("lattice", "coupling", "nh"),
    [("chain", "site-peierls", 3), ("square", "holstein", 2), ("triangular", "bond", 1)],
)
def test_triplet(lattice: str, coupling: str, nh: int) -> None:
    """Without double occupation, the plain levels are those of both symmetries, so the triplet's is one of
    them.
    """
    system = system_of(lattice, coupling, 2, "triplet")
    K = np.array([0.3, 0.5])[: system.geometry.bravais.dimension]
    space = build_space(system.geometry, nh)
    energy = solve_in_space(space, system, K, mass=False)[0].E
    levels = plain(system, nh, K)
    assert len(levels) == 2 * len(space)
    assert np.abs(levels - energy).min() < 1e-10


@pytest.mark.parametrize("electrons", [1, 2])
@pytest.mark.parametrize("cutoff", [40])
def test_dimer(electrons: int, cutoff: int) -> None:
    t, omega, g = 1.0, 0.8, 0.7
    geometry = Geometry("chain", "bond", electrons, cluster=(2,))
    level, _ = solve_in_space(build_space(geometry, cutoff), System(geometry, t, omega, g))
    assert level.E == pytest.approx(-electrons * t - electrons**2 * g**2 / omega, abs=1e-12)
    assert level.inverse_mass is None
    assert level.phonons == pytest.approx((electrons * g / omega) ** 2, abs=1e-10)


def test_one_site() -> None:
    geometry = Geometry("chain", "holstein", 2, cluster=(1,))
    level, _ = solve_in_space(build_space(geometry, 40), System(geometry, 1.0, 1.0, 0.7, U=0.9))
    assert level.E == pytest.approx(0.9 - 4 * 0.49, abs=1e-12)


def test_attractive_hubbard_chain() -> None:
    """E = -√(U² + 16t²) and m*/m0 = √(U² + 16t²)/(4t) without phonons."""
    U = -6.0
    result = converge(System(Geometry("chain", "holstein", 2), 1.0, 50.0, 0.0, U=U), states=40)
    exact = math.sqrt(U * U + 16.0)
    assert result.E.value == pytest.approx(-exact, abs=1e-9)
    assert result.mass.value == pytest.approx(exact / 4.0, abs=1e-8)


@pytest.mark.parametrize("coupling", ["holstein", "bond", "site-peierls"])
@pytest.mark.parametrize("electrons", [1, 2])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_derivatives_are_those_of_the_energy(coupling: str, electrons: int, momentum: float) -> None:
    """In units of the mass; large spaces, so that the iterative solvers are at work."""
    system = system_of("chain", coupling, electrons)
    space = build_space(system.geometry, 7 if electrons == 1 else 6)
    assert len(space) > 0

    def energy(k: float) -> float:
        return solve_in_space(space, system, np.array([k]), mass=False)[0].E

    level, _ = solve_in_space(space, system, np.array([momentum]))
    h = 0.02
    e = [energy(momentum + n * h) for n in (-2, -1, 0, 1, 2)]
    slope = (e[0] - 8 * e[1] + 8 * e[3] - e[4]) / (12 * h)
    curvature = (-e[0] + 16 * e[1] - 30 * e[2] + 16 * e[3] - e[4]) / (12 * h * h)
    assert level.slope[0] == pytest.approx(slope, abs=1e-6)
    assert level.inverse_mass == pytest.approx(curvature / (2.0 if electrons == 1 else 1.0), abs=1e-5)


@pytest.mark.parametrize("lattice", ["square", "triangular"])
def test_derivatives_in_two_dimensions(lattice: str) -> None:
    """The trace at K = 0, of which one axis is calculated, against differences along both."""
    system = system_of(lattice, "bond", 1)
    space = build_space(system.geometry, 4)
    h = 0.02
    zero = solve_in_space(space, system, mass=False)[0].E
    total = sum(
        (
            -2 * solve_in_space(space, system, 2 * k, mass=False)[0].E
            + 32 * solve_in_space(space, system, k, mass=False)[0].E
            - 30 * zero
        )
        / (12 * h * h)
        for k in h * np.eye(2)
    )
    assert solve_in_space(space, system)[0].inverse_mass == pytest.approx(total / 2 / 2, abs=1e-5)


@pytest.mark.parametrize("coupling", ["holstein", "bond", "site-peierls"])
def test_weak_coupling(coupling: str) -> None:
    """E + 2t → -∫dq/2π |M(q)|²/(Ω + ε(q) - ε(0)) for small g on the chain."""
    omega, g = 1.5, 0.02
    q = 2.0 * np.pi * np.arange(4096) / 4096
    # |matrix element|² from k = 0 to k' = -q: (e^{iq/2}-type sums of both directions)
    square = {"holstein": 1.0, "bond": 4.0 * np.cos(q / 2.0) ** 2, "site-peierls": 4.0 * np.sin(q) ** 2}[
        coupling
    ]
    second = -float(np.mean(square / (omega + 2.0 - 2.0 * np.cos(q))))
    system = System(Geometry("chain", coupling), 1.0, omega, g)
    found = solve_in_space(build_space(system.geometry, 9), system)[0].E
    assert (found + 2.0) / g**2 == pytest.approx(second, abs=2e-3)


def test_critical_coupling() -> None:
    """Ω → ∞: hopping t₂ = -g²/Ω between second neighbours, E = -2t cos K + 2(g²/Ω) cos 2K turns over at λ =
    1/2.
    """
    assert critical_lambda(1000.0, states=200).lam.value == pytest.approx(0.5, abs=2e-3)
    found = critical_lambda(3.0, states=1000).lam
    assert found.value == pytest.approx(0.68186311, abs=2e-7)
    assert found.error is not None and abs(found.value - 0.68186311) < found.error < 1e-6


def test_the_ground_state_leaves_zero_momentum() -> None:
    geometry = Geometry("chain", "site-peierls")
    below, above, far = exact_table(
        [System(geometry, 1.0, 3.0, g_from_lambda(geometry, lam, 3.0, 1.0)) for lam in (0.67, 0.70, 1.5)],
        states=600,
    )
    assert below["K"] == 0.0 and 0.1 < above["K"] < far["K"] < np.pi / 2
    assert above["E"] < solve_in_space(build_space(geometry, 7), System(geometry, 1.0, 3.0, above["g"]))[0].E
    assert above["mass"] > 0.0 and far["mass"] > 0.0


def test_light_bipolaron() -> None:
    """PRL 121, 247001, Ω = 3t, λ = 1: m* ≈ m0 at U = 0 and 4t, with pairs bound; Holstein is heavier by
    far.
    """
    found = {}
    for coupling in ("site-peierls", "holstein"):
        geometry = Geometry("chain", coupling, 2)
        system = System(geometry, 1.0, 3.0, g_from_lambda(geometry, 1.0, 3.0, 1.0))
        row = exact_table([system], states=1000)[0]
        assert row["binding_energy"] > 1.0
        found[coupling] = row["mass"]
    assert found["site-peierls"] < 1.2 and found["holstein"] > 20.0


def test_extrapolation() -> None:
    geometric = extrapolate([1.0 + 0.5**n for n in (3, 4, 5)])
    assert geometric.value == pytest.approx(1.0) and geometric.error == pytest.approx(0.5**5, rel=1e-6)
    lucky = extrapolate([1.0, 1.5, 1.5001])
    assert lucky.error is not None and lucky.error > 0.04
    alternating = extrapolate([1.0, 1.2, 1.1])
    assert alternating.value == 1.1 and alternating.error is not None and alternating.error > 0.2
    assert extrapolate([1.0, None, 1.0]).error is None


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Geometry("sqare", "bond"),
        lambda: Geometry("chain", "phonons"),
        lambda: Geometry("chain", "bond", 3),
        lambda: Geometry("chain", "bond", 2, "doublet"),
        lambda: Geometry("square", "bond", cluster=(2,)),
        lambda: System(Geometry("chain", "bond"), 1.0, 0.0, 1.0),
        lambda: System(Geometry("chain", "bond"), 1.0, math.nan, 1.0),
        lambda: System(Geometry("chain", "bond+holstein"), 1.0, 1.0, 1.0),
        lambda: g_from_lambda(Geometry("square", "site-peierls"), 1.0, 1.0, 1.0),
        lambda: build_space(Geometry("chain", "bond"), 100),
        lambda: converge(System(Geometry("chain", "bond"), 1.0, 1.0, 1.0), states=3),
        lambda: converge(System(Geometry("chain", "bond"), 1.0, 1.0, 1.0), 10, momentum=(0.0, 1.0)),
        lambda: critical_lambda(1.0, states=100, geometry=Geometry("chain", "holstein"), largest=0.5),
    ],
)
def test_bad_input(wrong: object) -> None:
    with pytest.raises(InputError):
        wrong()  # type: ignore[operator]
