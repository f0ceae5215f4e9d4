"""Pairs between layers of the body-centred tetragonal lattice, and hops of any sign: independent methods."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.sparse.linalg import eigsh

from hpcbip.errors import InputError
from hpcbip.theory.pair.green import square_closed_form
from hpcbip.theory.pair.model import PairModel
from hpcbip.theory.pair.order_parameter import condensate_order_parameter
from hpcbip.theory.pair.ring import pairs_of_ring_model
from hpcbip.theory.pair.solver import BoundPair, bound_states, solve_channel
from hpcbip.theory.pair.tables import pair_table
from hpcbip.theory.pair.tetragonal import (
    channel_named,
    exchange_attraction,
    interlayer_model,
    interlayer_table,
    weak_coupling_exponents,
)
from hpcbip.theory.pair.threshold import binding_threshold, count_bound_states

FORMS = {"s": (np.cos, np.cos, np.cos), "dxy": (np.sin, np.sin, np.cos), "p": (np.sin, np.cos, np.cos)}


def lowest(model: PairModel, name: str) -> BoundPair:
    return solve_channel(model, channel_named(model, name))[0]


def energy_by_momentum_sums(
    name: str, t: float, t_perp: float, V: float, U: float, near: float, points: tuple[int, int]
) -> float:
    """The energy of a pair by plain sums over the zone in Cartesian momenta: none of the solver's code."""
    kx = 2.0 * np.pi * np.arange(points[0]) / points[0]
    kz = 4.0 * np.pi * np.arange(points[1]) / points[1]
    x, y, z = np.meshgrid(0.5 * kx, 0.5 * kx, 0.5 * kz, indexing="ij")
    band = -4.0 * t * (np.cos(2 * x) + np.cos(2 * y)) - 16.0 * t_perp * np.cos(x) * np.cos(y) * np.cos(z)
    form = math.sqrt(8.0) * np.prod([f(q) for f, q in zip(FORMS[name], (x, y, z), strict=True)], axis=0)

    def determinant(energy: float) -> float:
        green = 1.0 / (band - energy)
        pair = float(np.mean(form**2 * green)) + 1.0 / V
        if name != "s":
            return pair
        return pair - float(np.mean(form * green)) ** 2 / (float(np.mean(green)) + 1.0 / U)

    return brentq(determinant, near - 1e-3, near + 1e-3, xtol=1e-13)


@pytest.mark.parametrize(
    ("name", "t", "t_perp", "V", "U", "points"),
    [
        ("dxy", -1.0, 0.25, -2.0, math.inf, (96, 12)),
        ("dxy", -1.0, 0.8, -5.0, 3.0, (96, 24)),
        ("s", -1.0, 0.4, -14.0, 8.0, (64, 24)),
        ("p", -1.0, 0.4, -9.0, math.inf, (72, 24)),
        ("s", 1.0, 0.25, -8.0, math.inf, (64, 24)),
        ("dxy", -1.0, 1.5, -16.0, 4.0, (64, 32)),
    ],
)
def test_energies_against_momentum_sums(
    name: str, t: float, t_perp: float, V: float, U: float, points: tuple[int, int]
) -> None:
    energy = lowest(interlayer_model(t, t_perp, V, U), name).E
    other = energy_by_momentum_sums(name, t, t_perp, V, U, energy, points)
    assert energy == pytest.approx(other, abs=1e-8)


def box_energies(t: float, t_perp: float, V: float, U: float, half: int, number: int) -> NDArray[np.float64]:
    """The lowest energies of r1 - r2 in a box of twice the coordinates, x, y, z all even or all odd."""
    reach = range(-half, half + 1)
    sites = [r for r in itertools.product(reach, repeat=3) if len({x % 2 for x in r}) == 1]
    index = {site: i for i, site in enumerate(sites)}
    hops = [((2, 0, 0), t), ((0, 2, 0), t), *(((1, a, b), t_perp) for a in (1, -1) for b in (1, -1))]
    h = sp.lil_array((len(sites), len(sites)))
    for site, i in index.items():
        for step, amplitude in hops:
            j = index.get(tuple(x + s for x, s in zip(site, step, strict=True)))
            if j is not None:
                h[i, j] = h[j, i] = -2.0 * amplitude
        h[i, i] = U if site == (0, 0, 0) else V if max(map(abs, site)) == 1 else 0.0
    return np.sort(eigsh(sp.csc_array(h), number, which="SA", return_eigenvectors=False))


