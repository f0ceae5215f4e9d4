"""Maxima of Tc: exact on known curves, right errors on noisy ones, honest words."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hpcbip.reduction.peaks import scan_points
from hpcbip.statistics.notation import with_short_error
from hpcbip.statistics.smooth import smooth
from hpcbip.superconductivity import peaks
from hpcbip.superconductivity.peaks import Peak, find_peak, place_name, tops
from hpcbip.superconductivity.scans import Scan
from tests.superconductivity.curves import ALONG_U, CORRELATION, KINK, TRUTHS, Truth, record, scans


def scan_of(truth: Truth, seed: int | list[int] = 1, places: Any = None) -> Scan:
    records, replicates = truth.campaign(seed, places)
    return scans(records, replicates, (truth.axis,))[0]


def peak_of(records: list[dict[str, Any]], axis: str = "lambda") -> Peak:
    return find_peak(scans(records, None, (axis,))[0])


def find_peaks(records: list[dict[str, Any]], replicates: Any = None) -> list[Peak]:
    return peaks.find_peaks(scan_points(records, replicates))


def line(*values: tuple[float, dict[str, Any]]) -> list[dict[str, Any]]:
    return [record(**{"lambda": lam}, **other) for lam, other in values]


# Exact


@pytest.mark.parametrize("name", TRUTHS)
def test_maxima_of_known_curves_are_exact(name: str) -> None:
    truth = TRUTHS[name]
    grid = np.linspace(truth.places[0], truth.places[-1], 121)
    curves = np.array([truth.log_mass(grid), truth.log_size(grid)])
    top = tops(scan_of(truth), grid, np.stack([curves, curves]))
    position, log_height = truth.maximum
    assert top.position == pytest.approx(position, abs=1e-4 * np.ptp(grid))
    assert top.log_height == pytest.approx(log_height, abs=1e-6)
    assert list(top.kink) == [name in ("kink", "along U")] * 2
    assert list(top.end) == [0, 0]


def test_ends_of_the_scan_are_told_apart() -> None:
    grid = np.linspace(0.0, 1.0, 121)
    rising = np.array([[-grid, -1.0 + 0.0 * grid], [grid, -1.0 + 0.0 * grid]])
    top = tops(scan_of(KINK), grid, rising)
    assert list(top.end) == [1, -1]
    assert top.position == pytest.approx([1.0, 0.0])


@pytest.mark.parametrize("lattice", ["square", "cubic"])
@pytest.mark.parametrize("size", [0.6, 1.9])
@pytest.mark.parametrize("density", [None, 0.05])
def test_curve_goes_through_the_tc_of_the_records(lattice: str, size: float, density: float | None) -> None:
    """ln Tc from the curves is that of the reduction, in two and three dimensions, at either density."""
    points = [
        record(
            lattice=lattice, mass=2.0 + k, size=size, omega=0.5 + 0.1 * k, density=density, **{"lambda": 0.7}
        )
        for k in range(3)
    ]
    scan = scans(points, None, ("t/omega",))[0]
    assert np.exp(scan.log_tc(scan.x, scan.y)) == pytest.approx(
        [point.tc for point in scan.points], rel=1e-12
    )
    assert scan.saturates == (density is None)


def test_chains_have_no_peak() -> None:
    points = [
        record(**{"lambda": lam}) | {"lattice": "chain", "tc_over_omega": None} for lam in (0.1, 0.2, 0.3)
    ]
    assert find_peaks(points) == []


def test_mass_of_an_anisotropic_pair_is_the_geometric_mean() -> None:
    points = [
        record(**{"lambda": lam}) | {"mass_bipolaron[1]": 2.0, "mass_bipolaron[2]": 8.0} for lam in (0.1, 0.2)
    ]
    assert np.exp(scans(points)[0].y[0]) == pytest.approx(4.0)


# Errors


@pytest.mark.slow
@pytest.mark.parametrize("name", TRUTHS)
def test_position_and_height_are_within_one_error_in_68_percent(name: str) -> None:
    """Seven points (six along U) with Tc known to 2 to 3 %; bias below 0.3 errors.

    Limits of 3.3 standard deviations: 1 false alarm in 1000 per comparison.
    """
    truth, trials = TRUTHS[name], 200
    position, log_height = truth.maximum
    pulls = np.empty((trials, 2))
    for i in range(trials):
        peak = find_peak(scan_of(truth, [i, 17]))
        assert not peak.limit
        pulls[i] = (
            (peak.position - position) / peak.position_err,
            (peak.height / math.exp(log_height) - 1.0) / (peak.height_err / peak.height),
        )
    width = 3.29 * math.sqrt(0.683 * 0.317 / trials)
    covered = (np.abs(pulls) < 1.0).mean(axis=0)
    assert np.all(np.abs(covered - 0.683) < width), covered
    assert np.all(np.abs(pulls.mean(axis=0)) < 0.3 + 1.0 / math.sqrt(trials)), pulls.mean(axis=0)


@pytest.mark.slow
def test_points_that_missed_the_tail_of_the_size_do_not_pull_the_curve_down() -> None:
    """Blocks of skewness 2 (a production point's, docs/method/statistics.md): low values of R² come with low
    errors. Weights from the points' own errors move the maximum by 0.5 errors to the left here; limits as
    above."""
    trials, pulls = 200, np.empty((200, 2))
    places, (position, log_height) = np.linspace(0.45, 1.1, 9), KINK.maximum
    for i in range(trials):
        peak = find_peak(scans(*KINK.campaign([i, 18], places, skew=2.0))[0])
        height = math.exp(log_height)
        pulls[i] = (peak.position - position) / peak.position_err, (peak.height - height) / peak.height_err
    assert np.all(np.abs(pulls.mean(axis=0)) < 0.3 + 1.0 / math.sqrt(trials)), pulls.mean(axis=0)
    width = 3.29 * math.sqrt(0.683 * 0.317 / trials)
    assert np.all((np.abs(pulls) < 1.0).mean(axis=0) > 0.683 - width)


def test_errors_are_smoothed_per_bin() -> None:
    """A point of few bins keeps its larger error; one whose error came out low by a factor of 0.4 is lifted
    by 1.5 and more, though it is among those that the smooth curve goes through, and pulls on its
    neighbours."""
    records, replicates = KINK.campaign(4)
    for entry, share in zip(records, (1.0, 1.0, 0.25, 1.0, 1.0, 1.0, 1.0), strict=True):
        entry["bins_bipolaron"] *= share
        for name in ("mass_bipolaron", "radius2"):
            entry[f"{name}_err"] /= math.sqrt(share)
    records[4]["radius2_err"] *= 0.4
    scan = scans(records, replicates)[0]
    errors = np.sqrt(np.diagonal(scan.noise, axis1=1, axis2=2)) / [[0.012, 0.03]]
    assert errors[2] == pytest.approx([2.0, 2.0], rel=0.25)
    assert 0.6 < errors[4, 1] < 1.0 and np.all(np.abs(np.log(errors[[0, 1, 3, 5, 6]])) < 0.3)


@pytest.mark.parametrize("name", TRUTHS)
def test_jackknife_agrees_with_the_bootstrap(name: str) -> None:
    """Blocks of every point drawn again with replacement, same smoothing: the spread is the jackknife's
    error.

    400 draws know a spread to 3.5 %, and 48 blocks draw it 1 % low.
    """
    truth = TRUTHS[name]
    records, replicates = truth.campaign(5)
    scan = scans(records, replicates, (truth.axis,))[0]
    peak = find_peak(scan)
    grid = np.linspace(scan.x.min(), scan.x.max(), 121)
    weights, mean = scan.curves.weights(grid), scan.curves.mean(grid)
    rng = np.random.default_rng(6)
    moved = np.repeat(mean[None], 400, axis=0)
    for i, point in enumerate(scan.points):
        left_out = np.log(point.replicates)
        n = len(left_out)
        rows = n * left_out.mean(axis=0) - (n - 1.0) * left_out  # pseudo-values: the blocks themselves
        means = rows[rng.integers(0, n, (400, n))].mean(axis=1) - rows.mean(axis=0)
        moved += np.einsum("kml,sl->skm", weights[..., i], means)
    drawn = tops(scan, grid, moved)
    assert drawn.position.std() == pytest.approx(peak.position_stat, rel=0.15)
    assert drawn.log_height.std() == pytest.approx(peak.height_stat / peak.height, rel=0.15)


def test_replicates_are_scaled_to_the_error_of_the_record() -> None:
    """Blocks may be correlated; the record's error knows. Shape and correlation are the replicates'."""
    records, replicates = KINK.campaign(3)
    for entry in records:
        entry["mass_bipolaron_err"] *= 2.0
    scan, plain = (scans(points, replicates)[0] for points in (records, KINK.campaign(3)[0]))
    assert scan.noise[:, 0, 0] == pytest.approx(4.0 * plain.noise[:, 0, 0])
    assert scan.noise[:, 1, 1] == pytest.approx(plain.noise[:, 1, 1])
    assert scan.noise[:, 0, 1] == pytest.approx(2.0 * plain.noise[:, 0, 1])


def test_without_replicates_the_errors_and_the_correlation_of_the_records_are_taken() -> None:
    records, _ = KINK.campaign(3)
    first, scan = records[0], scans(records[:4])[0]  # of more points they are smoothed
    relative = [first[f"{name}_err"] / first[name] for name in ("mass_bipolaron", "radius2")]
    covariance = CORRELATION * relative[0] * relative[1]
    expected = np.array([[relative[0] ** 2, covariance], [covariance, relative[1] ** 2]])
    assert scan.noise[0] == pytest.approx(expected, rel=2e-3)
    with_replicates, without = find_peak(scan_of(KINK, 3)), find_peak(scans(records)[0])
    assert without.position_stat == pytest.approx(with_replicates.position_stat, rel=0.2)
    assert without.height_stat == pytest.approx(with_replicates.height_stat, rel=0.2)


def test_mass_and_size_that_move_as_one_are_no_trouble() -> None:
    records, replicates = KINK.campaign(3)
    for entry in records:
        replicates[entry["point"]][:, 1] = replicates[entry["point"]][:, 0]
    assert find_peaks(records, replicates)[0].height_err > 0.0


def test_error_is_statistics_and_interpolation_in_quadrature_and_the_same_every_time() -> None:
    peak = find_peak(scan_of(KINK))
    assert peak.position_err == pytest.approx(math.hypot(peak.position_stat, peak.position_interpolation))
    assert peak.height_err == pytest.approx(math.hypot(peak.height_stat, peak.height_interpolation))
    again = find_peak(scan_of(KINK))
    assert replace(peak, p_value=0.0) == replace(again, p_value=0.0)


def test_interpolation_counts_where_points_are_few_and_vanishes_where_they_are_dense() -> None:
    few, many = (find_peak(scan_of(KINK, 2, np.linspace(0.3, 1.2, n))) for n in (4, 19))
    assert few.position_interpolation > 3.0 * many.position_interpolation
    assert many.position_interpolation < many.position_stat


def test_systematic_error_is_that_of_the_points_at_the_peak() -> None:
    records, replicates = KINK.campaign(1)
    assert find_peaks(records, replicates)[0].height_sys is None
    for entry in records:
        entry["tc_over_omega_sys"] = 0.02 * entry["tc_over_omega"]
    records[0]["tc_over_omega_sys"] = records[0]["tc_over_omega"]  # far away
    peak = find_peaks(records, replicates)[0]
    assert peak.height_sys == pytest.approx(0.02 * peak.height)


# Curves of a scan


def test_one_peak_per_curve_of_at_least_three_points_along_every_axis() -> None:
    points = [
        record(**{"lambda": lam, "U": u, "omega": omega}, mass=1.0 + lam + 0.1 * u, size=2.0 - lam)
        for lam in (0.5, 0.7, 0.9)
        for u in (0.0, 4.0, 8.0, 12.0)
        for omega in (0.5, 1.0)
    ]
    found = find_peaks(points)
    assert [sum(peak.axis == axis for peak in found) for axis in ("lambda", "U", "t/omega")] == [8, 6, 0]
    assert found[0].label == "square, t/Ω = 2, U = 0"
    assert {peak.points for peak in found if peak.axis == "U"} == {4}


def test_position_along_u_is_in_units_of_t() -> None:
    records, replicates = ALONG_U.campaign(1)
    plain = find_peaks(records, replicates)[0]
    for entry in records:  # the same physics with t = 2
        for name in ("t", "U", "omega", "binding_energy", "g"):
            entry[name] *= 2.0
    twice = find_peaks(records, replicates)[0]
    assert twice.position == pytest.approx(plain.position)
    assert twice.height == pytest.approx(plain.height)
    assert twice.statement == plain.statement


# Words


def test_statement_at_the_kink() -> None:
    peak = find_peak(scan_of(KINK))
    assert peak.at_kink > 0.9
    assert peak.statement == (
        f"square, t/Ω = 1, U = 8t: Tc/Ω peaks at {with_short_error(peak.height, peak.height_err)} at λ = "
        f"{with_short_error(peak.position, peak.position_err)}, "
        "at the kink where R² = 1 and the density saturates"
    )
    assert peak.flags == []


def test_statement_at_a_smooth_maximum_says_nothing_of_a_kink() -> None:
    peak = find_peak(scan_of(TRUTHS["smooth"]))
    assert peak.at_kink < 0.1
    assert "kink" not in peak.statement


def test_maximum_at_the_end_is_only_a_bound() -> None:
    peak = find_peak(scan_of(KINK, 1, np.linspace(0.3, 0.6, 5)))
    assert peak.limit
    assert peak.position == pytest.approx(0.6)
    assert peak.flags == ["end of the scan"]
    assert "highest at the end of the scan" in peak.statement
    assert "at λ = 0.6: a bound, no peak" in peak.statement


def test_three_points_are_too_few_to_be_sure() -> None:
    assert "too few points" in find_peak(scan_of(KINK, 1, (0.6, 0.8, 1.0))).flags


def test_places_have_their_units() -> None:
    assert place_name("U", 8.12, 0.31) == "U = 8.1(3)t"
    assert place_name("t/omega", 2.0) == "t/Ω = 2"


def test_smoothing_is_of_logarithms() -> None:
    scan = scan_of(KINK)
    same = smooth(scan.x, scan.y, scan.noise)
    assert scan.curves.mean([0.7]) == pytest.approx(same.mean([0.7]))
    assert scan.y[0, 0] == pytest.approx(math.log(scan.points[0].mass or 0.0))


def test_errors_do_not_depend_on_the_last_digits_of_the_points_errors() -> None:
    """As processors round them: nine digits of them once chose the random numbers."""
    records, _ = KINK.campaign(3)
    names = [name for name in records[0] if name.endswith("_err")]
    moved = [one | {name: one[name] * (1.0 + 3e-9 * k) for name in names} for k, one in enumerate(records, 1)]
    one, other = peak_of(records), peak_of(moved)
    assert other.position_err == pytest.approx(one.position_err, rel=1e-4)
    assert other.height_err == pytest.approx(one.height_err, rel=1e-4)
