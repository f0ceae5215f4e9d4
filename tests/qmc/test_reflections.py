"""Reflections leave every weight as it is: same times, same r1 - r2, same lengths of lines, a valid path."""

from __future__ import annotations

import numpy as np
import pytest

from hpcbip.models import Family, Model
from hpcbip.qmc import Chain, Ensemble
from hpcbip.qmc.estimators.measure import POSITION
from hpcbip.qmc.kernel.path import FIRST, SITE
from hpcbip.qmc.kernel.propagator import line_weight
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


SPREAD = {
    "honeycomb": Family("sites", 0.6, 0.5, (), (0.0, 1.0)),  # of the other sublattice
    "lieb": Family("sites", 0.6, 0.5, (), (0.5, 1.0)),
    "kagome": Family("sites", 0.6, 0.4, (1, 2), (0.0, 1.0)),
    "bilayer": Family("sites", 0.6, 0.4, (), (0.3, 1.0)),
}


# no inversion leaves a site of the honeycomb lattice where it is
@pytest.mark.parametrize(
    ("name", "electrons"), [(name, n) for name in SPREAD for n in (1, 2) if (name, n) != ("honeycomb", 1)]
)
def test_lines_stay_within_the_reach_of_an_oscillator(name: str, electrons: int) -> None:
    """Oscillators on other sites than those of the events follow the reflections: where they did not, lines
    would come to join events that act on no oscillator together."""
    model = Model(name, "holstein", 1.0, 1.0, 0.0, 1.0, phonons=(SPREAD[name],))
    chain = Chain.start(Ensemble(model, electrons, 12.0), np.arange(1, 5, dtype=np.uint64))
    rng, parameters = np.arange(5, 9, dtype=np.uint64), chain.ensemble.parameters
    reflections, turned = 0, 0
    for _ in range(40):
        chain.run_block(1, 2000)
        before = weight(chain)[:4]  # lengths, events, times
        reflections += reflect(chain._path, rng, parameters, chain._work[POSITION], chain._cloud)
        path = chain.to_arrays()["path"]
        partners = {
            i: int(event["partner"]) for i, event in enumerate(path) if i >= FIRST and event["partner"]
        }
        assert all(
            line_weight(parameters, path, np.uint32(i), np.uint32(j)) > 0.0 for i, j in partners.items()
        )
        assert weight(chain)[:4] == pytest.approx(before, abs=1e-9)
        turned += len(partners)
    assert reflections > 40 and turned > 100