def test_all_states_against_diagonalisation_in_a_box() -> None:
    model = interlayer_model(-1.0, 0.4, -40.0, 6.0)
    found = np.sort(np.concatenate([[s.E] * s.channel.degeneracy for s in bound_states(model)]))
    assert len(found) == 8
    np.testing.assert_allclose(found, box_energies(-1.0, 0.4, -40.0, 6.0, 13, 8), atol=1e-8)


def test_d_pair_of_the_literature() -> None:
    model = interlayer_model(-1.0, 0.25, -2.0)
    d, f = (lowest(model, name) for name in ("dxy", "fxyz"))
    assert d.binding_energy == pytest.approx(0.2401200680, abs=1e-9) and d.E < f.E < model.band.edge
    assert solve_channel(model, channel_named(model, "s")) == []
    assert solve_channel(model, channel_named(model, "p")) == []


@pytest.mark.parametrize("t_perp", [0.25, -0.9])
def test_hole_like_hopping_has_d_pairs_at_any_attraction(t_perp: float) -> None:
    rows = interlayer_table(-1.0, math.inf, [t_perp], ("s", "dxy"))
    limits = {row["channel"]: row["V_perp"] for row in rows}
    assert limits["dxy"] == 0.0 and limits["s"] < -4.0 and limits["s = dxy"] is None


def test_thresholds_elsewhere() -> None:
    for t, t_perp in ((1.0, 0.25), (-1.0, 1.25)):  # lowest at (0, 0), where the form factor of d vanishes
        model = interlayer_model(t, t_perp, -1.0)
        s, d = (binding_threshold(model, channel_named(model, name), 3) or 0.0 for name in ("s", "dxy"))
        assert d < s < 0.0
    weak, strong = (interlayer_model(-1.0, 1.25, factor * d) for factor in (0.99, 1.01))
    assert count_bound_states(weak, channel_named(weak, "dxy")) == 0
    assert count_bound_states(strong, channel_named(strong, "dxy")) == 1
    flat = PairModel("square", 8.0, hops=(-0.5,))  # along k_x = π and k_y = π
    with pytest.raises(InputError, match="flat"):
        binding_threshold(flat, channel_named(flat, "d"), 1)


def test_repulsion_has_no_effect_on_d() -> None:
    energies = [lowest(interlayer_model(-1.0, 0.5, -3.0, U), "dxy").E for U in (0.0, math.inf)]
    assert np.ptp(energies) < 1e-13
    s = [lowest(interlayer_model(-1.0, 0.5, -12.0, U), "s").E for U in (0.0, math.inf)]
    assert s[0] < s[1] - 0.01


@pytest.mark.parametrize("name", ["dxy", "fxyz"])
def test_weak_coupling_law(name: str) -> None:
    bindings = [lowest(interlayer_model(-1.0, 0.5, V), name).binding_energy for V in (-0.5, -0.45)]
    slope = (1.0 / 0.45 - 1.0 / 0.5) / math.log(bindings[0] / bindings[1])
    assert slope == pytest.approx(weak_coupling_exponents(-1.0, 0.5)[name], rel=1e-4)
    assert weak_coupling_exponents(-2.0, 1e-5)[name] == pytest.approx(0.25 / math.pi)
    with pytest.raises(InputError):
        weak_coupling_exponents(-1.0, 1.0)


def test_total_momentum_zero_is_the_ground_state() -> None:
    """E(K_z) is E(0) at t_perp cos(K_z c/4); in the plane E rises with the mass of the pair at rest."""
    rest = lowest(interlayer_model(-1.0, 0.5, -3.0), "dxy")

    def moving(*K: float) -> float:
        model = interlayer_model(-1.0, 0.5, -3.0, K=K)
        return solve_channel(model, model.channels[0])[0].E

    def at_rest(t_perp: float) -> float:
        return lowest(interlayer_model(-1.0, t_perp, -3.0), "dxy").E

    assert moving(0.0, 0.0, 1.25) == pytest.approx(at_rest(0.5 * math.cos(0.625)), abs=1e-11)
    assert moving(0.0, 0.0, 1.25) > rest.E
    step, k = 1e-2, 0.05
    slope = (at_rest(0.5 + step) - at_rest(0.5 - step)) / (2.0 * step)
    assert rest.inverse_mass[2, 2] == pytest.approx(-0.5 * slope / 16.0, rel=1e-3)
    curvature = 2.0 * (moving(k, 0.0, 0.5 * k) - rest.E) / k**2
    assert curvature == pytest.approx(rest.inverse_mass[0, 0], rel=2e-3)


