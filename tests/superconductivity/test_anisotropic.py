"""Tc of pairs whose masses and sizes differ by axis."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpcbip.report.pair_condensation import condensation
from hpcbip.superconductivity import (
    closest_packing,
    closest_packing_of_ellipsoids,
    geometric_mean_mass,
    layered_bose_temperature,
    radius2,
    transition_temperature,
)
from hpcbip.theory.pair.model import PairModel
from hpcbip.theory.pair.ring import pairs_of_ring_model
from hpcbip.theory.pair.solver import bound_states
from hpcbip.theory.pair.tetragonal import interlayer_model
from hpcbip.vocabulary.flags import TC_ABOVE_BINDING


def test_geometric_mean_does_not_depend_on_the_axes() -> None:
    turn = np.linalg.qr(np.arange(9.0).reshape(3, 3) + np.eye(3))[0]
    assert geometric_mean_mass(turn @ np.diag([1.0, 0.5, 0.25]) @ turn.T) == pytest.approx(2.0)
    assert geometric_mean_mass(np.diag([1.0, 0.0])) == math.inf


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("distance2", [0.5, 20.0])
def test_round_pairs_are_packed_as_elsewhere(dimension: int, distance2: float) -> None:
    packed = closest_packing_of_ellipsoids(distance2 / dimension * np.eye(dimension))
    assert packed == pytest.approx(float(closest_packing(radius2(distance2), dimension)), rel=1e-12)
    longer = np.diag([4.0 * 16.0 / dimension, *[distance2 / dimension] * (dimension - 1)])
    assert closest_packing_of_ellipsoids(longer) < packed


def test_layers_become_a_parabola_and_separate() -> None:
    density, mass = 0.05, 1.3
    for hop, tolerance in ((1e4, 1e-4), (10.0, 3e-3)):
        mean = (mass**2 / (2.0 * hop)) ** (1 / 3)
        parabola = float(transition_temperature(mean, 1.0, 3, density=density))
        assert layered_bose_temperature(density, mass, hop) == pytest.approx(parabola, rel=tolerance)
    cold = layered_bose_temperature(density, mass, 1e-9)  # T ln(T/J) = 2πn/m
    assert cold * math.log(cold / 1e-9) == pytest.approx(2.0 * math.pi * density / mass, rel=1e-6)


def test_touching_d_pairs() -> None:
    state = bound_states(interlayer_model(-1.0, 0.25, -2.0))[0]
    found, size = condensation(state), state.distance_tensor
    mass = (state.inverse_mass[0, 0] ** 2 * state.inverse_mass[2, 2]) ** (-1 / 3)
    density = 3.0 / (4.0 * math.pi * 0.75 * size[0, 0])  # along c smaller than a lattice constant
    assert found["tc"] == pytest.approx(
        2 * math.pi * (density / 2.612375348685488) ** (2 / 3) / mass, rel=1e-9
    )
    assert found["flags"] == [] and found["tc"] < found["tc_layered"] < state.binding_energy
    deep = condensation(bound_states(PairModel("square", -30.0))[0])
    assert deep["tc"] == pytest.approx(1.84 / math.pi / bound_states(PairModel("square", -30.0))[0].mass)


def test_wide_pairs_of_one_plane_are_flagged() -> None:
    """Where pairs are wide and move in a plane, Tc of touching ones is above what binds them."""
    weak = condensation(bound_states(pairs_of_ring_model("b", -1.0, -1.0))[0])
    assert weak["flags"] == [TC_ABOVE_BINDING.raised().text] and weak["tc_layered"] is None
