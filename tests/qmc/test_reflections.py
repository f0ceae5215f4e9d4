"""Reflections leave every weight as it is: same times, same r1 - r2, same lengths of lines, a valid path."""

from __future__ import annotations

import numpy as np
import pytest

from hpcbip.models import Model
from hpcbip.qmc import Chain, Ensemble
from hpcbip.qmc.estimators.measure import POSITION
from hpcbip.qmc.kernel.path import FIRST, SITE
from hpcbip.qmc.updates.reflections import reflect
from tests.qmc.invariants import check

MODELS = {
    "square": Model("square", "bond", 1.0, 0.5, 0.8, 4.0),
    "triangular": Model("triangular", "bond", 1.0, 0.5, 0.5, 4.0),
    "both": Model("cubic", "bond+holstein", 1.0, 0.8, 0.7, 2.0, V=0.5, g_holstein=0.7, omega_holstein=0.3),
}


def weight(chain: Chain) -> tuple[float, ...]:
    """What the weight of the path depends on: Σ Ω·lengths by kind of oscillator, numbers of events, ∫ of the
    pair."""
    path = chain.to_arrays()["path"]
    events = path[FIRST:]
    joined = events[events["partner"] > 0]
    lengths = np.abs(path[joined["partner"]]["time"] - joined["time"])
    site = joined["direction"] == SITE
    return (
        float(lengths[site].sum()),
        float(lengths[~site].sum()),
        float(len(events)),
        float(events["time"].sum()),
        *np.sort(events["rel"]).astype(float),
        *np.bincount(events["direction"] // 2, minlength=8).astype(float),
    )


@pytest.mark.parametrize("electrons", [1, 2])
@pytest.mark.parametrize("name", MODELS)
def test_weights_stay(name: str, electrons: int) -> None:
    chain = Chain.start(Ensemble(MODELS[name], electrons, 12.0), np.arange(1, 5, dtype=np.uint64))
    rng = np.arange(5, 9, dtype=np.uint64)
    reflections, moved = 0, 0
    for _ in range(40):
        chain.run_block(1, 2000)
        before, bonds = weight(chain), chain.to_arrays()["path"]["bond"]
        reflections += reflect(
            chain._path, rng, chain.ensemble.parameters, chain._work[POSITION], chain._cloud
        )
        check(chain)
        assert weight(chain) == pytest.approx(before, abs=1e-9)
        moved += not np.array_equal(bonds, chain.to_arrays()["path"]["bond"])
    assert reflections > 40 and moved > 30
