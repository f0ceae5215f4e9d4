"""Exact diagonalisation with several families of phonons, extended Holstein coupling and phonons that hop:
closed forms without electronic hops, limits, second order, and the kernel on infinite lattices; profiles on
lattices with a basis against plain matrices, and against Bravais lattices in the disguise of several sites
per cell.

Energies of sixteen chains agree within `LIMIT` standard errors, which chance exceeds in 10⁻⁴ of the cases.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from hpcbip.errors import InputError
from hpcbip.models import Family, Model
from hpcbip.qmc import Ensemble
from hpcbip.theory.exact.basis import build_space
from hpcbip.theory.exact.convergence import converge
from hpcbip.theory.exact.geometry import Geometry
from hpcbip.theory.exact.solver import solve_in_space
from hpcbip.theory.exact.system import System
from tests.exact.reference.bands import Bands
from tests.exact.reference.cases import NAMES, sample
from tests.exact.reference.cluster import (
    BILAYER,
    CHAIN,
    HONEYCOMB,
    KAGOME,
    LIEB,
    SAWTOOTH,
    SQUARE,
    TWO_SITE_CHAIN,
    Grid,
)
from tests.exact.reference.zscore import FALSE_ALARM
from tests.theory.plain import plain, system_of
from tests.theory.test_exact_basis import SQUARE_OF_TWO

CHAINS = 16
LIMIT = float(stats.t.isf(FALSE_ALARM / 2, CHAINS - 1))
STATES = 3000


def energy(geometry: Geometry, **values: Any) -> float:
    fields = {"t": 1.0, "omega": 1.0, "g": 0.0, **values}
    found = converge(System(geometry, **fields), STATES).E.value
    assert found is not None
    return found


def test_families_of_one_frequency_are_one() -> None:
    """g² = g1² + g2²; and one family may stand in the list or be that of the coupling."""
    one = energy(Geometry("chain", "bond"), g=math.hypot(0.5, 0.4))
    second = Family("bonds", 1.0, 0.4)
    two = energy(Geometry("chain", "bond", phonons=(second,)), g=0.5)
    listed = energy(Geometry("chain", "holstein", phonons=(Family("bonds", 1.0, 0.5), second)))
    assert [two, listed] == pytest.approx([one] * 2, abs=2e-5)


@pytest.mark.parametrize("electrons", [1, 2])
def test_an_electron_at_rest_moves_all_oscillators_that_it_acts_on(electrons: int) -> None:
    """Without hops E = -n² Σ_f g_f²/Ω_f Σ_r p_f(r)²."""
    family = Family("sites", 2.0, 0.6, (), (0.5, 0.3))
    geometry = Geometry("square", "holstein", electrons, profile=(1.0, 0.2), phonons=(family,))
    exact = -(electrons**2) * (0.3**2 * (1.0 + 4 * 0.2**2) / 1.0 + 0.6**2 / 2.0 * (0.5**2 + 4 * 0.3**2))
    assert energy(geometry, t=1e-9, g=0.3, U=0.0) == pytest.approx(exact, rel=1e-3)


def test_an_electron_at_rest_among_phonons_that_hop() -> None:
    """Without hops E = -g² ∫ dq/2π 1/Ω_q = -g²/√(Ω² - 4w²) on the chain."""
    found = energy(Geometry("chain", "holstein", dispersive=True), t=1e-9, g=0.7, phonon_hopping=0.3)
    assert found == pytest.approx(-0.49 / math.sqrt(1.0 - 0.36), rel=1e-5)


@pytest.mark.parametrize("coupling", ["holstein", "bond"])
def test_weak_coupling_to_phonons_that_hop(coupling: str) -> None:
    """To second order, on the chain and with the recoil (docs/physics.md, "Dispersive phonons")."""
    g, w = 0.02, 0.3
    q = (np.arange(400) + 0.5) * 2 * np.pi / 400
    factor = 1.0 if coupling == "holstein" else 4 * np.cos(q / 2) ** 2
    shift = np.mean(factor / (1.0 - 2 * w * np.cos(q) + 2.0 - 2.0 * np.cos(q)))
    found = energy(Geometry("chain", coupling, dispersive=True), g=g, phonon_hopping=w)
    assert (found + 2.0) / g**2 == pytest.approx(-shift, rel=3e-3)


SAMPLED: dict[str, tuple[str, str, int, float, dict[str, Any]]] = {
    "two families": ("chain", "bond", 1, 0.5, {"phonons": (Family("bonds", 2.5, 0.6),)}),
    "two families, pair": ("chain", "holstein", 2, 0.8, {"phonons": (Family("sites", 2.0, 0.8),)}),
    "bonds and sites": ("square", "bond", 1, 0.4, {"phonons": (Family("sites", 1.5, 0.8, (), (1.0, 0.3)),)}),
    "one axis": ("square", "bond", 1, 0.4, {"phonons": (Family("bonds", 2.0, 0.6, (1,)),)}),
    "extended Holstein, pair": ("chain", "holstein", 2, 0.7, {"profile": (1.0, 0.4)}),
    "extended Holstein, honeycomb": ("honeycomb", "holstein", 1, 0.6, {"profile": (1.0, 0.3)}),
    "site of the cell": ("lieb", "bond", 1, 0.4, {"phonons": (Family("sites", 1.5, 0.8, (0,)),)}),
    "phonons that hop": ("chain", "bond", 1, 0.6, {"phonon_hopping": 0.3}),
    "phonons that hop, pair": ("chain", "holstein", 2, 0.8, {"phonon_hopping": 0.2}),
}


@pytest.mark.parametrize("name", SAMPLED)
def test_energies_of_the_kernel(name: str) -> None:
    lattice, coupling, electrons, g, fields = SAMPLED[name]
    model = Model(lattice, coupling, 1.0, 1.0, g, 0.0, **fields)
    bins = sample(Ensemble(model, electrons, 14.0), CHAINS, 12, 16_000)["energy"]
    energies = [chain.mean() for chain in bins]
    sampled, noise = np.mean(energies), LIMIT * np.std(energies, ddof=1) / CHAINS**0.5
    w = fields.get("phonon_hopping", 0.0)
    geometry = Geometry(
        lattice,
        coupling,
        electrons,
        profile=fields.get("profile", ()),
        phonons=fields.get("phonons", ()),
        dispersive=w > 0.0,
    )
    found = converge(System(geometry, 1.0, 1.0, g, phonon_hopping=w), STATES).E
    assert abs(sampled - found.value) < noise + found.error, (sampled, noise, found)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"coupling": "bond", "profile": (1.0, 0.5)}, "profile with bond"),
        ({"coupling": "bond", "phonons": (Family("bonds", 1.0, 0.1, (3,)),)}, "the lattice has 1 bond axes"),
        ({"coupling": "site-peierls", "dispersive": True}, "phonon_hopping: allowed with bond and holstein"),
        ({"coupling": "bond+holstein", "dispersive": True}, "phonon_hopping with several families"),
        ({"coupling": "holstein", "profile": (1.0, 0.5), "cluster": (3,)}, "profile on a cluster"),
    ],
)
def test_what_cannot_be_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Geometry("chain", **fields)


@pytest.mark.parametrize("w", [0.5, -0.1, 0.0])
def test_amplitudes_out_of_range_are_refused(w: float) -> None:
    with pytest.raises(InputError, match="phonon_hopping"):
        System(Geometry("chain", "bond", dispersive=True), 1.0, 1.0, 0.3, phonon_hopping=w)


PROFILE = (1.0, 0.4, 0.25)
PARTLY = (Family("sites", 1.7, 0.5, (1,), (0.7, 0.3)), Family("sites", 0.9, 0.4, (0,), (0.0, 0.6, 0.2)))


def with_profile(system: System, profile: tuple[float, ...], phonons: tuple[Family, ...] = ()) -> System:
    return replace(system, geometry=replace(system.geometry, profile=profile, phonons=phonons))


@pytest.mark.parametrize("electrons", [1, 2])
@pytest.mark.parametrize(
    "grid", [HONEYCOMB, LIEB, BILAYER, SAWTOOTH], ids=["honeycomb", "lieb", "bilayer", "saw"]
)
def test_plain_diagonalisation(grid: Grid, electrons: int) -> None:
    """At a finite momentum, with further families on some of the sites, which feel the others as well."""
    system = with_profile(system_of(NAMES[grid], "bond+holstein", electrons), PROFILE, PARTLY)
    nh, K = 3 - electrons, np.array([0.7, -0.4])[: system.geometry.bravais.dimension]
    space = build_space(system.geometry, nh)
    levels = plain(system, nh, K)
    assert solve_in_space(space, system, K, mass=False)[0].E == pytest.approx(levels[0], abs=1e-10)
    on_site = (space.separation == 0.0).all(axis=1).sum()
    assert len(levels) == (len(space) if electrons == 1 else 2 * len(space) - on_site)


@pytest.mark.parametrize("change", [(1.01, 0.4, 0.25), (1.0, 0.404, 0.25), (1.0, 0.4, 0.2525)])
def test_a_profile_that_is_off_by_a_per_cent_shows(change: tuple[float, ...]) -> None:
    """Negative control: by a million times what the test above lets pass."""
    system = system_of("honeycomb", "holstein", 1)
    right, wrong = (with_profile(system, profile) for profile in (PROFILE, change))
    space = build_space(wrong.geometry, 2)
    level = solve_in_space(space, wrong, np.zeros(2), mass=False)[0].E
    assert abs(level - plain(right, 2, np.zeros(2))[0]) > 1e-4


DISGUISED = {"chain": (NAMES[CHAIN], NAMES[TWO_SITE_CHAIN], 4), "square": (NAMES[SQUARE], SQUARE_OF_TWO, 3)}


@pytest.mark.parametrize("electrons", [1, 2])
@pytest.mark.parametrize("name", DISGUISED)
def test_bravais_lattices_in_disguise(name: str, electrons: int) -> None:
    """All columns in spaces of equally many moves, where one has two states for each of the other's."""
    *names, moves = DISGUISED[name]
    family = Family("sites", 0.8, 0.4, (), (0.6, 0.5))
    systems = [
        with_profile(System(Geometry(one, "holstein", electrons), 1.0, 1.3, 0.8, 1.5), PROFILE, (family,))
        for one in names
    ]
    spaces = [build_space(system.geometry, moves - electrons) for system in systems]
    found, same = (solve_in_space(*both)[0] for both in zip(spaces, systems, strict=True))
    assert same.basis_size == 2 * found.basis_size
    for column in ("E", "inverse_mass", "phonons", "weight", *(["pair_distance2"] if electrons == 2 else [])):
        assert getattr(same, column) == pytest.approx(getattr(found, column), abs=1e-8), column


