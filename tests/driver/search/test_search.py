"""The automatic search on a fake campaign: finds the maximum, keeps to the budget, survives every kill."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest

from hpcbip.campaign.schema import load_config
from hpcbip.driver.search import loop
from hpcbip.driver.search.goal import SearchGoal
from hpcbip.driver.search.ledger import SearchLedger
from hpcbip.driver.search.loop import Runner, apply_suggestions, begin, search
from hpcbip.errors import InputError
from hpcbip.superconductivity.suggestions import Suggestion
from tests.driver import fake_model
from tests.kills import Killed, killed_at_rename

CONFIG = Path(__file__).parents[3] / "configs" / "peak-search.yaml"
KINK = 0.77604  # R² = 1 at U = 8t, where Tc is highest
HEIGHT = math.exp(fake_model.log_height(KINK, 8.0))
ALONG = SearchGoal.of(("lambda",))


@pytest.fixture(autouse=True)
def results_of_the_fake_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "read_results", fake_model.read_results)


def run_search(
    directory: Path,
    goal: SearchGoal = ALONG,
    hours: float = 10.0,
    config: Path = CONFIG,
    runner: Runner = fake_model.runner,
) -> tuple[int, list[str]]:
    """Search with the fake model on four ranks; returns the status and what was reported."""
    reported: list[str] = []
    return search(config, directory, goal, hours, 4, reported.append, runner), reported


def steps(directory: Path) -> list[dict[str, Any]]:
    return list(json.loads((directory / "search.json").read_text())["steps"])


def seeded(folder: Path, seed: int) -> Path:
    path = folder / f"seed-{seed}.yaml"
    path.write_text(
        CONFIG.read_text(encoding="utf-8").replace("seed: 2023", f"seed: {seed}"), encoding="utf-8"
    )
    return path


# Finding


@pytest.mark.slow
def test_finds_the_maximum_from_one_point_far_away(tmp_path: Path) -> None:
    """24 searches from λ = 0.3: all pinned down; position and height within one error in 68 % of them (limits
    of 3.3 standard deviations, 1 false alarm in 1000 each), none beyond 4."""
    trials, pulls = 24, []
    for seed in range(trials):
        directory = tmp_path / str(seed)
        status, reported = run_search(directory, config=seeded(tmp_path, seed))
        assert status == 0
        assert reported[-1] == "pinned down"
        last = steps(directory)[-1]
        assert last["position_err"][0] <= 0.03
        assert last["height_err"] <= 0.03 * last["height"]
        off = last["position"][0] - KINK, last["height"] - HEIGHT
        pulls.append((off[0] / last["position_err"][0], off[1] / last["height_err"]))
    width = 3.29 * math.sqrt(0.683 * 0.317 / trials)
    for which in range(2):
        assert abs(sum(abs(pull[which]) < 1.0 for pull in pulls) / trials - 0.683) < width
        assert max(abs(pull[which]) for pull in pulls) < 4.0


@pytest.mark.slow
def test_finds_the_maximum_of_a_surface(tmp_path: Path) -> None:
    status, reported = run_search(tmp_path / "run", SearchGoal.of(("lambda", "U"), tolerance={"U": 1.0}))
    last = steps(tmp_path / "run")[-1]
    assert status == 0, reported
    for value, error, truth in zip(last["position"], last["position_err"], (0.7755, 7.87), strict=True):
        assert abs(value - truth) < 3.5 * error
    assert abs(last["height"] - HEIGHT) < 3.5 * last["height_err"]


@pytest.mark.slow
def test_first_coarse_then_finer(tmp_path: Path, coarse: None) -> None:
    """A small tolerance takes more points near the maximum first, and a smaller target in the end."""
    status, reported = run_search(
        tmp_path / "run", SearchGoal.of(("lambda",), tolerance={"height": 0.007, "lambda": 0.007})
    )
    assert status == 0
    targets = [step["target"] for step in steps(tmp_path / "run")]
    assert targets == sorted(targets, reverse=True)
    assert targets[0] == 0.05 > targets[-1]
    config = load_config(tmp_path / "run" / "search.yaml")
    near = sum(abs((point.lam or 0.0) - KINK) < 0.12 for point in config.points)
    assert near > len(config.points) / 2
    assert any(line.startswith("  new target: ") for line in reported)
    assert "#" in (tmp_path / "run" / "search.yaml").read_text(encoding="utf-8")


def test_goes_on_where_it_was_and_ends_at_once_when_done(tmp_path: Path, coarse: None) -> None:
    assert run_search(tmp_path / "run")[0] == 0
    before = (tmp_path / "run" / "search.yaml").read_bytes()
    status, reported = run_search(tmp_path / "run")
    assert status == 0
    assert len(reported) == 2
    assert (tmp_path / "run" / "search.yaml").read_bytes() == before
    status, _ = run_search(tmp_path / "run", SearchGoal.of(("lambda",), tolerance={"height": 0.012}))
    assert status == 0
    assert len((tmp_path / "run" / "search.yaml").read_bytes()) > len(before)


# Budget


def test_keeps_to_the_budget_over_restarts(tmp_path: Path, coarse: None) -> None:
    full = tmp_path / "full"
    assert run_search(full)[0] == 0
    spent = json.loads((full / "search.json").read_text())["cpu_seconds"]
    bit = spent / 5.3
    for count in range(1, 6):
        status, reported = run_search(tmp_path / "run", hours=count * bit / 3600.0)
        used = json.loads((tmp_path / "run" / "search.json").read_text())["cpu_seconds"]
        assert used <= count * bit + 1e-6
        assert used > count * bit - 4.0 * loop.MIN_RUN_SECONDS - 1.0
        assert status == 3
        assert "CPU hours are spent" in reported[-1]
    assert run_search(tmp_path / "run")[0] == 0
    for name in ("search.yaml", "blocks.json"):
        assert (tmp_path / "run" / name).read_bytes() == (full / name).read_bytes()


def test_a_stop_before_the_budget_is_spent_ends_the_search(tmp_path: Path, coarse: None) -> None:
    calls: list[int] = []

    def stopping(*arguments: Any) -> int:
        calls.append(1)
        return 3 if len(calls) == 3 else fake_model.runner(*arguments)

    status, reported = run_search(tmp_path / "run", runner=stopping)
    assert (status, reported[-1]) == (3, "stopped; the same command goes on")
    assert run_search(tmp_path / "run")[0] == 0


@pytest.mark.parametrize("code", [1, 2])
def test_a_run_that_fails_ends_the_search_with_its_status(code: int, tmp_path: Path) -> None:
    assert run_search(tmp_path / "run", runner=lambda *_: code) == (code, [])


# Kills


@pytest.mark.slow
def test_a_kill_at_any_moment_changes_nothing(
    tmp_path: Path, coarse: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before the 1st, 2nd, ... file is renamed (every third after the 12th), and again after as many
    more."""
    run_search(tmp_path / "undisturbed")
    directory, call, tried = tmp_path / "run", 1, 0
    while True:
        if not killed_at_rename(call, monkeypatch, lambda: run_search(directory)):
            break
        killed_at_rename(call, monkeypatch, lambda: run_search(directory))
        assert run_search(directory)[0] == 0
        for name in ("search.yaml", "blocks.json"):
            assert (directory / name).read_bytes() == (tmp_path / "undisturbed" / name).read_bytes(), call
        last, expected = steps(directory)[-1], steps(tmp_path / "undisturbed")[-1]
        assert last["position"] == expected["position"]
        assert last["height"] == expected["height"]
        shutil.rmtree(directory)
        call, tried = call + (1 if call < 12 else 3), tried + 1
    assert tried > 20


