"""The map of the cloud against matrices, sixteen seeds each, and on infinite lattices against its mean;
false-alarm rate `zscore.FALSE_ALARM` = 1e-4 per case."""

from __future__ import annotations

import numpy as np
import pytest

from hpcbip.models import Model, get_lattice
from hpcbip.models.shells import cloud_shells
from hpcbip.qmc import Chain, Ensemble, columns
from tests.exact.reference.cases import model_problem, rejected, sample
from tests.exact.reference.cluster import RING4, SQUARE, TRIANGULAR, Cluster
from tests.exact.reference.distortion import shell_columns
from tests.exact.reference.zscore import compare

RING5 = Cluster(RING4.grid, (5,), periodic=True)
SQUARE9 = Cluster(SQUARE, (3, 3), periodic=True)
TRIANGULAR9 = Cluster(TRIANGULAR, (3, 3), periodic=True)
BOTH = {"coupling": "bond+holstein", "g": 0.6, "omega": 1.4, "g_holstein": 0.5, "omega_holstein": 0.7}

# cluster, electrons, cutoff, fields of the model
CASES = {
    "ring, 1, soft": (RING4, 1, 13, {"g": 0.6, "omega": 0.7}),
    "ring, 2": (RING4, 2, 12, {"g": 0.7, "U": 2.0}),
    "Holstein ring, 1": (RING5, 1, 9, {"coupling": "holstein", "g": 0.6}),
    "Holstein ring, 2": (RING4, 2, 12, {"coupling": "holstein", "g": 0.6, "U": 2.0}),
    "both, 2": (RING4, 2, 8, {**BOTH, "U": 4.0}),
    "anisotropic torus, 1": (SQUARE9, 1, 3, {"g": 0.25, "t_factors": (1.0, 0.5), "g_factors": (1.0, 0.8)}),
    "triangular, 1": (TRIANGULAR9, 1, 3, {"g": 0.2}),
}


@pytest.mark.parametrize("name", CASES)
def test_all_shells(name: str) -> None:
    cluster, electrons, cutoff, fields = CASES[name]
    ensemble, problem = model_problem(cluster, electrons, cutoff, **fields)
    shells = cloud_shells(ensemble.model, ensemble.lattice)
    assert len(shells) > 1
    exact = shell_columns(problem, shells)
    assert not (table := compare(sample(ensemble, 16, 24, 60_000), exact)), table


@pytest.mark.parametrize("coupling", ["bond", "holstein"])
def test_a_weight_wrong_by_a_per_cent_is_rejected(coupling: str) -> None:
    """Negative control: the share of a bond, or a site, in its shell."""
    ensemble, problem = model_problem(RING4, 1, 14, coupling=coupling, g=0.8)
    exact = shell_columns(problem, cloud_shells(ensemble.model, ensemble.lattice))
    ensemble.parameters["shell_share"][1] *= 1.01
    assert rejected(ensemble, exact, 240_000)


def test_shells_of_the_square_lattice() -> None:
    model = Model("square", "bond", 1.0, 1.0, 0.8)
    shells = cloud_shells(model, model.bravais)
    assert [len(shell.members) for shell in shells] == [4, 8, 4, 8, 8, 8, 4, 8]
    nearest = shells[0]
    assert (nearest.distance, nearest.along, set(nearest.members)) == (
        0.5,
        0.5,
        {(0, (0, 0)), (0, (-1, 0)), (1, (0, 0)), (1, (0, -1))},
    )
    # an axis with a coupling of its own has shells of its own, one without coupling has none
    apart = cloud_shells(Model("square", "bond", 1.0, 1.0, 0.8, g_factors=(1.0, 0.5)), model.bravais)
    assert {shell.axis for shell in apart} == {0, 1} and len(apart[0].members) == 2
    alone = cloud_shells(Model("square", "bond", 1.0, 1.0, 0.8, g_factors=(1.0, 0.0)), model.bravais)
    assert {shell.axis for shell in alone} == {0}
    assert not cloud_shells(model, get_lattice("square").cluster(3, 3))
    assert not cloud_shells(Model("square", "bond", 1.0, 1.0, 0.8, phonon_hopping=0.1), model.bravais)
    assert not cloud_shells(Model("honeycomb", "bond", 1.0, 1.0, 0.8), get_lattice("honeycomb"))


@pytest.mark.parametrize("electrons", [1, 2])
def test_on_an_infinite_lattice_the_first_shell_is_the_bonds_that_touch_an_electron(electrons: int) -> None:
    """Measured in another way by `distortion`, at three times instead of one."""
    ensemble = Ensemble(Model("square", "bond", 1.0, 1.0, 1.1, 8.0), electrons, beta=16.0)
    names = columns(ensemble)
    pairs = []
    for seed in range(16):
        chain = Chain.start(ensemble, np.random.SeedSequence((7, seed)).generate_state(4, np.uint64))
        chain.thermalise(100_000)
        means = chain.run_block(1, 800_000)[0]
        pairs.append([means[names.index(name)] for name in ("distortion", "distortion_shell[0]")])
    whole, first = np.array(pairs).T
    apart = first - whole
    assert abs(apart.mean()) < 4.0 * apart.std(ddof=1) / 4.0
    assert first.std(ddof=1) < 0.1 * abs(first.mean())
