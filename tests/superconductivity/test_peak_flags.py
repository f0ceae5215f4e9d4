"""Every flag of a maximum is raised where it should be, and alone where nothing else is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hpcbip.reduction.peaks import scan_points
from hpcbip.superconductivity import peaks
from hpcbip.superconductivity.peaks import Peak
from hpcbip.vocabulary.flags import PEAK_FLAGS
from tests.superconductivity.curves import KINK, LIMITED, OPEN, Truth


def find_peaks(records: list[dict[str, Any]], replicates: Any = None) -> list[Peak]:
    return peaks.find_peaks(scan_points(records, replicates))


def test_points_without_mass_are_left_out_and_named() -> None:
    records, replicates = KINK.campaign(1)
    records[0]["mass_bipolaron"] = None
    records[0]["flags"] = ["no bipolaron bins"]
    peak = find_peaks(records, replicates)[0]
    assert peak.points == 6
    assert "points without mass or size left out: λ = 0.3 (no bipolaron bins)" in peak.flags


def test_peak_on_flagged_points_says_so() -> None:
    records, replicates = KINK.campaign(1)
    for entry in records:
        if 0.7 < entry["lambda"] < 0.95:
            entry.update(tc_valid=False, flags=["statistics not converged"])
    flags = find_peaks(records, replicates)[0].flags
    assert flags == [
        "peak rests on flagged points: "
        "λ = 0.75 (statistics not converged), λ = 0.9 (statistics not converged)"
    ]


def test_flagged_points_far_from_the_peak_are_left_out_of_its_curve() -> None:
    """With m* ten times too large there and a small error they would bend it."""
    records, replicates = KINK.campaign(1)
    true = find_peaks(records, replicates)[0]
    first = min(entry["lambda"] for entry in records)
    for entry in records:
        if entry["lambda"] == first:
            entry.update(tc_valid=False, flags=["beta short"])
            entry["mass_bipolaron"] *= 10.0
    peak = find_peaks(records, replicates)[0]
    assert not peak.flags and peak.points == true.points - 1
    assert abs(peak.height - true.height) < true.height_err
    assert abs(peak.position - true.position) < true.position_err


def test_tc_above_the_binding_energy_at_the_top_limits_the_peak() -> None:
    records, replicates = KINK.campaign(1)
    for entry in records:
        entry["binding_energy"] = 0.5 * entry["lambda"] ** 4  # 0.18 at the top
    assert find_peaks(records, replicates)[0].flags == ["limited by binding"]
    for entry in records:
        entry["binding_energy"] = 0.05 * entry["lambda"]
    assert find_peaks(records, replicates)[0].flags == ["Tc >= binding energy at the peak"]
    for entry in records:
        entry["binding_energy"] = None
    assert "binding energy unknown at the peak" in find_peaks(records, replicates)[0].flags


def test_points_whose_pairs_are_not_bound_are_what_the_crossing_rests_on() -> None:
    """Their flags say what the curve of Δ says; any other flag still counts."""
    records, replicates = LIMITED.campaign(1)
    for entry in records[:4]:
        entry.update(tc_valid=False, flags=["not bound"], flag_codes=["not_bound"])
    assert find_peaks(records, replicates)[0].flags == ["limited by binding"]
    records[3].update(flags=["not bound", "beta short"], flag_codes=["not_bound", "beta_short"])
    assert "peak rests on flagged points: λ = 0.75 (not bound, beta short)" in (
        find_peaks(records, replicates)[0].flags
    )


def test_curve_that_no_smooth_one_describes_is_flagged() -> None:
    records, replicates = KINK.campaign(1, np.linspace(0.3, 1.2, 12))
    records[5]["mass_bipolaron"] *= 1.5
    assert "smooth curve does not describe the points" in find_peaks(records, replicates)[0].flags


def campaign_with(places: Any = None, **changed: Any) -> list[dict[str, Any]]:
    """Records of the kink with other entries."""
    return [{**entry, **changed} for entry in KINK.campaign(1, places)[0]]


def one_wrong() -> list[dict[str, Any]]:
    records = campaign_with(np.linspace(0.3, 1.2, 12))
    records[5]["mass_bipolaron"] *= 1.5
    return records


def of(truth: Truth, seed: int = 1) -> list[dict[str, Any]]:
    return truth.campaign(seed)[0]


def one_left_out() -> list[dict[str, Any]]:
    records = campaign_with()
    records[0]["mass_bipolaron"] = None
    return records


FLAGGED = {
    "peak_at_end": campaign_with(np.linspace(0.3, 0.6, 5)),
    "peak_few_points": campaign_with((0.6, 0.8, 1.0)),
    "peak_not_smooth": one_wrong(),
    "peak_on_flagged_points": campaign_with(tc_valid=False, flags=["beta short"]),
    "peak_points_left_out": one_left_out(),
    "peak_binding_unknown": campaign_with(binding_energy=None),
    "peak_above_binding": campaign_with(binding_energy=0.01),
    "peak_limited_by_binding": of(LIMITED),
    "peak_binding_open": of(OPEN, 2),
}


@pytest.mark.parametrize("code", PEAK_FLAGS)
def test_every_flag_of_a_peak_is_raised_alone(code: str) -> None:
    peak = find_peaks(FLAGGED[code])[0]
    assert peak.flag_codes == [code] and len(peak.flags) == 1
