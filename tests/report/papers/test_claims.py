"""The claims of the papers: how they are judged, on records whose curves are known, and the page of them."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hpcbip.catalogue.entries import read_records
from hpcbip.cli.papers.claims import claims
from hpcbip.report.papers.claims import comparisons, light_pairs, real_space_pairs, repulsion
from hpcbip.report.papers.claims.claim import Finding, exceeds
from hpcbip.report.papers.claims.page import CLAIMS, examined_claims, page_text
from hpcbip.report.papers.registry import find_figure
from tests.report.papers.pages import differences
from tests.report.papers.synthetic import atlas, record, scan

RECORDS = atlas()
PAGE = Path(__file__).parents[3] / "docs" / "papers" / "claims.md"


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        ([True, True], "confirmed"),
        ([True, None], "confirmed in part"),
        ([True, False, None], "limited"),
        ([False, None], "contradicted"),
        ([None, None], "open"),
        ([], "open"),
    ],
)
def test_a_verdict_follows_from_the_comparisons(told: list[bool | None], verdict: str) -> None:
    assert Finding(told, []).verdict == verdict


def test_a_difference_counts_beyond_two_errors() -> None:
    assert [exceeds(2.1, 1.0), exceeds(-2.1, 1.0), exceeds(1.9, 1.0)] == [True, False, None]


def bond_mass_is(factor: float, records: list[dict[str, Any]], coupling: str) -> list[dict[str, Any]]:
    """The same records with other masses of one coupling."""
    return [
        one | {"mass_bipolaron": factor * one["mass_bipolaron"]} if one["coupling"] == coupling else one
        for one in records
    ]


def test_light_and_small() -> None:
    claim = light_pairs.LIGHT_AND_SMALL
    found = claim.examine(bond_mass_is(100.0, RECORDS, "holstein"))
    assert found.verdict == "confirmed" and "Bond-Peierls: of" in found.numbers[0]
    assert "; light, m*/m0 < 10, are " in found.numbers[0] and "light, m*" not in found.numbers[1]
    heavy = bond_mass_is(1e4, bond_mass_is(1e-4, RECORDS, "holstein"), "bond")
    assert claim.examine(heavy).verdict == "contradicted"
    assert claim.examine([]).verdict == "open"


def test_the_optimum_moves_to_smaller_couplings() -> None:
    found = light_pairs.DOME.examine(RECORDS)
    assert found.verdict in ("confirmed", "confirmed in part") and not found.missing
    places = [float(match[1]) for text in found.numbers if (match := re.search(r"λ = ([\d.]+)", text))]
    assert places == sorted(places, reverse=True)
    turned = [one | {"omega": 1.0 / one["omega"] * one["t"] ** 2} for one in RECORDS]
    assert light_pairs.DOME.examine(turned).verdict != "confirmed"


WIDE, NARROW = [0.2 + 0.125 * k for k in range(9)], [0.05 + 0.08 * k for k in range(6)]


def at_fixed_coupling(growth: float, coupling: str = "bond") -> list[dict[str, Any]]:
    """Points at two λ whose Tc at U = 8t is e^(8 growth) times that at U = 0."""
    return under_repulsion(scan("square", coupling, 1.0, (0.5, 0.6), (0.0, 8.0), seed=3), growth)


def optimised(coupling: str, growth: float) -> list[dict[str, Any]]:
    """Points along λ for U = 0 and 4t: the maximum of Tc, at the same λ, grows as e^(growth U)."""
    lams = WIDE if coupling == "bond" else NARROW
    return under_repulsion(scan("square", coupling, 2.0, lams, (0.0, 4.0), seed=4), growth)


def under_repulsion(points: list[dict[str, Any]], growth: float) -> list[dict[str, Any]]:
    """The same points with the size at U = 0, a mass that falls as e^(-growth U), and Tc to match."""
    plain = {(one["coupling"], one["lambda"]): one for one in points if one["U"] == 0.0}
    found = []
    for one in points:
        same, factor = plain[one["coupling"], one["lambda"]], math.exp(growth * one["U"])
        scaled = {"mass_bipolaron": same["mass_bipolaron"] / factor, "radius2": same["radius2"]}
        scaled["tc_over_omega"] = factor * same["tc_over_omega"]
        found.append(one | scaled | {f"{name}_err": 0.01 * value for name, value in scaled.items()})
    return found


@pytest.mark.parametrize("growth", [0.03, -0.03])
def test_repulsion_at_fixed_coupling(growth: float) -> None:
    """U raises Tc at fixed λ: if it does, all comparisons say so; if it lowers Tc, none does."""
    found = repulsion.REPULSION_CLAIM.examine(at_fixed_coupling(growth))
    assert found.comparisons == [growth > 0.0] * 2
    assert found.verdict == ("confirmed" if growth > 0.0 else "contradicted")
    assert all("at U = 0 and" in text for text in found.numbers) and len(found.missing) == 4
    holstein = at_fixed_coupling(growth, "holstein")
    assert repulsion.REPULSION_CLAIM.examine(holstein).verdict == "open"  # it is said of bond coupling only


@pytest.mark.parametrize("growth", [0.03, -0.03])
@pytest.mark.parametrize("coupling", ["bond", "holstein"])
def test_repulsion_optimised_over_the_coupling(coupling: str, growth: float) -> None:
    """The highest Tc over λ rises with U for bond coupling, and falls for Holstein coupling."""
    found = repulsion.REPULSION_CLAIM.examine(optimised(coupling, growth))
    assert found.comparisons == [(growth > 0.0) == (coupling == "bond")]
    heights = [float(text) for text in re.findall(r"Tc/Ω = ([\d.]+)", found.numbers[0])]
    assert len(heights) == 2 and heights[1] / heights[0] == pytest.approx(math.exp(4.0 * growth), rel=0.01)


def test_repulsion_that_raises_tc_at_fixed_coupling_only() -> None:
    """The order may turn round when λ is optimised at each U: that limits the claim, and both is said."""
    found = repulsion.REPULSION_CLAIM.examine(at_fixed_coupling(0.03) + optimised("bond", -0.03))
    assert found.comparisons == [True, True, False] and found.verdict == "limited"
    assert "optimised over λ" in found.numbers[-1]


def test_a_change_within_the_errors_tells_nothing() -> None:
    found = repulsion.REPULSION_CLAIM.examine(at_fixed_coupling(0.002) + optimised("holstein", 0.002))
    assert found.comparisons == [None, None, None] and found.verdict == "open"


def test_the_tail_shifts_the_optimum_and_lowers_it() -> None:
    lams = [0.6 + 0.15 * k for k in range(9)]
    plain, tailed = (scan("cubic", "bond", 2.0, lams, V=V) for V in (0.0, 0.8))
    found = repulsion.TAIL_CLAIM.examine(plain + tailed)
    assert found.verdict == "confirmed" and len(found.missing) == 3
    swapped = [one | {"V": 0.8 - one["V"]} for one in plain + tailed]
    assert repulsion.TAIL_CLAIM.examine(swapped).verdict == "limited"


def test_masses_against_the_powers_that_they_follow() -> None:
    lams = [0.2 + 0.1 * k for k in range(8)]
    made = [
        record("square", coupling, 5.0, lam, 0.0 if coupling == "holstein" else 8.0, 0.0, (0.0, 0.0))
        for coupling in ("bond", "holstein")
        for lam in lams
    ]
    found = comparisons.MASS_CLAIM.examine(made)
    assert found.verdict == "confirmed"
    swapped = [one | {"coupling": {"bond": "holstein"}.get(one["coupling"], "bond")} for one in made]
    assert comparisons.MASS_CLAIM.examine(swapped).verdict == "contradicted"


def test_masses_that_no_power_describes() -> None:
    """ln m* = 8 - 2/λ flattens more than any power; √λ is nearer to it than λ, so that half of it holds."""
    made = []
    for k in range(8):
        lam = 0.4 + 0.1 * k
        one = record("square", "bond", 5.0, lam, 8.0, 0.0, (0.0, 0.0))
        mass = math.exp(8.0 - 2.0 / lam)
        made.append(one | {"mass_bipolaron": mass, "mass_bipolaron_err": 0.03 * mass})
    found = comparisons.MASS_CLAIM.examine(made)
    assert found.verdict == "limited" and "no power of λ from 0.05 on describes ln m*" in found.numbers[0]
    assert found.missing == ["Holstein masses above 10 m0 at 4 or more λ for t/Ω of 3 or more"]


def test_real_space_pairs() -> None:
    assert real_space_pairs.RING_CLAIM.examine([]).verdict == "confirmed"
    layers = real_space_pairs.LAYERS_CLAIM.examine([])
    assert layers.verdict == "limited"  # zero threshold for t_perp < |t| only
    assert "-8.24012007" in layers.numbers[1]


def test_the_page_is_what_the_atlas_says_now() -> None:
    found = examined_claims(read_records())
    stored = PAGE.read_text(encoding="utf-8")
    assert not differences(stored, page_text(found)), "hpcbip claims --page docs/papers/claims.md"
    assert len(found) == len(CLAIMS) == 10
    for claim, _ in found:
        find_figure(claim.figure)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("Tc = 0.173(77) |  U = 8", True),
        ("Tc = 0.173(76) | U = 8", True),
        ("Tc = 0.173(75) | U = 8", False),
        ("Tc = 0.171(77) | U = 8", False),
        ("Tc = 0.173(77) | U = 8t", False),
    ],
)
def test_pages_are_the_same_up_to_the_last_digit(other: str, same: bool) -> None:
    assert (not differences("Tc = 0.173(77) | U = 8", other)) is same


def test_the_verb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hpcbip.report.papers.claims.page.CLAIMS", CLAIMS[:1] + CLAIMS[6:7])
    done = CliRunner().invoke(claims, ["--format", "json"])
    rows = json.loads(done.stdout)
    assert [row["verdict"] for row in rows][1] == "confirmed" and rows[0]["number"] == "(i)"
