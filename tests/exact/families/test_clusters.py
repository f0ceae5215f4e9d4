"""The kernel with several families of phonons, and with oscillators that feel the density of several sites,
against e^{-βH}, all observables, sixteen seeds each; and the same test on wrong weights.

The false-alarm rate is `zscore.FALSE_ALARM` = 1e-4 per case, so about 1e-3 for the whole file. The cutoffs
leave errors of 1e-4 at most (`cases.TRUNCATED`).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from hpcbip.models import Family, Model
from hpcbip.qmc import Ensemble
from tests.exact.reference.cases import BETA, EDGE, matched, model_problem, rejected, sample
from tests.exact.reference.cluster import CHAIN, DIMER, LIEB, RING4, SQUARE, Cluster
from tests.exact.reference.distortion import distortion_columns
from tests.exact.reference.zscore import compare

RING3 = Cluster(CHAIN, (3,), periodic=True)
TORUS9 = Cluster(SQUARE, (3, 3), periodic=True)
LIEB_CELL = Cluster(LIEB, (1, 1))
UPDATES = 25_000
HOLSTEIN = {"coupling": "holstein"}
SLOW, FAST = Family("bonds", 0.6, 0.45), Family("bonds", 2.5, 0.6)
STRONG = Family("bonds", 0.6, 1.0)
ON_SITES = Family("sites", 1.7, 0.7)

# cluster, electrons, cutoff, fields of the model
CASES: dict[str, tuple[Cluster, int, int, dict[str, Any]]] = {
    "two on every bond, dimer, 1": (DIMER, 1, 16, {"g": 0.6, "phonons": (FAST,)}),
    "two on every bond, dimer, 2, U": (DIMER, 2, 24, {"g": 0.6, "U": 3.0, "phonons": (SLOW,)}),
    "two on every bond, ring, 1": (RING3, 1, 8, {"g": 0.5, "phonons": (FAST,)}),
    "bonds alone, as a list": (DIMER, 2, 22, {"phonons": (SLOW, FAST)}),
    "two on every site, dimer, 1": (DIMER, 1, 16, {**HOLSTEIN, "g": 0.7, "phonons": (ON_SITES,)}),
    "two on every site, dimer, 2, U": (
        DIMER,
        2,
        20,
        {**HOLSTEIN, "g": 0.5, "U": 3.0, "phonons": (ON_SITES,)},
    ),
    "two on every site, ring, 1": (RING3, 1, 9, {**HOLSTEIN, "g": 0.7, "phonons": (ON_SITES,)}),
    "extended Holstein, ring, 1": (RING4, 1, 12, {**HOLSTEIN, "g": 0.7, "profile": (1.0, 0.5)}),
    "extended Holstein, ring, 2, U": (RING4, 2, 14, {**HOLSTEIN, "g": 0.5, "U": 4.0, "profile": (1.0, 0.4)}),
    "extended Holstein, torus, 1": (TORUS9, 1, 5, {**HOLSTEIN, "g": 0.45, "profile": (1.0, 0.3)}),
    "neighbours only, ring, 1": (
        RING4,
        1,
        12,
        {**HOLSTEIN, "g": 0.5, "phonons": (Family("sites", 1.4, 0.6, (), (0.0, 1.0)),)},
    ),
    "bonds, and sites with a profile": (
        RING3,
        1,
        9,
        {"g": 0.5, "phonons": (Family("sites", 1.4, 0.5, (), (1.0, 0.3)),)},
    ),
    "one axis, torus, 1": (TORUS9, 1, 4, {"g": 0.35, "phonons": (Family("bonds", 1.8, 0.4, (1,)),)}),
    "one site of the cell, Lieb": (
        LIEB_CELL,
        1,
        12,
        {"g": 0.5, "levels": (0.0, 0.4, 0.4), "phonons": (Family("sites", 1.5, 0.8, (0,)),)},
    ),
    "different sites of the cell, Lieb, 2": (
        LIEB_CELL,
        2,
        10,
        {
            **HOLSTEIN,
            "g": 0.0,
            "U": 2.0,
            "phonons": (Family("sites", 1.5, 0.5, (0,)), Family("sites", 0.9, 0.3, (1, 2))),
        },
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_all_observables(name: str) -> None:
    cluster, electrons, cutoff, fields = CASES[name]
    ensemble, exact = matched(cluster, electrons, cutoff, **fields)
    assert not (table := compare(sample(ensemble, 16, 24, UPDATES), exact)), table


@pytest.mark.parametrize("electrons", [1, 2])
def test_equal_frequencies_are_one_family(electrons: int) -> None:
    """Two oscillators of one frequency on every bond are one with g² = g1² + g2²: the distortion too, which
    is that of Σ g_f X_f/g."""
    fields: dict[str, Any] = {"coupling": "bond", "t": 1.0, "omega": 1.0, "U": 2.0}
    one, two = 0.6, 0.45
    _, problem = model_problem(DIMER, electrons, 16, g=math.hypot(one, two), U=2.0)
    exact = {key: value for key, value in problem.solve(6).items() if value != 0.0}
    exact |= distortion_columns(problem)
    model = Model("chain", g=one, phonons=(Family("bonds", 1.0, two),), **fields)
    ensemble = Ensemble(model, electrons, BETA, EDGE, 0.0, model.bravais.cluster(2))
    assert not (table := compare(sample(ensemble, 16, 24, UPDATES), exact)), table


WRONG = {
    "share of a family": ("mode_share", (0, 1), {"g": 0.3, "phonons": (STRONG,)}),
    "frequency of a family": ("mode_frequency", (0, 1), {"g": 0.3, "phonons": (STRONG,)}),
    "share of a family on sites": ("mode_share", (7, 1), {**HOLSTEIN, "g": 0.7, "phonons": (ON_SITES,)}),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_one_of_two_families_wrong_by_a_little_is_rejected(wrong: str) -> None:
    """Negative controls: by 1 % in g, which is 2 % of its share, or by 2 % in Ω."""
    field, entry, fields = WRONG[wrong]
    ensemble, exact = matched(DIMER, 1, 30, **fields)
    ensemble.parameters[field][entry] *= 1.02
    assert rejected(ensemble, exact, 240_000)


def test_lines_between_neighbours_wrong_by_a_per_cent_are_rejected() -> None:
    """Negative control: C(1) of extended Holstein coupling on a ring."""
    ensemble, exact = matched(RING4, 1, 16, **HOLSTEIN, g=0.9, profile=(1.0, 0.5))
    reach = int(ensemble.parameters["overlap_reach"])
    ensemble.parameters["overlap"][0, [reach - 1, reach + 1]] *= 1.01
    assert rejected(ensemble, exact, 300_000)


def test_a_family_without_coupling_changes_nothing() -> None:
    """g → 0: the weights of lines are those of the plain model."""
    plain = Ensemble(Model("square", "bond", 1.0, 0.8, 0.6), 2, 4.0).parameters
    idle = Ensemble(
        Model("square", "bond", 1.0, 0.8, 0.6, phonons=(Family("sites", 1, 0),)), 2, 4.0
    ).parameters
    for name in ("joined2", "repeats", "bare"):
        assert np.array_equal(plain[name], idle[name])
    assert idle["composite"] and idle["mode_count"].tolist()[:2] == [1, 1] and not idle["spreads"].any()
