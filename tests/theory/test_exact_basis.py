"""Exact diagonalisation on lattices with several sites per cell: plain and dense matrices, bands,
perturbation theory, bound pairs, and the square lattice in two other forms.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.sparse.linalg import eigsh

from hpcbip.cli import commands
from hpcbip.errors import InputError
from hpcbip.models import lattice_with_basis
from hpcbip.theory.exact.basis import _layers, build_space
from hpcbip.theory.exact.convergence import converge
from hpcbip.theory.exact.geometry import Geometry
from hpcbip.theory.exact.selection import Selection, _electronic_table
from hpcbip.theory.exact.solver import solve_in_space
from hpcbip.theory.exact.states import SiteNumbering, join_states
from hpcbip.theory.exact.system import System
from tests.exact.reference.bands import Bands, Pairs
from tests.exact.reference.cases import NAMES
from tests.exact.reference.cluster import (
    BILAYER,
    CHECKERBOARD,
    DIAMOND,
    HONEYCOMB,
    KAGOME,
    LADDER,
    LIEB,
    SAWTOOTH,
    Cluster,
    Grid,
)
from tests.exact.reference.problem import Problem
from tests.theory.plain import plain, plain_level, system_of

SQUARE_OF_TWO = lattice_with_basis(
    [[1, 1], [1, -1]],
    {"A": (0.0, 0.0), "B": (0.5, 0.5)},
    [("A", "B", (0, 0)), ("A", "B", (-1, -1)), ("A", "B", (0, -1)), ("A", "B", (-1, 0))],
).name
"""The square lattice as a cell of two sites."""

UNEVEN = {"t_factors": (1.0, 0.7, 1.0, 0.6), "levels": (0.0, 1.0, 0.4)}


@pytest.mark.parametrize("electrons", [1, 2])
@pytest.mark.parametrize("coupling", ["holstein", "bond", "bond+holstein"])
@pytest.mark.parametrize(
    "grid", [HONEYCOMB, LIEB, BILAYER, SAWTOOTH], ids=["honeycomb", "lieb", "bilayer", "saw"]
)
def test_plain_diagonalisation(grid: Grid, coupling: str, electrons: int) -> None:
    """At a finite momentum, all parameters of bonds and sites different."""
    system = system_of(NAMES[grid], coupling, electrons)
    nh, K = 3 - electrons, np.array([0.7, -0.4])[: system.geometry.bravais.dimension]
    space = build_space(system.geometry, nh)
    levels = plain(system, nh, K)
    assert solve_in_space(space, system, K, mass=False)[0].E == pytest.approx(levels[0], abs=1e-10)
    on_site = (space.separation == 0.0).all(axis=1).sum()
    assert len(levels) == (len(space) if electrons == 1 else 2 * len(space) - on_site)


def test_triplet() -> None:
    system, K = system_of("lieb", "bond", 2, "triplet"), np.array([0.3, 0.5])
    space = build_space(system.geometry, 1)
    levels = plain(system, 1, K)
    assert len(levels) == 2 * len(space)
    assert np.abs(levels - solve_in_space(space, system, K, mass=False)[0].E).min() < 1e-10


@pytest.mark.parametrize("electrons", [1, 2])
def test_what_is_left_out(electrons: int) -> None:
    """E2 outside the states of one or two moves, against H written once more."""
    system, K = system_of("honeycomb", "bond+holstein", electrons), np.array([0.7, 0.2])
    moves = 3 - electrons
    selection = Selection(system)
    selection.numbering = numbering = SiteNumbering(system.geometry, moves + 1)
    selection._electronic = _electronic_table(numbering, system)
    selection._states = join_states(_layers(numbering, moves), numbering.empty)
    selection.state = np.ones(len(selection))
    selection._rebuild()
    level = selection.solve(K)
    E, E2 = plain_level(system, moves, K)
    assert level.E == pytest.approx(E, abs=1e-10)
    assert level.E2 == pytest.approx(E2, rel=1e-6) and E2 < 0.0


@pytest.mark.parametrize("coupling", ["holstein", "bond"])
@pytest.mark.parametrize(("electrons", "spin"), [(1, "singlet"), (2, "singlet"), (2, "triplet")])
def test_a_square_lattice_of_two_sites_per_cell(coupling: str, electrons: int, spin: str) -> None:
    """All columns in spaces of equally many moves, where this one has two states for each of the other's."""
    one, two = (
        System(Geometry(name, coupling, electrons, spin), 1.0, 1.3, 0.8, 1.5, 0.4)
        for name in ("square", SQUARE_OF_TWO)
    )
    K = np.array([0.3, 0.2]) * (spin == "triplet")
    found, same = (solve_in_space(build_space(system.geometry, 3), system, K)[0] for system in (one, two))
    assert same.basis_size == 2 * found.basis_size
    for name in ("E", "inverse_mass", "phonons", "weight", *(["pair_distance2"] if electrons == 2 else [])):
        assert getattr(same, name) == pytest.approx(getattr(found, name), abs=1e-8), name


