"""What figures of the papers take of the atlas: points, prefactor, published values, cost."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from hpcbip.catalogue.entries import campaign_names
from hpcbip.reduction.points import with_prefactor
from hpcbip.reduction.results import read_results
from hpcbip.report.papers.page import page_text
from hpcbip.report.papers.points import SAMPLED_FOR_OTHERS, points_of
from hpcbip.report.papers.published import CHAIN_ENERGIES, MASSES, TC_MAXIMA, published_maxima
from hpcbip.report.papers.registry import PAPER_FIGURES, figure_rows, find_figure
from tests.reduction.test_results import campaign
from tests.report.flagged import flagged
from tests.report.papers.synthetic import record, scan


def point(**more: Any) -> dict[str, Any]:
    return record("square", "bond", 2.0, 0.5, 8.0, 0.0, (0.0, 0.0), **more)


def test_another_prefactor_gives_the_record_of_reducing_with_it(tmp_path: Path) -> None:
    campaign(tmp_path)
    default, published = (read_results(tmp_path, choice).records for choice in (None, "published"))
    back = [with_prefactor(one, None) for one in published]
    for ours, theirs, again in zip(default, published, back, strict=True):
        changed = with_prefactor(ours, "published")
        assert changed["tc_over_omega"] / ours["tc_over_omega"] == pytest.approx(0.5 * math.pi / 1.84)
        for one, other in ((changed, theirs), (again, ours)):
            assert one.keys() == other.keys()
            for name, value in other.items():
                assert one[name] == (pytest.approx(value) if isinstance(value, float) else value), name


def test_a_smaller_prefactor_can_bring_tc_below_the_binding_energy() -> None:
    near = point()
    tc = near["tc_over_omega"] * near["omega"]
    weak = record(
        "square", "bond", 2.0, 0.5, 8.0, 0.0, (0.0, 0.0), binding_energy=0.9 * tc, binding_energy_err=0.0
    )
    weak |= {"tc_valid": False, "flag_codes": ["tc_above_binding", "beta_short", "not_converged"]}
    weak["flags"] = ["Tc >= binding energy", "beta short", "statistics not converged"]
    changed = with_prefactor(weak, "published")  # 0.853 of the default
    assert changed["flag_codes"] == ["beta_short", "not_converged"] and not changed["tc_valid"]
    assert with_prefactor(changed, None)["flag_codes"] == weak["flag_codes"]  # in the order of all flags
    chain = record("chain", "holstein", 1.0, 0.5, 0.0, 0.0, (0.0, 0.0))
    assert with_prefactor(chain, "published") == chain


def test_of_equal_points_the_best_is_taken_and_models_of_their_own_are_left_out() -> None:
    good, bad = point(campaign="good"), point(campaign="bad", tc_over_omega_err=0.1)
    worst = point(campaign="flagged", tc_over_omega_err=1e-6) | flagged("beta_short")
    others = [point(t_factors=[1.0, 0.5]), point(shells=[0.3]), point() | {"coupling": "holstein"}]
    chosen = points_of([bad, worst, good, *others], lattice="square", coupling="bond", t_over_omega=2.0)
    assert [one["campaign"] for one in chosen] == ["good"]
    assert chosen[0]["tc_prefactor"] == 0.5 and good["tc_prefactor"] == pytest.approx(1.84 / math.pi)
    assert points_of([], lattice="square") == []


@pytest.mark.parametrize("name", sorted(SAMPLED_FOR_OTHERS))
def test_a_short_run_for_something_else_is_not_taken_however_good_it_looks(name: str) -> None:
    long, short = point(campaign="long") | flagged("beta_short"), point(campaign=name, tc_over_omega_err=1e-9)
    assert [one["campaign"] for one in points_of([short, long], lattice="square")] == ["long"]
    assert points_of([short], lattice="square") == []
    assert [one["campaign"] for one in points_of([short, long], True, lattice="square")] == [name]
    assert name in campaign_names()


def test_published_values() -> None:
    printed, dispersion, *rest = MASSES
    assert (printed.value, printed.error, printed.solid) == (5.4, 0.3, True)
    assert (dispersion.value, dispersion.error) == (6.33, 1.0)
    assert not any(one.solid for one in rest) and len(rest) == 7
    heavy = next(one for one in rest if (one.t_over_omega, one.lam_value) == (10 / 3, 0.6))
    assert (heavy.value, heavy.error) == (17.5, pytest.approx(5.25))
    assert [one.value for one in CHAIN_ENERGIES] == [-2.46968, -5.4247]
    (second_hand,) = published_maxima("square", "bond", 10 / 3, 8.0, 0.0)
    assert (second_hand.value, second_hand.lam_value) == (pytest.approx(0.085), 0.5) and not second_hand.solid
    text, read = published_maxima("square", "bond", 1.0, 8.0, 0.0)
    assert text.solid and text.value == 0.2 and read.lam_error == pytest.approx(0.05)
    assert [one.value for one in published_maxima("cubic", "bond", 1.0, 8.0, 0.8)] == [0.27]
    assert not published_maxima("cubic", "bond", 1.0, 8.0, 0.0)
    assert all(one.maximum and one.observable == "tc_over_omega" for one in TC_MAXIMA)


def test_figures_are_found_by_name_and_number() -> None:
    numbers = ["1", "2", "3", "4", "5", "6", "7", "8", "9a", "9b"]
    assert [find_figure(number).number for number in numbers] == numbers
    assert all(find_figure(figure.name) is figure for figure in PAPER_FIGURES)
    assert len({figure.name for figure in PAPER_FIGURES}) == len(PAPER_FIGURES)
    for figure in PAPER_FIGURES:
        assert figure.message.count(". ") == 1 and figure.message.endswith("."), figure.name  # two sentences


def test_cost_counts_a_shared_ensemble_once() -> None:
    shared = {"campaign": "triangular-bond", "ensemble_polaron": "p", "seconds_polaron": 3600.0}
    pair = [{"ensemble_bipolaron": str(n), "seconds_bipolaron": 1800.0} for n in range(3)]
    rows = {row["figure"]: row for row in figure_rows([{**shared, **one} for one in pair])}
    assert (rows["triangular"]["points"], rows["triangular"]["core_hours"]) == (3, pytest.approx(2.5))
    assert rows["domes"]["core_hours"] is None and rows["domes"]["points"] == 0
    assert rows["ceiling"]["core_hours"] == 0.0


def test_synthetic_scan_has_a_known_flag() -> None:
    assert "Tc >= binding energy" not in scan("square", "bond", 1.0, [1.0])[0]["flags"]


def test_the_page_says_where_a_message_is_expected_only() -> None:
    shown = {"domes": "All curves.", "cubic": "Some curves. No points for: Holstein."}
    text = page_text(shown, "images")
    parts = {part.splitlines()[0]: part for part in text.split("\n## ")[1:]}
    assert "Expected from the papers" not in parts["Tc against λ (figure 6)"]
    assert "Shown here in part" in parts["The cubic lattice and the Coulomb tail (figure 8)"]
    assert "Expected from the papers" in parts["What repulsion does (figure 7)"]
