"""The forecast of a campaign: point by point what is expected, and what all of it takes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from hpcbip.campaign.plan import EnsembleRecord, Plan, Point, make_plan
from hpcbip.campaign.points import PointSection
from hpcbip.campaign.schema import Config
from hpcbip.catalogue.entries import campaign_names, read_records
from hpcbip.driver.forecast.cost_model import PROCESSOR, CostModel
from hpcbip.driver.forecast.ensembles import EnsembleForecast, forecast_ensemble
from hpcbip.driver.forecast.expectations import PILOT, Expected, Knowledge
from hpcbip.driver.forecast.measurement import ENERGY, Measurement, quantities
from hpcbip.driver.forecast.pilot import sample_all
from hpcbip.driver.forecast.projection import BetaAdvice, advise
from hpcbip.driver.forecast.regression import Estimate
from hpcbip.driver.forecast.resources import COMMON_SPREAD, Resources, resources
from hpcbip.driver.forecast.samples import atlas_measurements, benchmark_measurements, benchmark_points
from hpcbip.vocabulary.observables import BINDING_ENERGY
from hpcbip.vocabulary.parameters import BETA, LAMBDA, POINT_KEYS
from hpcbip.vocabulary.sectors import BIPOLARON, POLARON, SECTORS

_NOT_MODEL = (LAMBDA.name, BETA.name)


@dataclass(frozen=True)
class PointForecast:
    """What is expected of a point.

    Attributes:
        point: of the plan.
        expected: values by observable, in units of t.
        beta: its β, and whether it is long enough.
        seconds: CPU seconds; those of an ensemble that points share are divided among them.
        ratio: largest error over its target at the end.
    """

    point: Point
    expected: Mapping[str, Expected]
    beta: BetaAdvice
    seconds: Estimate
    ratio: float


@dataclass(frozen=True)
class CampaignForecast:
    """What a campaign is expected to give and to take.

    Attributes:
        config, plan: the campaign.
        points: in the order of the plan.
        ensembles: by identity.
        resources: of all of it.
        processor: to which the times belong; "" for this machine, which a pilot has measured.
        cured: the campaign with longer β where the paths are short; None: none are.
    """

    config: Config
    plan: Plan
    points: tuple[PointForecast, ...]
    ensembles: Mapping[str, EnsembleForecast]
    resources: Resources
    processor: str
    cured: CampaignForecast | None = None


@dataclass(frozen=True)
class Sources:
    """What forecasts rest on.

    Attributes:
        knowledge: what was measured before.
        model: of the cost.
        atlas: measurements of ensembles that the atlas has, by identity.
    """

    knowledge: Knowledge
    model: CostModel
    atlas: Mapping[str, Measurement]

    @classmethod
    def of_package(cls) -> Sources:
        """Read those that travel with the package."""
        return cls.of_campaigns(campaign_names())

    @classmethod
    def of_campaigns(cls, names: Sequence[str]) -> Sources:
        """Make them of the benchmark and of some campaigns of the atlas."""
        atlas = atlas_measurements(names)
        return cls(
            Knowledge([*read_records(names), *benchmark_points()]),
            CostModel.fit([*benchmark_measurements(), *atlas.values()]),
            atlas,
        )


def forecast_campaign(
    config: Config,
    pilot_seconds: float | None = None,
    cores: int = 1,
    show: Callable[[int, int], None] | None = None,
    sources: Sources | None = None,
) -> CampaignForecast:
    """Work out what a campaign will take, without writing anything.

    A pilot samples every ensemble, and then once more the pairs whose paths turn out to be short, with the
    paths that they need.

    Args:
        config: of the campaign.
        pilot_seconds: CPU seconds for which each ensemble is sampled; None: none is.
        cores: threads of the pilot.
        show: called with the number of ensembles that the pilot has done, and that it has to do.
        sources: what it rests on; None: what travels with the package.
    """
    sources, plan = sources or Sources.of_package(), make_plan(config)
    piloted: dict[str, Measurement] = {}
    if pilot_seconds is not None:
        piloted |= sample_all(list(plan.ensembles.values()), pilot_seconds, cores, config.seed, show)
    found = _forecast(config, plan, sources, piloted, (plan,))
    cured = _with_longer_paths(found)
    if cured is None:
        return found
    cured_plan = make_plan(cured)
    if pilot_seconds is not None:
        new = [one for key, one in cured_plan.ensembles.items() if key not in piloted]
        piloted |= sample_all(new, pilot_seconds, cores, config.seed, show)
        # the energies of the longer paths decide, also about the points as they are
        found = _forecast(config, plan, sources, piloted, (plan, cured_plan))
    return replace(found, cured=_forecast(cured, cured_plan, sources, piloted, (plan, cured_plan)))


def _forecast(
    config: Config,
    plan: Plan,
    sources: Sources,
    piloted: Mapping[str, Measurement],
    plans: Sequence[Plan],
) -> CampaignForecast:
    """Make the forecast from what is known.

    Args:
        config, plan: the campaign.
        sources: what it rests on.
        piloted: what a pilot has measured, by identity of the ensemble.
        plans: to which these ensembles belong, with paths of several lengths of one model.
    """
    best = _by_model(plans, piloted)
    expected = {
        point.identity: refine(sources.knowledge.expect(point), best.get(_model_of(point), {}))
        for point in plan.points
    }
    measured = {key: one for key, one in sources.atlas.items() if key in plan.ensembles} | dict(piloted)
    ensembles = _ensembles(config, plan, expected, sources.model, measured)
    shares = Counter(key for point in plan.points for key in point.ensembles.values())
    points = tuple(
        _point(config, plan, point, expected[point.identity], ensembles, shares) for point in plan.points
    )
    processor = "" if piloted else PROCESSOR
    return CampaignForecast(
        config, plan, points, ensembles, resources(config, list(ensembles.values())), processor
    )


def _with_longer_paths(forecast: CampaignForecast) -> Config | None:
    """Return the configuration, point by point, with the β that are proposed; None if none are."""
    if all(one.beta.proposed is None for one in forecast.points):
        return None
    entries = []
    for one in forecast.points:
        given = {key: one.point.parameters[key] for key in POINT_KEYS if key in one.point.parameters}
        given.pop(LAMBDA.name)  # g is what ensembles have
        given[BETA.name] = {
            POLARON.name: one.beta.polaron,
            BIPOLARON.name: one.beta.proposed or one.beta.bipolaron,
        }
        entries.append(PointSection.model_validate(given))
    return forecast.config.model_copy(update={"grid": None, "points": tuple(entries)})


def _model_of(point: Point) -> str:
    """Return what tells the models of points apart, whatever their β."""
    return repr(sorted((key, value) for key, value in point.parameters.items() if key not in _NOT_MODEL))


def _by_model(
    plans: Sequence[Plan], piloted: Mapping[str, Measurement]
) -> dict[str, dict[str, list[Measurement]]]:
    """Return what was measured by model and sector, on the longest path last."""
    found: dict[str, dict[str, dict[str, Measurement]]] = {}
    for point in (point for plan in plans for point in plan.points):
        for sector, key in point.ensembles.items():
            if key in piloted:
                found.setdefault(_model_of(point), {}).setdefault(sector, {})[key] = piloted[key]
    return {
        model: {sector: sorted(own.values(), key=_beta) for sector, own in sectors.items()}
        for model, sectors in found.items()
    }


def _beta(one: Measurement) -> float:
    return float(one.parameters[BETA.name])


def refine(
    expected: Mapping[str, Expected], measured: Mapping[str, Sequence[Measurement]]
) -> dict[str, Expected]:
    """Put what a pilot has measured in the place of what was expected where it knows it better.

    Args:
        expected: values of a point by observable.
        measured: by sector, with paths of any lengths, the longest last.
    """
    found = dict(expected)
    for sector, several in measured.items():
        longest = several[-1]
        for quantity, name in quantities(sector).items():
            if quantity == ENERGY or quantity not in longest.values:
                continue
            error = math.sqrt(longest.efforts[quantity] / longest.updates)
            if error < found[name].estimate.spread:
                found[name] = Expected(Estimate(longest.values[quantity], error), PILOT)
    if measured.keys() == SECTORS.keys():
        binding = _binding_energy(*(measured[sector] for sector in SECTORS))
        if binding is not None and binding.spread < found[BINDING_ENERGY.name].estimate.spread:
            found[BINDING_ENERGY.name] = Expected(binding, PILOT)
    return found


def _binding_energy(polarons: Sequence[Measurement], pairs: Sequence[Measurement]) -> Estimate | None:
    """Return the binding energy in units of t; of a pair that is not bound, or hardly, an upper limit.

    The energy is that of the whole path, in which a broken pair has a weight of about e^{-Δβ}: so much of Δ
    counts as an error of short paths.
    """
    single = _mean_energy(polarons, 0.0)
    first = _mean_energy(pairs, 0.0)
    if single is None or first is None:
        return None
    pair = _mean_energy(pairs, max(2.0 * single[0] - first[0], 0.0)) or first
    value, error = 2.0 * single[0] - pair[0], math.hypot(2.0 * single[1], pair[1])
    limit = max(value, 0.5 * error)
    return Estimate(limit, error / limit)


def _mean_energy(several: Sequence[Measurement], binding: float) -> tuple[float, float] | None:
    """Return the mean energy and its error, in units of t, with the weights of their errors."""
    weight = total = 0.0
    for one in (one for one in several if ENERGY in one.values):
        t = one.parameters["t"]
        left = binding * math.exp(-binding * t * _beta(one))
        own = 1.0 / (one.efforts[ENERGY] / one.updates + left**2)
        weight, total = weight + own, total + own * one.values[ENERGY] / t
    return (total / weight, weight**-0.5) if weight else None


def _values(
    record: EnsembleRecord, expected: Mapping[str, Expected], measured: Measurement | None
) -> dict[str, Estimate]:
    """Return the expected values of an ensemble by quantity, of a measured one the measured ones."""
    found = {q: expected[name].estimate for q, name in quantities(record.sector).items() if q != ENERGY}
    if measured is not None:
        for quantity in found.keys() & measured.values.keys():
            spread = math.sqrt(measured.efforts[quantity] / measured.updates)
            if spread < found[quantity].spread:
                found[quantity] = Estimate(measured.values[quantity], spread)
    return found


def _ensembles(
    config: Config,
    plan: Plan,
    expected: Mapping[str, Mapping[str, Expected]],
    model: CostModel,
    measured: Mapping[str, Measurement],
) -> dict[str, EnsembleForecast]:
    members: dict[str, list[str]] = {}
    for point in plan.points:
        for key in point.ensembles.values():
            members.setdefault(key, []).append(point.identity)
    found = {}
    for key, record in plan.ensembles.items():
        values = _values(record, expected[members[key][0]], measured.get(key))
        bindings = tuple(expected[one][BINDING_ENERGY.name].estimate for one in members[key])
        found[key] = forecast_ensemble(config, record, values, bindings, model, measured.get(key))
    return found


def _point(
    config: Config,
    plan: Plan,
    point: Point,
    expected: Mapping[str, Expected],
    ensembles: Mapping[str, EnsembleForecast],
    shares: Mapping[str, int],
) -> PointForecast:
    own = [ensembles[key] for key in point.ensembles.values()]
    parts = [ensembles[key].seconds.times(1.0 / shares[key]) for key in point.ensembles.values()]
    total = sum(part.value for part in parts)
    own_spread = math.hypot(*(part.value * part.spread for part in parts)) / total
    spread = math.hypot(own_spread, COMMON_SPREAD)
    advice = advise(config, plan, point, expected[BINDING_ENERGY.name])
    return PointForecast(point, expected, advice, Estimate(total, spread), max(one.ratio for one in own))
