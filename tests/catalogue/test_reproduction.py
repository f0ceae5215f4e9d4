"""The numbers of the atlas, sampled once more: with other random numbers the same within the errors, with the
same ones bit for bit.

What is sampled is what has cost the least, so that this takes seconds whatever campaigns there are.
"""

from __future__ import annotations

import math
from typing import Any

import pytest
from scipy import stats

import hpcbip
from hpcbip.campaign.plan import EnsembleRecord, make_plan
from hpcbip.campaign.schema import load_config
from hpcbip.catalogue.entries import configuration_path, read_records
from hpcbip.catalogue.reproduction import cheapest_ensembles, sample_digest
from hpcbip.driver.interactive.result import SampleResult
from hpcbip.errors import InputError
from hpcbip.report.papers.points import SAMPLED_FOR_OTHERS
from tests.catalogue.records import SECTORS, atlas_record

FALSE_ALARM = 1e-4  # of all comparisons together, by Bonferroni's bound
SECONDS = 20.0  # of one core, for the ensemble whose bins are compared
COMPARED = ("E_{}", "mass_{}", "phonons_{}")
SEED = 20140  # of no campaign
CHAINS, BINS = 4, 48


@pytest.fixture(scope="module")
def cheapest() -> list[tuple[Any, str]]:
    """Record and sector of the cheapest ensembles of points without flags: polarons, and a pair. Campaigns in
    which energies are of no concern are left out."""
    sound = [one for one in read_records() if not one["flags"]]
    records = [one for one in sound if one["campaign"] not in SAMPLED_FOR_OTHERS]
    polaron, bipolaron = SECTORS
    found = cheapest_ensembles(records, 2, [polaron]) + cheapest_ensembles(records, 1, [bipolaron])
    assert 2 <= len(found) <= 3
    return sorted(found, key=lambda pair: pair[0][f"seconds_{pair[1]}"])


def ensemble_of(record: Any, sector: str) -> EnsembleRecord:
    plan = make_plan(load_config(configuration_path(record["campaign"])))
    return plan.ensembles[record[f"ensemble_{sector}"]]


@pytest.fixture(scope="module")
def short_runs(cheapest: list[tuple[Any, str]]) -> list[tuple[Any, str, SampleResult]]:
    """The same ensembles, sampled with other random numbers for a second or two each."""
    runs = []
    for record, sector in cheapest:
        ensemble = ensemble_of(record, sector)
        result = hpcbip.sample(
            ensemble.build().model,
            electrons=ensemble.parameters["electrons"],
            beta=ensemble.parameters["beta"],
            chains=CHAINS,
            bins=BINS,
            updates_per_bin=50_000,
            thermal_bins=16,
            seed=SEED,
            progress=False,
        )
        runs.append((record, sector, result))
    return runs


def z_scores(record: Any, sector: str, result: SampleResult, shift: float = 0.0) -> dict[str, float]:
    """Normal deviates of the differences between the atlas and a short run, whose energy may be shifted.

    The short run has few independent samples, so that the difference over both errors has tails of Student's
    t with as many degrees of freedom, less one; z is the normal variable of the same probability.
    """
    scores = {}
    for name in (pattern.format(sector) for pattern in COMPARED):
        new = result[name]
        value = new.value * (1.0 + (shift if name.startswith("E_") else 0.0))
        t = (value - record[name]) / math.hypot(new.error, record[f"{name}_err"])
        student = stats.t(CHAINS * BINS / max(1.0, 2.0 * new.tau) - 1.0)
        scores[name] = math.copysign(float(stats.norm.isf(student.sf(abs(t)))), t)
    return scores


def limit(comparisons: int) -> float:
    """Return the |z| that one of so many comparisons exceeds with probability `FALSE_ALARM`."""
    return float(stats.norm.isf(FALSE_ALARM / 2.0 / comparisons))


def test_short_runs_agree_within_both_errors(short_runs: list[tuple[Any, str, SampleResult]]) -> None:
    found = {(run[0]["point"], name): z for run in short_runs for name, z in z_scores(*run).items()}
    assert {key: z for key, z in found.items() if abs(z) > limit(len(found))} == {}


def test_an_energy_off_by_two_per_cent_is_seen(short_runs: list[tuple[Any, str, SampleResult]]) -> None:
    for record, sector, result in short_runs:
        scores = z_scores(record, sector, result, shift=0.02)
        assert abs(scores[f"E_{sector}"]) > limit(len(COMPARED) * len(short_runs))


def test_the_cheapest_bins_are_the_same_bit_for_bit(cheapest: list[tuple[Any, str]]) -> None:
    record, sector = cheapest[0]
    assert record[f"seconds_{sector}"] < SECONDS, "add a point of a few seconds to the atlas"
    assert sample_digest(record, sector) == record[f"digest_{sector}"]


def test_an_ensemble_that_its_configuration_lacks_is_named(cheapest: list[tuple[Any, str]]) -> None:
    record, sector = cheapest[0]
    with pytest.raises(
        InputError, match=f"{record['campaign']}.yaml: its points are not those of the results"
    ):
        sample_digest({**record, f"ensemble_{sector}": 64 * "0"}, sector)


def test_cheapest_ensembles_are_counted_once() -> None:
    polaron, bipolaron = SECTORS
    records = [atlas_record(lam, seconds_polaron=10.0 * lam) for lam in (0.5, 0.3, 0.4)]
    records[1]["ensemble_polaron"] = records[2]["ensemble_polaron"]  # shared; the first stands for it
    records += [atlas_record(0.7, seconds_polaron=None, seconds_bipolaron=None)]
    found = [(record["lambda"], sector) for record, sector in cheapest_ensembles(records, 5)]
    assert found == [(0.3, polaron), (0.5, polaron)]
    assert [sector for _, sector in cheapest_ensembles(records, 2, [bipolaron])] == [bipolaron] * 2
