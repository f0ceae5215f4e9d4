"""What a campaign will take: β, expected values, the cost model, the end of ensembles, ranks."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import pytest

from hpcbip.campaign.plan import SampleSize, make_plan
from hpcbip.campaign.projection import MAX_EDGE_WEIGHT, edge_weight, shortest_beta
from hpcbip.campaign.schema import Config, validate_config
from hpcbip.catalogue.entries import campaign_names, read_records
from hpcbip.driver.forecast.antiadiabatic import antiadiabatic_values
from hpcbip.driver.forecast.campaign import Sources, forecast_campaign, refine
from hpcbip.driver.forecast.cost_model import CostModel
from hpcbip.driver.forecast.ensembles import CLOUD_SCATTER, forecast_ensemble
from hpcbip.driver.forecast.expectations import ATLAS, INTERPOLATED, UNKNOWN, Expected, Knowledge
from hpcbip.driver.forecast.measurement import Measurement, quantities
from hpcbip.driver.forecast.pilot import Stopped, sample_all, sample_briefly
from hpcbip.driver.forecast.projection import (
    LONG_ENOUGH,
    NOT_KNOWN,
    OPEN,
    SHORT,
    advise,
    cure_line,
    rounded_up,
)
from hpcbip.driver.forecast.regression import Estimate, Regression
from hpcbip.driver.forecast.resources import SENSIBLE_EFFICIENCY, START_SECONDS, Resources
from hpcbip.driver.forecast.samples import atlas_measurements, benchmark_measurements
from hpcbip.vocabulary.observables import TARGETS
from hpcbip.vocabulary.sectors import SECTORS


def config(points: list[dict[str, Any]], model: str = "square bond", **sampling: Any) -> Config:
    content = {
        "name": "small",
        "seed": 1,
        "model": dict(zip(("lattice", "coupling"), model.split(), strict=True)),
        "points": points,
        "sampling": sampling,
    }
    return validate_config(content, "small")


PARAMETERS = {"lattice": "square", "coupling": "bond", "t": 1.0, "omega": 1.0}
POINT = {"omega": 1.0, "lambda": 0.7, "U": 8.0}


def test_the_shortest_path_is_where_the_flag_ends() -> None:
    beta = shortest_beta(0.043)
    assert edge_weight(0.043, beta) == pytest.approx(MAX_EDGE_WEIGHT)
    assert beta == pytest.approx(454.9, abs=0.1)
    assert rounded_up(beta) == 460.0 and rounded_up(460.0) == 460.0 and rounded_up(4013.0) == 4100.0


@pytest.mark.parametrize(
    ("binding", "verdict", "proposed"),
    [
        (Expected(Estimate(0.5, 0.02), ATLAS), LONG_ENOUGH, None),
        (Expected(Estimate(0.1, 0.0), ATLAS), SHORT, 200.0),
        (Expected(Estimate(0.4, 0.3), INTERPOLATED), OPEN, 67.0),
        (Expected(Estimate(0.1, 2.0), UNKNOWN), NOT_KNOWN, None),
    ],
)
def test_paths_are_judged_by_the_binding_energy(
    binding: Expected, verdict: str, proposed: float | None
) -> None:
    campaign = config([POINT])
    plan = make_plan(campaign)
    advice = advise(campaign, plan, plan.points[0], binding)
    assert (advice.verdict, advice.proposed, advice.bipolaron) == (verdict, proposed, 50.0)
    assert advice.reason.startswith("auto")


def test_the_lines_that_cure_are_points_of_a_configuration() -> None:
    import yaml

    campaign = config([POINT | {"V": 0.5, "beta": 60}])
    plan = make_plan(campaign)
    advice = advise(campaign, plan, plan.points[0], Expected(Estimate(0.1, 0.0), ATLAS))
    assert advice.reason == "given"
    (entry,) = yaml.safe_load(cure_line(plan.points[0], advice))
    cured = make_plan(config([entry])).points[0]
    changed = {"beta": 200.0}
    assert cured.parameters == {**plan.points[0].parameters, **changed}


def test_known_points_are_recalled_and_others_interpolated() -> None:
    known = [one for one in read_records() if one["campaign"] == "square-bond-1" and one["lambda"] != 0.75]
    knowledge = Knowledge(known)
    near, same, far, other = (
        knowledge.expect(make_plan(campaign).points[0])
        for campaign in (
            config([POINT | {"lambda": 0.75}]),
            config([POINT]),
            config([{"omega": 0.1, "lambda": 2.0, "U": 0.0}]),
            config([POINT], "cubic bond"),
        )
    )
    mass, size, binding = (same[name] for name in ("mass_bipolaron", "radius2", "binding_energy"))
    assert mass.source == ATLAS and mass.shown == pytest.approx(2.37, rel=0.02)
    assert size.shown == pytest.approx(1.28, rel=0.05) and binding.shown == pytest.approx(0.29, rel=0.05)
    # λ = 0.75 was left out: 2.626(17), 1.116(19), 0.356(9)
    assert near["mass_bipolaron"].source == INTERPOLATED
    assert near["mass_bipolaron"].shown == pytest.approx(2.63, rel=0.03)
    assert near["radius2"].shown == pytest.approx(1.12, rel=0.1)
    assert near["binding_energy"].shown == pytest.approx(0.36, rel=0.1)
    assert far["mass_bipolaron"].shown is None and far["binding_energy"].shown is None
    assert other["mass_bipolaron"].source == UNKNOWN and other["mass_bipolaron"].shown is None


def test_a_regression_goes_through_what_is_known_and_says_how_far_that_is() -> None:
    places = [np.array([0.5 * k, 0.3 * (k % 4)]) for k in range(12)]
    values = [math.exp(1.0 + 0.8 * x - 0.5 * y) for x, y in places]
    found = Regression.fit(places, values, [0.05] * 12, smooth=0.5)
    inside, outside = found.at(np.array([2.2, 0.4])), found.at(np.array([9.0, 0.4]))
    assert inside.value == pytest.approx(math.exp(1.0 + 0.8 * 2.2 - 0.2), rel=0.05) and inside.spread < 0.15
    assert outside.spread > 0.4
    # a coordinate that is known up to 0.3 adds 0.8 × 0.3
    vague = found.at(np.array([2.2, 0.4]), np.array([0.3, 0.0]))
    assert vague.spread == pytest.approx(math.hypot(inside.spread, 0.24), rel=0.05)
    assert found.nearest(places[3]) == pytest.approx(0.0, abs=1e-9)
    values[5] *= 2.0
    left, expected = Regression.fit(places, values, [0.05] * 12, smooth=0.5).left_out()
    assert left[5] == pytest.approx(math.log(2.0), rel=0.2) and abs(left[5]) > 3.0 * expected[5]


def test_estimates_join_by_their_weights() -> None:
    joined = Estimate(1.0, 0.2).joined(Estimate(4.0, 0.2))
    assert joined.value == pytest.approx(2.0) and joined.spread == pytest.approx(0.2 / math.sqrt(2.0))
    assert Estimate(1.0, 1e-3).joined(Estimate(4.0, 1.0)).value == pytest.approx(1.0, rel=1e-4)


def test_a_law_is_found_by_the_cost_model() -> None:
    measurements = []
    for k in range(40):
        mass, phonons = 1.0 + 0.3 * k, 0.1 + (k * 7 % 11)
        size, beta = 0.5 + (k * 5 % 13), 30.0 + 10.0 * (k * 3 % 17)
        efforts = {"energy": 100.0, "mass": 50.0 * mass**1.5, "radius2": 9.0 * size * beta}
        efforts["correlation"] = 1e4
        values = {"energy": -9.0, "mass": mass, "phonons": phonons, "radius2": size}
        for sector in SECTORS:
            own = {name: values[name] for name in quantities(sector)}
            measurements.append(
                Measurement(sector, PARAMETERS | {"beta": beta}, own, efforts, 1e6, 1e-7, 1e9)
            )
    model = CostModel.fit(measurements)
    expected = {name: Estimate(value, 0.0) for name, value in (("mass", 5.0), ("radius2", 4.0))}
    expected["phonons"] = Estimate(5.0, 0.0)
    at = ("bipolaron", PARAMETERS | {"beta": 100.0}, expected)
    mass, size = (model.effort(at[0], name, *at[1:]) for name in ("mass", "radius2"))
    assert mass.value == pytest.approx(50.0 * 5.0**1.5, rel=0.15) and 0.0 < mass.spread < 0.5
    assert size.value == pytest.approx(9.0 * 4.0 * 100.0, rel=0.15)
    assert model.seconds(*at).value == pytest.approx(1e-7, rel=0.05)


def test_what_is_stored_foretells_itself() -> None:
    """Each measurement from all others; the figures are those of docs/measured/plan.md, with some room."""
    measurements = [*benchmark_measurements(), *atlas_measurements(campaign_names()).values()]
    for regressions in CostModel.fit(measurements).regressions.values():
        for quantity, regression in regressions.items():
            left, expected = regression.left_out()
            assert len(left) >= 50, quantity
            assert np.mean(np.abs(left) < math.log(2.0)) > 0.65, quantity
            assert 0.4 < np.sqrt(np.mean((left / expected) ** 2)) < 2.5, quantity


class Vague(CostModel):
    """A model that knows nothing, so that what was measured counts alone."""

    @property
    def quantities(self) -> dict[str, tuple[str, ...]]:
        return {"bipolaron": ("energy", "mass", "radius2", "correlation")}

    def effort(self, *_: Any) -> Estimate:
        return Estimate(1.0, 1e6)


def ensemble(campaign: Config, **efforts: float) -> Any:
    """The forecast of the pair, whose efforts were measured again and again."""
    record = next(one for one in make_plan(campaign).ensembles.values() if one.sector == "bipolaron")
    values = {
        name: Estimate(value, 0.0) for name, value in (("mass", 3.0), ("phonons", 3.0), ("radius2", 2.0))
    }
    known = {"energy": 1e-9, "mass": 1e-9, "radius2": 1e-9, "correlation": 1e-9} | efforts
    measured = Measurement("bipolaron", record.parameters, {}, known, 1e9, 1e-7, 1e9)
    return forecast_ensemble(campaign, record, values, (Estimate(0.3, 0.0),), Vague({}), measured)


def test_ensembles_end_where_the_stopping_rule_ends_them() -> None:
    sampling = {
        "chains": 4,
        "min_blocks": 16,
        "max_blocks": 200,
        "thermal_blocks": 8,
        "updates_per_bin": 1000,
    }
    easy = ensemble(config([POINT], target={"mass_bipolaron": 0.02}, **sampling))
    assert easy.size == SampleSize(4, 16) and easy.ratio < 1.0
    assert easy.updates.value == 4 * (16 + 8) * 8 * 1000 and easy.blocks_in_sequence == 24
    # twice the error of the target at the first goal: four times as many bins, and a tenth more
    effort = 0.04**2 * 4 * 16 * 8 * 1000
    hard = ensemble(config([POINT], target={"mass_bipolaron": 0.02}, **sampling), mass=effort)
    assert 4 * 4 * 16 <= hard.size.total <= 4.5 * 4 * 16 and 0.9 < hard.ratio <= 1.0
    assert hard.seconds.value == pytest.approx(1e-7 * hard.updates.value)
    never = ensemble(config([POINT], target={"mass_bipolaron": 0.001}, **sampling), mass=effort)
    assert never.size == SampleSize(4, 200) and never.ratio > 5.0
    without = ensemble(config([POINT], **sampling))
    assert without.size == SampleSize(4, 200) and without.ratio == 0.0


def test_tc_needs_mass_and_size_and_the_margin_the_energy() -> None:
    sampling = {"min_blocks": 16, "updates_per_bin": 1000, "max_blocks": 10_000}
    effort = 0.04**2 * 4 * 16 * 8 * 1000
    for target, efforts, ratio2 in (
        ("tc_over_omega", {"mass": effort, "radius2": effort}, 2.0 * (0.04 / 0.02) ** 2),
        ("radius2", {"radius2": effort}, (0.04 / 0.02) ** 2),
        ("binding_energy", {"energy": effort}, 2.0 * (0.04 / 0.3 / 0.02) ** 2),
    ):
        found = ensemble(config([POINT], target={target: 0.02}, **sampling), **efforts)
        assert found.size.total / 64 == pytest.approx(1.1 * ratio2, rel=0.12), target


@pytest.mark.parametrize("name", ["modulation_bipolaron", "sign_change_between"])
def test_errors_of_the_cloud_follow_from_the_independent_samples(name: str) -> None:
    sampling = {"min_blocks": 16, "updates_per_bin": 1000, "max_blocks": 10_000}
    first = 4 * 16 * 8 * 1000
    target = 0.5 * CLOUD_SCATTER[name] / math.sqrt(1000.0)  # half the error of a thousand samples
    found = ensemble(config([POINT], target={name: target}, **sampling), correlation=first / 1000.0)
    assert 4.0 <= found.size.total / 64 <= 4.5  # four times as many bins, and a tenth more at most
    assert CLOUD_SCATTER.keys() <= TARGETS.keys()


def test_ranks_shorten_a_campaign_down_to_its_longest_chain() -> None:
    needs = Resources(Estimate(36_000.0, 0.1), Estimate(900.0, 0.2), 400, 1, 1, 1)
    assert needs.wall_seconds(1).value == 36_000.0 + START_SECONDS
    assert needs.wall_seconds(10).value == 3600.0 + START_SECONDS
    assert needs.wall_seconds(1000).value == 900.0 + START_SECONDS
    assert needs.most_ranks == 36_000 / 900 / SENSIBLE_EFFICIENCY and needs.fewest_ranks == 1
    assert needs.time_limit(10) > needs.wall_seconds(10).high and needs.time_limit(10) % 600 == 0
    long = Resources(Estimate(1e7, 0.1), Estimate(900.0, 0.2), 400, 1, 1, 1)
    assert long.fewest_ranks == math.ceil(1e7 * math.exp(0.1) / 86_400) and long.time_limit(1) == 86_400


def test_of_two_campaigns_with_one_ensemble_the_longer_run_counts() -> None:
    """The points of square-cloud are those of the domes, sampled for less."""
    names = ["square-bond-2", "square-cloud"]
    long, both = atlas_measurements(names[:1]), atlas_measurements(names)
    assert all(both[key] == one for key, one in long.items()) and both.keys() > long.keys()


def test_a_campaign_of_the_atlas_would_take_what_it_took() -> None:
    """In updates, whose number the processor does not change; the points are in the fit."""
    from hpcbip.campaign.schema import load_config
    from hpcbip.catalogue.entries import configuration_path

    campaign = load_config(configuration_path("square-bond-2"))
    forecast = forecast_campaign(campaign, sources=Sources.of_package())
    records = {record["point"]: record for record in read_records(["square-bond-2"])}
    per_bin, thermal = campaign.sampling.updates_per_bin, 4 * 8 * 8
    off = []
    for one in forecast.points:
        record = records[one.point.identity]
        took = (record["bins_bipolaron"] + thermal) * per_bin
        off.append(abs(math.log(forecast.ensembles[record["ensemble_bipolaron"]].updates.value / took)))
        assert one.expected["mass_bipolaron"].shown == pytest.approx(record["mass_bipolaron"], rel=0.1)
    assert sum(one < math.log(2.0) for one in off) >= 0.8 * len(off)


def test_a_pilot_measures_errors_energy_and_speed() -> None:
    records = list(make_plan(config([{"omega": 1.0, "g": 0.0, "U": 0.0}], beta=20.0)).ensembles.values())
    told: list[tuple[int, int]] = []
    found = sample_all(records, 0.3, 2, show=lambda *numbers: told.append(numbers))
    assert told == [(1, 2), (2, 2)]
    one = found[records[0].identity]
    error = math.sqrt(one.efforts["energy"] / one.updates)
    assert abs(one.values["energy"] + 4.0) < 5.0 * error + 0.05 and 0.0 < error < 0.5
    assert one.values["mass"] == pytest.approx(1.0, rel=0.2) and one.seconds is not None
    assert 1e-9 < one.seconds < 1e-5 and one.updates > 1e4


def test_a_pilot_takes_the_place_of_what_is_not_known() -> None:
    point, target = {"omega": 4.0, "g": 3.0, "U": 0.0}, {"mass_polaron": 0.1}
    campaign = config([point], "fcc holstein", target=target, beta=4.0)
    nothing = Sources(Knowledge([]), Sources.of_package().model, {})
    before = forecast_campaign(campaign, sources=nothing).points[0]
    after = forecast_campaign(campaign, 0.2, 2, sources=nothing).points[0]
    assert before.expected["phonons_polaron"].shown is None and before.beta.verdict == NOT_KNOWN
    assert after.expected["phonons_polaron"].source == "pilot"
    assert after.seconds.spread <= before.seconds.spread


@pytest.mark.parametrize(
    "change",
    [
        {"lattice": "honeycomb"},
        {"levels": [0.0, 1.0]},
        {"U_factors": [1.0, 0.0]},
        {"omega_factors": [1.0, 2.0]},
    ],
)
def test_effective_hamiltonians_are_of_bravais_lattices_with_equal_bonds(change: dict[str, Any]) -> None:
    point = {"lattice": "square", "coupling": "bond", "t": 1.0, "omega": 8.0, "g": 1.0, "U": 0.0}
    assert antiadiabatic_values(point) and not antiadiabatic_values(point | change)


def test_energies_of_all_paths_tell_the_binding_energy_and_short_ones_less() -> None:
    def measured(sector: str, energy: float, beta: float, error: float) -> Measurement:
        parameters = PARAMETERS | {"beta": beta}
        return Measurement(sector, parameters, {"energy": energy}, {"energy": error**2 * 1e6}, 1e6)

    knowledge = Knowledge([]).expect(make_plan(config([POINT])).points[0])
    polaron = [measured("polaron", -2.0, 30.0, 0.0005)]
    long, short = measured("bipolaron", -4.1, 300.0, 0.002), measured("bipolaron", -4.0, 10.0, 0.002)
    found = refine(knowledge, {"polaron": polaron, "bipolaron": [long]})["binding_energy"]
    assert found.source == "pilot" and found.estimate.value == pytest.approx(0.1)
    assert found.estimate.spread == pytest.approx(math.hypot(0.001, 0.002) / 0.1, rel=1e-6)
    both = refine(knowledge, {"polaron": polaron, "bipolaron": [short, long]})["binding_energy"]
    assert both.estimate.value == pytest.approx(0.1, rel=0.02)  # Δβ = 1: the short one hardly counts
    unbound = [measured("bipolaron", -3.99, 300.0, 0.002)]
    found = refine(knowledge, {"polaron": polaron, "bipolaron": unbound})["binding_energy"]
    assert found.estimate.spread > 1.0 and found.shown is None


def test_a_pilot_that_is_interrupted_ends_at_once() -> None:
    records = list(make_plan(config([{"omega": 1.0, "g": 0.0, "U": 0.0}], beta=20.0)).ensembles.values())

    def interrupt(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sample_all(records, 0.1, 1, show=interrupt)
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):  # long before its hour is over
        sample_briefly(records[0], 3600.0, stop=stop)
