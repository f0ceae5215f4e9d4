"""How far an ensemble will have to go: the stopping rule with expected errors, and the core hours of that."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hpcbip.campaign.plan import EnsembleRecord, SampleSize
from hpcbip.campaign.schema import Config
from hpcbip.driver.forecast.cost_model import CostModel, effort_noise
from hpcbip.driver.forecast.measurement import CORRELATION, ENERGY, MASS, SIZE, Measurement
from hpcbip.driver.forecast.regression import Estimate
from hpcbip.driver.stopping_rule import StoppingRule
from hpcbip.models import get_lattice
from hpcbip.reduction.target_errors import TRUSTED
from hpcbip.superconductivity import transition_temperature
from hpcbip.vocabulary.cloud import (
    MODULATION_BETWEEN,
    MODULATION_BIPOLARON,
    MODULATION_POLARON,
    SIGN_CHANGE_BETWEEN,
    SIGN_CHANGE_BIPOLARON,
    SIGN_CHANGE_POLARON,
)
from hpcbip.vocabulary.observables import BINDING_ENERGY, BINDING_MARGIN, TARGETS, TC_OVER_OMEGA
from hpcbip.vocabulary.sectors import POLARON

LEAST_SPREAD = 0.25
"""Least standard deviation of the logarithm of the updates of an ensemble that may go beyond its first goal:
the stopping rule jumps from goal to goal by errors that have errors."""

QUADRATURE = ((-math.sqrt(3.0), 1 / 6), (0.0, 2 / 3), (math.sqrt(3.0), 1 / 6))
"""Deviations and weights of the mean over a normal distribution (Gauss and Hermite, three points): costs add
up, so that it is their mean that is foretold, and what may become much dearer counts with that."""

CLOUD_SCATTER: Mapping[str, float] = {
    MODULATION_POLARON.name: 0.045,
    SIGN_CHANGE_POLARON.name: 0.05,
    MODULATION_BIPOLARON.name: 0.085,
    SIGN_CHANGE_BIPOLARON.name: 0.085,
    MODULATION_BETWEEN.name: 0.13,
    SIGN_CHANGE_BETWEEN.name: 1.2,
}
"""Relative errors of the cloud's observables from one independent sample: geometric means over the campaign
`square-cloud`, about which they scatter by a factor of two."""

SPEED_SPREAD = 0.1
"""That of the time of an update that a pilot has measured."""


@dataclass(frozen=True)
class EnsembleForecast:
    """What an ensemble is expected to take.

    Attributes:
        record: the ensemble.
        size: chains and blocks at the end.
        ratio: largest error over its target there; 0 without targets.
        updates: of all chains, thermal ones included.
        update_seconds: CPU seconds of one.
        blocks_in_sequence: of the longest chain, generation after generation.
        measured: whether its efforts were measured, by a pilot or in the atlas.
    """

    record: EnsembleRecord
    size: SampleSize
    ratio: float
    updates: Estimate
    update_seconds: Estimate
    blocks_in_sequence: int
    measured: bool

    @property
    def seconds(self) -> Estimate:
        """CPU seconds in all."""
        spread = math.hypot(self.updates.spread, self.update_seconds.spread)
        return Estimate(self.updates.value * self.update_seconds.value, spread)


Values = Mapping[str, Estimate]


def forecast_ensemble(
    config: Config,
    record: EnsembleRecord,
    values: Values,
    bindings: tuple[Estimate, ...],
    model: CostModel,
    measured: Measurement | None = None,
) -> EnsembleForecast:
    """Work out what an ensemble will take.

    Args:
        config: of the campaign.
        record: the ensemble.
        values: its expected mass, phonons and, of a pair, radius2.
        bindings: expected binding energies, in units of t, of the points that it is a part of.
        model: of the cost.
        measured: by a pilot or in the atlas.
    """
    sector, parameters = record.sector, record.parameters
    efforts = {}
    for name in model.quantities[sector]:
        efforts[name] = model.effort(sector, name, parameters, values)
        if measured is not None and name in measured.efforts:
            efforts[name] = efforts[name].joined(Estimate(measured.efforts[name], effort_noise(measured)))
    update_seconds = model.seconds(sector, parameters, values)
    if measured is not None and measured.seconds is not None:
        update_seconds = Estimate(measured.seconds, SPEED_SPREAD)
    targets = {n: error for n, error in config.sampling.target.items() if sector in TARGETS[n].sectors}

    def end(deviation: float) -> tuple[SampleSize, float, int]:
        """Return the end if efforts are so many standard deviations larger."""
        moved = {name: one.value * math.exp(deviation * one.spread) for name, one in efforts.items()}
        weakest = min((one.value * math.exp(-deviation * one.spread) for one in bindings), default=math.inf)

        def ratio(bins: int) -> float:
            errors = _target_errors(
                record, moved, values, weakest, bins * config.sampling.updates_per_bin, bins
            )
            return max((errors[name] / target for name, target in targets.items()), default=0.0)

        return _end(config, ratio, bool(targets))

    ends = [end(deviation) for deviation, _ in QUADRATURE]
    updates = _mean([_updates(config, size) for size, _, _ in ends])
    size, ratio, sequence = ends[len(ends) // 2]
    return EnsembleForecast(record, size, ratio, updates, update_seconds, sequence, measured is not None)


def _mean(updates: Sequence[float]) -> Estimate:
    """Return the mean over `QUADRATURE`, and the standard deviation of the logarithm."""
    weights = [weight for _, weight in QUADRATURE]
    value = sum(weight * one for weight, one in zip(weights, updates, strict=True))
    logarithms = [math.log(one) for one in updates]
    middle = sum(weight * one for weight, one in zip(weights, logarithms, strict=True))
    variance = sum(w * (one - middle) ** 2 for w, one in zip(weights, logarithms, strict=True))
    return Estimate(value, max(math.sqrt(variance), LEAST_SPREAD) if variance > 0.0 else 0.0)


def _updates(config: Config, size: SampleSize) -> float:
    sampling = config.sampling
    blocks = size.chains * (size.blocks + sampling.thermal_blocks)
    return float(blocks * sampling.bins_per_block * sampling.updates_per_bin)


def _end(config: Config, ratio: Callable[[int], float], has_targets: bool) -> tuple[SampleSize, float, int]:
    """Follow the stopping rule to its end; returns the size, the ratio there, and the blocks in sequence."""
    rule, per_block = StoppingRule.from_config(config), config.sampling.bins_per_block
    if not config.sampling.target:
        return rule.last_goal, 0.0, rule.thermal_blocks + rule.last_goal.blocks
    goal = rule.first_goal
    sequence = rule.thermal_blocks + goal.blocks
    while has_targets and (found := ratio(goal.total * per_block)) > 1.0 and goal != rule.last_goal:
        following = rule.next_goal(goal, found)
        new_chains = following.chains > goal.chains
        sequence += rule.thermal_blocks + following.blocks if new_chains else following.blocks - goal.blocks
        goal = following
    return goal, ratio(goal.total * per_block) if has_targets else 0.0, sequence


def _target_errors(
    record: EnsembleRecord,
    efforts: Mapping[str, float],
    values: Values,
    binding: float,
    updates: float,
    bins: int,
) -> dict[str, float]:
    """Return the relative errors, as the stopping rule takes them, after so many updates in so many bins."""
    t = record.parameters["t"]
    errors = {name: math.sqrt(effort / updates) for name, effort in efforts.items() if name != CORRELATION}
    independent = min(float(bins), updates / efforts[CORRELATION])
    caution = math.sqrt(max(1.0, TRUSTED / independent))
    lattice = get_lattice(record.parameters["lattice"])
    polaron = record.sector == POLARON.name
    own = math.sqrt(2.0) * errors[ENERGY] * (2.0 if polaron else 1.0)
    bound = max(abs(binding), 1e-12)
    found = {
        f"E_{record.sector}": errors[ENERGY] / _energy_scale(record),
        f"mass_{record.sector}": errors[MASS],
        BINDING_ENERGY.name: own / bound,
        BINDING_MARGIN.name: 0.0,
    }
    per_sample = math.sqrt(efforts[CORRELATION] / updates)
    found |= {name: scatter * per_sample for name, scatter in CLOUD_SCATTER.items()}
    if not polaron:
        mass, size = values[MASS].value, values[SIZE].value
        found |= {"radius2": errors[SIZE], "pair_distance2": errors[SIZE]}
        found[TC_OVER_OMEGA.name] = math.hypot(errors[MASS], errors[SIZE] if size > 1.0 else 0.0)
        tc = float(transition_temperature(mass / t, size, lattice.dimension)) / t
        if math.isfinite(tc):
            found[BINDING_MARGIN.name] = own / max(tc, abs(bound - tc))
    return {name: caution * error for name, error in found.items()}


def _energy_scale(record: EnsembleRecord) -> float:
    """Return the size of the energy in units of t: that of free electrons or of ones at rest."""
    p = record.parameters
    free = float(get_lattice(p["lattice"]).coordination)
    return (free if record.sector == POLARON.name else 2.0 * free) + p["g"] ** 2 / (p["omega"] * p["t"])
