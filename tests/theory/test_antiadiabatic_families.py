"""The effective Hamiltonians of Ω >> t with several families of phonons, profiles, phonons that hop and
several sites per cell, against their operator form on a ring and against exact energies. Nothing is random.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from hpcbip.errors import InputError
from hpcbip.models import Family, lattice_with_basis
from hpcbip.theory.antiadiabatic.effective import (
    build_effective_spaces,
    converge_effective,
    effective_amplitudes,
)
from hpcbip.theory.antiadiabatic.scaling import antiadiabatic_table, fit_power, scan_systems
from hpcbip.theory.exact.geometry import Geometry
from hpcbip.theory.exact.system import System

SITES = 20
TOLERANCE = 1e-8
CELL_OF_TWO = lattice_with_basis([[2]], {"A": (0.0,), "B": (0.5,)}, [("A", "B", (0,)), ("B", "A", (1,))]).name
"""The chain as a cell of two sites."""

Single = np.ndarray
"""An operator of one electron on the ring, shape (SITES, SITES)."""


def bond(i: int) -> Single:
    one = np.zeros((SITES, SITES))
    one[i, (i + 1) % SITES] = one[(i + 1) % SITES, i] = 1.0
    return one


def density(i: int, *profile: float) -> Single:
    """Σ_j p(|i - j|) n_j."""
    weights = np.zeros(SITES)
    for r, p in enumerate(profile or (1.0,)):
        weights[[(i + r) % SITES, (i - r) % SITES]] = p
    return np.diag(weights)


@dataclass
class Ring:
    """Two electrons on a ring, written without the package's moves.

    Attributes:
        modes: operator O_m with its coupling, and Ω_m, of every oscillator.
        t: hopping of the bonds, in turn.
        U: interaction on the sites, in turn.
        levels: energies of the sites, in turn.
        hopping: w between each oscillator and the next.
    """

    modes: list[tuple[Single, float]]
    t: tuple[float, ...] = (1.0,)
    U: tuple[float, ...] = (-12.0,)
    levels: tuple[float, ...] = (0.0,)
    hopping: float = 0.0

    def lowest(self, order: int) -> float:
        """The lowest level; order 4 adds (docs/theory/antiadiabatic.md)

        Σ_m (O_m W O_m - {O_m², W}/2)/Ω_m² - w Σ_m (O_m O_{m+1} + h.c.)/Ω²
        - Σ_mn O_n O_m (O_m O_n/Ω_n + O_n O_m/Ω_m)/(Ω_n (Ω_m + Ω_n)) + {Σ_m O_m²/Ω_m², Σ_m O_m²/Ω_m}/2.
        """
        one, number = sp.identity(SITES, format="csr"), range(SITES)
        made = [sp.csr_matrix(sp.kron(x, one) + sp.kron(one, x)) for x, _ in self.modes]
        omegas = [omega for _, omega in self.modes]
        single = sum(-self.t[i % len(self.t)] * bond(i) for i in number)
        single = single + np.diag([self.levels[i % len(self.levels)] for i in number])
        contact = np.diag([self.U[i % len(self.U)] for i in number]).ravel()
        W = sp.csr_matrix(sp.kron(single, one) + sp.kron(one, single) + sp.diags(contact))
        M = sum(x @ x / omega for x, omega in zip(made, omegas, strict=True))
        result = W - M
        if order == 4:
            N = sum(x @ x / omega**2 for x, omega in zip(made, omegas, strict=True))
            result += sum(x @ W @ x / omega**2 for x, omega in zip(made, omegas, strict=True))
            result -= 0.5 * (N @ W + W @ N) - 0.5 * (N @ M + M @ N)
            for x, a in zip(made, omegas, strict=True):
                for y, b in zip(made, omegas, strict=True):
                    xy = x @ y
                    result -= (y @ x) @ (xy / b + (y @ x) / a) / (b * (a + b))
            for x, y in pairwise([*made, made[0]]):
                result -= self.hopping * (x @ y + y @ x) / omegas[0] ** 2
        return float(np.linalg.eigvalsh(result.toarray())[0])


def bonds(g: float, omega: float) -> list[tuple[Single, float]]:
    return [(g * bond(i), omega) for i in range(SITES)]


def densities(g: float, omega: float, *profile: float) -> list[tuple[Single, float]]:
    return [(g * density(i, *profile), omega) for i in range(SITES)]


def site_peierls(g: float, omega: float) -> list[tuple[Single, float]]:
    return [(g * (bond(i) - bond(i - 1)), omega) for i in range(SITES)]


def alternating(g: float) -> list[tuple[Single, float]]:
    """Bonds whose g and Ω alternate, and oscillators of strength g on every second site."""
    on_bonds = [(3.0 * (1.0, 0.6)[i % 2] * bond(i), 20.0 * (1.0, 1.5)[i % 2]) for i in range(SITES)]
    return on_bonds + [(g * density(i), 27.0) for i in range(1, SITES, 2)]


CASES: dict[str, tuple[System, Any]] = {
    "two families on a bond": (
        System(Geometry("chain", "bond", 2, phonons=(Family("bonds", 35.0, 2.5),)), 1.0, 20.0, 3.0, -12.0),
        lambda g: Ring(bonds(3.0, 20.0) + bonds(g, 35.0)),
    ),
    "bonds and sites": (
        System(Geometry("chain", "bond", 2, phonons=(Family("sites", 12.0, 2.0),)), 1.0, 20.0, 3.0, -12.0),
        lambda g: Ring(bonds(3.0, 20.0) + densities(g, 12.0)),
    ),
    "two families on a site": (
        System(
            Geometry("chain", "holstein", 2, phonons=(Family("sites", 30.0, 2.0),)), 1.0, 20.0, 2.0, -12.0
        ),
        lambda g: Ring(densities(2.0, 20.0) + densities(g, 30.0)),
    ),
    "profiles": (
        System(
            Geometry(
                "chain",
                "holstein",
                2,
                profile=(1.0, 0.4),
                phonons=(Family("sites", 15.0, 2.0, (), (0.8, 0.5, 0.2)),),
            ),
            1.0,
            20.0,
            2.0,
            -12.0,
        ),
        lambda g: Ring(densities(2.0, 20.0, 1.0, 0.4) + densities(g, 15.0, 0.8, 0.5, 0.2)),
    ),
    "site-Peierls and bonds": (
        System(
            Geometry("chain", "site-peierls", 2, phonons=(Family("bonds", 30.0, 2.0),)), 1.0, 20.0, 2.0, -12.0
        ),
        lambda g: Ring(site_peierls(2.0, 20.0) + bonds(g, 30.0)),
    ),
    "bond+holstein": (
        System(
            Geometry("chain", "bond+holstein", 2, phonons=(Family("bonds", 45.0, 3.0),)),
            1.0,
            20.0,
            3.0,
            -12.0,
            g_holstein=2.0,
            omega_holstein=30.0,
        ),
        lambda g: Ring(bonds(3.0, 20.0) + densities(2.0, 30.0) + bonds(g, 45.0)),
    ),
    "two sites per cell": (
        System(
            Geometry(CELL_OF_TWO, "bond", 2, phonons=(Family("sites", 27.0, 2.0, (1,)),)),
            1.0,
            20.0,
            3.0,
            -12.0,
            levels=(0.0, 0.7),
            U_factors=(1.0, 1.2),
            t_factors=(1.0, 0.8),
            g_factors=(1.0, 0.6),
            omega_factors=(1.0, 1.5),
        ),
        lambda g: Ring(alternating(g), (1.0, 0.8), (-12.0, -14.4), (0.0, 0.7)),
    ),
    "profiles, two sites per cell": (
        System(
            Geometry(
                CELL_OF_TWO,
                "holstein",
                2,
                profile=(1.0, 0.4),
                phonons=(Family("sites", 15.0, 2.0, (1,), (0.8, 0.5)),),
            ),
            1.0,
            20.0,
            2.0,
            -12.0,
        ),
        lambda g: Ring(
            densities(2.0, 20.0, 1.0, 0.4) + [(g * density(i, 0.8, 0.5), 15.0) for i in range(1, SITES, 2)]
        ),
    ),
}


def effective_energy(system: System, order: int, pair_extent: int = SITES) -> float:
    found = converge_effective(build_effective_spaces(system.geometry, pair_extent), system, order).E.value
    assert found is not None
    return found


@pytest.mark.parametrize("order", [2, 4])
@pytest.mark.parametrize("name", CASES)
def test_operators_on_a_ring(name: str, order: int) -> None:
    """Pairs small enough for the ring; 1 % more g of the last family is found, whose g² is of order 1."""
    system, ring = CASES[name]
    g = system.geometry.phonons[-1].g
    found = effective_energy(system, order)
    assert found == pytest.approx(ring(g).lowest(order), abs=TOLERANCE)
    assert abs(found - ring(1.01 * g).lowest(order)) > 1e4 * TOLERANCE


@pytest.mark.parametrize("coupling", ["bond", "holstein"])
def test_phonons_that_hop(coupling: str) -> None:
    """Order 2 has no place for w; order 4 has w g²/Ω², and finds 1 % more of w."""
    system = System(
        Geometry("chain", coupling, 2, dispersive=True), 1.0, 20.0, 3.0, -12.0, phonon_hopping=0.8
    )
    modes = {"bond": bonds, "holstein": densities}[coupling](3.0, 20.0)
    second, fourth = (effective_energy(system, order) for order in (2, 4))
    assert second == pytest.approx(Ring(modes).lowest(2), abs=TOLERANCE)
    assert fourth == pytest.approx(Ring(modes, hopping=0.8).lowest(4), abs=TOLERANCE)
    assert abs(fourth - Ring(modes, hopping=0.808).lowest(4)) > 1e3 * TOLERANCE


SCANS: dict[str, tuple[Geometry, dict[str, Any]]] = {
    "two families": (Geometry("chain", "bond", 2, phonons=(Family("bonds", 25.0, 2.0),)), {"U": -2.0}),
    "bonds and sites": (
        Geometry("chain", "bond", 2, phonons=(Family("sites", 20.0, 2.0, (), (1.0, 0.5)),)),
        {"U": -1.0},
    ),
    "two sites per cell": (
        Geometry(CELL_OF_TWO, "bond", 2),
        {"U": -2.0, "levels": (0.0, 0.5), "t_factors": (1.0, 0.8), "omega_factors": (1.0, 1.5)},
    ),
    "lieb": (
        Geometry("lieb", "bond", 1, phonons=(Family("sites", 15.0, 1.0, (0,)),)),
        {"levels": (0.0, 1.0, 1.0)},
    ),
    "phonons that hop": (
        Geometry("chain", "holstein", 2, dispersive=True),
        {"U": -1.0, "phonon_hopping": 0.5},
    ),
}
OMEGAS = [10.0, 30.0, 100.0]


@pytest.mark.parametrize("name", SCANS)
def test_what_is_left_out_falls_with_the_next_power(name: str) -> None:
    """1/Ω beyond order 2, 1/Ω² beyond order 4, at fixed ratios of all frequencies."""
    geometry, fields = SCANS[name]
    rows = antiadiabatic_table(scan_systems(geometry, 0.2, OMEGAS, **fields), states=8000, pair_extent=24)
    for row in rows:
        assert row["power"] == pytest.approx(row["order"] / 2, abs=0.1) and row["power_err"] < 0.2


def test_a_wrong_family_has_another_power() -> None:
    """1 % more g of the second family leaves an error that does not fall."""
    geometry, fields = SCANS["two families"]
    systems = scan_systems(geometry, 0.2, OMEGAS, **fields)
    exact = [row["E"] for row in antiadiabatic_table(systems, (4,), 8000, 24)]
    family = geometry.phonons[0]
    for factor, right in ((1.0, True), (1.01, False)):
        off = replace(geometry, phonons=(replace(family, g=factor * family.g),))
        found = [effective_energy(one, 4, 24) for one in scan_systems(off, 0.2, OMEGAS, **fields)]
        power = fit_power(OMEGAS, [a - b for a, b in zip(found, exact, strict=True)], [0.0] * 3).value
        assert (power is not None and abs(power - 2.0) < 0.1) == right


def test_a_scan_keeps_ratios() -> None:
    geometry = Geometry("chain", "bond+holstein", phonons=(Family("bonds", 25.0, 2.0),))
    first, second = scan_systems(geometry, 0.3, [10.0, 40.0], g_holstein=1.5, omega_holstein=30.0)
    assert first.geometry == geometry and (first.g_holstein, first.omega_holstein) == (1.5, 30.0)
    assert second.frequencies == pytest.approx(4.0 * first.frequencies)
    assert second.geometry.phonons == (Family("bonds", 100.0, 4.0),) and second.g_holstein == 3.0
    assert second.g**2 == pytest.approx(4.0 * first.g**2)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            lambda: scan_systems(Geometry("chain", "bond", phonons=(Family("bonds", 0.2, 1.0),)), 1.0, [9.0]),
            "omega",
        ),
        (lambda: scan_systems(Geometry("chain", "bond"), 1.0, [9.0], V=2e4), "V: 20000"),
        (
            lambda: build_effective_spaces(Geometry("cubic", "holstein", 2, phonons=4 * (WIDE,))),
            "shorter profile",
        ),
        (lambda: effective_amplitudes(System(Geometry(LONG, "bond"), 1.0, 9.0, 1.0), 2), "shorter ones"),
    ],
)
def test_bad_input(wrong: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        wrong()


WIDE = Family("sites", 9.0, 1.0, (), (1.0, 0.5, 0.3))
LONG = lattice_with_basis(
    [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    {"A": (0.0, 0.0, 0.0)},
    [("A", "A", (1, 0, 0)), ("A", "A", (0, 1, 0)), ("A", "A", (0, 0, 1)), ("A", "A", (3, 0, 0))],
).name
"""A cubic lattice with a bond of three sites."""
