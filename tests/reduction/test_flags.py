"""Every flag is raised where it should be, and alone where nothing else is wrong."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hpcbip.campaign.plan import make_plan
from hpcbip.campaign.schema import load_config
from hpcbip.reduction.ensembles import Reduced, TcSettings
from hpcbip.reduction.estimates import reduce_ensemble
from hpcbip.reduction.point_flags import flag_entries, point_flags
from hpcbip.reduction.points import reduce_point
from hpcbip.reduction.results import read_results
from hpcbip.store.progress import CampaignProgress, EnsembleProgress
from hpcbip.vocabulary.displays import STATE_NAMES
from hpcbip.vocabulary.flags import CRASHED, FLAGS, GIVEN_UP_FLAG, all_codes
from hpcbip.vocabulary.sectors import SECTORS
from tests.reduction.test_results import campaign
from tests.store.synthetic import CONFIG, sector_bins

Point = tuple[dict[str, Any], dict[str, Reduced], TcSettings]
Change = Callable[[Point], Point]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Point:
    """The record of a point without flags, its ensembles, and how Tc is worked out."""
    path = tmp_path_factory.mktemp("good") / "config.yaml"
    path.write_text(CONFIG)
    plan = make_plan(load_config(path))
    ensembles = {
        sector: reduce_ensemble(sector_bins(plan, sector, bins=200, seed=1 + number))
        for number, sector in enumerate(SECTORS)
    }
    record = reduce_point(plan.points[0].parameters, ensembles["polaron"], ensembles["bipolaron"])
    assert record["flags"] == [] == record["flag_codes"] and record["tc_valid"]
    return record, ensembles, TcSettings()


def entries(**changed: Any) -> Change:
    """Other entries in the record."""
    return lambda point: ({**point[0], **changed}, point[1], point[2])


def ensemble(sector: str, **changed: Any) -> Change:
    """Other attributes of one reduced ensemble."""
    return lambda point: (point[0], {**point[1], sector: replace(point[1][sector], **changed)}, point[2])


def dense(point: Point) -> Point:
    """A density at which the pairs, of R = 1.2, overlap."""
    return point[0], point[1], TcSettings(density=0.9)


CASES: list[tuple[str, Change]] = [
    ("no_tc_in_one_dimension", entries(lattice="chain", tc_over_omega=None)),
    ("mass_not_resolved", entries(tc_over_omega=None)),
    ("mass_not_resolved", entries(tc_over_omega=-0.1)),
    ("binding_energy_unknown", entries(binding_energy=None, binding_energy_err=None)),
    ("not_bound", entries(binding_energy=0.019, binding_energy_err=0.01, beta_weight=0.9)),
    ("tc_above_binding", entries(binding_energy=0.05, binding_energy_err=0.001)),
    ("pairs_overlap", dense),
    ("beta_short", entries(beta_weight=0.021)),
    ("not_converged", entries(tc_over_omega_verdict="not")),
    ("not_converged", entries(binding_energy_verdict="not")),
]
for _sector in SECTORS:
    CASES += [
        (f"{_sector}:no_bins", ensemble(_sector, bins=3)),
        (f"{_sector}:few_bins", entries(**{f"independent_{_sector}": 9.9})),
        (f"{_sector}:not_thermalised", entries(**{f"half_p_{_sector}": 9e-5})),
        (f"{_sector}:not_thermalised", entries(**{f"trend_p_{_sector}": 9e-5})),
        (f"{_sector}:chains_disagree", entries(**{f"chain_p_{_sector}": 9e-5})),
        (f"{_sector}:two_states", ensemble(_sector, states=STATE_NAMES)),
        (f"{_sector}:mass_fit_differs", ensemble(_sector, mass_discrepancy=4.1)),
    ]


@pytest.mark.parametrize("code,change", CASES, ids=[f"{i}-{code}" for i, (code, _) in enumerate(CASES)])
def test_each_flag_is_raised_alone(good: Point, code: str, change: Change) -> None:
    record, ensembles, tc = change(good)
    raised = point_flags(record, ensembles, tc)
    assert [flag.code for flag in raised] == [code]
    entry = flag_entries({**record, "tc_over_omega": 0.1, "flags": [], "flag_codes": []}, raised)
    assert entry["flag_codes"] == [code] and entry["flags"] == [raised[0].text]
    assert entry["tc_valid"] == (FLAGS[code.rpartition(":")[2]].against == "mass")


def test_every_declared_flag_has_such_a_test() -> None:
    failures = {f"{sector}:{flag.code}" for sector in SECTORS for flag in (GIVEN_UP_FLAG, CRASHED)}  # below
    assert {code for code, _ in CASES} | failures == set(all_codes())


@pytest.mark.parametrize(
    "change",
    [
        entries(half_p_polaron=1.1e-4, trend_p_polaron=1.1e-4, chain_p_bipolaron=1.1e-4),
        entries(independent_polaron=10.0, independent_bipolaron=None, half_p_polaron=None),
        entries(beta_weight=0.02),
        ensemble("bipolaron", mass_discrepancy=4.0),
        ensemble("polaron", mass_discrepancy=math.nan, bins=4),
        entries(tc_over_omega_verdict="maybe", binding_energy_verdict=None),
    ],
)
def test_no_flag_at_the_limits(good: Point, change: Change) -> None:
    assert point_flags(*change(good)) == []


@pytest.mark.parametrize("sector", SECTORS)
def test_a_sector_that_was_given_up_is_flagged(tmp_path: Path, sector: str) -> None:
    campaign(tmp_path)
    before = read_results(tmp_path).records[0]
    plan = make_plan(load_config(tmp_path / "config.yaml"))
    failed = EnsembleProgress(4, 8, failed="it was")
    CampaignProgress({plan.points[0].ensembles[sector]: failed}).write(tmp_path)
    after = read_results(tmp_path).records[0]
    added = [code for code in after["flag_codes"] if code not in before["flag_codes"]]
    assert added == [f"{sector}:failed"] and after["flags"][-1] == f"{sector} failed"
    assert not after["tc_valid"] and len(after["flags"]) == len(after["flag_codes"])
    crashed = EnsembleProgress(4, 8, failed="it was", crashed=True)
    CampaignProgress({plan.points[0].ensembles[sector]: crashed}).write(tmp_path)
    assert read_results(tmp_path).records[0]["flag_codes"][-2:] == [f"{sector}:failed", f"{sector}:crashed"]
