"""The two-body problem: closed forms, independent methods, thresholds of the literature, momenta, bad
input.
"""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse.linalg import eigsh

from hpcbip.errors import InputError
from hpcbip.theory.pair.green import Band, square_closed_form
from hpcbip.theory.pair.lattices import PAIR_LATTICES
from hpcbip.theory.pair.model import PairModel
from hpcbip.theory.pair.order_parameter import condensate_order_parameter
from hpcbip.theory.pair.solver import BoundPair, bound_states, solve_channel
from hpcbip.theory.pair.tables import pair_table, threshold_table
from hpcbip.theory.pair.threshold import (
    binding_threshold,
    count_bound_states,
    weak_square_binding,
    weak_square_binding_limit,
)
from tests.exact.reference.two_body import attractive_hubbard


def lowest(model: PairModel, name: str) -> BoundPair:
    return solve_channel(model, next(c for c in model.channels if c.name == name))[0]


BANDS = {
    "square t'": Band(np.array([[1, 0], [0, 1], [1, 1], [1, -1]]), np.array([2.0, 2.0, -1.5, -1.5])),
    "triangular": Band(np.array([[1, 0], [0, 1], [1, -1]]), np.array([2.0, 1.2, 0.4])),
    "cubic": Band(np.eye(3, dtype=int), np.full(3, 2.0)),
}


@pytest.mark.parametrize("name", BANDS)
@pytest.mark.parametrize("order", range(4))
def test_integrals_against_trapezoids(name: str, order: int) -> None:
    band = BANDS[name]
    size, d, binding = {2: 512, 3: 96}[band.dimension], band.dimension, 1.5
    phases = 2 * np.pi * np.arange(size) / size
    q = np.stack(np.meshgrid(*[phases] * d, indexing="ij"), axis=-1)
    depth = band.energy(q) - band.edge + binding
    r = np.array([[0] * d, [1] + [0] * (d - 1), [2] + [-1] * (d - 1), [1] * d])
    direct = [np.mean(np.cos(q @ x) / depth ** (order + 1)) for x in r]
    np.testing.assert_allclose(band.integrals(r, binding, order), direct, rtol=1e-11)


@pytest.mark.parametrize("binding", [1e-12, 1e-5, 0.3, 4.0])
def test_square_against_elliptic_integrals(binding: float) -> None:
    band = Band(np.array([[1, 0], [0, 1]]), np.array([2.0, 2.0]))
    closed = square_closed_form(binding)
    np.testing.assert_allclose(
        band.integrals(np.array(list(closed)), binding), list(closed.values()), atol=1e-13
    )


@pytest.mark.parametrize("U", [-0.3, -1.0, -4.0, -20.0])
def test_attractive_chain(U: float) -> None:
    state = lowest(PairModel("chain", U), "s")
    depth = math.sqrt(U**2 + 16)
    assert state.E == pytest.approx(-depth, abs=1e-12)
    assert state.mass == pytest.approx(depth / 4, rel=1e-9)  # E(K) = -√(U² + 16 cos²(K/2))
    assert state.on_site_weight == pytest.approx(-U / depth, rel=1e-9)
    for k in (0.7, 3.0):
        moving = bound_states(PairModel("chain", U, K=(k,)))[0]
        assert moving.E == pytest.approx(-math.sqrt(U**2 + 16 * math.cos(k / 2) ** 2), abs=1e-12)


@pytest.mark.parametrize("U", [-4.0, -8.0, -30.0])
def test_attractive_square_against_momentum_sums(U: float) -> None:
    state, other = lowest(PairModel("square", U), "s"), attractive_hubbard(2, U)
    assert state.E == pytest.approx(other.energy, abs=1e-11)
    assert state.mass == pytest.approx(other.mass, rel=1e-10)
    assert state.pair_distance2 == pytest.approx(other.pair_distance2, rel=1e-9)
    assert 1 / square_closed_form(state.binding_energy)[0, 0] == pytest.approx(-U, abs=1e-10)


