"""Tc from mass and size: PHYSICS.md section 3."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import zeta

from hpcbip.superconductivity import (
    BEC_PREFACTOR,
    BKT_PREFACTOR,
    in_kelvin,
    prefactor,
    radius2,
    transition_temperature,
    validity_flags,
)


def test_bkt_default_and_published_prefactor() -> None:
    assert transition_temperature(5.0, 2.0, 2) == pytest.approx(1.84 / math.pi / 10.0)
    assert transition_temperature(5.0, 2.0, 2, prefactor("published", 2)) == pytest.approx(0.05)
    assert prefactor(None, 2) == BKT_PREFACTOR and prefactor(0.7, 2) == 0.7
    assert prefactor(None, 3) == BEC_PREFACTOR == pytest.approx(2 * math.pi / zeta(1.5) ** (2 / 3), rel=1e-12)
    with pytest.raises(ValueError, match="published"):
        prefactor("publisched", 2)


def test_bkt_at_a_density_is_1_84_rho_over_m() -> None:
    assert transition_temperature(4.0, 2.0, 2, density=0.1) == pytest.approx(1.84 * 0.1 / 4.0)


def test_small_pairs_saturate() -> None:
    tc = transition_temperature(np.full(4, 3.0), np.array([0.0, 0.5, 1.0, 1.1]), 2)
    assert tc[0] == tc[1] == tc[2] == pytest.approx(BKT_PREFACTOR / 3.0)
    assert tc[3] == pytest.approx(BKT_PREFACTOR / 3.3)


def test_bec() -> None:
    rho = 3.0 / (4.0 * math.pi * 4.0**1.5)
    assert transition_temperature(2.0, 4.0, 3) == pytest.approx(BEC_PREFACTOR * rho ** (2 / 3) / 2.0)
    assert transition_temperature(2.0, 0.3, 3) == transition_temperature(2.0, 1.0, 3)


def test_radius_is_counted_from_the_centre_of_the_pair() -> None:
    r1, r2 = np.random.default_rng(60).normal(size=(2, 1000, 3))
    from_centre = np.mean(np.sum((r1 - (r1 + r2) / 2.0) ** 2, axis=1))
    assert radius2(np.mean(np.sum((r1 - r2) ** 2, axis=1))) == pytest.approx(from_centre)


def test_chain_has_no_tc_and_does_not_crash() -> None:
    tc = transition_temperature(np.array([1.0, 2.0]), np.array([1.0, 2.0]), 1)
    assert tc.shape == (2,) and np.all(np.isnan(tc))
    assert [flag.code for flag in validity_flags(1, math.nan, 2.0, 1.0, 0.01)] == ["no_tc_in_one_dimension"]
    with pytest.raises(ValueError, match="dimension"):
        transition_temperature(1.0, 1.0, 4)


def test_kelvin() -> None:
    assert in_kelvin(0.2, 30.0) == pytest.approx(69.6, abs=0.1)  # "0.2 × 30 meV = 70 K"


def test_good_point_has_no_flags() -> None:
    assert validity_flags(2, 0.2, 2.0, 0.5, 0.01) == []


@pytest.mark.parametrize(
    "arguments,flag",
    [
        ((2, 0.2, 2.0, 0.2, 0.01), "tc_above_binding"),
        ((2, 0.01, 2.0, 0.019, 0.01), "not_bound"),
        ((2, 0.01, 2.0, -0.5, 0.01), "not_bound"),
        ((2, 0.01, 2.0, None, None), "binding_energy_unknown"),
        ((2, -0.3, 2.0, 0.5, 0.01), "mass_not_resolved"),
        ((2, math.nan, 2.0, 0.5, 0.01), "mass_not_resolved"),
        ((2, 0.2, 2.0, 0.5, 0.01, 0.6), "pairs_overlap"),
    ],
)
def test_flags(arguments: tuple, flag: str) -> None:
    assert [raised.code for raised in validity_flags(*arguments)] == [flag]
