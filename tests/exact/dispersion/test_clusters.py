"""The kernel with phonons that hop against e^{-βH} on periodic clusters, all observables and the distortion,
sixteen seeds each; and the same test on wrong weights.

The false-alarm rate is `zscore.FALSE_ALARM` = 1e-4 per case, so 1e-3 for the whole file. The cutoffs leave
errors of 1e-4 at most (`cases.TRUNCATED`).
"""

from __future__ import annotations

from typing import Any

import pytest

from hpcbip.models import Model
from hpcbip.qmc import Ensemble
from tests.exact.reference.cases import model_problem, rejected, sample
from tests.exact.reference.cluster import RING4, SQUARE, Cluster
from tests.exact.reference.distortion import distortion_columns
from tests.exact.reference.problem import Problem
from tests.exact.reference.zscore import compare

SQUARE9 = Cluster(SQUARE, (3, 3), periodic=True)
UPDATES = 25_000
HOLSTEIN = {"coupling": "holstein"}

# cluster, electrons, cutoff, fields of the model
CASES: dict[str, tuple[Cluster, int, int, dict[str, Any]]] = {
    "holstein, ring, 1": (RING4, 1, 10, {**HOLSTEIN, "g": 0.7, "phonon_hopping": 0.3}),
    "holstein, ring, 2, U": (RING4, 2, 12, {**HOLSTEIN, "g": 0.6, "U": 4.0, "phonon_hopping": 0.3}),
    "bond, ring, 1": (RING4, 1, 10, {"g": 0.7, "phonon_hopping": 0.3}),
    "bond, ring, 2, U": (RING4, 2, 10, {"g": 0.5, "U": 4.0, "phonon_hopping": 0.3}),
    "holstein, torus, 1": (SQUARE9, 1, 5, {**HOLSTEIN, "g": 0.6, "phonon_hopping": 0.15}),
    "bond, torus, 1": (SQUARE9, 1, 4, {"g": 0.35, "phonon_hopping": 0.15}),
    "anisotropic, torus, 1": (
        SQUARE9,
        1,
        4,
        {"g": 0.4, "phonon_hopping": 0.2, "g_factors": (1.0, 0.5), "omega_factors": (1.0, 1.6)},
    ),
}


def case(name: str) -> tuple[Ensemble, dict[str, float]]:
    cluster, electrons, cutoff, fields = CASES[name]
    ensemble, problem = model_problem(cluster, electrons, cutoff, **fields)
    exact = {key: value for key, value in problem.solve(6).items() if value != 0.0}
    return ensemble, exact | (distortion_columns(problem) if problem.coupling == "bond" else {})


@pytest.mark.parametrize("name", CASES)
def test_all_observables(name: str) -> None:
    ensemble, exact = case(name)
    assert not (table := compare(sample(ensemble, 16, 24, UPDATES), exact)), table


def strong(coupling: str) -> tuple[Ensemble, dict[str, float]]:
    """Long ways of the phonons, whose band comes close to zero."""
    g = {"holstein": 1.0, "bond": 0.7}[coupling]
    ensemble, problem = model_problem(RING4, 1, 14, coupling=coupling, g=g, phonon_hopping=0.45)
    return ensemble, problem.solve(6)


@pytest.mark.parametrize("coupling", ["holstein", "bond"])
def test_weights_wrong_by_a_per_cent_are_rejected(coupling: str) -> None:
    """Negative controls: D between neighbours, and w."""
    ensemble, exact = strong(coupling)
    ensemble.parameters["spread"][:, :, 1] *= 1.01
    assert rejected(ensemble, exact, 300_000)
    ensemble, exact = strong(coupling)
    w = 0.45 * 1.01
    ensemble.parameters["transfer"] = 2.0 * w
    ensemble.parameters["gap"][:] = 1.0 - 2.0 * w
    assert rejected(ensemble, exact, 300_000)


def test_without_hopping_phonons_it_is_the_plain_model() -> None:
    """w → 0: matrices with w = 1e-4 are those without, and the record of the kernel is left as it is."""
    fields = {"coupling": "bond", "t": 1.0, "omega": 1.0, "g": 0.7, "U": 0.0, "beta": 3.0, "edge": 0.75}
    plain = Problem(RING4, 1, cutoff=8, **fields).solve(4)
    hopping = Problem(RING4, 1, cutoff=8, phonon_hopping=1e-4, **fields).solve(4)
    for name, value in plain.items():
        assert hopping[name] == pytest.approx(value, abs=1e-3)
    model = Model("chain", "bond", 1.0, 1.0, 0.7)
    assert not Ensemble(model, 1, 3.0).parameters["dispersive"]
