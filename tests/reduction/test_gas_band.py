"""The gas band in the record of a point."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.reduction.test_points import make, point
from tests.store.synthetic import sector_bins


def test_gas_band_is_that_of_mass_size_and_density(tmp_path: Path) -> None:
    """It does not depend on the prefactor of Tc, speaks against nothing, and is there where Tc is."""
    plan = make(tmp_path)
    one, two = sector_bins(plan, "polaron", bins=200), sector_bins(plan, "bipolaron", bins=200, seed=2)
    record, half, dilute = (
        point(plan, one, two, **words) for words in ({}, {"prefactor": "published"}, {"density": 1e-3})
    )
    upper = 0.5 / record["mass_bipolaron"] / record["radius2"] / 1.5
    assert record["tc_over_omega_gas_high"] == pytest.approx(upper)
    assert half["tc_over_omega_gas_low"] == pytest.approx(record["tc_over_omega_gas_low"])
    assert record["tc_over_omega_gas_flags"] and record["tc_valid"] and not record["flags"]
    assert dilute["tc_over_omega_gas_flags"] == []
    assert dilute["tc_over_omega_gas_low"] * 1.5 * dilute["mass_bipolaron"] / 1e-3 == pytest.approx(
        2.0 * math.pi / math.log(383.0 / (4.0 * math.pi) * math.log(1e3 / record["radius2"]))
    )
    missing = point(plan, one, None)
    assert missing["tc_over_omega_gas_low"] is None and missing["tc_over_omega_gas_flags"] is None
