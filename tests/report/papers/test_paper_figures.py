"""Figures of the papers from records whose curves are known: what is drawn, what is named as missing."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hpcbip.report.papers.campaigns import domes, holstein_mass, semiclassical
from hpcbip.report.papers.campaigns.cubic import tail_shifts
from hpcbip.report.papers.figure import NoPoints
from hpcbip.report.papers.registry import find_figure
from hpcbip.report.plotting.picture import Picture
from tests.report.papers.synthetic import atlas, log_mass, log_size, record, scan

RECORDS = atlas()


@pytest.fixture(autouse=True)
def cheap_theories(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holstein_mass, "_STATES", 1500)
    monkeypatch.setattr(holstein_mass, "_COUPLINGS", 4)
    monkeypatch.setattr(domes, "_TEMPERATURES", np.array([0.001, 0.05, 0.15]))


def rows_of(picture: Picture, kind: str, **where: Any) -> list[dict[str, Any]]:
    return [
        dict(row)
        for row in picture.rows
        if row["kind"] == kind and all(row.get(key) == value for key, value in where.items())
    ]


def true_maximum(ratio: float, V: float = 0.0) -> tuple[float, float]:
    """λ and Tc/Ω of the maximum for bond coupling at U = 8t, at the published prefactor, on a fine grid."""
    lams = np.linspace(0.2, 1.2, 20001)
    logs = np.array(
        [log_mass("bond", ratio, lam, 8.0) + max(log_size("bond", lam, 8.0, V, ratio), 0.0) for lam in lams]
    )
    tc = 0.5 * ratio * np.exp(-logs)
    return float(lams[tc.argmax()]), float(tc.max())


def test_domes() -> None:
    picture = find_figure("6").draw(RECORDS)
    for ratio, text in ((1.0, "1"), (2.0, "2"), (10 / 3, "10/3"), (5.0, "5")):
        place, height = true_maximum(ratio)
        (row,) = rows_of(picture, "maximum", curve=f"bond, t/Ω = {text}")
        assert row["tc_over_omega"] == pytest.approx(height, rel=0.01)
        assert row["x"] == pytest.approx(place, abs=0.02)
        assert len(rows_of(picture, "point", curve=f"bond, t/Ω = {text}")) >= 9
        assert {one["tc_prefactor"] for one in rows_of(picture, "point")} == {0.5}
    assert "No points" not in picture.caption and "published prefactor 0.5" in picture.caption
    assert len(rows_of(picture, "published, second-hand")) == 4
    line = rows_of(picture, "Migdal–Eliashberg", curve="bond")
    assert [row["tc_over_omega"] for row in line] == [0.001, 0.05, 0.15] and line[0]["confirmed"]


def test_what_is_missing_is_named() -> None:
    chosen = [
        r for r in RECORDS if r["lattice"] == "square" and r["omega"] == 0.5 and r["coupling"] == "bond"
    ]
    picture = find_figure("domes").draw(chosen)
    expected = (
        "No points for: bond, t/Ω = 1; bond, t/Ω = 10/3; bond, t/Ω = 5; Holstein, t/Ω = 1, U = 0; Holstein"
    )
    assert expected in picture.caption
    assert "No points for: chain, Holstein; square, Holstein" in find_figure("2").draw([]).caption
    for name in (
        "domes",
        "repulsion",
        "cubic",
        "semiclassical-mass",
        "coulomb",
        "triangular",
        "bond-holstein",
        "cloud",
        "cloud-map",
    ):
        with pytest.raises(NoPoints, match="^no "):
            find_figure(name).draw([])


def test_repulsion_shows_one_curve_of_holstein_coupling_per_frequency() -> None:
    picture = find_figure("7").draw(RECORDS)
    points = rows_of(picture, "point")
    holstein = {(row["omega"], row["lambda"]) for row in points if row["coupling"] == "holstein"}
    assert len(holstein) == 2 and {omega for omega, _ in holstein} == {0.5, 1.0}
    bond = {(row["omega"], row["lambda"]) for row in points if row["coupling"] == "bond"}
    assert bond == {(omega, lam) for omega in (1.0, 0.5) for lam in (0.4, 0.5)}
    assert all(row["x"] == row["U"] for row in points)
    assert len(picture.figure.axes) == 4


def test_cubic_and_coulomb_say_what_the_tail_does() -> None:
    picture = find_figure("coulomb").draw(RECORDS)
    (shift,) = rows_of(picture, "effect of V", curve="bond, t/Ω = 2")
    without, with_tail = true_maximum(2.0), true_maximum(2.0, 0.8)
    assert shift["tc_over_omega"] == pytest.approx(
        with_tail[1] - without[1], abs=4.0 * shift["tc_over_omega_err"]
    )
    assert shift["tc_over_omega"] < -0.05 and shift["x"] > 0.1 and "The Coulomb tail moves" in picture.caption
    cubic = find_figure("8").draw(RECORDS)
    assert len(rows_of(cubic, "effect of V")) == 2 and "No points" not in cubic.caption
    assert {row["tc_over_omega"] for row in rows_of(cubic, "published, figure")} == {0.27, 0.07}
    assert {round(row["tc_prefactor"], 4) for row in rows_of(cubic, "point")} == {3.3125}


def test_shift_is_a_difference_with_both_errors() -> None:
    def peak(position: float, height: float) -> Any:
        errors = {
            "position_err": 0.03,
            "height_err": 0.004,
            "limit": False,
            "flags": [],
            "flag_codes": [],
            "kind": "smooth",
        }
        return SimpleNamespace(position=position, height=height, **errors)

    def one(V: float) -> Any:
        return SimpleNamespace(records=[record("cubic", "bond", 1.0, 0.5, 8.0, V, (0.0, 0.0))])

    (row,) = tail_shifts([(one(0.0), peak(0.5, 0.3)), (one(0.8), peak(0.6, 0.26))])
    assert (row["x"], row["tc_over_omega"]) == (pytest.approx(0.1), pytest.approx(-0.04))
    assert row["x_err"] == pytest.approx(0.03 * math.sqrt(2))
    assert row["tc_over_omega_err"] == pytest.approx(0.004 * math.sqrt(2))


def test_masses_for_small_frequencies() -> None:
    picture = find_figure("9b").draw(RECORDS)
    found = {row["curve"]: row for row in rows_of(picture, "exponent")}
    for name, p in (("square, t/Ω = 7, U = 0", 0.5), ("square, holstein, t/Ω = 7, U = 0", 1.0)):
        assert (
            found[name]["p"] == pytest.approx(p, abs=4.0 * found[name]["p_err"])
            and found[name]["p_err"] < 0.06
        )
    lines = rows_of(picture, "instanton", curve="square, holstein, t/Ω = 7, U = 0")
    lams, actions = semiclassical.tabulated_actions("holstein", 0.0)
    slope = np.diff([math.log(row["mass_bipolaron"]) for row in lines]).sum() / (
        lines[-1]["x"] - lines[0]["x"]
    )
    inside = np.interp([lines[0]["x"], lines[-1]["x"]], lams, actions)
    assert slope == pytest.approx(7.0 * np.diff(inside)[0] / (lines[-1]["x"] - lines[0]["x"]), rel=1e-6)


def test_no_instanton_is_told_of_where_none_can_be_seen() -> None:
    begins = semiclassical.tabulated_actions("bond", 8.0)[0][0]
    for beyond in (False, True):
        scanned = scan("square", "bond", 7.0, [0.5, 0.6, begins, *([begins + 0.1] if beyond else [])])
        picture = find_figure("9b").draw(scanned)
        assert any(row["kind"] == "instanton" for row in picture.rows) == beyond
        assert ("Dashed" in picture.caption) == beyond
        drawn = {text.get_text() for legend in picture.figure.legends for text in legend.get_texts()}
        assert ("instanton, shifted" in drawn) == beyond


def test_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    triangular = find_figure("triangular").draw(RECORDS)
    assert {row["tc_over_omega"] for row in rows_of(triangular, "published, second-hand")} == {0.3, 0.25}
    both = find_figure("bond-holstein").draw(RECORDS)
    at_zero = [row for row in rows_of(both, "point") if row["x"] == 0.0]
    assert len(at_zero) == 4 and {row["x"] for row in rows_of(both, "point")} == {0.0, 0.2, 0.4, 0.6}
    masses = find_figure("2").draw(RECORDS)
    assert {row["electrons"] for row in rows_of(masses, "exact")} == {
        1,
        2,
    } and "No points" not in masses.caption


def test_flagged_points_are_hollow() -> None:
    def hollow(draw: Callable[..., Picture]) -> int:
        axes = draw(records).figure.axes[0]
        return sum(
            len(line.get_xdata()) for line in axes.get_lines() if line.get_markerfacecolor() == "white"
        )

    records = [dict(one) for one in RECORDS]
    assert hollow(find_figure("triangular").draw) == 0
    for one in records:
        one["tc_valid"] = False
        one["flag_codes"], one["flags"] = ["beta_short"], ["beta short"]
    assert hollow(find_figure("triangular").draw) == 20  # nine points of two curves, and their maxima
