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
from hpcbip.errors import InputError
from tests.catalogue.records import SECTORS, atlas_record

FALSE_ALARM = 1e-4  # of all comparisons together, by Bonferroni's bound
SECONDS = 20.0  # of one core, for the ensemble whose bins are compared
COMPARED = ("E_{}", "mass_{}", "phonons_{}")
SEED = 20140  # of no campaign
SHIFT = 0.01  # relative, of an energy: has to be seen


@pytest.fixture(scope="module")
def cheapest() -> list[tuple[Any, str]]:
    """Record and sector of the cheapest ensembles of points without flags: polarons, and a pair."""
    records = [one for one in read_records() if not one["flags"]]
    polaron, bipolaron = SECTORS
    found = cheapest_ensembles(records, 2, [polaron]) + cheapest_ensembles(records, 1, [bipolaron])
    assert 2 <= len(found) <= 3
    return sorted(found, key=lambda pair: pair[0][f"seconds_{pair[1]}"])


def ensemble_of(record: Any, sector: str) -> EnsembleRecord:
    plan = make_plan(load_config(configuration_path(record["campaign"])))
    return plan.ensembles[record[f"ensemble_{sector}"]]


def z_scores(record: Any, sector: str, shift: float = 0.0) -> dict[str, float]:
    """Normal deviates of the difference between the atlas and a short run with other random numbers.

    The error of a short run is from few samples: the quoted one holds 68 % (Student's t is in it), so that
    its tail is that of t with as many degrees of freedom as it has independent samples, less one.
    """
    ensemble = ensemble_of(record, sector)
    model = ensemble.build().model
    result = hpcbip.sample(
        model,
        electrons=ensemble.parameters["electrons"],
        beta=ensemble.parameters["beta"],
        bins=24,
        updates_per_bin=20_000,
        thermal_bins=16,
        seed=SEED,
        progress=False,
    )
    scores = {}
    for name in (pattern.format(sector) for pattern in COMPARED):
        new = result[name]
        difference = new.value * (1.0 + shift) - record[name]
        t = difference / math.hypot(new.error, record[f"{name}_err"])
        freedom = 4 * 24 / max(1.0, 2.0 * new.tau) - 1.0
        scores[name] = math.copysign(float(stats.norm.isf(stats.t(freedom).sf(abs(t)))), t)
    return scores


def test_short_runs_agree_within_both_errors(cheapest: list[tuple[Any, str]]) -> None:
    scores = {
        (record["point"], name): z
        for record, sector in cheapest
        for name, z in z_scores(record, sector).items()
    }
    limit = float(stats.norm.isf(FALSE_ALARM / 2.0 / len(scores)))
    assert {key: z for key, z in scores.items() if abs(z) > limit} == {}


def test_a_wrong_energy_would_be_seen(cheapest: list[tuple[Any, str]]) -> None:
    record, sector = cheapest[0]
    assert abs(z_scores(record, sector, SHIFT)[f"E_{sector}"]) > 6.0


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
