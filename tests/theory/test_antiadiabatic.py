"""The effective Hamiltonians of Ω >> t against their operator form, closed forms, differences and exact
energies.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse as sp

from hpcbip.errors import InputError
from hpcbip.theory.antiadiabatic.effective import (
    build_effective_spaces,
    converge_effective,
    effective_amplitudes,
    eliminate_phonons,
    solve_effective,
)
from hpcbip.theory.antiadiabatic.scaling import antiadiabatic_table, fit_power, scan_systems
from hpcbip.theory.exact.basis import build_space
from hpcbip.theory.exact.convergence import converge
from hpcbip.theory.exact.geometry import Geometry
from hpcbip.theory.exact.solver import solve_in_space
from hpcbip.theory.exact.system import System

COUPLINGS = ("bond", "site-peierls", "holstein")


def effective_energy(system: System, order: int, pair_extent: int = 12) -> float:
    found = converge_effective(build_effective_spaces(system.geometry, pair_extent), system, order).E.value
    assert found is not None
    return found


def on_ring(system: System, order: int, sites: int = 20) -> float:
    """The lowest level of two electrons from products of operators, written without the package's moves.

    Order 4 adds -½ Σ_m [O_m, [O_m, W]]/Ω² and -½ Σ_mn (O_m O_n O_n O_m + O_m O_n O_m O_n)/Ω³ + (Σ_m
    O_m²)²/Ω³.
    """
    one = sp.identity(sites, format="csr")
    hop = sp.csr_matrix(np.roll(np.eye(sites), 1, axis=0))

    def both(matrix: sp.csr_matrix) -> sp.csr_matrix:
        return sp.csr_matrix(sp.kron(matrix, one) + sp.kron(one, matrix))

    ends = [(i, (i + 1) % sites) for i in range(sites)]
    bonds = [sp.csr_matrix(([1.0, 1.0], ([i, j], [j, i])), (sites, sites)) for i, j in ends]
    single = {
        "bond": bonds,
        "site-peierls": [bonds[i] - bonds[i - 1] for i in range(sites)],
        "holstein": [sp.csr_matrix(([1.0], ([i], [i])), (sites, sites)) for i in range(sites)],
    }[system.geometry.coupling]
    made = [system.g * both(matrix) for matrix in single]
    electrons = both(-system.t * (hop + hop.T)) + sp.diags(system.U * np.eye(sites).ravel())
    square = sum(x @ x for x in made)
    result = electrons - square / system.omega
    if order == 4:
        inner = [x @ electrons - electrons @ x for x in made]
        result = result - 0.5 * sum(x @ c - c @ x for x, c in zip(made, inner, strict=True)) / system.omega**2
        crossed = sum((x @ y) @ (x @ y) for x in made for y in made)
        pairs = sum(x @ square @ x for x in made) + crossed
        result = result + (square @ square - 0.5 * pairs) / system.omega**3
    return float(np.linalg.eigvalsh(result.toarray())[0])


@pytest.mark.parametrize("order", [2, 4])
@pytest.mark.parametrize("coupling", COUPLINGS)
def test_operators_on_a_ring(coupling: str, order: int) -> None:
    """Pairs small enough for the ring, so that only exponentially little tells it from the infinite chain."""
    system = scan_systems(Geometry("chain", coupling, 2), 0.5, [20.0], U=-12.0)[0]
    assert effective_energy(system, order, 20) == pytest.approx(on_ring(system, order), abs=1e-8)


@pytest.mark.parametrize(("lattice", "z", "axes"), [("chain", 2, 1), ("square", 4, 2), ("triangular", 6, 3)])
def test_bond_amplitudes(lattice: str, z: int, axes: int) -> None:
    """-(g²/Ω) K_b²: an electron gains g²/Ω per bond and hops as before; a pair hops by -2g²/Ω."""
    system = System(Geometry(lattice, "bond"), 1.0, 50.0, 5.0, U=3.0)
    shift = 5.0**2 / 50.0
    electron = effective_amplitudes(system, 2)
    origin = (0,) * len(next(iter(electron)))
    assert electron.pop(origin) == pytest.approx(-z * shift)
    assert list(electron.values()) == pytest.approx([-1.0] * axes)
    pair = effective_amplitudes(System(Geometry(lattice, "bond", 2), 1.0, 50.0, 5.0, U=3.0), 2)
    assert pair.pop(origin) == pytest.approx(3.0 - 2.0 * z * shift)
    assert list(pair.values()) == pytest.approx([-2.0 * shift] * axes)


def test_site_peierls_amplitudes() -> None:
    """-(g²/Ω) V_i²: second neighbours along an axis by +g²/Ω, pairs by -4g²/Ω as each bond has two
    oscillators.
    """
    shift = 0.4
    for lattice, d in (("chain", 1), ("square", 2)):
        electron, pair = (
            effective_amplitudes(scan_systems(Geometry(lattice, "site-peierls", n), shift, [40.0])[0], 2)
            for n in (1, 2)
        )
        near = [x for r, x in electron.items() if sum(map(abs, r)) == 1]
        far = [x for r, x in electron.items() if max(map(abs, r)) == 2]
        assert electron[(0,) * d] == pytest.approx(-4 * d * shift) and len(electron) == 1 + 2 * d
        assert near == pytest.approx([-1.0] * d) and far == pytest.approx([shift] * d)
        assert pair.pop((0,) * d) == pytest.approx(-8 * d * shift)
        assert list(pair.values()) == pytest.approx([-4.0 * shift] * d)


def test_holstein() -> None:
    """No pair hop to this order: Hubbard's U - 2g²/Ω. To the next, the hop of Lang and Firsov, t(1 -
    g²/Ω²).
    """
    one, two = (scan_systems(Geometry("chain", "holstein", n), 1.5, [30.0], U=1.0)[0] for n in (1, 2))
    assert effective_amplitudes(two, 2) == {(0,): pytest.approx(1.0 - 4.0 * 1.5)}
    expected = -2.0 * 1.5 - math.sqrt((1.0 - 3.0) ** 2 + 16.0)
    assert effective_energy(two, 2, 60) == pytest.approx(expected, abs=1e-8)
    assert effective_amplitudes(one, 2) == {(0,): pytest.approx(-1.5), (1,): pytest.approx(-1.0)}
    assert effective_amplitudes(one, 4) == {
        (0,): pytest.approx(-1.5),
        (1,): pytest.approx(-(1.0 - 1.5 / 30.0)),
    }


def test_polaron_bands_to_fourth_order() -> None:
    """With u = g²/Ω: bond -2u + u²/Ω - 2t(1 - u/Ω) cos K; site-Peierls with hops up to four sites."""
    u, omega = 0.35, 20.0
    small, square = u / omega, u * u / omega
    bond, site = (
        effective_amplitudes(scan_systems(Geometry("chain", name), u, [omega])[0], 4)
        for name in ("bond", "site-peierls")
    )
    assert list(bond.values()) == pytest.approx([-2.0 * u + square, -1.0 + small])
    hops = [-4.0 * u + 3.0 * square, -1.0 + 3.0 * small, u - 4.0 * square, -small, square]
    assert list(site.values()) == pytest.approx(hops)


def test_second_order_of_two_couplings_adds() -> None:
    both, bond, site = (
        System(Geometry("chain", coupling, 2), 1.0, omega, g, 2.0, 0.0, *more)
        for coupling, omega, g, more in (
            ("bond+holstein", 40.0, 3.0, (2.0, 25.0)),
            ("bond", 40.0, 3.0, ()),
            ("holstein", 25.0, 2.0, ()),
        )
    )
    space, k = build_space(both.geometry, 2, pair_extent=6), np.array([0.4])
    bare = eliminate_phonons(
        build_space(bond.geometry, 2, pair_extent=6), System(bond.geometry, 1.0, 40.0, 0.0, 2.0), k, 2
    )
    parts = [
        eliminate_phonons(build_space(s.geometry, 2, pair_extent=6), s, k, 2).energy.value
        for s in (bond, site)
    ]
    together = eliminate_phonons(space, both, k, 2).energy.value
    assert np.abs(together - (parts[0] + parts[1] - bare.energy.value)).max() < 1e-12


@pytest.mark.parametrize("electrons", [1, 2])
@pytest.mark.parametrize("order", [2, 4])
@pytest.mark.parametrize("coupling", COUPLINGS)
def test_derivatives_are_those_of_the_energy(coupling: str, order: int, electrons: int) -> None:
    system = scan_systems(Geometry("chain", coupling, electrons), 0.4, [15.0], U=1.0)[0]
    space = build_space(system.geometry, 2, pair_extent=8)
    here, h = 0.7, 0.01
    level = solve_effective(space, system, np.array([here]), order)
    e = [solve_effective(space, system, np.array([here + n * h]), order).E for n in (-2, -1, 0, 1, 2)]
    curvature = (-e[0] + 16 * e[1] - 30 * e[2] + 16 * e[3] - e[4]) / (12 * h * h)
    assert level.slope[0] == pytest.approx((e[0] - 8 * e[1] + 8 * e[3] - e[4]) / (12 * h), abs=1e-7)
    assert level.inverse_mass == pytest.approx(curvature / (2.0 if electrons == 1 else 1.0), abs=1e-5)


def test_derivatives_along_two_axes() -> None:
    system = scan_systems(Geometry("triangular", "bond", 2), 0.4, [15.0])[0]
    space = build_space(system.geometry, 2, pair_extent=3)
    h, zero = 0.01, solve_effective(space, system, np.zeros(2), 4)
    differences = sum(
        2.0 * (solve_effective(space, system, h * axis, 4).E - zero.E) / h**2 for axis in np.eye(2)
    )
    assert zero.inverse_mass == pytest.approx(differences / 2.0, abs=1e-3)


@pytest.mark.parametrize("electrons", [1, 2])
@pytest.mark.parametrize("coupling", COUPLINGS)
def test_what_is_left_out_falls_with_the_next_power(coupling: str, electrons: int) -> None:
    """E at Ω/t = 10, 30, 100 and fixed g²/Ω: 1/Ω beyond order 2, 1/Ω² beyond order 4; masses likewise."""
    systems = scan_systems(Geometry("chain", coupling, electrons), 0.2, [10.0, 30.0, 100.0], U=-2.0)
    rows = antiadiabatic_table(systems, states=20_000, pair_extent=24)
    for row in rows:
        for name in ("power", "mass_power"):
            assert row[name] == pytest.approx(row["order"] / 2, abs=0.1) and row[f"{name}_err"] < 0.2
    last = [row for row in rows if row["omega"] == 100.0]
    assert abs(last[1]["difference"]) < 0.1 * abs(last[0]["difference"]) < 0.02
    assert last[0]["phonons_eff"] == pytest.approx(last[0]["phonons"], rel=0.1)
    if electrons == 2:
        missed = [abs(row["pair_distance2_eff"] / row["pair_distance2"] - 1.0) for row in last]
        assert missed[1] < 0.1 * missed[0]


def test_bond_pairs_are_light_and_survive_repulsion() -> None:
    """λ = 0.5: at U = 0 bound by 0.85t with 0.58 m0; hops of pairs and not a static attraction bind them at U
    = 4t.
    """
    geometry = Geometry("chain", "bond", 2)
    free, repelled = (
        antiadiabatic_table(scan_systems(geometry, 0.5, [100.0], U), (2,), 20_000)[0] for U in (0.0, 4.0)
    )
    assert free["binding_energy_eff"] > 0.8 and free["mass_eff"] < 0.6 and free["pair_distance2_eff"] < 1.5
    assert repelled["binding_energy_eff"] > 0.04 and repelled["mass_eff"] < 1.0
    assert repelled["binding_energy"] > 10.0 * repelled["binding_energy_err"]
    bare = antiadiabatic_table(
        scan_systems(Geometry("chain", "holstein", 2), 0.5, [100.0], 4.0), (2,), 20_000
    )[0]
    assert bare["mass_eff"] is None and bare["binding_energy_eff"] < bare["binding_energy_eff_err"]


def test_second_neighbours_move_the_polaron_from_zero() -> None:
    """E = -2t cos K + 2 (g²/Ω) cos 2K - 4 g²/Ω: cos K = t/(4 g²/Ω) beyond g²/Ω = t/4, where there is no
    mass.
    """
    at, beyond = (scan_systems(Geometry("chain", "site-peierls"), ratio, [50.0])[0] for ratio in (0.25, 0.5))
    flat = converge_effective(build_effective_spaces(at.geometry), at, 2)
    assert flat.mass.value is None and flat.levels[-1].K == (0.0,) and flat.E.value == pytest.approx(-2.5)
    level = converge_effective(build_effective_spaces(beyond.geometry), beyond, 2).levels[-1]
    assert level.K[0] == pytest.approx(math.pi / 3.0, abs=1e-6) and level.E == pytest.approx(-3.5)


def test_wide_spaces() -> None:
    """Pairs far wider than the moves: the attractive Hubbard chain, and chosen states beside all of a box."""
    geometry = Geometry("chain", "holstein", 2)
    hubbard = solve_in_space(
        build_space(geometry, 1, pair_extent=40), System(geometry, 1.0, 50.0, 0.0, U=-2.0)
    )[0]
    assert pytest.approx(-math.sqrt(20.0), abs=1e-9) == hubbard.E
    system = scan_systems(Geometry("chain", "bond", 2), 0.5, [30.0])[0]
    wide, chosen = (
        solve_in_space(build_space(system.geometry, 5, pair_extent=12), system)[0],
        converge(system, 6000),
    )
    for name in ("E", "mass", "pair_distance2"):
        limit = getattr(chosen, name)
        assert abs(limit.value - getattr(wide, name)) < limit.error + 2e-4 and limit.error < 1e-4, name


def test_power() -> None:
    omegas = [10.0, 30.0, 100.0]
    law = fit_power(omegas, [-3.0 / x * math.exp(0.5 / x) for x in omegas], [0.0] * 3)
    assert law.value == pytest.approx(1.0, abs=1e-12) and law.error is not None and 0.0 < law.error < 0.01
    assert fit_power(omegas, [0.1, None, 0.01], [0.0] * 3).value is None
    assert fit_power(omegas, [0.1, -0.03, 0.01], [0.0] * 3).value is None
    assert fit_power(omegas, [0.1, 0.03, 0.01], [0.0, 0.0, 0.005]).value is None


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: scan_systems(Geometry("chain", "bond"), -1.0, [10.0]),
        lambda: scan_systems(Geometry("chain", "bond"), 1.0, []),
        lambda: scan_systems(Geometry("chain", "bond"), 1.0, [-1.0]),
        lambda: scan_systems(Geometry("chain", "bond", 2, "triplet"), 1.0, [10.0]),
        lambda: antiadiabatic_table(scan_systems(Geometry("chain", "bond"), 1.0, [10.0]), (3,)),
        lambda: antiadiabatic_table(scan_systems(Geometry("chain", "bond", 2), 1.0, [10.0]), (2,), states=3),
        lambda: build_effective_spaces(Geometry("square", "bond", 2), 100),
        lambda: effective_amplitudes(System(Geometry("chain", "bond", 2, "triplet"), 1.0, 10.0, 1.0), 2),
    ],
)
def test_bad_input(wrong: object) -> None:
    with pytest.raises(InputError):
        wrong()  # type: ignore[operator]
