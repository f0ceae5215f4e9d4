"""The kernel against e^{-βH} for every coupling, interaction and kind of lattice, all observables, sixteen
seeds each.

The false-alarm rate is `zscore.FALSE_ALARM` = 1e-4 per case, so 3e-3 for the whole file. On periodic clusters
`displacement2_window` is the sum over segments between the cuts of the improved mass estimator, whose mean is
exact at any β. The cutoffs leave errors of 1e-4 at most (`cases.TRUNCATED`), below a tenth of the statistical
ones.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.exact.reference.cases import matched, rejected, sample
from tests.exact.reference.cluster import (
    CHAIN3,
    CUBIC,
    DIMER,
    NEXT_NEIGHBOURS,
    PLAQUETTE,
    RING4,
    SQUARE,
    TRIANGULAR,
    Cluster,
)
from tests.exact.reference.zscore import compare

SQUARE9 = Cluster(SQUARE, (3, 3), periodic=True)
TRIANGULAR9 = Cluster(TRIANGULAR, (3, 3), periodic=True)
TRIANGULAR4 = Cluster(TRIANGULAR, (2, 2))
RING5 = Cluster(NEXT_NEIGHBOURS, (5,), periodic=True)
CUBIC27 = Cluster(CUBIC, (3, 3, 3), periodic=True)
CUBE = Cluster(CUBIC, (2, 2, 2))

UPDATES = 25_000

# cluster, electrons, cutoff, fields of the model (and κ)
Case = tuple[Cluster, int, int, dict[str, Any]]

HOLSTEIN = {"coupling": "holstein", "g": 0.9}
STIFF_BONDS = {"coupling": "bond+holstein", "g": 0.6, "omega": 1.4, "g_holstein": 0.5, "omega_holstein": 0.7}
SOFT_BONDS = {"coupling": "bond+holstein", "g": 0.4, "omega": 0.6, "g_holstein": 0.8, "omega_holstein": 1.7}

CASES: dict[str, Case] = {
    "holstein, dimer, 1": (DIMER, 1, 16, HOLSTEIN),
    "holstein, dimer, 2": (DIMER, 2, 20, HOLSTEIN),
    "holstein, dimer, 2, U": (DIMER, 2, 18, {**HOLSTEIN, "U": 4.0}),
    "holstein, chain, 1": (CHAIN3, 1, 12, HOLSTEIN),
    "holstein, chain, 2, U": (CHAIN3, 2, 14, {**HOLSTEIN, "U": 4.0}),
    "holstein, ring, 1": (RING4, 1, 10, HOLSTEIN),
    "holstein, ring, 2": (RING4, 2, 13, HOLSTEIN),
    "holstein, ring, 2, U": (RING4, 2, 12, {**HOLSTEIN, "U": 4.0}),
    "bond+holstein, dimer, 1": (DIMER, 1, 14, SOFT_BONDS),
    "bond+holstein, dimer, 2": (DIMER, 2, 18, {**STIFF_BONDS, "U": 2.0}),
    "bond+holstein, ring, 1": (RING4, 1, 7, SOFT_BONDS),
    "bond+holstein, ring, 2": (RING4, 2, 8, {**STIFF_BONDS, "U": 4.0}),
    "tail, chain, 2": (CHAIN3, 2, 13, {"g": 0.7, "U": 4.0, "V": 1.5}),
    "tail, ring, 2": (RING4, 2, 11, {"g": 0.7, "U": 4.0, "V": 1.5}),
    "shells, ring, 2": (RING4, 2, 11, {"coupling": "holstein", "g": 0.7, "U": 4.0, "shells": (-1.0, 0.5)}),
    "tail and shells, chain, 2": (CHAIN3, 2, 13, {"g": 0.7, "U": 2.0, "V": 1.0, "shells": (-2.0, 0.7)}),
    "anisotropic, plaquette, 2": (
        PLAQUETTE,
        2,
        11,
        {"g": 0.7, "U": 2.0, "t_factors": (1.0, 0.4), "g_factors": (0.5, 1.2)},
    ),
    "anisotropic, torus, 1": (SQUARE9, 1, 5, {"g": 0.7, "t_factors": (1.0, 0.5), "g_factors": (0.6, 1.2)}),
    "one axis without coupling, torus, 2": (SQUARE9, 2, 3, {"g": 0.25, "U": 4.0, "g_factors": (1.0, 0.0)}),
    "bond, torus, 2": (SQUARE9, 2, 4, {"g": 0.3, "U": 4.0, "V": 0.5}),
    "bond, triangles, 2": (TRIANGULAR4, 2, 8, {"g": 0.5, "U": 4.0, "V": 0.5}),
    "bond, triangular, 1": (TRIANGULAR9, 1, 4, {"g": 0.45}),
    "bond, triangular, 2": (TRIANGULAR9, 2, 3, {"g": 0.15, "U": 4.0, "V": 0.5}),
    "holstein, triangular, 2": (TRIANGULAR9, 2, 5, {"coupling": "holstein", "g": 0.9, "U": 2.0}),
    "anisotropic, triangular, 1": (
        TRIANGULAR9,
        1,
        4,
        {"g": 0.5, "t_factors": (1.0, 0.6, 0.3), "g_factors": (0.4, 1.0, 0.8)},
    ),
    "bond, next neighbours, 1": (RING5, 1, 6, {"g": 0.8, "t_factors": (1.0, 0.5)}),
    "bond, next neighbours, 2": (RING5, 2, 5, {"g": 0.3, "U": 3.0, "t_factors": (1.0, 0.5)}),
    "holstein, cubic, 1": (CUBIC27, 1, 4, {"coupling": "holstein", "g": 1.2}),
    "bond, cube, 1": (CUBE, 1, 5, {"g": 0.6}),
    "no phonons, triangular, 2": (
        TRIANGULAR9,
        2,
        0,
        {"U": 4.0, "V": 1.0, "shells": (-0.5, 0.3), "kappa": 0.3},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_all_observables(name: str) -> None:
    cluster, electrons, cutoff, fields = CASES[name]
    ensemble, exact = matched(cluster, electrons, cutoff, **fields)
    assert not (table := compare(sample(ensemble, 16, 24, UPDATES), exact)), table


# name of a case, field of the kernel's parameters, the directions in question, by how much
WRONG = {
    "tail": ("tail, ring, 2", "potential", slice(None), 1.05),
    "hopping of one axis": ("no phonons, triangular, 2", "bare2", slice(4, 6), 1.08),
    "coupling of one axis": ("anisotropic, plaquette, 2", "joined2", slice(2, 4), 1.06),
    "frequency of the sites": ("bond+holstein, dimer, 2", "frequency", slice(12, 13), 1.08),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_rejected(wrong: str) -> None:
    """Negative controls: one of several weights of a model, off by 5 to 8 %."""
    name, field, directions, factor = WRONG[wrong]
    cluster, electrons, cutoff, fields = CASES[name]
    ensemble, exact = matched(cluster, electrons, cutoff, **fields)
    ensemble.parameters[field][directions] *= factor
    assert rejected(ensemble, exact, 60_000)
