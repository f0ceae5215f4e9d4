"""The kernel on lattices with a basis against e^{-βH}, all observables, sixteen seeds each, and on the
infinite lattices against closed forms; and the same tests on wrong weights.

The false-alarm rate is `zscore.FALSE_ALARM` = 1e-4 per case, so 3e-3 for the whole file. On periodic clusters
`displacement2_window` is the sum over segments between the cuts of the improved mass estimator, whose mean is
exact at any β: it proves the symmetries that are taken for granted there.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.exact.reference.cases import matched, model_problem, rejected, sample
from tests.exact.reference.cluster import (
    BILAYER,
    CHECKERBOARD,
    DIAMOND,
    HONEYCOMB,
    KAGOME,
    LADDER,
    LIEB,
    SAWTOOTH,
    Cluster,
)
from tests.exact.reference.distortion import distortion_columns
from tests.exact.reference.zscore import compare

UPDATES = 25_000

HONEYCOMB_RING = Cluster(HONEYCOMB, (2, 2), periodic=True)
HONEYCOMB_OPEN = Cluster(HONEYCOMB, (2, 1))
KAGOME_CELLS = Cluster(KAGOME, (2, 2), periodic=True)
LIEB_CELLS = Cluster(LIEB, (2, 2), periodic=True)
LIEB_OPEN = Cluster(LIEB, (2, 1))
CHECKERBOARD_CELLS = Cluster(CHECKERBOARD, (3, 3), periodic=True)
BILAYER_CELLS = Cluster(BILAYER, (3, 3), periodic=True)
BILAYER_OPEN = Cluster(BILAYER, (2, 1))
DIAMOND_CELLS = Cluster(DIAMOND, (2, 2, 2), periodic=True)
LADDER_RING, LADDER_ODD = (Cluster(LADDER, (extent,), periodic=True) for extent in (4, 3))
SAWTOOTH_RING = Cluster(SAWTOOTH, (3,), periodic=True)

LEVELS = {"levels": (0.0, 1.2, 0.7), "U_factors": (1.0, 0.5, 1.5)}
BOTH = {"coupling": "bond+holstein", "g": 0.3, "omega": 1.4, "g_holstein": 0.4, "omega_holstein": 1.7}

# cluster, electrons, cutoff, fields of the model (and κ)
CASES: dict[str, tuple[Cluster, int, int, dict[str, Any]]] = {
    "honeycomb, bond, 1": (HONEYCOMB_RING, 1, 4, {"g": 0.5}),
    "honeycomb, bond, 2": (HONEYCOMB_RING, 2, 3, {"g": 0.2, "U": 4.0}),
    "honeycomb, holstein, 2": (HONEYCOMB_RING, 2, 4, {"coupling": "holstein", "g": 0.6, "U": 2.0}),
    "honeycomb, tail, open, 2": (HONEYCOMB_OPEN, 2, 9, {"g": 0.6, "U": 4.0, "V": 1.5, "kappa": 0.3}),
    "honeycomb, staggered, 1": (
        HONEYCOMB_RING,
        1,
        4,
        {"g": 0.5, "levels": (0.0, 1.5), "t_factors": (1.0, 0.7, 0.4), "g_factors": (0.5, 1.0, 1.1)},
    ),
    "kagome, bond, 1": (KAGOME_CELLS, 1, 3, {"g": 0.35}),
    "kagome, holstein, 2": (KAGOME_CELLS, 2, 2, {"coupling": "holstein", "g": 0.2, "U": 4.0}),
    "kagome, breathing, 1": (KAGOME_CELLS, 1, 3, {"g": 0.3, "t_factors": (1.0, 0.6) * 3}),
    "lieb, bond, 1": (LIEB_CELLS, 1, 4, {"g": 0.5, **LEVELS}),
    "lieb, bond, 2": (LIEB_CELLS, 2, 2, {"g": 0.09, "U": 4.0, **LEVELS}),
    "lieb, both, 1": (LIEB_CELLS, 1, 3, {**BOTH, "levels": (0.0, 1.0, 1.0)}),
    "lieb, open, 2": (LIEB_OPEN, 2, 7, {"g": 0.5, "U": 4.0, "omega_factors": (1.0, 1.5, 0.8, 1.2), **LEVELS}),
    "lieb, holstein, 2": (LIEB_CELLS, 2, 2, {"coupling": "holstein", "g": 0.17, "U": 4.0, **LEVELS}),
    "checkerboard, holstein, 1": (CHECKERBOARD_CELLS, 1, 4, {"coupling": "holstein", "g": 0.6}),
    "bilayer, bond, 1": (BILAYER_CELLS, 1, 2, {"g": 0.1, "t_factors": (1.0, 1.0, 1.0, 1.0, 0.5)}),
    "ladder, bond, 2": (LADDER_RING, 2, 4, {"g": 0.25, "U": 4.0, "t_factors": (1.0, 1.0, 0.6)}),
    "ladder, tail, 2": (LADDER_ODD, 2, 5, {"g": 0.4, "U": 4.0, "V": 1.5}),
    "ladder, uneven, 2": (
        LADDER_ODD,
        2,
        5,
        {"g": 0.4, "U": 4.0, "levels": (0.0, 1.0), "U_factors": (1.0, 2.0)},
    ),
    "bilayer, open, 2": (BILAYER_OPEN, 2, 10, {"g": 0.6, "U": 2.0, "V": 1.0, "levels": (0.0, 0.8)}),
    "ladder, holstein, 2": (LADDER_RING, 2, 6, {"coupling": "holstein", "g": 0.8, "U": 2.0}),
    "diamond, bond, 1": (DIAMOND_CELLS, 1, 3, {"g": 0.3}),
    "no symmetry, bond, 1": (SAWTOOTH_RING, 1, 4, {"g": 0.4, "levels": (0.0, 0.5, -0.7)}),
    "no symmetry, bond, 2": (
        SAWTOOTH_RING,
        2,
        3,
        {
            "g": 0.17,
            "U": 3.0,
            "V": 0.8,
            "t_factors": (1.0, 0.6, 0.8, 1.2, 0.5),
            "g_factors": (1.0, 0.5, 1.3, 0.0, 1.0),
            "omega_factors": (1.0, 1.3, 0.7, 1.0, 2.0),
        },
    ),
    "no symmetry, holstein, 2": (SAWTOOTH_RING, 2, 4, {"coupling": "holstein", "g": 0.5, "U": 3.0}),
}


@pytest.mark.parametrize("name", CASES)
def test_all_observables(name: str) -> None:
    cluster, electrons, cutoff, fields = CASES[name]
    ensemble, exact = matched(cluster, electrons, cutoff, **fields)
    assert not (table := compare(sample(ensemble, 16, 24, UPDATES), exact)), table


@pytest.mark.parametrize("name", ["lieb, open, 2", "no symmetry, bond, 1", "honeycomb, staggered, 1"])
def test_distortion(name: str) -> None:
    cluster, electrons, cutoff, fields = CASES[name]
    ensemble, problem = model_problem(cluster, electrons, cutoff, **fields)
    assert not (table := compare(sample(ensemble, 16, 24, 40_000), distortion_columns(problem))), table


# one cell of the Lieb lattice, two bonds: field of the kernel's parameters, entries, fields of the model
LIEB_CELL = Cluster(LIEB, (1, 1))
WRONG = {
    "level": ("level", slice(1 << 2, 2 << 2), 1, {"g": 0.5, "levels": (0.0, -8.0, 1.0)}),
    "U of a site": ("contact", slice(5, 6), 2, {"g": 0.5, "U": -8.0, "U_factors": (0.5, 1.0, 0.8)}),
    "frequency of a bond": ("frequency", slice(4, 6), 1, {"g": 1.0, "levels": (0.0, 8.0, 0.0)}),
    "hops from a site": ("exit_count", slice(1, 2), 1, {"g": 0.5, "levels": (0.0, 0.5, 1.0)}),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_weight_wrong_by_a_per_cent_is_rejected(wrong: str) -> None:
    """Negative controls; a number of hops can only be wrong by one."""
    field, entries, electrons, fields = WRONG[wrong]
    ensemble, exact = matched(LIEB_CELL, electrons, 16, **fields)
    if field == "exit_count":
        ensemble.parameters[field][entries] += 1
        ensemble.parameters["exits"][1, 2] = ensemble.parameters["exits"][1, 0]
        ensemble.parameters["entries"][1, 2] = ensemble.parameters["entries"][1, 0]
    else:
        ensemble.parameters[field][entries] *= 1.01
    assert rejected(ensemble, exact, 60_000 if electrons == 2 or field == "level" else 300_000)
