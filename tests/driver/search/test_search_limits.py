"""The automatic search where binding limits Tc, on a fake campaign."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from hpcbip.campaign.schema import load_config
from hpcbip.driver.search import loop
from hpcbip.driver.search.goal import SearchGoal
from hpcbip.driver.search.loop import apply_suggestions
from hpcbip.errors import InputError
from hpcbip.superconductivity.suggestions import Suggestion
from tests.driver import fake_model
from tests.driver.search.test_search import CONFIG, run_search, steps

CROSSING = 0.84356  # Tc = Δ of the limiting model at U = 8t


@pytest.fixture(autouse=True)
def results_of_the_fake_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "read_results", fake_model.read_results)


def test_finds_where_binding_limits_tc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The crossing of Tc and Δ, from a point that is not bound; position and height within 3.5 errors."""
    monkeypatch.setattr(fake_model, "binding", fake_model.limiting)
    goal = SearchGoal.of(("lambda",), tolerance={"height": 0.02, "lambda": 0.01})
    status, reported = run_search(tmp_path / "run", goal)
    last = steps(tmp_path / "run")[-1]
    assert status == 0, reported
    assert "limited by binding" in reported[-2]
    assert abs(last["position"][0] - CROSSING) < 3.5 * last["position_err"][0]
    assert abs(last["height"] - math.exp(fake_model.log_height(CROSSING, 8.0))) < 3.5 * last["height_err"]
    assert any("nowhere known to be below the binding energy" in line for line in reported)


def test_targets_of_several_observables_are_written(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    shutil.copy(CONFIG, path)
    tighten = Suggestion("tighten", "a", {}, 0.2, "", None, 1, "binding_margin")
    added = apply_suggestions(path, [tighten, replace(tighten, target=0.1), replace(tighten, label="b")])
    assert added.target == {"binding_margin": 0.1}
    assert load_config(path).sampling.target == {"tc_over_omega": 0.05, "binding_margin": 0.1}
    same = replace(tighten, target=0.03, observable="tc_over_omega")
    assert apply_suggestions(path, [same]).target == {"tc_over_omega": 0.03}


def test_bounds_within_which_pairs_are_bound_by_less_than_tc_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, coarse: None
) -> None:
    monkeypatch.setattr(fake_model, "binding", lambda lam, u: 0.0)
    goal = SearchGoal.of(("lambda",), {"lambda": (0.2, 0.7)})
    with pytest.raises(InputError, match=r"lambda=0.2:0.7: pairs are bound by less than Tc up to the bound"):
        run_search(tmp_path / "run", goal)


def test_a_maximum_at_no_repulsion_is_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, coarse: None
) -> None:
    """Where U only adds mass, Tc over (λ, U) is highest at U = 0, beyond which nothing lies."""
    monkeypatch.setattr(fake_model, "log_mass", lambda lam, u: 0.05 + 0.5 * lam + 0.95 * lam**2 + 0.1 * u)
    goal = SearchGoal.of(("lambda", "U"))
    status, reported = run_search(tmp_path / "run", goal)
    last = steps(tmp_path / "run")[-1]
    assert status == 0, reported
    assert "within its error at the natural end U = 0" in reported[-2]
    assert last["position"][1] == pytest.approx(0.0, abs=0.3)
    attractive = SearchGoal.of(("lambda", "U"), {"U": (-4.0, 8.0)})
    with pytest.raises(InputError, match="--bounds: U=-4:8: Tc/Ω is highest at the bound"):
        run_search(tmp_path / "attractive", attractive)
