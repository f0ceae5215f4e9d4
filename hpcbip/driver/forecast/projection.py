"""Which β a point has and why, and whether a pair that is bound so weakly needs a longer one."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hpcbip.campaign.plan import Plan, Point
from hpcbip.campaign.projection import auto_beta, shortest_beta
from hpcbip.campaign.schema import Config
from hpcbip.driver.forecast.expectations import PILOT, Expected
from hpcbip.vocabulary.parameters import BETA, OMEGA, OMEGA_HOLSTEIN, POINT_KEYS
from hpcbip.vocabulary.sectors import SECTORS

LONG_ENOUGH, SHORT, OPEN = "long enough", "short", "open"
"""What is expected of β: that it is not flagged as short, that it is, that either may be."""

NOT_KNOWN, NOT_RESOLVED = "not known", "not resolved"
"""Nothing is known of the binding energy; a pilot has found none that exceeds its error."""

AUTO = "auto"
"""The β that is worked out."""

SIGNIFICANT_DIGITS = 2
"""Of a proposed β, which is rounded up."""

RESOLVED_SPREAD = 0.5
"""Spread of the logarithm of the binding energy up to which a β can be proposed from it."""


@dataclass(frozen=True)
class BetaAdvice:
    """The β of a point.

    Attributes:
        polaron, bipolaron: in the inverse unit of energies.
        reason: why they are what they are.
        shortest: that of the pair at which "beta short" is not raised any more; None: not known.
        verdict: what is expected of β.
        source: where the binding energy comes from.
        proposed: a β of the pair that is long enough, if its own is short and the binding energy is known.
    """

    polaron: float
    bipolaron: float
    reason: str
    shortest: float | None
    verdict: str
    source: str
    proposed: float | None


def advise(config: Config, plan: Plan, point: Point, binding: Expected) -> BetaAdvice:
    """Say whether the β of a point is long enough.

    Args:
        config, plan: the campaign.
        point: one of its points.
        binding: its expected binding energy, in units of t.
    """
    one, two = (plan.ensembles[point.ensembles[name]].parameters[BETA.name] for name in SECTORS)
    reason = _reason(config, plan, point)
    energy, t = binding.estimate, config.model.t
    if binding.shown is None and not (binding.source == PILOT and energy.spread <= RESOLVED_SPREAD):
        verdict = NOT_RESOLVED if binding.source == PILOT else NOT_KNOWN
        return BetaAdvice(one, two, reason, None, verdict, binding.source, None)
    shortest = shortest_beta(energy.value * t)
    verdict = SHORT if two < shortest else LONG_ENOUGH
    if shortest_beta(energy.high * t) < two < shortest_beta(energy.low * t) and energy.spread > 0.1:
        verdict = OPEN
    known = energy.spread <= RESOLVED_SPREAD
    proposed = rounded_up(shortest_beta(energy.low * t)) if known else None
    return BetaAdvice(
        one, two, reason, shortest, verdict, binding.source, proposed if verdict != LONG_ENOUGH else None
    )


def rounded_up(x: float) -> float:
    """Round up to a few significant digits."""
    step = 10.0 ** (math.floor(math.log10(x)) + 1 - SIGNIFICANT_DIGITS)
    return math.ceil(x / step - 1e-9) * step


def _reason(config: Config, plan: Plan, point: Point) -> str:
    """Say why the β of a point are what they are."""
    if config.sampling.beta != AUTO:
        return "given"
    slowest = min(
        point.parameters[key] for key in (OMEGA.name, OMEGA_HOLSTEIN.name) if point.parameters.get(key)
    )
    for sector, key in point.ensembles.items():
        if plan.ensembles[key].parameters[BETA.name] != auto_beta(sector, config.model.t, slowest):
            return "given"
    return "auto: long against 1/t and 1/Ω"


def cure_line(point: Point, advice: BetaAdvice) -> str:
    """Write the line of YAML of a point with the β that is proposed."""
    keys = [key for key in POINT_KEYS if point.parameters.get(key) is not None and key != "g"]
    shown = {key: point.parameters[key] for key in keys if key != "V" or point.parameters[key]}
    parts = [f"{key}: {value:.10g}" for key, value in shown.items()]
    beta = f"beta: {{polaron: {advice.polaron:g}, bipolaron: {advice.proposed:g}}}"
    return f"  - {{{', '.join([*parts, beta])}}}"