def test_exchange_of_s_and_d() -> None:
    V, energy = exchange_attraction(1.5, U=2.0) or (0.0, 0.0)
    both = [lowest(interlayer_model(-1.0, 1.5, V, 2.0), name).E for name in ("s", "dxy")]
    assert both == pytest.approx([energy, energy], abs=1e-10)
    stronger = [lowest(interlayer_model(-1.0, 1.5, 1.01 * V, 2.0), name).E for name in ("s", "dxy")]
    assert stronger[1] < stronger[0]
    assert exchange_attraction(0.5) is None
    with pytest.raises(InputError):
        exchange_attraction(0.5, 1.0)


def test_exchange_at_strong_coupling() -> None:
    """Second order in t_perp against the ring: 64 t_perp²/|V| = 8|t| for a hard core."""
    V, _ = exchange_attraction(400.0) or (0.0, 0.0)
    assert pytest.approx(-8.0 * 400.0**2, rel=0.01) == V


def test_order_parameter_between_layers() -> None:
    order = condensate_order_parameter(lowest(interlayer_model(-1.0, 0.25, -2.0), "dxy"), 33, 2.0 * math.pi)
    shape = np.sin(0.5 * order.phases)[:, None] * np.sin(0.5 * order.phases)[None, :]
    np.testing.assert_allclose(order.gap, order.gap[24, 24] * shape, atol=1e-12)
    assert abs(order.gap[24, 24]) > 1.0 and order.phases[24] == pytest.approx(math.pi)
    assert np.unravel_index(np.abs(order.anomalous[16:, 16:]).argmax(), (17, 17)) == (8, 8)  # (π, π)


@pytest.mark.parametrize(("name", "hole"), [("a", "d"), ("b", "dxy")])
def test_named_models_against_elliptic_integrals(name: str, hole: str) -> None:
    """Both are a plaquette of attraction on a square lattice; the sign of the hop exchanges s and d."""
    for V in (-1.0, -4.0, -20.0):
        energies = [lowest(pairs_of_ring_model(name, t, V), c).E for t, c in ((-1.0, hole), (1.0, "s"))]
        binding = -8.0 - energies[0]
        green = square_closed_form(binding)
        assert green[0, 0] + 2.0 * green[1, 0] + green[1, 1] == pytest.approx(-1.0 / V, abs=1e-12)
        assert energies[1] == pytest.approx(energies[0], abs=1e-11)
    shell = {"a": 1, "b": 3}[name]
    model = pairs_of_ring_model(name, -1.0, 0.0)
    limits = {c: binding_threshold(model, channel_named(model, c), shell) for c in ("s", "p", hole)}
    assert limits["s"] == pytest.approx(-4.0 * math.pi / (math.pi - 2.0), abs=1e-10)
    assert limits["p"] == pytest.approx(-2.0 * math.pi, abs=1e-10) and limits[hole] == 0.0
    state = lowest(pairs_of_ring_model(name, -3.0, -12.0), hole)
    assert state.E == pytest.approx(3.0 * lowest(pairs_of_ring_model(name, -1.0, -4.0), hole).E, abs=1e-10)
    assert state.model.moving_axes.shape[1] == 2
    assert state.mass == pytest.approx(1.0 / state.inverse_mass[0, 0], rel=1e-12)


def test_sign_and_size_of_t() -> None:
    """On the square lattice the sign of t is a gauge, on the triangular one it is not; energies scale."""
    table = [pair_table(PairModel("square", 8.0, (-8.0,), (-0.4,), t=t)) for t in (1.0, -1.0)]
    for plus, minus in zip(*table, strict=True):
        assert (plus["E"], plus["mass"]) == pytest.approx((minus["E"], minus["mass"]), abs=1e-11)
    scaled = lowest(PairModel("square", 16.0, (-16.0,), (-0.8,), t=2.0), "d")
    row = next(row for row in table[0] if row["channel"] == "d")
    assert (scaled.E, scaled.mass) == pytest.approx((2.0 * row["E"], 0.5 * row["mass"]), abs=1e-10)
    phases = 2.0 * np.pi * np.arange(256) / 256
    x, y = np.meshgrid(phases, phases)
    for t in (1.0, -1.0):
        state = lowest(PairModel("triangular", -8.0, t=t), "s")
        band = -4.0 * t * (np.cos(x) + np.cos(y) + np.cos(x - y))
        assert float(np.mean(1.0 / (band - state.E))) == pytest.approx(0.125, abs=1e-11)
    with pytest.raises(InputError, match="no other hop"):
        PairModel("square", 8.0, t=0.0)
