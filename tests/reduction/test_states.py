"""Two states in the bins of a campaign: found, flagged, reduced each by itself, and their crossing."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from hpcbip.campaign.identity import canonical_json
from hpcbip.campaign.plan import Plan, make_plan
from hpcbip.campaign.schema import load_config
from hpcbip.cli import commands
from hpcbip.reduction.ensembles import EnsembleBins
from hpcbip.reduction.estimates import reduce_ensemble
from hpcbip.reduction.results import read_results
from hpcbip.report.states import Difference, crossing, crossing_lines, energy_differences
from hpcbip.statistics.notation import with_error
from hpcbip.store.store import Allocation, Store
from hpcbip.vocabulary.displays import STATE_NAMES
from tests.store.synthetic import CONFIG, sector_bins

PAIR = {
    "lighter": {"energy": -9.0, "diffusion": 1.0, "phonons": 2.0, "pair_distance2": 40.0},
    "heavier": {"energy": -9.2, "diffusion": 0.1, "phonons": 9.0, "pair_distance2": 3.0},
}
ELECTRON = {
    "lighter": {"energy": -4.5, "diffusion": 1.5, "phonons": 0.5, "bare_hops": 3.0},
    "heavier": {"energy": -4.6, "diffusion": 0.2, "phonons": 6.0, "bare_hops": 0.8},
}
SLOPE = {"lighter": -1.0, "heavier": -3.0}  # of the energies of the pair in λ
CHAINS, BINS, DWELL = 4, 240, 60


def two_states(
    plan: Plan, sector: str, means: dict[str, dict[str, float]], seed: int, point: int = 0
) -> EnsembleBins:
    """Bins that go from one state to the other every `DWELL` bins, at other times in every chain."""
    lighter, heavier = (
        sector_bins(
            plan, sector, point=point, chains=CHAINS, bins=BINS, tau=1.0, seed=seed + k, means=means[state]
        )
        for k, state in enumerate(STATE_NAMES)
    )
    chains = []
    for number, (one, other) in enumerate(zip(lighter.chains, heavier.chains, strict=True)):
        up = (np.arange(BINS) + number * DWELL // 3) // DWELL % 2 == 1
        chains.append(np.where(up[:, None], other, one))
    return replace(lighter, chains=chains)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    path = tmp_path_factory.mktemp("plan") / "config.yaml"
    path.write_text(CONFIG)
    return make_plan(load_config(path))


def energies(coupling: float) -> dict[str, dict[str, float]]:
    """The states of a pair whose energies cross at λ = 0.6."""
    middle = -9.1
    return {
        state: PAIR[state] | {"energy": middle + SLOPE[state] * (coupling - 0.6)} for state in STATE_NAMES
    }


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs in two states at both of two points, electrons in one."""
    folder = tmp_path_factory.mktemp("campaign")
    (folder / "config.yaml").write_text(CONFIG)
    plan = make_plan(load_config(folder / "config.yaml"))
    with Store(folder, writable=True) as store:
        for number, point in enumerate(plan.points):
            means = energies(float(point.parameters["lambda"]))
            for sector, key in point.ensembles.items():
                if sector == "bipolaron":
                    data = two_states(plan, sector, means, 40 + 10 * number, number)
                else:
                    data = sector_bins(plan, sector, point=number, bins=BINS, seed=3 + number)
                parameters = canonical_json(plan.ensembles[key].parameters)
                allocation = Allocation(CHAINS, BINS, data.columns, sector, parameters, list(data.lags))
                store.allocate({key: allocation})
                for chain, rows in enumerate(data.chains):
                    store.write(key, chain, 0, rows)
    return folder


@pytest.mark.parametrize("sector,means", [("polaron", ELECTRON), ("bipolaron", PAIR)])
def test_each_state_is_reduced_by_itself(plan: Plan, sector: str, means: dict[str, dict[str, float]]) -> None:
    """Energy, diffusion and phonons of each state are within four errors of what went in; those of the whole
    are of neither. An energy that is off by four errors more is found."""
    whole = reduce_ensemble(two_states(plan, sector, means, 20))
    assert len(whole.states) == 2
    factor = {"polaron": 4.0, "bipolaron": 2.0}[sector]  # mass times diffusion, on the square lattice
    for name, state in zip(STATE_NAMES, whole.states, strict=True):
        reduced = state.reduced
        assert reduced.summary is not None and reduced.states == ()
        truth = {
            f"E_{sector}": means[name]["energy"],
            f"mass_{sector}": factor / means[name]["diffusion"],
            f"phonons_{sector}": means[name]["phonons"],
        }
        for observable, value in truth.items():
            i = reduced.index(observable)
            error = reduced.summary.error[i]
            assert 0.0 < error and abs(reduced.values[i] - value) < 4.0 * error
            assert abs(reduced.values[i] + 8.0 * error - value) > 4.0 * error
            assert abs(whole.values[i] - value) > 4.0 * error
        assert state.share.mean[0] == pytest.approx(0.5, abs=0.03) and state.share.error[0] > 0.0
    lighter, heavier = whole.states
    assert lighter.share.mean[0] + heavier.share.mean[0] == pytest.approx(1.0)
    assert 0.9 * whole.bins < lighter.reduced.bins + heavier.reduced.bins < whole.bins
    assert min(lighter.switches, heavier.switches) >= 4