@pytest.mark.slow
def test_a_kill_while_reducing_changes_nothing(
    tmp_path: Path, coarse: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_search(tmp_path / "undisturbed")
    for at in range(1, len(steps(tmp_path / "undisturbed")) + 1):
        count = 0

        def read_results(directory: Path, at: int = at) -> Any:
            nonlocal count
            count += 1
            if count == at:
                raise Killed
            return fake_model.read_results(directory)

        directory = tmp_path / str(at)
        with monkeypatch.context() as patch:
            patch.setattr(loop, "read_results", read_results)
            with pytest.raises(Killed):
                run_search(directory)
        assert run_search(directory)[0] == 0
        assert (directory / "search.yaml").read_bytes() == (
            tmp_path / "undisturbed" / "search.yaml"
        ).read_bytes()


def test_steps_are_noted_once(tmp_path: Path, coarse: None) -> None:
    run_search(tmp_path / "run")
    run_search(tmp_path / "run")
    states = [(step["points"], step["target"]) for step in steps(tmp_path / "run")]
    assert len(states) == len(set(states))


# Input


@pytest.mark.parametrize(
    "old,new,message",
    [
        ("tc_over_omega: 0.05", "E_polaron: 0.05", "sampling.target.tc_over_omega: required key is missing"),
        ("U: 8.0}", "U: 8.0}\n  - {omega: 0.5, lambda: 0.3, U: 8.0}", "grid: 2 curves along lambda; allowed"),
        ("lattice: square", "lattice: chain", "grid: a chain has no Tc"),
    ],
)
def test_a_campaign_that_cannot_be_searched(old: str, new: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(CONFIG.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        run_search(tmp_path / "run", config=path)
    assert not (tmp_path / "run").exists()


def test_another_directory_is_refused(tmp_path: Path, coarse: None) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").touch()
    with pytest.raises(InputError, match="holds other files"):
        run_search(tmp_path / "full")
    run_search(tmp_path / "run", hours=1e-3)
    with pytest.raises(InputError, match="seed: 1: cannot change"):
        run_search(tmp_path / "run", config=seeded(tmp_path, 1))
    (tmp_path / "run" / "search.json").write_text("{}")
    with pytest.raises(InputError, match=r"search.json: cannot be read"):
        run_search(tmp_path / "run")
    with pytest.raises(InputError, match="--cpu-hours: 0 on 4 ranks"):
        run_search(tmp_path / "other", hours=0.0)


def test_the_bound_is_told_where_tc_is_highest_there(tmp_path: Path, coarse: None) -> None:
    with pytest.raises(
        InputError, match=r"--bounds: lambda=0.1:0.6: Tc/Ω is highest at the bound; allowed: wider"
    ):
        run_search(tmp_path / "run", SearchGoal.of(("lambda",), {"lambda": (0.1, 0.6)}))
    assert max(point.lam or 0.0 for point in load_config(tmp_path / "run" / "search.yaml").points) == 0.6
    assert run_search(tmp_path / "run")[0] == 0


def test_new_points_of_the_configuration_join_the_search(tmp_path: Path, coarse: None) -> None:
    run_search(tmp_path / "run", hours=20.0 / 3600.0)
    path = tmp_path / "c.yaml"
    more = "U: 8.0}\n  - {omega: 1.0, lambda: 0.77, U: 8.0}"
    path.write_text(CONFIG.read_text(encoding="utf-8").replace("U: 8.0}", more), encoding="utf-8")
    source = begin(path, tmp_path / "run", ALONG).source
    assert 0.77 in [point.lam for point in load_config(source).points]
    assert 0.3 in [point.lam for point in load_config(source).points]


def test_of_every_curve_the_first_kind_of_suggestion_is_applied(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    shutil.copy(CONFIG, path)

    def one(kind: str, label: str, lam: float, target: float | None = None) -> Suggestion:
        point = {} if target else {"omega": 1.0, "lambda": lam, "U": 8.0}
        return Suggestion(kind, label, {"lattice": "square", **point}, target, "", None, 1)

    of_a = [one("refine", "a", 0.5), one("tighten", "a", 0.0, 0.01)]
    of_b = [one("tighten", "b", 0.0, 0.03), one("refine", "b", 0.9)]
    added = apply_suggestions(path, [*of_a, *of_b])
    assert [point["lambda"] for point in added.points] == [0.5]
    assert added.target == {"tc_over_omega": 0.03}
    assert apply_suggestions(path, []).points == ()


def test_every_step_does_something(tmp_path: Path, coarse: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a suggestion brings nothing new the target becomes tighter."""
    again = Suggestion("extend", "", {"omega": 1.0, "lambda": 0.3, "U": 8.0}, None, "", None, 1)
    monkeypatch.setattr(loop, "suggest_for", lambda *_: [again])
    _, reported = run_search(tmp_path / "run", hours=60.0 / 3600.0)
    assert [line for line in reported if "new" in line][:2] == ["  new target: 0.04", "  new target: 0.032"]


def test_the_ledger_is_a_file_that_is_replaced_as_a_whole(tmp_path: Path) -> None:
    ledger = SearchLedger(tmp_path / "search.json")
    ledger.read()
    ledger.add_seconds(2.0)
    ledger.add_step({"points": 1, "target": 0.1})
    ledger.add_seconds(1.0)
    ledger.add_step({"points": 1, "target": 0.1, "height": 0.2})
    again = SearchLedger(tmp_path / "search.json")
    again.read()
    assert again.cpu_seconds == 3.0
    assert again.steps == [{"points": 1, "target": 0.1, "height": 0.2, "cpu_seconds": 3.0}]