def test_chosen_states_of_the_square_lattice_of_two_sites() -> None:
    """The spaces are not the same, for here both axes of the mass have a say; the limits are."""
    limits = []
    for name in ("square", SQUARE_OF_TWO):
        system = System(Geometry(name, "holstein", 2), 1.0, 2.0, 0.8, -8.0)
        limits.append(converge(system, 1600))
    for name, error in (("E", 2e-4), ("mass", 5e-4), ("phonons", 5e-4), ("pair_distance2", 3e-3)):
        one, two = (getattr(limit, name) for limit in limits)
        assert abs(one.value - two.value) < one.error + two.error < error, name


BANDS: dict[str, tuple[Grid, dict[str, Any]]] = {
    "honeycomb": (HONEYCOMB, {}),
    "staggered honeycomb": (HONEYCOMB, {"levels": (0.0, 1.5)}),
    "kagome": (KAGOME, {}),
    "lieb": (LIEB, {}),
    "uneven lieb": (LIEB, UNEVEN),
    "checkerboard": (CHECKERBOARD, {}),
    "bilayer": (BILAYER, {"t_factors": (1.0, 1.0, 0.5, 0.5, 0.7)}),
    "diamond": (DIAMOND, {}),
}


@pytest.mark.parametrize("name", BANDS)
def test_free_electrons(name: str) -> None:
    """Bottom of the band, and its inverse mass averaged over the axes, in 1/m_e = 2t."""
    grid, fields = BANDS[name]
    bands = Bands(grid, **fields)
    level = converge(System(Geometry(NAMES[grid], "holstein"), 1.0, 1.0, 0.0, **fields), 50).levels[-1]
    assert level.E == pytest.approx(bands.bottom, abs=1e-10)
    mean = np.trace(bands.inverse_mass()) / len(grid.metric)
    assert 2.0 * level.inverse_mass == pytest.approx(mean, rel=1e-6)


@pytest.mark.parametrize("name", ["honeycomb", "kagome", "lieb", "uneven lieb"])
@pytest.mark.parametrize("coupling", ["bond", "holstein"])
def test_weak_coupling_is_second_order_perturbation_theory(name: str, coupling: str) -> None:
    """E = E0 - e2 g² + O(g⁴): e2 is 0.5 to 4 here."""
    grid, fields = BANDS[name]
    g, bands = 0.02, Bands(grid, **fields)
    found = converge(System(Geometry(NAMES[grid], coupling), 1.0, 1.0, g, **fields), 800).E
    assert found.error is not None and found.error < 1e-4 * g**2
    assert (bands.bottom - found.value) / g**2 == pytest.approx(bands.second_order(coupling, 16), rel=2e-3)


PAIRS: dict[str, tuple[Grid, dict[str, Any]]] = {
    "honeycomb": (HONEYCOMB, {"U": -9.0}),
    "kagome": (KAGOME, {"U": -12.0}),
    "lieb": (LIEB, {"U": -8.0, "levels": (0.0, 1.0, 0.4), "U_factors": (1.0, 0.5, 1.3)}),
    "ladder": (LADDER, {"U": -5.0, "t_factors": (1.0, 0.8, 0.6)}),
}


@pytest.mark.parametrize("name", PAIRS)
def test_pairs_without_phonons(name: str) -> None:
    """Energy, size and mass of bound pairs against a box of cells; its masses are differences, to 1e-4."""
    grid, fields = PAIRS[name]
    d = len(grid.metric)
    exact = Pairs(grid, **fields, box=4 if d == 2 else 40).solve()
    level = converge(System(Geometry(NAMES[grid], "holstein", 2), 1.0, 1.0, 0.0, **fields), 1500).levels[-1]
    assert level.E == pytest.approx(exact["energy"], abs=1e-6)
    assert level.pair_distance2 == pytest.approx(exact["pair_distance2"], abs=1e-6)
    assert d * level.inverse_mass == pytest.approx(exact["diffusion"], rel=2e-4)


@pytest.mark.parametrize("electrons", [1, 2])
def test_far_oxygens_leave_a_square_lattice_of_coppers(electrons: int) -> None:
    """At second order in t/ε an electron hops between coppers with t²/ε, here 1, and lies 4t²/ε lower.

    With Holstein coupling polaron and pair are those of the square lattice, up to what falls as 1/ε.
    """
    square = System(Geometry("square", "holstein", electrons), 1.0, 1.0, 0.7, -6.0)
    expected = converge(square, 1000).E.value - 4.0 * electrons
    distance = []
    for level in (2e3, 4e3):
        geometry = Geometry("lieb", "holstein", electrons)
        lieb = System(geometry, level**0.5, 1.0, 0.7, -6.0, levels=(0.0, level, level))
        distance.append(converge(lieb, 2000).E.value - expected)
    assert abs(distance[1]) < 0.05
    assert distance[1] / distance[0] == pytest.approx(0.5, abs=0.1)


