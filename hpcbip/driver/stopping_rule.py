"""The stopping rule of an ensemble: when it has enough bins, and else how far it goes before the next look.

A sample size is a number of chains, and of blocks of bins in each of them. An ensemble that misses its
targets at one goal gets the next: first the chains grow longer; once thermalisation is a small part of a
chain, new chains are started, so that a hard point can occupy many ranks; then all grow longer, up to the
last goal. The sequence of goals is a function of the configuration and of the errors at the goals alone,
never of the number of ranks, the timing or the kills.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hpcbip.campaign.plan import SampleSize
from hpcbip.campaign.schema import Config

BLOCKS_PER_THERMAL_BLOCK = 10
"""Length of the old chains, in thermalisations, from which on new chains are started."""

MIN_WIDENING = 1.6
"""Smallest growth for which new chains are started: a new chain has to run its whole length, an old one only
the blocks that are missing."""

MIN_GROWTH = 1.2
"""Smallest growth between two goals: every evaluation costs an analysis and biases the errors a little."""

MAX_GROWTH = 8.0
"""Largest growth between two goals: an error has an error itself."""

UNRESOLVED_GROWTH = 2.0
"""Growth where an error could not be determined."""

MARGIN = 1.1
"""Factor by which the next goal exceeds the expected need near the target, so that the errors probably meet
the targets there."""

DISTRUST = 3.0
"""Divisor of the expected need far from the target, where the errors are too uncertain to trust it."""

MAX_NEED = 1e6
"""Largest (error/target)² for which blocks in sequence are counted."""


@dataclass(frozen=True)
class StoppingRule:
    """The numbers that govern the length of chains (the `sampling` section of the configuration).

    Attributes:
        chains: chains that an ensemble starts with.
        thermal_blocks: blocks of thermalisation of each chain.
        min_blocks, max_blocks: blocks of bins in each chain at the first and at the last goal.
        max_chains: chains that an ensemble may come to have; 0: as `chains`.
    """

    chains: int
    thermal_blocks: int
    min_blocks: int
    max_blocks: int
    max_chains: int = 0

    @classmethod
    def from_config(cls, config: Config) -> StoppingRule:
        """Read the rule from a configuration."""
        sampling = config.sampling
        return cls(
            sampling.least_chains,
            sampling.thermal_blocks,
            sampling.min_blocks,
            sampling.max_blocks,
            sampling.most_chains,
        )

    @property
    def first_goal(self) -> SampleSize:
        """The sample size at which errors are evaluated for the first time."""
        return SampleSize(self.chains, self.min_blocks)

    @property
    def last_goal(self) -> SampleSize:
        """The sample size at which every ensemble ends, whatever its errors."""
        return SampleSize(max(self.chains, self.max_chains), self.max_blocks)

    def grow(self, size: SampleSize, factor: float) -> SampleSize:
        """Return the sample size with `factor` (>= 1) times as many bins, rounded up, at most the last goal.

        Chains grow longer up to `BLOCKS_PER_THERMAL_BLOCK` thermalisations or if little is missing, otherwise
        their number grows, and at last their length again.
        """
        last = self.last_goal
        total = min(size.total * factor, float(last.total))
        longest = max(self.min_blocks, BLOCKS_PER_THERMAL_BLOCK * self.thermal_blocks)
        if size.chains == last.chains or factor < MIN_WIDENING:
            longest = self.max_blocks
        blocks = min(_round_up(total / size.chains), max(size.blocks, min(longest, self.max_blocks)))
        chains = min(last.chains, max(size.chains, _round_up(total / blocks)))
        if chains == last.chains:
            blocks = min(self.max_blocks, max(blocks, _round_up(total / chains)))
        return SampleSize(chains, blocks)

    def is_met(self, goal: SampleSize, ratio: float) -> bool:
        """Tell whether sampling ends at a goal where the largest error was `ratio` times its target."""
        return ratio <= 1.0 or goal == self.last_goal

    def next_goal(self, goal: SampleSize, ratio: float) -> SampleSize:
        """Return the goal after one at which the largest error was `ratio` (> 1) times its target.

        Errors fall as the square root of the number of bins, so ratio² times as many are needed. Far from the
        target only a third of that is trusted; near it a tenth more is taken, so as not to evaluate in vain.
        """
        need = ratio * ratio
        if math.isinf(ratio):
            factor = UNRESOLVED_GROWTH
        else:
            factor = min(MARGIN * need, max(UNRESOLVED_GROWTH, min(need / DISTRUST, MAX_GROWTH)))
        following = self.grow(goal, max(factor, MIN_GROWTH))
        return following if following != goal else self.grow(goal, 1.0 + 1.0 / goal.blocks)

    def blocks_in_sequence(self, goal: SampleSize, ratio: float) -> int:
        """Count the blocks that must be run one after the other from a goal to the targets.

        Errors at the goal are `ratio` times their targets. Old chains count with what they grow by, new ones
        with their whole length, generation after generation.
        """
        blocks, need = 0, min(ratio * ratio, MAX_NEED)
        while need > 1.0 and goal != self.last_goal:
            following = self.next_goal(goal, math.sqrt(need))
            has_new_chains = following.chains > goal.chains
            blocks += (
                self.thermal_blocks + following.blocks if has_new_chains else following.blocks - goal.blocks
            )
            need *= goal.total / following.total
            goal = following
        return blocks


def _round_up(x: float) -> int:
    """Round up to an integer >= 1; what exceeds an integer by rounding only counts as that integer."""
    return max(1, math.ceil(x - 1e-9))


def chains_that_are_missing(rule: StoppingRule, ensembles: int, workers: int) -> str:
    """Say in one line how many chains would keep all workers busy from the beginning; "" if they are."""
    begun = ensembles * rule.chains
    if workers <= begun:
        return ""
    least = math.ceil(workers / ensembles)
    return (
        f"{workers} ranks that work, but {begun} chains at first: the others wait until more are needed; "
        f"allowed: fewer ranks, or sampling.chains: {{min: {least}, max: {max(8 * least, rule.max_chains)}}}"
    )
