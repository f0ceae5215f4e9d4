"""Maxima that binding limits: the crossing is exact on known curves, has right errors on noisy ones, and is
named."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hpcbip.statistics.notation import with_short_error
from hpcbip.superconductivity.maximum import find_maximum
from hpcbip.superconductivity.peaks import Peak, find_peak, tops
from hpcbip.superconductivity.scans import Scan
from hpcbip.superconductivity.suggestions import suggest
from tests.superconductivity.curves import (
    ALONG_U,
    KINK,
    LIMITED,
    LIMITED_ABOVE,
    LIMITS,
    OPEN,
    Truth,
    record,
    scan_points,
    scans,
)


def scan_of(truth: Truth, seed: int | list[int] = 1, places: Any = None) -> Scan:
    return scans(*truth.campaign(seed, places), (truth.axis,))[0]


def changed(truth: Truth, seed: int = 1, **entries: Any) -> Peak:
    """The peak of a campaign whose records have other entries."""
    records, replicates = truth.campaign(seed)
    return find_peak(scans([entry | entries for entry in records], replicates, (truth.axis,))[0])


# Exact


@pytest.mark.parametrize("name", LIMITS)
def test_crossings_of_known_curves_are_exact(name: str) -> None:
    truth = LIMITS[name]
    assert truth.binding is not None
    grid = np.linspace(truth.places[0], truth.places[-1], 121)
    curves = np.array([truth.log_mass(grid), truth.log_size(grid), truth.binding(grid)])
    top = tops(scan_of(truth), grid, np.stack([curves, curves]))
    position, log_height = truth.maximum
    assert top.position == pytest.approx(position, abs=1e-4 * np.ptp(grid))
    assert top.log_height == pytest.approx(log_height, abs=1e-5)
    assert list(top.binding) == [name != "open"] * 2 and not top.unbound.any() and not top.kink.any()
    assert list(top.end) == [0, 0]


def test_binding_far_above_changes_nothing() -> None:
    grid = np.linspace(0.3, 1.2, 121)
    curves = np.array([KINK.log_mass(grid), KINK.log_size(grid), np.full_like(grid, 5.0)])
    with_binding, without = (tops(scan_of(KINK), grid, rows) for rows in (curves, curves[:2]))
    assert with_binding.position == without.position and with_binding.log_height == without.log_height
    assert with_binding.kink and not with_binding.limited


def test_where_nothing_is_bound_the_place_nearest_to_it_is_told() -> None:
    grid = np.linspace(0.3, 1.2, 121)
    curves = np.array([KINK.log_mass(grid), KINK.log_size(grid), 0.03 * grid])
    top = tops(scan_of(KINK), grid, curves)
    assert top.unbound and top.limited and not top.binding and top.position == 1.2 and top.end == 1


# Errors


@pytest.mark.slow
def test_crossings_are_within_one_error_in_68_percent() -> None:
    """Four kinds, Δ/Ω to 0.02 and Tc to 2 to 3 % at seven points (six along U), also where it is open what
    limits Tc. Limits of 3.3 standard deviations: 1 false alarm in 1000 per comparison; bias as there."""
    pulls = []
    for truth in LIMITS.values():
        position, log_height = truth.maximum
        for i in range(50):
            peak = find_peak(scan_of(truth, [i, 17]))
            height = math.exp(log_height)
            pulls.append(
                ((peak.position - position) / peak.position_err, (peak.height - height) / peak.height_err)
            )
    found, trials = np.array(pulls), len(pulls)
    width = 3.29 * math.sqrt(0.683 * 0.317 / trials)
    covered = (np.abs(found) < 1.0).mean(axis=0)
    assert np.all(np.abs(covered - 0.683) < width), covered
    assert np.all(np.abs(found.mean(axis=0)) < 0.3 + 1.0 / math.sqrt(trials)), found.mean(axis=0)


def test_errors_grow_with_that_of_the_binding_energy() -> None:
    sharp, blunt = (changed(LIMITED, binding_energy_err=error) for error in (0.01, 0.04))
    assert 2.0 < blunt.position_err / sharp.position_err < 6.0
    assert sharp.position_err == pytest.approx(math.hypot(sharp.position_stat, sharp.position_interpolation))
    assert sharp.height_err == pytest.approx(math.hypot(sharp.height_stat, sharp.height_interpolation))


def test_probability_that_binding_decides() -> None:
    """Near one where Δ is far below the top of the formula, in between where it is within its error."""
    limited, undecided, free = (find_peak(scan_of(truth, 2)) for truth in (LIMITED, OPEN, KINK))
    assert limited.at_binding > 0.99 and not limited.open and limited.kind == "binding"
    assert 0.16 < undecided.at_binding < 0.84 and undecided.open
    assert free.at_binding == 0.0 and free.kind == "kink" and free.margin == pytest.approx(1.8, abs=0.05)
    assert abs(undecided.margin or 9.0) < (undecided.margin_err or 0.0)
    assert limited.formula_height is not None and limited.formula_height > limited.height


def test_one_wrong_binding_energy_is_seen() -> None:
    """One of twelve off by fifteen errors beside the crossing."""
    records, replicates = LIMITED.campaign(3, np.linspace(0.5, 1.1, 12))
    assert "peak_not_smooth" not in find_peak(scans(records, replicates)[0]).flag_codes
    records[6]["binding_energy"] += 0.3
    assert "peak_not_smooth" in find_peak(scans(records, replicates)[0]).flag_codes


# Words


def test_statement_of_a_limited_maximum() -> None:
    peak = find_peak(scan_of(LIMITED))
    assert peak.statement == (
        "square, t/Ω = 1, U = 8t: Tc/Ω is limited by binding: it meets Δ/Ω at "
        f"{with_short_error(peak.height, peak.height_err)} at λ = "
        f"{with_short_error(peak.position, peak.position_err)}; "
        f"the formula goes on to {peak.formula_height:.3g} at λ = {peak.formula_position:.3g}, "
        f"where Δ - Tc = {with_short_error(peak.margin or 0.0, peak.margin_err or 0.0)} Ω"
    )
    assert peak.flag_codes == ["peak_limited_by_binding"]


def test_statement_where_it_is_open_what_limits() -> None:
    assert "peaks at" in (statement := find_peak(scan_of(OPEN, 2)).statement)
    assert "(open whether binding limits it: Δ - Tc = " in statement


def test_statement_where_no_maximum_counts() -> None:
    peak = changed(KINK, binding_energy=0.01)
    free = find_peak(scan_of(KINK))
    assert peak.kind == "unbound" and not peak.limit and peak.at_binding == 1.0
    assert (peak.position, peak.height) == (free.position, free.height)
    assert peak.height_err == pytest.approx(free.height_err, rel=0.15)
    assert (
        "nowhere known to be below the binding energy: no maximum counts; the formula's is" in peak.statement
    )
    assert peak.flag_codes == ["peak_above_binding"]


def test_a_crossing_along_u_is_approached_from_below() -> None:
    peak = find_peak(scan_of(LIMITED_ABOVE))
    assert peak.kind == "binding" and peak.formula_position is not None
    assert peak.position < peak.formula_position < ALONG_U.places[-1]
    assert "U = " in peak.statement


# Searches


def test_of_a_surface() -> None:
    """Δ = Tc along a line in the plane of λ and U: the highest place on it, found on a grid by hand."""

    def binding(lam: Any, u: Any) -> Any:
        return 0.5 * (lam - 0.3) + 0.01 * (8.0 - u)

    def log_height(lam: Any, u: Any) -> Any:
        return -1.0 - (lam - 0.5) ** 2 - 0.01 * (u - 8.0) ** 2

    points = []
    for lam in (0.4, 0.65, 0.9, 1.15):
        for u in (2.0, 6.0, 10.0, 14.0):
            size, unit = 0.5, 1.84 / math.pi
            mass = unit / math.exp(log_height(lam, u))
            points.append(
                record(**{"lambda": lam, "U": u}, mass=mass, size=size, errors=(0.005 * mass, 0.01 * size))
                | {"binding_energy": binding(lam, u), "binding_energy_err": 0.005}
            )
    lam, u = np.meshgrid(np.linspace(0.4, 1.15, 1501), np.linspace(2.0, 14.0, 1201), indexing="ij")
    tc = np.exp(log_height(lam, u))
    best = np.where(binding(lam, u) > tc, tc, 0.0).argmax()
    maximum = find_maximum(scans(points, None, ("lambda", "U"))[0])
    assert maximum.position == pytest.approx((lam.flat[best], u.flat[best]), rel=0.03)
    assert maximum.height == pytest.approx(tc.flat[best], rel=0.01)
    assert maximum.at_binding > 0.9 and "(limited by binding)" in maximum.statement
    free = find_maximum(scans([p | {"binding_energy": 3.0} for p in points], None, ("lambda", "U"))[0])
    assert free.at_binding == 0.0 and free.height > maximum.height


def test_no_target_on_the_margin_where_binding_is_far_above() -> None:
    found = suggest(scan_points(*KINK.campaign(1, np.linspace(0.55, 1.0, 19))))
    assert [one.observable for one in found if one.kind == "tighten"] == ["tc_over_omega"]


def test_more_of_the_binding_energy_where_it_is_what_is_not_known() -> None:
    """Δ to 0.05 with Tc to half a per cent: the target is one on Δ - Tc, and helps."""
    records, replicates = LIMITED.campaign(1, np.linspace(0.55, 1.15, 13))
    for entry in records:
        for name in ("mass_bipolaron_err", "radius2_err", "tc_over_omega_err"):
            entry[name] *= 0.2
        entry["binding_energy_err"] = 0.05
    (tighten,) = [one for one in suggest(scan_points(records, replicates)) if one.kind == "tighten"]
    assert tighten.observable == "binding_margin" and "for binding_margin, Δ - Tc, " in tighten.why
    assert tighten.target is not None and 0.1 < tighten.target < 0.8 * 0.05 / 0.186
    assert tighten.expected is not None and 0.4 < tighten.expected < 0.95


def test_beyond_the_end_towards_which_pairs_become_bound() -> None:
    records, replicates = KINK.campaign(1, np.linspace(0.3, 0.7, 5))
    for entry in records:
        entry["binding_energy"] = 0.05 * entry["lambda"]
    found = suggest(scan_points(records, replicates))
    assert [(one.kind, one.parameters["lambda"]) for one in found] == [("extend", 0.9)]


def test_where_neither_tc_nor_binding_is_resolved_there_is_no_maximum() -> None:
    """Weak coupling: Δ = 0.0(1), of which some is above Tc by chance, by two errors in one campaign of twenty
    or so (at least 9 of 12 free of that: 1 false alarm in 300). The way out is that of growing Tc."""
    truth = replace(KINK, binding=lambda x: 0.0 * x, binding_error=0.1)
    peaks = [find_peak(scan_of(truth, seed, (0.15, 0.25, 0.35, 0.45))) for seed in range(12)]
    assert {peak.end for peak in peaks} == {1}
    assert sum(peak.kind == "unbound" for peak in peaks) >= 9
