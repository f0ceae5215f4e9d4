"""The four-site ring, its symmetry labels, and the exact line where s and d change places."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpcbip.errors import InputError
from hpcbip.theory.pair.ring import (
    C4V_CHARACTERS,
    crossing_attraction,
    crossing_hopping,
    ring_levels,
    ring_table,
    square_lattice_energies,
    square_lattice_table,
)


def test_characters_are_orthogonal() -> None:
    table, sizes = np.array(list(C4V_CHARACTERS.values())), np.array([1, 2, 1, 2, 2])
    np.testing.assert_array_equal((table * sizes) @ table.T, 8 * np.eye(5))


@pytest.mark.parametrize(("model", "d"), [("a", "B1"), ("b", "B2")])
@pytest.mark.parametrize("amplitude", [-0.7, 0.7])
def test_levels(model: str, d: str, amplitude: float) -> None:
    levels = ring_levels(amplitude, 3.0, model)
    np.testing.assert_allclose([x.E + 3.0 for x in levels], [-1.4, 0.0, 1.4], atol=1e-14)
    order = ["A1", "E", d] if amplitude < 0.0 else [d, "E", "A1"]
    assert [x.irrep for x in levels] == order
    assert [x.degeneracy for x in levels] == [1, 2, 1]
    table = ring_table(amplitude, 3.0, model)
    assert [row["spin"] for row in table] == ["singlet", "triplet", "singlet"]


@pytest.mark.parametrize("t_prime", [-0.05, -0.2, -0.35])
def test_three_channels_meet_on_the_exact_line(t_prime: float) -> None:
    energies = square_lattice_energies(t_prime, crossing_attraction(t_prime))
    np.testing.assert_allclose(list(energies.values()), 2.0 / t_prime, atol=1e-10)
    above, below = (square_lattice_energies(t_prime * f, crossing_attraction(t_prime)) for f in (1.02, 0.98))
    assert min(above, key=above.__getitem__) == "d" and min(below, key=below.__getitem__) == "s"


def test_exchange_hopping() -> None:
    assert crossing_hopping(-8.0) == pytest.approx(-0.2148059167, abs=1e-9)
    assert crossing_attraction(crossing_hopping(-5.0)) == pytest.approx(-5.0, abs=1e-11)
    assert crossing_hopping(-200.0) == pytest.approx(-2.0 / 200.0, rel=1e-3)
    soft = crossing_hopping(-8.0, 8.0)
    energies = square_lattice_energies(soft, -8.0, 8.0)
    assert soft < crossing_hopping(-8.0) and energies["s"] == pytest.approx(energies["d"], abs=1e-9)


def test_embedded_levels_become_the_ring() -> None:
    t_prime = -0.5
    found = {row["channel"]: row for row in square_lattice_table(-2000.0, math.inf, [t_prime])}
    for row in found.values():
        assert row["E"] - row["E_ring"] == pytest.approx(0.0, abs=0.05)
    assert found["d"]["lowest"] and not found["s"]["lowest"]


def test_bad_input() -> None:
    for call in (
        lambda: ring_levels(0.0),
        lambda: ring_levels(1.0, model="c"),
        lambda: ring_levels(1.0, math.nan),
        lambda: crossing_attraction(0.1),
        lambda: crossing_hopping(1.0),
        lambda: crossing_hopping(-8.0, -1.0),
    ):
        with pytest.raises(InputError):
            call()
