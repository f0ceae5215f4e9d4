"""The phonon cloud along the domes: the figure, the regimes, and points that must not stand in for others."""

from __future__ import annotations

import math
from typing import Any

import pytest

from hpcbip.catalogue.entries import read_records
from hpcbip.report.papers.campaigns.cloud import at_coupling, cloud_domes, sign_change_at_rest
from hpcbip.report.papers.campaigns.domes import DOME_RATIOS
from hpcbip.report.papers.claims.regimes import (
    LARGE,
    OPEN,
    REGIME_CLAIM,
    SIGN,
    WEAK,
    BondCloud,
    regime,
)
from hpcbip.report.papers.figure import NoPoints
from hpcbip.report.papers.points import peaks_along, points_of
from hpcbip.report.papers.registry import find_figure
from hpcbip.vocabulary.cloud import CLOUD_BIPOLARON, CLOUD_POLARON
from tests.report.papers.synthetic import scan

LAMS = [0.2 + 0.125 * k for k in range(9)]
CAMPAIGN = "square-cloud"
NAMES = [observable.name for observable in (*CLOUD_POLARON, *CLOUD_BIPOLARON)]


def with_cloud(records: list[dict[str, Any]], sign: float = 0.01, **changed: float) -> list[dict[str, Any]]:
    """The same points, less well known, with a cloud whose modulation is λ and whose spread is g/t."""
    found = []
    for one in records:
        values = {}
        for name in NAMES:
            value = one["g"] if "spread" in name else sign if "sign" in name else one["lambda"]
            values[name] = changed.get(name, value)
        errors = {f"{name}_err": 0.01 * abs(value) for name, value in values.items()}
        verdicts = {f"{name}_verdict": "converged" for name in NAMES}
        worse = {"tc_over_omega_err": 10.0 * one["tc_over_omega_err"], "campaign": CAMPAIGN}
        found.append(one | values | errors | verdicts | worse)
    return found


def domes(ratios: tuple[float, ...] = (1.0, 2.0, 10 / 3, 5.0)) -> list[dict[str, Any]]:
    return [one for ratio in ratios for one in scan("square", "bond", ratio, LAMS)]


def cloud(modulation: float, spread: float, sign: float, error: float = 0.001) -> BondCloud:
    return BondCloud((modulation, error), (spread, error), (sign, error))


@pytest.mark.parametrize(
    ("clouds", "expected"),
    [
        ([cloud(1.0, 1.0, 0.06)], SIGN),
        ([cloud(0.1, 0.1, 0.01), cloud(1.0, 1.0, 0.06)], SIGN),  # the strongest of the bonds
        ([cloud(0.4, 0.4, 0.01)], LARGE),
        ([cloud(0.3, 0.3, 0.01), cloud(0.4, 0.4, 0.0)], LARGE),
        ([cloud(0.3, 0.3, 0.01), cloud(-0.3, 0.3, 0.0)], WEAK),
        ([cloud(1.0, 1.0, 0.051)], OPEN),  # within two errors of 5 %
        ([cloud(0.3, 0.4, 0.01)], OPEN),  # a root mean square of 0.5
        ([cloud(0.3, 0.4, 0.01), cloud(1.0, 1.0, 0.01)], LARGE),
    ],
)
def test_the_regime_is_that_of_the_strongest_bonds(clouds: list[BondCloud], expected: str) -> None:
    assert regime(clouds) == expected


def test_root_mean_square_has_the_error_of_both_parts() -> None:
    value, error = BondCloud((3.0, 0.1), (4.0, 0.2), (0.0, 0.0)).root_mean_square
    assert value == 5.0 and error == pytest.approx(math.hypot(3.0 * 0.1, 4.0 * 0.2) / 5.0)


def test_interpolation_goes_through_the_points_and_not_beyond_them() -> None:
    records = with_cloud(domes((1.0,)))
    name = "modulation_bipolaron"
    assert at_coupling(records, name, 0.45) == (pytest.approx(0.45), pytest.approx(0.0045))
    middle = 0.45 + 0.0625
    value, error = at_coupling(records, name, middle, 0.1) or (0.0, 0.0)
    assert value == pytest.approx(middle)
    assert error == pytest.approx(math.hypot(0.5 * 0.0045, 0.5 * 0.00575, 0.1))  # that of λ at a slope of one
    assert at_coupling(records, name, 1.3) is None and at_coupling([], name, 0.5) is None


