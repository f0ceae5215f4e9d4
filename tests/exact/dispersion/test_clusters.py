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
from tests.exact.reference.cases import matched, model_problem, rejected, sample
from tests.exact.reference.cluster import CHAIN, RING4, SQUARE, Cluster
from tests.exact.reference.distortion import distortion_columns
from tests.exact.reference.problem import Problem
from tests.exact.reference.zscore import compare

RING3 = Cluster(CHAIN, (3,), periodic=True)
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


STRONG = {"holstein": 1.0, "bond": 0.7}  # g


@pytest.mark.parametrize("coupling", STRONG)
def test_an_amplitude_wrong_by_a_per_cent_is_rejected(coupling: str) -> None:
    """Negative control: w, where the phonons' band comes close to zero."""
    w, g = 0.45, STRONG[coupling]
    ensemble, exact = matched(RING4, 1, 14, coupling=coupling, g=g, phonon_hopping=w)
    ensemble.parameters["transfer"] = 2.0 * 1.01 * w
    ensemble.parameters["gap"][:] = 1.0 - 2.0 * 1.01 * w
    assert rejected(ensemble, exact, 300_000)


def test_lines_between_neighbours_wrong_by_three_per_cent_are_rejected() -> None:
    """Negative control: D(1, τ) alone, on a ring of three, where there are many such lines (w, wrong by a per
    cent above, changes all of them); the same chains are not rejected with the right one."""
    ensemble, exact = matched(RING3, 1, 36, coupling="bond", g=1.1, phonon_hopping=0.45)
    assert not (table := compare(sample(ensemble, 16, 24, 100_000), exact)), table
    ensemble.parameters["spread"][:, :, 1] *= 1.03
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