def test_one_state_has_no_parts(plan: Plan) -> None:
    for sector in ("polaron", "bipolaron"):
        for tau in (0.5, 20.0):
            assert reduce_ensemble(sector_bins(plan, sector, bins=BINS, tau=tau, seed=5)).states == ()


def test_means_of_bins_show_the_same_states(plan: Plan) -> None:
    """Of long chains means of neighbouring bins are reduced."""
    bins = two_states(plan, "bipolaron", PAIR, 20)
    means = [chain.reshape(-1, 4, chain.shape[1]).mean(axis=1) for chain in bins.chains]
    one = reduce_ensemble(bins)
    two = reduce_ensemble(replace(bins, chains=means, bins_per_row=4))
    assert len(two.states) == 2
    for a, b in zip(one.states, two.states, strict=True):
        assert a.reduced.summary is not None
        assert a.reduced.bins == pytest.approx(b.reduced.bins, rel=0.1)
        for observable in ("E_bipolaron", "mass_bipolaron", "phonons_bipolaron", "radius2"):
            i, k = a.reduced.index(observable), b.reduced.index(observable)
            apart = abs(a.reduced.values[i] - b.reduced.values[k])
            assert apart < 2.0 * a.reduced.summary.error[i]


def test_points_are_flagged_and_their_states_listed(campaign: Path) -> None:
    results = read_results(campaign)
    assert [("bipolaron:two_states" in record["flag_codes"]) for record in results.records] == [True, True]
    assert not any("polaron:two_states" in record["flag_codes"] for record in results.records)
    assert [(one["point"], one["state"]) for one in results.states] == [
        (record["point"], state) for record in results.records for state in STATE_NAMES
    ]
    for one in results.states:
        truth = energies(one["lambda"])[one["state"]]
        assert abs(one["E_bipolaron"] - truth["energy"]) < 4.0 * one["E_bipolaron_err"]
        assert abs(one["radius2"] - truth["pair_distance2"] / 4.0) < 4.0 * one["radius2_err"]
        assert not any("two_states" in code for code in one["flag_codes"])
    again = read_results(campaign)  # from the cache
    assert again.states == results.states


def test_the_crossing_of_the_energies(campaign: Path) -> None:
    states = read_results(campaign).states
    (line,) = crossing_lines(states)
    ((_, differences),) = energy_differences(states)
    found = crossing(differences)
    assert found is not None and found.between and abs(found.coupling - 0.6) < 4.0 * found.error < 0.1
    assert line.endswith(f"their energies cross at lambda = {with_error(found.coupling, found.error)}")
    (line,) = crossing_lines(states[:2])
    assert line.endswith("their crossing is not resolved") and "E(lighter) - E(heavier) = " in line
    assert crossing_lines([]) == []


def test_the_error_of_a_crossing() -> None:
    """It is the scatter of crossings of lines with noise, within 10 %; one that is 30 % smaller is not."""
    rng = np.random.default_rng(3)
    couplings, errors = np.array([0.7, 0.75, 0.8, 0.9]), np.array([0.02, 0.01, 0.03, 0.02])
    places, claimed = [], []
    for _ in range(2000):
        values = 3.0 * (couplings - 0.78) + errors * rng.normal(size=4)
        found = crossing([Difference(*row) for row in zip(couplings, values, errors, strict=True)])
        assert found is not None and found.between
        places.append(found.coupling)
        claimed.append(found.error)
    assert np.mean(places) == pytest.approx(0.78, abs=4.0 * np.std(places) / np.sqrt(2000))
    scatter, claim = np.std(places), np.sqrt(np.mean(np.square(claimed)))
    assert scatter <= 1.05 * claim and not scatter <= 1.05 * 0.7 * claim
    assert claim < 1.5 * scatter  # it grows where the line does not describe the points


def test_where_there_is_no_crossing() -> None:
    assert crossing([Difference(0.7, 0.1, 0.01)]) is None
    assert crossing([Difference(0.7, 0.1, 0.01), Difference(0.7, 0.12, 0.01)]) is None
    assert crossing([Difference(0.7, 0.1, 0.1), Difference(0.8, 0.2, 0.1)]) is None  # slope 1.0 ± 1.4
    found = crossing([Difference(0.7, 0.1, 0.001), Difference(0.8, 0.2, 0.001)])
    assert found is not None and found.coupling == pytest.approx(0.6) and not found.between
    assert found.error == pytest.approx(0.001 * np.hypot(1.0, 2.0))


def test_what_the_verbs_print(campaign: Path) -> None:
    def printed(*arguments: str) -> str:
        result = CliRunner().invoke(commands, [*arguments, str(campaign)])
        assert result.exit_code == 0, result.output
        return result.output

    table = printed("states")
    assert table.count("lighter") == 2 == table.count("heavier") and "cross at lambda" in table
    table = printed("tc")
    assert "cross at lambda" in table and "bipolaron: two states: # 1, 2" in table
    rows = json.loads(printed("states", "--format", "json"))
    assert [row["state"] for row in rows] == list(STATE_NAMES) * 2
    assert all(row["share_err"] is not None for row in rows)
    table = list(csv.DictReader(io.StringIO(printed("states", "--format", "csv"))))
    assert float(table[0]["mass_bipolaron"]) == rows[0]["mass_bipolaron"]