def test_an_oscillator_at_rest() -> None:
    assert sign_change_at_rest({"t": 1.0, "g": 1.0}) == pytest.approx(0.158655, abs=1e-6)
    assert sign_change_at_rest({"t": 2.0, "g": 1.0}) == pytest.approx(0.022750, abs=1e-6)


def test_the_figure_takes_the_cloud_from_its_points_and_the_maximum_from_the_domes() -> None:
    plain = domes()
    picture = find_figure("cloud").draw(plain + with_cloud(plain))
    points = [row for row in picture.rows if row["kind"] == "point"]
    assert len(points) == 4 * len(LAMS) and {row["campaign"] for row in points} == {CAMPAIGN}
    assert {name for row in points for name in NAMES if row[name] is None} == set()
    assert len(picture.figure.axes) == 8 and "No points" not in picture.caption
    for row in (row for row in picture.rows if row["kind"] == "maximum"):
        ratio = {text: value for value, text in DOME_RATIOS}[row["curve"].removeprefix("t/Ω = ")]
        (peak,) = peaks_along(points_of(plain, t_over_omega=ratio), "lambda")
        assert row["x"] == pytest.approx(peak.position) and row["x_err"] == pytest.approx(peak.position_err)
    assert sum(row["kind"] == "maximum" for row in picture.rows) == 4


def test_a_probability_within_its_errors_is_drawn_as_a_limit() -> None:
    records = with_cloud(domes((1.0,)))
    for one in records:
        one["sign_change_between"], one["sign_change_between_err"] = -1e-4, 1e-3
    axes = find_figure("cloud").draw(records).figure.axes[1]
    limits = [line for line in axes.get_lines() if line.get_marker() == "v"]
    heights = {float(y) for line in limits for y in line.get_ydata()}
    assert sorted(heights) == [pytest.approx(3e-3)] and axes.get_ylim()[0] < 3e-3


def test_what_is_missing_is_named() -> None:
    assert (
        "No points for: t/Ω = 1; t/Ω = 10/3; t/Ω = 5."
        in find_figure("cloud").draw(with_cloud(domes((2.0,)))).caption
    )
    with pytest.raises(NoPoints, match="with a phonon cloud"):
        find_figure("cloud").draw(domes())


@pytest.mark.parametrize(
    ("sign", "verdict", "words"),
    [(0.01, "confirmed", LARGE), (0.3, "contradicted", SIGN), (0.05, "open", OPEN)],
)
def test_the_statement_follows_from_the_regime_at_the_maxima(sign: float, verdict: str, words: str) -> None:
    plain = domes((1.0, 2.0))
    found = REGIME_CLAIM.examine(plain + with_cloud(plain, sign, modulation_bipolaron=0.6))
    assert found.verdict == verdict and len(found.comparisons) == 2
    assert found.missing == ["the cloud at t/Ω = 10/3", "the cloud at t/Ω = 5"]
    at_maxima, along = found.numbers[::2], found.numbers[1::2]
    assert all("at the maximum, λ = " in text and f": {words}. " in text for text in at_maxima)
    assert all(f"{words} at λ = 0.2 to 1.2;" in text for text in along)


def test_stretches_of_a_dome_are_told_apart() -> None:
    plain = domes((1.0,))
    records = with_cloud(plain)
    for one in records:
        if one["lambda"] > 0.75:
            one["sign_change_bipolaron"] = 0.2
    found = REGIME_CLAIM.examine(plain + records)
    assert "large modulation at λ = 0.2 to 0.7, changed signs at λ = 0.825 to 1.2;" in found.numbers[-1]
    assert len(found.missing) == 3


def test_without_points_nothing_is_said() -> None:
    found = REGIME_CLAIM.examine(domes())
    assert found.verdict == "open" and not found.numbers and len(found.missing) == 4


def test_points_of_the_cloud_do_not_stand_in_for_those_of_the_domes() -> None:
    """In the atlas they have the same parameters, and a Tc that is known less well."""
    records = read_records()
    assert CAMPAIGN in {one["campaign"] for one in records}
    for ratio, _ in DOME_RATIOS:
        chosen = points_of(records, lattice="square", coupling="bond", U=8.0, V=0.0, t_over_omega=ratio)
        assert CAMPAIGN not in {one["campaign"] for one in chosen}


def test_every_dome_of_the_atlas_has_a_cloud_at_its_maximum() -> None:
    found, missing = cloud_domes(read_records())
    assert not missing and len(found) == 4
    for dome in found:
        assert len(dome.records) >= 10
        assert dome.peak is not None
        value, error = at_coupling(dome.records, "modulation_bipolaron", dome.peak.position) or (0.0, 1.0)
        assert error < 0.05 * value