CELLS: dict[str, tuple[Grid, int, int, dict[str, Any]]] = {
    "honeycomb": (HONEYCOMB, 2, 16, {"g": 0.6, "U": 2.0, "levels": (0.0, 0.5)}),
    "lieb": (LIEB, 1, 14, {"g": 0.6, "levels": (0.0, 0.7, 0.2), "omega_factors": (1.0, 1.2, 1.5, 0.8)}),
    "lieb, both couplings": (
        LIEB,
        2,
        7,
        {
            "coupling": "bond+holstein",
            "g": 0.2,
            "g_holstein": 0.15,
            "omega_holstein": 1.3,
            "U": 3.0,
            "U_factors": (1.0, 0.5, 0.7),
            "g_factors": (1.0, 0.5, 0.7, 1.0),
            "t_factors": (1.0, 0.8, 1.2, 1.0),
            "V": 0.4,
        },
    ),
    "kagome": (KAGOME, 2, 9, {"coupling": "holstein", "g": 0.3, "U": 3.0, "levels": (0.0, 0.4, 0.2)}),
}


@pytest.mark.parametrize("name", CELLS)
def test_single_cells(name: str) -> None:
    """Against matrices of another program, in which the number of phonons is cut off."""
    grid, electrons, cutoff, fields = CELLS[name]
    d, fields = len(grid.metric), {"coupling": "bond", "U": 0.0, **fields}
    problem = Problem(
        Cluster(grid, (1,) * d), electrons, 1.0, 1.0, beta=1.0, edge=0.2, cutoff=cutoff, **fields
    )
    exact = float(eigsh(problem.hamiltonian, k=1, which="SA", tol=1e-12)[0][0])
    geometry = Geometry(NAMES[grid], fields.pop("coupling"), electrons, cluster=(1,) * d)
    found = converge(System(geometry, 1.0, 1.0, **fields), 3000).levels[-1]
    assert found.E == pytest.approx(exact, abs=1e-6)


@pytest.mark.parametrize(
    "change",
    [
        {"levels": (0.0, 0.7, 0.206)},
        {"t_factors": (1.0, 0.8, 1.236, 1.0)},
        {"g_factors": (1.0, 0.5, 0.721, 1.0)},
        {"omega_factors": (1.0, 1.0, 1.03, 1.0)},
        {"U_factors": (1.0, 0.515, 0.7)},
        {"V": 0.412},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_parameter_that_is_off_shows(change: dict[str, Any]) -> None:
    """By 3 %: the energy of a cell moves by more than the hundredfold of what the tests above let pass."""
    fields = CELLS["lieb, both couplings"][3] | {"levels": (0.0, 0.7, 0.2)}
    geometry = Geometry("lieb", fields.pop("coupling"), 2, cluster=(1, 1))
    space = build_space(geometry, 5)
    right, wrong = (System(geometry, 1.0, 1.0, **given) for given in (fields, fields | change))
    right_E, wrong_E = (solve_in_space(space, system)[0].E for system in (right, wrong))
    assert abs(right_E - wrong_E) > 1e-4


def test_a_dimer_of_two_kinds() -> None:
    geometry = Geometry("honeycomb", "bond", 2, cluster=(1, 1))
    level, _ = solve_in_space(build_space(geometry, 12), System(geometry, 1.0, 2.0, 0.7))
    assert level.E == pytest.approx(-2.0 - 4.0 * 0.49 / 2.0, abs=1e-9)


def test_the_verb() -> None:
    words = "theory exact --lattice lieb --coupling bond --lambda 0.5 --levels 0,1,1 --t-factors 1,1,0.9,0.9"
    done = CliRunner().invoke(commands, [*words.split(), "--states", "300", "--format", "json"])
    (row,) = json.loads(done.stdout)
    assert row["levels"] == [0.0, 1.0, 1.0] and row["t_factors"] == [1.0, 1.0, 0.9, 0.9]
    assert row["g"] == pytest.approx(math.sqrt(0.5 * 4.0 / 3.0)) and row["lambda"] == 0.5
    geometry = Geometry("lieb", "bond")
    system = System(geometry, 1.0, 1.0, row["g"], levels=(0.0, 1.0, 1.0), t_factors=(1.0, 1.0, 0.9, 0.9))
    assert row["E"] == converge(system, 300).E.value


@pytest.mark.parametrize(
    "words",
    [
        "--lattice lieb --levels 0,1",
        "--lattice square --levels 1",
        "--lattice lieb --t-factors 1,1,1,0",
        "--lattice lieb --omega-factors 1",
        "--lattice honeycomb --coupling site-peierls",
        "--lattice {}",
        '--lattice {"vectors":[[1]],"sites":3,"bonds":[]}',
        '--lattice {"vectors":[[1]],"bonds":[[2]]}',
    ],
)
def test_bad_input_is_one_line(words: str) -> None:
    done = CliRunner().invoke(commands, ["theory", "exact", "--g", "1", *words.split(maxsplit=3)])
    assert isinstance(done.exception, InputError) and "\n" not in str(done.exception)
    assert "allowed" in str(done.exception)
