"""How far an ensemble goes before its errors are looked at: the sequence of its milestones.

A milestone is a number of chains, and of blocks of bins in each of them. An ensemble that misses its targets
at one gets the next: first the chains grow longer; once thermalisation is a small part of a chain, more
chains are opened, so that a hard point can occupy many ranks; then they grow longer again, to the hard end.
The sequence is a function of the configuration and of the errors at the milestones alone, never of the number
of ranks, the timing or the kills.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hpcbip.campaign.plan import SampleSize

THERMAL_SHARE = 10  # chains this many times longer than their thermalisation may be joined by new ones
WIDEN = 1.6  # growth from which new chains are worth it: they run their whole length, the old ones only what is missing
LOOK_AGAIN = (
    1.2  # smallest growth between two milestones: every look costs an analysis and biases the errors a little
)
TRUST = 8.0  # largest growth: an error has an error itself


@dataclass(frozen=True)
class Rules:
    """The numbers that govern the chains of every ensemble (the `sampling` section of the configuration)."""

    chains: int
    thermal_blocks: int
    min_blocks: int
    max_blocks: int
    max_chains: int = 0  # 0: as `chains`

    @property
    def first(self) -> SampleSize:
        """Where errors are looked at for the first time."""
        return SampleSize(self.chains, self.min_blocks)

    @property
    def end(self) -> SampleSize:
        """Where every ensemble ends, whatever its errors."""
        return SampleSize(max(self.chains, self.max_chains), self.max_blocks)


def grow(now: SampleSize, factor: float, rules: Rules) -> SampleSize:
    """The milestone with `factor` (>= 1) times as many bins, rounded up and cut at the hard end: chains
    longer up to `THERMAL_SHARE` thermalisations or if little is missing, otherwise more of them, and at last
    longer again."""
    end = rules.end
    total = min(now.total * factor, float(end.total))
    wide = max(rules.min_blocks, THERMAL_SHARE * rules.thermal_blocks)
    if now.chains == end.chains or factor < WIDEN:
        wide = rules.max_blocks
    blocks = min(_up(total / now.chains), max(now.blocks, min(wide, rules.max_blocks)))
    chains = min(end.chains, max(now.chains, _up(total / blocks)))
    if chains == end.chains:
        blocks = min(rules.max_blocks, max(blocks, _up(total / chains)))
    return SampleSize(chains, blocks)


def following(now: SampleSize, ratio: float, rules: Rules) -> SampleSize:
    """The milestone after `now`, at which the largest error was `ratio` (> 1) times its target.

    Errors fall as the square root of the number of bins, so ratio² times as many are needed. Far from the
    target only a third of that is trusted; near it a tenth more is taken, so as not to look in vain.
    """
    need = ratio * ratio
    factor = 2.0 if math.isinf(ratio) else min(1.1 * need, max(2.0, min(need / 3.0, TRUST)))
    after = grow(now, max(factor, LOOK_AGAIN), rules)
    return after if after != now else grow(now, 1.0 + 1.0 / now.blocks, rules)


def still_in_sequence(now: SampleSize, ratio: float, rules: Rules) -> int:
    """Blocks that are expected to come one after the other behind `now`, where errors will be `ratio` times
    their targets: what old chains are longer then, and the whole of new ones, generation after generation."""
    blocks, need = 0, min(ratio * ratio, 1e6)
    while need > 1.0 and now != rules.end:
        after = following(now, math.sqrt(need), rules)
        new = after.chains > now.chains
        blocks += rules.thermal_blocks + after.blocks if new else after.blocks - now.blocks
        need *= now.total / after.total
        now = after
    return blocks


def _up(x: float) -> int:
    return max(1, math.ceil(x - 1e-9))
