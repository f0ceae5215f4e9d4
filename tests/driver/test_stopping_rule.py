"""The sequence of milestones: it grows, it ends, and it neither overshoots nor widens for little."""

from __future__ import annotations

import math

import pytest

from hpcbip.campaign.plan import SampleSize
from hpcbip.driver.stopping_rule import Rules, following, grow

FIXED = Rules(chains=4, thermal_blocks=4, min_blocks=8, max_blocks=400)
WIDE = Rules(chains=8, thermal_blocks=4, min_blocks=8, max_blocks=400, max_chains=512)


def test_a_fixed_number_of_chains_only_grows_longer() -> None:
    assert grow(SampleSize(4, 8), 2.0, FIXED) == SampleSize(4, 16)
    assert grow(SampleSize(4, 100), 1.2, FIXED) == SampleSize(4, 120)
    assert grow(SampleSize(4, 300), 8.0, FIXED) == FIXED.end == SampleSize(4, 400)


def test_chains_grow_longer_then_more_then_longer_again() -> None:
    assert grow(SampleSize(8, 8), 2.0, WIDE) == SampleSize(8, 16)
    assert grow(SampleSize(8, 8), 8.0, WIDE) == SampleSize(13, 40)  # 40 = 10 thermalisations
    assert grow(SampleSize(64, 40), 4.0, WIDE) == SampleSize(256, 40)
    assert grow(SampleSize(64, 40), 1.2, WIDE) == SampleSize(
        64, 48
    )  # little is missing: no new chains for that
    assert grow(SampleSize(512, 40), 2.0, WIDE) == SampleSize(512, 80)
    assert grow(SampleSize(512, 300), 100.0, WIDE) == WIDE.end


@pytest.mark.parametrize("rules", [FIXED, WIDE])
@pytest.mark.parametrize("need", [1.0, 30.0, 1e3, 3e4, 1e9])
def test_every_sequence_ends_soon_and_near_the_need(rules: Rules, need: float) -> None:
    """With errors that fall as 1/√bins: few looks, and not many more bins than are needed."""
    at, looks = rules.first, 1
    while (ratio := math.sqrt(need / at.total)) > 1.0 and at != rules.end:
        after = following(at, ratio, rules)
        assert after.total > at.total and after.chains >= at.chains and after.blocks >= at.blocks
        at, looks = after, looks + 1
    assert looks <= 9
    assert at.total <= max(1.25 * need + at.chains, rules.first.total)


def test_unresolved_errors_double_the_bins() -> None:
    assert following(SampleSize(4, 8), math.inf, FIXED) == SampleSize(4, 16)
