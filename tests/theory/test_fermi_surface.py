"""Densities of states and λ_ME against closed forms, and against integrals done another way."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ellipk

from hpcbip.errors import InputError
from hpcbip.models import BRAVAIS_LATTICES, Model, coupling_from_lambda, get_lattice, written_lattice
from hpcbip.theory.eliashberg.fermi_surface import (
    FermiSurface,
    find_fermi_surface,
    lambda_me,
    van_hove_energies,
    volume_fraction_above,
)


def square_density(energy: float) -> float:
    """N(E) of the square lattice, t = 1, exact: K(√(1 - (E/4)²))/(2π²)."""
    return float(ellipk(1.0 - (energy / 4.0) ** 2)) / (2.0 * math.pi**2)


def cubic_density(energy: float) -> float:
    """N(E) of the cubic lattice: that of its layers, integrated along the third direction between the
    singularities.
    """
    kinks = [math.acos((edge - energy) / 2.0) for edge in (-4.0, 0.0, 4.0) if abs(edge - energy) < 2.0]

    def layer(k: float) -> float:
        rest = energy + 2.0 * math.cos(k)
        return square_density(rest) if 0.0 < abs(rest) < 4.0 else 0.0

    marks = [0.0, *sorted(kinks), math.pi]
    pieces = zip(marks[:-1], marks[1:], strict=True)
    return sum(quad(layer, a, b, limit=200, epsabs=1e-10)[0] for a, b in pieces) / math.pi


def triangular_density(energy: float) -> float:
    """N(E) of the triangular lattice: E = -2 cos k1 - 4 cos(k1/2) cos(k2 - k1/2), k2 in closed form."""

    def column(k: float) -> float:
        square = (4.0 * math.cos(k / 2.0)) ** 2 - (energy + 2.0 * math.cos(k)) ** 2
        return 1.0 / math.sqrt(square) if square > 0.0 else 0.0

    # 16 cos²(k/2) = (E + 2c)², c = cos k: 4c² + (4E - 8)c + E² - 8 = 0
    root = math.sqrt((4.0 * energy - 8.0) ** 2 - 16.0 * (energy**2 - 8.0))
    kinks = [
        math.acos(c) for c in ((8.0 - 4.0 * energy + sign * root) / 8.0 for sign in (-1, 1)) if abs(c) < 1.0
    ]
    marks = [0.0, *sorted(kinks), math.pi]
    total = 0.0
    for a, b in zip(
        marks[:-1], marks[1:], strict=True
    ):  # k = a + (b-a) sin²: takes the inverse roots at the ends away
        total += quad(
            lambda s, a=a, b=b: column(a + (b - a) * math.sin(s) ** 2) * (b - a) * math.sin(2.0 * s),
            0.0,
            math.pi / 2,
        )[0]
    return total / math.pi**2


def surface(name: str, filling: float) -> FermiSurface:
    return find_fermi_surface(get_lattice(name), filling)


@pytest.mark.parametrize("filling", [0.1, 0.5, 1.0, 1.7])
def test_chain_is_exact(filling: float) -> None:
    found = surface("chain", filling)
    k = math.pi * filling / 2.0
    assert found.energy == pytest.approx(-2.0 * math.cos(k), abs=1e-8)
    assert found.density == pytest.approx(1.0 / (2.0 * math.pi * math.sin(k)), rel=1e-7)
    assert found.cosines[0] == pytest.approx(math.cos(k), abs=1e-8)


@pytest.mark.parametrize(
    ("name", "density", "fillings", "accuracy"),
    [
        ("square", square_density, (0.1, 0.5, 0.8, 1.6), 1e-5),
        ("triangular", triangular_density, (0.1, 0.5, 1.0, 1.8), 1e-5),
        ("cubic", cubic_density, (0.1, 0.6, 1.3), 1e-3),
    ],
)
def test_density_of_states(name: str, density: object, fillings: tuple[float, ...], accuracy: float) -> None:
    for filling in fillings:
        found = surface(name, filling)
        exact = density(found.energy)  # type: ignore[operator]
        assert found.density == pytest.approx(exact, rel=accuracy)
        assert found.density == pytest.approx(exact, abs=3.0 * found.density_err + 1e-9), (
            "the error is not too small"
        )


def test_filling_of_the_square_lattice() -> None:
    found = surface("square", 0.6)
    below = quad(square_density, -4.0, found.energy, epsabs=1e-12)[0]
    assert below == pytest.approx(0.3, abs=1e-7)


def has_equal_bonds(name: str) -> bool:
    """Whether all bonds of a named lattice are equally long: then a symmetry leads from each to each."""
    lattice = get_lattice(name)
    axes = np.array(lattice.axes)
    return bool(np.ptp(np.einsum("ia,ab,ib->i", axes, lattice.metric, axes)) < 1e-9)


@pytest.mark.parametrize("name", sorted(filter(has_equal_bonds, BRAVAIS_LATTICES)))
def test_equivalent_axes(name: str) -> None:
    # Σ_a ⟨cos k·a⟩ = -E_F/2t on the surface, and equivalent axes have equal averages
    found, lattice = surface(name, 0.7), get_lattice(name)
    expected = -found.energy / lattice.coordination
    assert np.all(np.abs(found.cosines - expected) < 3.0 * found.cosines_err + 1e-9)
    assert found.cosines == pytest.approx(np.full(len(lattice.axes), expected), abs=1e-3)
    for coupling, factor in (("bond", 2.0 * lattice.coordination * (1.0 + expected**2)), ("holstein", 2.0)):
        value = lambda_me(Model(name, coupling, 1.0, 0.1, 0.3), 0.7, found).lambda_me
        assert value == pytest.approx(factor * 0.3**2 / 0.1 * found.density, rel=1e-3)


def test_axes_with_frequencies_of_their_own() -> None:
    model = Model("square", "bond", 1.0, 0.1, 0.3, omega_factors=(2.0, 2.0))
    stiffer, found = Model("square", "bond", 1.0, 0.2, 0.3), surface("square", 0.7)
    assert lambda_me(model, 0.7, found).lambda_me == pytest.approx(lambda_me(stiffer, 0.7, found).lambda_me)


def test_fermi_surface_average_of_the_vertex() -> None:
    # 4 g² cos²((k+k')/2) over the two points of the chain's surface, then over points of the square lattice's
    # surface
    k = math.pi * 0.25
    points = np.array([k, -k])
    average = float(np.mean(4.0 * np.cos((points[:, None] + points) / 2.0) ** 2))
    value = lambda_me(Model("chain", "bond", 1.0, 0.2, 0.3), 0.5).lambda_me
    assert value == pytest.approx(2.0 * 0.09 / 0.2 * average / (2.0 * math.pi * math.sin(k)), rel=1e-6)
    energy = surface("square", 0.5).energy
    x = np.linspace(0.0, 2.0 * math.pi, 1201)[:-1] + 1e-4
    c = -energy / 2.0 - np.cos(x)
    x, c = x[np.abs(c) < 1.0], c[np.abs(c) < 1.0]
    y = np.arccos(c)
    x, y = np.concatenate([x, x]), np.concatenate([y, -y])
    # by length over speed: along the part where |v_y| is large, and by the mirror x <-> y of the lattice for
    # the other
    steep = np.abs(np.sin(y)) >= np.abs(np.sin(x))
    px, py = np.concatenate([x[steep], y[steep]]), np.concatenate([y[steep], x[steep]])
    weight = np.tile(1.0 / np.abs(np.sin(y[steep])), 2)
    weight /= weight.sum()
    vertex = 4.0 * sum(np.cos((p[:, None] + p) / 2.0) ** 2 for p in (px, py))
    expected = 2.0 * 0.09 / 0.2 * square_density(energy) * float(weight @ vertex @ weight)
    assert lambda_me(Model("square", "bond", 1.0, 0.2, 0.3), 0.5).lambda_me == pytest.approx(
        expected, rel=2e-3
    )


def test_relation_to_the_papers_lambda() -> None:
    # dilute square lattice: N = 1/4πt, E_F = -4t; λ = g²/2Ωt (bond), g²/8Ωt (Holstein): λ_ME = 8λ/π and 4λ/π
    lattice = get_lattice("square")
    for coupling, ratio in (("bond", 8.0 / math.pi), ("holstein", 4.0 / math.pi)):
        model = Model("square", coupling, 1.0, 0.01, coupling_from_lambda(lattice, coupling, 0.5, 0.01, 1.0))
        found = lambda_me(model, 0.02)
        assert found.lam == pytest.approx(0.5) and found.lambda_me == pytest.approx(0.5 * ratio, rel=0.03)
        assert found.mass_ratio == 1.0 + found.lambda_me


def test_axes_factors_and_two_kinds_of_oscillators() -> None:
    model = Model(
        "square",
        "bond+holstein",
        1.0,
        0.2,
        0.3,
        g_holstein=0.4,
        omega_holstein=0.5,
        t_factors=(1.0, 0.6),
        g_factors=(1.0, 0.0),
    )
    fermi = find_fermi_surface(model.bravais, 0.5, model.hoppings)
    assert fermi.cosines @ model.hoppings == pytest.approx(-fermi.energy / 2.0, abs=1e-6)
    bonds = 4.0 * 0.09 / 0.2 * (1.0 + fermi.cosines[0] ** 2)
    expected = fermi.density * (bonds + 2.0 * 0.16 / 0.5)
    assert lambda_me(model, 0.5, fermi).lambda_me == pytest.approx(expected, rel=1e-12)
    # weak coupling between chains: nearly the chain
    chains = find_fermi_surface(model.bravais, 0.5, (1.0, 1e-3))
    assert chains.density == pytest.approx(surface("chain", 0.5).density, rel=1e-3)


def test_any_bravais_lattice() -> None:
    skew = written_lattice(
        [[1.0, 0.0], [0.3, 1.1]], [[1, 0], [1, 1]]
    )  # the square lattice in other coordinates
    assert find_fermi_surface(skew, 0.6).density == pytest.approx(surface("square", 0.6).density, rel=1e-5)


def test_van_hove_singularities_are_named() -> None:
    assert van_hove_energies(get_lattice("square"), [1.0, 1.0]) == [0.0]
    assert van_hove_energies(get_lattice("triangular"), [1.0] * 3) == pytest.approx([2.0])
    assert van_hove_energies(get_lattice("cubic"), [1.0] * 3) == []
    found = lambda_me(Model("square", "bond", 1.0, 0.1, 0.2), 1.0)
    assert math.isinf(found.lambda_me) and any("van Hove" in flag for flag in found.flags)
    assert not lambda_me(Model("square", "bond", 1.0, 0.1, 0.2), 0.8).flags
    assert math.isinf(surface("triangular", 1.5).density)
    assert surface("cubic", 1.0).density == pytest.approx(cubic_density(0.0), rel=1e-5)


def test_flags() -> None:
    dilute = lambda_me(Model("square", "holstein", 1.0, 0.5, 0.2), 0.02)
    assert any("not adiabatic" in flag for flag in dilute.flags)
    assert "no Tc in one dimension" in lambda_me(Model("chain", "bond", 1.0, 0.1, 0.2), 0.5).flags
    nothing = lambda_me(Model("square", "bond", 1.0, 0.1, 0.0), 1.0)
    assert nothing.lambda_me == 0.0


def test_part_of_a_simplex() -> None:
    # triangle with 0, 1, 3 at its corners: E²/3 of it lies below E < 1, (3-E)²/6 above E > 1
    corners = np.array([[0.0], [1.0], [3.0]])
    assert volume_fraction_above(corners, 0.5)[0] == pytest.approx(1.0 - 0.25 / 3.0)
    assert volume_fraction_above(corners, 2.0)[0] == pytest.approx(1.0 / 6.0)
    # tetrahedra, equal corners too, against points at random in them
    rng = np.random.default_rng(7)
    inside = rng.dirichlet(np.ones(4), 40_000)
    for corners in ([0.0, 0.3, 1.1, 2.0], [0.0, 1.0, 1.0, 1.0], [-1.0, -1.0, 0.5, 0.5], [0.2, 0.2, 0.2, 0.9]):
        for energy in (-0.2, 0.25, 0.6, 1.05):
            expected = float(np.mean(inside @ corners > energy))
            assert volume_fraction_above(np.array(corners)[:, None], energy)[0] == pytest.approx(
                expected, abs=0.01
            )  # 4 sigma


@pytest.mark.parametrize("filling", [0.0, 2.0, -1.0, math.nan])
def test_bad_filling(filling: float) -> None:
    with pytest.raises(InputError, match="filling"):
        find_fermi_surface(get_lattice("square"), filling)


@pytest.mark.parametrize("divisions", [6, 10])
def test_bad_divisions(divisions: int) -> None:
    with pytest.raises(InputError, match="divisions"):
        find_fermi_surface(get_lattice("square"), 0.5, divisions=divisions)