def diagonalised(model: PairModel, half: int, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Energies, states and relative coordinates of the lowest states in a box."""
    d = model.place.dimension
    r = np.stack(np.meshgrid(*[np.arange(-half, half + 1)] * d, indexing="ij"), axis=-1).reshape(-1, d)
    width = 2 * half + 1
    h = sp.csr_array((len(r), len(r)))
    for bond, tau in zip(model.band.bonds, model.band.strengths, strict=True):
        inside = np.flatnonzero(np.abs(r + bond).max(axis=1) <= half)
        target = (r[inside] + bond + half) @ width ** np.arange(d - 1, -1, -1)
        hop = sp.csr_array((np.full(len(inside), -tau), (target, inside)), shape=h.shape)
        h = h + hop + hop.T
    potential = np.zeros(len(r))
    for v, sites in model.interacting_shells():
        for site in sites:
            potential[np.all(r == site, axis=1)] = v
    energies, states = eigsh(
        sp.csc_array(h + sp.diags_array(potential)), number, sigma=potential.min() - 8 * d - 1
    )
    order = np.argsort(energies)
    return energies[order], states[:, order], r


@pytest.mark.parametrize(
    ("model", "half"),
    [
        (PairModel("square", 8.0, (-10.0, -2.0), (-0.3,)), 32),
        (PairModel("triangular", 6.0, (-12.0,)), 32),
        (PairModel("square", 8.0, (-10.0,), (0.2,), (0.9, -0.4)), 32),
        (PairModel("bct", 6.0, (-14.0, 0.0, -3.0), (-0.3, 0.15)), 9),
    ],
    ids=["square", "triangular", "moving", "bct"],
)
def test_against_diagonalisation(model: PairModel, half: int) -> None:
    states = [s for s in bound_states(model) if s.binding_energy > (1.0 if half > 20 else 4.0)]
    found = np.concatenate([[s.E] * s.channel.degeneracy for s in states])
    energies, vectors, r = diagonalised(model, half, len(found))
    assert len(states) >= 2
    np.testing.assert_allclose(found, energies, atol=1e-10 if half > 20 else 1e-6)
    if half > 20:
        weights = vectors[:, 0] ** 2
        assert states[0].pair_distance2 == pytest.approx(
            weights @ ((r @ model.place.metric) * r).sum(axis=1), rel=1e-8
        )
        near = np.abs(r).max(axis=1) <= 2
        np.testing.assert_allclose(
            np.abs(states[0].wave_function(r[near])), np.abs(vectors[near, 0]), atol=1e-9
        )


@pytest.mark.parametrize(("channel", "parity"), [("s", "even"), ("p", "odd"), ("d", "even")])
def test_mass_against_the_dispersion(channel: str, parity: str) -> None:
    model = PairModel("square", 8.0, (-9.0,), (-0.3,))
    rest = lowest(model, channel)
    estimates = []
    for k in (0.1, 0.05):
        moving = solve_channel(
            PairModel("square", 8.0, (-9.0,), (-0.3,), (k, 0.0)),
            next(c for c in PairModel("square", K=(k, 0.0)).channels if c.name == parity),
        )
        change = [
            min((s.E - rest.E for s in moving), key=lambda x: abs(2 * x / k**2 - rest.inverse_mass[0, 0]))
        ]
        estimates.append(2 * change[0] / k**2)
    richardson = (4 * estimates[1] - estimates[0]) / 3
    assert richardson == pytest.approx(rest.inverse_mass[0, 0], abs=2e-5)


def test_thresholds_of_the_literature() -> None:
    values = {row["channel"]: row["threshold"] for row in threshold_table(PairModel("square", 8.0), 1)}
    assert values["s"] == pytest.approx(-2 * 8 / (8 + 8), abs=1e-11)  # 2Ut/(U + 8t)
    assert values["d"] == pytest.approx(-2 * math.pi / (4 - math.pi), abs=1e-11)
    assert values["p"] == pytest.approx(-2 * math.pi / (math.pi - 2), abs=1e-11)
    assert values["dxy"] is None
    chain = {row["channel"]: row["threshold"] for row in threshold_table(PairModel("chain", math.inf), 1)}
    assert chain["s"] == pytest.approx(-2.0, abs=1e-11) and chain["p"] == pytest.approx(-2.0, abs=1e-11)


@pytest.mark.parametrize("lattice", ["chain", "square", "triangular"])
def test_any_attraction_binds_in_one_and_two_dimensions(lattice: str) -> None:
    model = PairModel(lattice, -1e-3)
    assert binding_threshold(PairModel(lattice), model.channels[0], 0) == 0.0
    assert count_bound_states(model, model.channels[0]) == 1


def test_cubic_threshold_is_the_watson_integral() -> None:
    place = PairModel("cubic")
    critical = binding_threshold(place, place.channels[0], 0)
    assert critical == pytest.approx(-7.91355, abs=5e-6)
    assert critical == pytest.approx(-12 / 1.5163860591519780, abs=1e-10)
    assert count_bound_states(PairModel("cubic", -7.9135), place.channels[0]) == 0
    assert count_bound_states(PairModel("cubic", -7.9136), place.channels[0]) == 1


def test_weak_coupling_law() -> None:
    ratios = [weak_square_binding(U) / weak_square_binding_limit(U) for U in (-2.0, -1.0, -0.5, -0.2)]
    np.testing.assert_allclose(ratios, 1.0, rtol=2e-4)
    assert ratios[3] == pytest.approx(1.0, abs=1e-12)
    assert lowest(PairModel("square", -2.0), "s").binding_energy == pytest.approx(
        weak_square_binding(-2.0), rel=1e-7
    )


def test_d_wave_ground_state_needs_hole_like_hopping() -> None:
    for t_prime in (0.0, 0.3, 0.5):
        assert bound_states(PairModel("square", 8.0, (-8.0,), (t_prime,)))[0].channel.name == "s"
    for t_prime in (-0.3, -0.5, -0.8):
        assert bound_states(PairModel("square", 8.0, (-8.0,), (t_prime,)))[0].channel.name == "d"
    beyond = PairModel("square", math.inf, (-0.5,), (-0.7,))  # minima of the band at (π, 0) and (0, π)
    assert (
        binding_threshold(beyond, beyond.channels[1], 1) == 0.0
        and binding_threshold(beyond, beyond.channels[0], 1) < -2.0
    )


def test_sectors_cover_all_sites() -> None:
    from hpcbip.theory.pair.lattices import symmetric_basis

    for place in PAIR_LATTICES.values():
        for shell in place.shells:
            count = sum(c.degeneracy * symmetric_basis(shell, c.signs).shape[1] for c in place.channels)
            assert count == len(shell), (place.name, shell)


def test_rows() -> None:
    table = pair_table(PairModel("square", -8.0))
    assert [row["channel"] for row in table] == ["s", "d", "dxy", "p"]
    assert table[0]["status"] == "bound" and table[0]["E"] == pytest.approx(-10.091756333671519, abs=1e-10)
    assert all(row["E"] is None and row["status"] == "no interaction in this channel" for row in table[1:])
    mixed = {row["channel"]: row for row in pair_table(PairModel("square", math.inf, (-6.0,)))}
    assert mixed["d"]["status"] == "not bound" and mixed["p"]["status"] == "bound"
    weak = pair_table(PairModel("square", -0.5))[0]
    assert weak["status"] == "bound by less than 1e-09 t" and weak["E"] is None
    json.dumps([*table, *mixed.values()], allow_nan=False)


def test_order_parameter() -> None:
    model = PairModel("square", 8.0, (-8.0,), (-0.4,))
    d = condensate_order_parameter(lowest(model, "d"), 33)
    assert np.abs(np.diag(d.gap)).max() < 1e-12 and np.abs(d.gap).max() > 0.1
    shape = np.cos(d.phases)[:, None] - np.cos(d.phases)[None, :]
    np.testing.assert_allclose(d.gap, d.gap[16, 0] / 2.0 * shape, atol=1e-12)
    assert np.mean(
        condensate_order_parameter(lowest(model, "d"), 65).anomalous[:-1, :-1] ** 2
    ) == pytest.approx(1.0, rel=1e-6)
    with pytest.raises(InputError):
        condensate_order_parameter(bound_states(PairModel("square", -8.0, K=(0.1, 0.2)))[0])


@pytest.mark.parametrize("lattice", ["chain", "cubic"])
def test_order_parameter_in_other_dimensions(lattice: str) -> None:
    """An on-site attraction has a gap without structure, -Uψ(0); F(k) is largest at k = 0."""
    state = lowest(PairModel(lattice, -12.0), "s")
    order = condensate_order_parameter(state, 17)
    np.testing.assert_allclose(order.gap, 12.0 * math.sqrt(state.on_site_weight), rtol=1e-9)
    assert order.gap.ndim == min(state.model.place.dimension, 2)
    assert np.unravel_index(order.anomalous.argmax(), order.anomalous.shape) == (8,) * order.gap.ndim


@pytest.mark.parametrize(
    "bad",
    [
        {"lattice": "sqare"},
        {"lattice": "square", "U": math.nan},
        {"lattice": "square", "V": (1.0,) * 4},
        {"lattice": "chain", "hops": (0.1,)},
        {"lattice": "square", "K": (1.0,)},
        {"lattice": "chain", "K": (math.pi,)},
        {"lattice": "square", "V": (math.inf,)},
    ],
)
def test_bad_input(bad: dict) -> None:
    with pytest.raises(InputError):
        PairModel(**bad)
    with pytest.raises(InputError):
        binding_threshold(PairModel("square", -8.0), PairModel("square").channels[0], 1)
