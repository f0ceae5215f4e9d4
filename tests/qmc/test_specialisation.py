"""The kernels for plain models do what the one for all models does, and serve no others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hpcbip.models import Family, Model, get_lattice
from hpcbip.qmc import Chain, Ensemble
from hpcbip.qmc.cycle import run_bins
from hpcbip.qmc.kernel.specialisation import plain_dimension

SQUARE = {"lattice": "square", "coupling": "bond", "t": 1.0, "omega": 1.0, "g": 0.8}
PLAIN: dict[str, dict[str, Any]] = {
    "bond": SQUARE | {"U": 8.0},
    "slow": SQUARE | {"omega": 0.3, "g": 0.4, "U": 8.0},
    "tail": SQUARE | {"U": 8.0, "V": 0.8, "shells": (0.3, -0.2)},
    "chain": SQUARE | {"lattice": "chain", "coupling": "holstein", "g": 1.2, "U": 1.0},
    "both": SQUARE | {"coupling": "bond+holstein", "g_holstein": 0.7, "omega_holstein": 0.5, "U": 4.0},
    "triangular": SQUARE | {"lattice": "triangular"},
    "cubic": SQUARE | {"lattice": "cubic", "V": 0.8, "t_factors": (1.0, 1.0, 0.5)},
}
OTHERS: dict[str, dict[str, Any]] = {
    "honeycomb": SQUARE | {"lattice": "honeycomb"},
    "families": SQUARE | {"phonons": [Family("bonds", 0.5, 0.3)]},
    "profile": SQUARE | {"coupling": "holstein", "profile": (1.0, 0.3)},
    "dispersive": SQUARE | {"phonon_hopping": 0.1},
}


@pytest.mark.parametrize("electrons", [1, 2])
@pytest.mark.parametrize("name", PLAIN)
def test_all_kernels_give_the_same_bins(name: str, electrons: int) -> None:
    ensemble = Ensemble(Model(**PLAIN[name]), electrons, beta=12.0)
    chains = [Chain.start(ensemble, np.arange(1, 5, dtype=np.uint64)) for _ in range(2)]
    assert chains[0].kernel is run_bins.variant(ensemble.lattice.dimension)
    chains[1].kernel = run_bins
    plain, general = (chain.run_block(4, 50_000) for chain in chains)
    np.testing.assert_array_equal(plain, general)
    for one, other in zip(*(chain.to_arrays().values() for chain in chains), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", OTHERS)
def test_other_models_have_the_general_kernel(name: str) -> None:
    ensemble = Ensemble(Model(**OTHERS[name]), 2, beta=4.0)
    assert plain_dimension(ensemble.parameters) is None
    assert Chain.start(ensemble, np.arange(1, 5, dtype=np.uint64)).kernel is run_bins


@pytest.mark.parametrize("periodic", [True, False])
def test_clusters_have_the_general_kernel(periodic: bool) -> None:
    cluster = get_lattice("square").cluster(3, 3, periodic=periodic)
    ensemble = Ensemble(Model(**SQUARE), 2, beta=4.0, cluster=cluster)
    assert plain_dimension(ensemble.parameters) is None


def test_kernels_for_plain_models_know_nothing_of_other_ones() -> None:
    modules = {kernel.__module__.rpartition(".")[2] for kernel in run_bins.variant(2).reached()}
    assert "kinks" in modules
    assert not modules & {"propagator", "families"}
