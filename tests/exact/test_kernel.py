"""The kernel against e^{-βH} on finite clusters, all observables, sixteen seeds each; and the same test on wrong
weights.

The false-alarm rate is `zscore.FALSE_ALARM` = 1e-4 per case, so 2e-3 for the whole file. On the periodic cluster
`displacement2_window` is the sum over reflected segments, whose mean is exact at any β: it proves the improved mass
estimator.
"""

from __future__ import annotations

import numpy as np
import pytest

from hpcbip.models import Model, get_lattice
from hpcbip.qmc import Chain, Ensemble, columns

from .cluster import CHAIN3, DIMER, PLAQUETTE, RING4, Problem
from .zscore import compare

CLUSTERS = {
    "dimer": (DIMER, get_lattice("chain").cluster(2), 22),
    "chain3": (CHAIN3, get_lattice("chain").cluster(3), 17),
    "ring4": (RING4, get_lattice("chain").cluster(4, periodic=True), 14),
    "plaquette": (PLAQUETTE, get_lattice("square").cluster(2, 2), 14),
}
BETA, EDGE = 3.0, 0.75
WEAK, STRONG = 0.4, 0.9


def sample(ensemble: Ensemble, seeds: int, bins: int, updates: int) -> dict[str, list[np.ndarray]]:
    """Bins of every column from independent chains."""
    found: dict[str, list[np.ndarray]] = {name: [] for name in columns(ensemble)}
    for k in range(seeds):
        chain = Chain.start(ensemble, np.random.SeedSequence((2024, k)).generate_state(4, np.uint64))
        chain.thermalise(updates)
        for name, column in zip(columns(ensemble), chain.run_block(bins, updates).T, strict=True):
            found[name].append(column)
    return found


def case(name: str, electrons: int, U: float, g: float, kappa: float = 0.0) -> tuple[Ensemble, dict[str, float]]:
    """The ensemble and its exact observables; pair weights that the box of columns does not hold are left out."""
    cluster, lattice, cutoff = CLUSTERS[name]
    model = Model(lattice.name, "bond", 1.0, 1.0, g, U)
    ensemble = Ensemble(model, electrons, BETA, EDGE, kappa, lattice)
    exact = Problem(cluster, electrons, 1.0, 1.0, g, U, BETA, EDGE, cutoff if g == STRONG else 10, kappa).solve()
    if U == 0.0:
        exact.pop("potential", None)  # identically zero
    return ensemble, exact


@pytest.mark.parametrize("g", [WEAK, STRONG])
@pytest.mark.parametrize(("electrons", "U"), [(1, 0.0), (2, 0.0), (2, 8.0)])
@pytest.mark.parametrize("name", ["dimer", "chain3", "ring4"])
def test_all_observables(name: str, electrons: int, U: float, g: float) -> None:
    ensemble, exact = case(name, electrons, U, g)
    # displacements on the ring are skewed: at strong coupling bins have to be long for Student's distribution to hold
    updates = 160_000 if name == "ring4" and g == STRONG else 40_000
    assert not (table := compare(sample(ensemble, 16, 24, updates), exact)), table


@pytest.mark.parametrize(("electrons", "ground"), [(1, -1.0 - 0.49), (2, -2.0 - 4 * 0.49)])
def test_dimer_formulas(electrons: int, ground: float) -> None:
    """At β = 16 the energy is the ground state's: -t - g²/Ω for one electron, -2t - 4g²/Ω for two (U = 0)."""
    model = Model("chain", "bond", 1.0, 1.0, 0.7)
    ensemble = Ensemble(model, electrons, 16.0, kappa=0.0, cluster=get_lattice("chain").cluster(2))
    at_beta = Problem(DIMER, electrons, 1.0, 1.0, 0.7, 0.0, 16.0, 4.0, 32).solve()
    assert at_beta["energy"] == pytest.approx(ground, abs=1e-5)
    bins = sample(ensemble, 16, 24, 40_000)
    assert not (table := compare(bins, {"energy": ground, "phonons": at_beta["phonons"]})), table


@pytest.mark.parametrize(("electrons", "U"), [(1, 0.0), (2, -2.0)])
def test_two_dimensions_with_a_decaying_trial_state(electrons: int, U: float) -> None:
    ensemble, exact = case("plaquette", electrons, U, STRONG, kappa=0.4)
    assert not (table := compare(sample(ensemble, 16, 24, 40_000), exact)), table


WRONG = {
    "weight of a phonon vertex": {"g2": 1.01**2, "g2_over_t2": 1.01**2},
    "weight of a bare hop": {"t": 1.01, "t2": 1.01**2, "g2_over_t2": 1.01**-2},
    "phonon frequency": {"omega": 1.03},
    "repulsion": {"U": 1.05},
    "insertion ratio of kinks": {"t2": 1.05, "g2": 1.05},
    "heat bath of the phonon lines": {"g2_over_t2": 1.05},
    "growth of the ends": {"t": 1.15},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_by_a_per_cent_is_rejected(wrong: str) -> None:
    """Negative controls: a weight off by 1 % (Ω by 3 %, U by 5 %), or one family of acceptance ratios by 5 % (ends: 15
    %)."""
    ensemble, exact = case("chain3", 2, 8.0, STRONG)
    for field, factor in WRONG[wrong].items():
        ensemble.parameters[field] *= factor
    assert "BAD" in compare(sample(ensemble, 16, 24, 100_000), exact)
