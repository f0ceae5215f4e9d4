"""The sequence of goals: it grows, it ends, and it neither overshoots nor widens for little."""

from __future__ import annotations

import math

import pytest

from hpcbip.campaign.plan import SampleSize
from hpcbip.driver.stopping_rule import StoppingRule, chains_that_are_missing

FIXED = StoppingRule(chains=4, thermal_blocks=4, min_blocks=8, max_blocks=400)
WIDE = StoppingRule(chains=8, thermal_blocks=4, min_blocks=8, max_blocks=400, max_chains=512)


def test_a_fixed_number_of_chains_only_grows_longer() -> None:
    assert FIXED.grow(SampleSize(4, 8), 2.0) == SampleSize(4, 16)
    assert FIXED.grow(SampleSize(4, 100), 1.2) == SampleSize(4, 120)
    assert FIXED.grow(SampleSize(4, 300), 8.0) == FIXED.last_goal == SampleSize(4, 400)


def test_chains_grow_longer_then_more_then_longer_again() -> None:
    assert WIDE.grow(SampleSize(8, 8), 2.0) == SampleSize(8, 16)
    assert WIDE.grow(SampleSize(8, 8), 8.0) == SampleSize(13, 40)  # 40 = 10 thermalisations
    assert WIDE.grow(SampleSize(64, 40), 4.0) == SampleSize(256, 40)
    assert WIDE.grow(SampleSize(64, 40), 1.2) == SampleSize(
        64, 48
    )  # little is missing: no new chains for that
    assert WIDE.grow(SampleSize(512, 40), 2.0) == SampleSize(512, 80)
    assert WIDE.grow(SampleSize(512, 300), 100.0) == WIDE.last_goal


@pytest.mark.parametrize("rule", [FIXED, WIDE])
@pytest.mark.parametrize("need", [1.0, 30.0, 1e3, 3e4, 1e9])
def test_every_sequence_ends_soon_and_near_the_need(rule: StoppingRule, need: float) -> None:
    """With errors that fall as 1/√bins: few looks, and not many more bins than are needed."""
    at, looks = rule.first_goal, 1
    while (ratio := math.sqrt(need / at.total)) > 1.0 and at != rule.last_goal:
        after = rule.next_goal(at, ratio)
        assert after.total > at.total and after.chains >= at.chains and after.blocks >= at.blocks
        at, looks = after, looks + 1
    assert looks <= 9
    assert at.total <= max(1.25 * need + at.chains, rule.first_goal.total)


def test_unresolved_errors_double_the_bins() -> None:
    assert FIXED.next_goal(SampleSize(4, 8), math.inf) == SampleSize(4, 16)


def test_ranks_without_a_chain_are_told_how_many_chains_they_need() -> None:
    rule = StoppingRule(chains=8, thermal_blocks=2, min_blocks=4, max_blocks=30, max_chains=64)
    assert chains_that_are_missing(rule, 20, 160) == ""
    told = chains_that_are_missing(rule, 20, 1000)
    assert "1000 ranks" in told and "160 chains" in told and "{min: 50, max: 400}" in told