@pytest.mark.parametrize("name", ["honeycomb", "lieb", "saw"])
@pytest.mark.parametrize("electrons", [1, 2])
def test_an_electron_at_rest_on_a_lattice_with_a_basis(name: str, electrons: int) -> None:
    """Without hops E = -n² g²/Ω Σ_m p(|r_m - r|)², r the site at which that is most."""
    lattice, neighbours = {
        "honeycomb": ("honeycomb", (1, 3, 6)),  # of any site at the first distances
        "lieb": ("lieb", (1, 4, 0)),  # of copper: the second distance is that between oxygens
        "saw": (NAMES[SAWTOOTH], (1, 1, 1)),  # of B
    }[name]
    exact = -(electrons**2) * 0.3**2 * sum(n * p**2 for n, p in zip(neighbours, PROFILE, strict=True))
    geometry = Geometry(lattice, "holstein", electrons, profile=PROFILE)
    found = converge(System(geometry, 1e-9, 1.0, 0.3), 2000).E.value
    assert found == pytest.approx(exact, rel=2e-3)


SECOND_ORDER: dict[str, tuple[Grid, dict[str, Any]]] = {
    "honeycomb": (HONEYCOMB, {}),
    "kagome": (KAGOME, {}),
    "uneven lieb": (LIEB, {"t_factors": (1.0, 0.7, 1.0, 0.6), "levels": (0.0, 1.0, 0.4)}),
}


@pytest.mark.parametrize("name", SECOND_ORDER)
def test_weak_coupling_with_a_profile(name: str) -> None:
    """E = E0 - e2 g² + O(g⁴)."""
    grid, fields = SECOND_ORDER[name]
    g, bands = 0.02, Bands(grid, **fields)
    geometry = Geometry(NAMES[grid], "holstein", profile=PROFILE)
    found = converge(System(geometry, 1.0, 1.0, g, **fields), 2000).E
    expected = bands.second_order("holstein", 16, PROFILE)
    assert (bands.bottom - found.value) / g**2 == pytest.approx(expected, rel=2e-3)
