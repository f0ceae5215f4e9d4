"""The gas band: limits in closed form, liquid helium, and honest ends."""

from __future__ import annotations

import math

import pytest
from scipy import constants

from hpcbip.superconductivity import BKT_PREFACTOR, PUBLISHED_BKT_PREFACTOR, transition_temperature
from hpcbip.superconductivity.gas import (
    BKT_XI,
    DENSEST_2D,
    HELIUM,
    NELSON_KOSTERLITZ,
    GasBand,
    bec_factor,
    bkt_factor,
    coulomb_radius,
    gas_band,
)

HELIUM_ATOM = 4.002602 * constants.atomic_mass
HBAR2_OVER_M = constants.hbar**2 / HELIUM_ATOM / constants.k  # K m²


def texts(band: GasBand) -> list[str]:
    return [flag.text for flag in band.flags]


def test_density_of_the_weakly_interacting_gas_is_the_published_one() -> None:
    """n = (m T/2π) ln(ξ/(mU)) with mU = 4π/ln(1/na²), solved for T by hand."""
    for parameter in (1e-7, 1e-3, 0.05):
        interaction = 4.0 * math.pi / math.log(1.0 / parameter)
        density = bkt_factor(parameter) / (2.0 * math.pi) * math.log(BKT_XI / interaction)
        assert density == pytest.approx(1.0, rel=1e-12)
    assert bkt_factor(1e-7) == pytest.approx(1.0152, abs=1e-4)


def test_the_default_prefactor_is_the_formula_at_mu_4_pi_and_the_published_one_the_largest() -> None:
    """The 1.84 of hard cores is 2π/ln(ξ/4π), and lies above n_s = n; PRX 13, 011010 prints that bound."""
    assert math.pi * BKT_PREFACTOR == pytest.approx(bkt_factor(math.exp(-1.0)), abs=4e-3)
    assert math.pi * BKT_PREFACTOR > NELSON_KOSTERLITZ
    assert math.pi * PUBLISHED_BKT_PREFACTOR == pytest.approx(NELSON_KOSTERLITZ)


def test_the_formula_ends_where_the_superfluid_density_is_the_density() -> None:
    assert bkt_factor(DENSEST_2D) == pytest.approx(NELSON_KOSTERLITZ, rel=1e-12)
    assert pytest.approx(0.1644, abs=1e-4) == DENSEST_2D


def test_the_band_of_dense_pairs_begins_at_helium() -> None:
    """Film: 0.72(2) K at 0.0432/Å² (Ceperley, Pollock, PRB 39, 2084). Bulk: 2.1768 K at 146.1 kg/m³."""
    film = 0.72 / (HBAR2_OVER_M * 0.0432e20)
    assert gas_band(1.0, 1.0, 2).low * math.pi == pytest.approx(film, rel=0.02 / 0.72)
    ideal = float(transition_temperature(1.0, 1.0, 3, None, 1.0)) * HBAR2_OVER_M
    ideal *= (146.1 / HELIUM_ATOM) ** (2.0 / 3.0)
    assert pytest.approx(2.1768 / ideal, rel=2e-3) == HELIUM


def test_touching_pairs_in_two_dimensions_are_outside_the_range() -> None:
    band = gas_band(2.0, 1.7, 2)
    assert band.high == pytest.approx(0.5 / (2.0 * 1.7))
    assert band.low / band.high == pytest.approx(0.8743, abs=2e-3)
    assert texts(band) == ["gas band outside the range of its formula: n a^2 > 0.16"]


def test_dilute_pairs_in_two_dimensions_follow_the_formula() -> None:
    """Hard cores of R and 2R; the error of ξ widens the band by a fifth of a per cent."""
    density, r2 = 1e-4, 4.0
    band = gas_band(3.0, r2, 2, density)
    assert band.low == pytest.approx(bkt_factor(density * r2) * density / 3.0, rel=3e-3)
    assert band.high == pytest.approx(bkt_factor(4.0 * density * r2) * density / 3.0, rel=3e-3)
    assert not band.flags and band.low < bkt_factor(density * r2) * density / 3.0
    small = gas_band(3.0, 0.2, 2, density)  # a pair below a lattice constant counts as one
    assert small.low == pytest.approx(gas_band(3.0, 1.0, 2, density).low)


def test_ends_move_on_without_a_jump_in_two_dimensions() -> None:
    edge = 0.25 * DENSEST_2D
    below, above = (gas_band(1.0, 1.0, 2, edge * (1.0 + by)) for by in (-1e-9, 1e-9))
    assert below.low == pytest.approx(above.low) and below.high == pytest.approx(above.high)
    assert not below.flags and above.flags


def test_hard_spheres_in_three_dimensions() -> None:
    density = 1e-5
    ideal = float(transition_temperature(2.0, 1.0, 3, None, density))
    band = gas_band(2.0, 1.0, 3, density)
    assert band.low == pytest.approx(ideal * (1.0 + 1.24 * density ** (1.0 / 3.0)))
    assert band.high == pytest.approx(ideal * (1.0 + 1.34 * 2.0 * density ** (1.0 / 3.0)))
    assert not band.flags and bec_factor(1e-4) == pytest.approx(1.0599, abs=1e-4)
    dense, touching = gas_band(2.0, 1.0, 3), float(transition_temperature(2.0, 1.0, 3))
    assert (dense.low / touching, dense.high / touching) == pytest.approx((0.691, 1.0622), abs=1e-3)
    assert texts(dense) == ["gas band outside the range of its formula: n a^3 > 0.0001"]


def test_charged_pairs() -> None:
    """r_s by hand: pairs of mass 5 with 4V/r = 3.2/r have a Bohr radius of 1/16, and 1/√(πn) = R."""
    assert coulomb_radius(5.0, 1.0 / math.pi, 0.8) == pytest.approx(16.0)
    band = gas_band(5.0, 1.0, 2, tail=0.8)
    unit = NELSON_KOSTERLITZ / (5.0 * math.pi)
    assert (band.low, band.high) == pytest.approx((0.6 * unit, 0.9 * unit)) and not band.flags
    for tail in (0.04, 3.6):
        assert texts(gas_band(5.0, 1.0, 2, tail=tail)) == [
            "gas band outside the range of its formula: r_s not within 1 to 70"
        ]
    neutral, attracting = gas_band(5.0, 1.0, 2, 1e-4), gas_band(5.0, 1.0, 2, 1e-4, -0.1)
    assert attracting.low == neutral.low and attracting.flags and not neutral.flags
    assert texts(gas_band(5.0, 1.0, 3, tail=0.8)) == [
        "gas band outside the range of its formula: charged in 3D"
    ]


def test_chains_have_no_band() -> None:
    with pytest.raises(ValueError, match="dimension 1"):
        gas_band(1.0, 1.0, 1)
