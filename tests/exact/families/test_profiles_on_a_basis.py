"""The kernel with oscillators that feel the density of several sites, on lattices with a basis, against
e^{-βH}, all observables, sixteen seeds each; and the same test on wrong numbers.

The false-alarm rate is `zscore.FALSE_ALARM` = 1e-4 per case, so about 2e-3 for the whole file. On lattices
whose inversions exchange sites of the cell `displacement2_window` proves that oscillators follow them.
"""

from __future__ import annotations

from typing import Any

import pytest

from hpcbip.models import Family
from tests.exact.reference.cases import matched, model_problem, rejected, sample
from tests.exact.reference.cluster import (
    BILAYER,
    CHECKERBOARD,
    DIAMOND,
    HONEYCOMB,
    KAGOME,
    LADDER,
    LIEB,
    RING4,
    SAWTOOTH,
    TWO_SITE_CHAIN,
    Cluster,
)
from tests.exact.reference.zscore import compare

UPDATES = 25_000
HONEYCOMB_RING, KAGOME_CELLS, LIEB_CELLS = (
    Cluster(grid, (2, 2), periodic=True) for grid in (HONEYCOMB, KAGOME, LIEB)
)
CHECKERBOARD_CELLS, BILAYER_CELLS = (Cluster(grid, (3, 3), periodic=True) for grid in (CHECKERBOARD, BILAYER))
DIAMOND_CELLS = Cluster(DIAMOND, (2, 2, 2), periodic=True)
LADDER_RING, SAWTOOTH_RING = (Cluster(grid, (3,), periodic=True) for grid in (LADDER, SAWTOOTH))
TWO_SITE_RING = Cluster(TWO_SITE_CHAIN, (2,), periodic=True)

HOLSTEIN = {"coupling": "holstein"}
BOTH = {"coupling": "bond+holstein", "g": 0.2, "g_holstein": 0.3, "omega_holstein": 1.7}
ON_COPPER = {"phonons": (Family("sites", 1.4, 0.3, (0,), (1.0, 0.4)),)}
ON_DIFFERENT_SITES = {
    "phonons": (
        Family("sites", 1.4, 0.25, (0,), (1.0, 0.4)),
        Family("sites", 2.2, 0.3, (1, 2), (0.8, 0.3)),
        Family("sites", 1.8, 0.2, (2,)),
    )
}

# cluster, electrons, cutoff, fields of the model
CASES: dict[str, tuple[Cluster, int, int, dict[str, Any]]] = {
    "two-site chain, 1": (TWO_SITE_RING, 1, 12, {**HOLSTEIN, "g": 0.7, "profile": (1.0, 0.5)}),
    "two-site chain, 2, U": (TWO_SITE_RING, 2, 14, {**HOLSTEIN, "g": 0.5, "U": 4.0, "profile": (1.0, 0.4)}),
    "honeycomb, 1": (HONEYCOMB_RING, 1, 5, {**HOLSTEIN, "g": 0.6, "profile": (1.0, 0.4)}),
    "honeycomb, 2, U": (HONEYCOMB_RING, 2, 4, {**HOLSTEIN, "g": 0.2, "U": 4.0, "profile": (1.0, 0.5)}),
    "honeycomb, second shell, 1": (HONEYCOMB_RING, 1, 5, {**HOLSTEIN, "g": 0.4, "profile": (1.0, 0.5, 0.3)}),
    "honeycomb, neighbours of one sublattice": (
        HONEYCOMB_RING,
        1,
        4,
        {"g": 0.2, "levels": (0.0, 0.5), "phonons": (Family("sites", 1.4, 0.4, (0,), (0.0, 1.0)),)},
    ),
    "kagome, 1": (KAGOME_CELLS, 1, 4, {**HOLSTEIN, "g": 0.35, "profile": (1.0, 0.4)}),
    "lieb, 1": (LIEB_CELLS, 1, 4, {**HOLSTEIN, "g": 0.4, "profile": (1.0, 0.4, 0.2), "levels": (0, 1, 0.6)}),
    "lieb, copper felt by oxygens, 1": (LIEB_CELLS, 1, 3, {"g": 0.1, **ON_COPPER}),
    "lieb, different sites of the cell, 1": (LIEB_CELLS, 1, 3, {"g": 0.1, **ON_DIFFERENT_SITES}),
    "checkerboard, 1": (CHECKERBOARD_CELLS, 1, 3, {**HOLSTEIN, "g": 0.3, "profile": (1.0, 0.3)}),
    "bilayer, 1": (BILAYER_CELLS, 1, 3, {**HOLSTEIN, "g": 0.25, "profile": (1.0, 0.5)}),
    "diamond, 1": (DIAMOND_CELLS, 1, 3, {**HOLSTEIN, "g": 0.3, "profile": (1.0, 0.3)}),
    "ladder, 2, U": (LADDER_RING, 2, 6, {**HOLSTEIN, "g": 0.3, "U": 2.0, "profile": (1.0, 0.5, 0.2)}),
    "ladder, bonds and sites, 1": (LADDER_RING, 1, 4, {**BOTH, "profile": (1.0, 0.5)}),
    "no symmetry, 2": (
        SAWTOOTH_RING,
        2,
        4,
        {**HOLSTEIN, "g": 0.25, "U": 3.0, "profile": (1.0, 0.6, 0.4, 0.2)},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_all_observables(name: str) -> None:
    cluster, electrons, cutoff, fields = CASES[name]
    ensemble, exact = matched(cluster, electrons, cutoff, **fields)
    assert not (table := compare(sample(ensemble, 16, 24, UPDATES), exact)), table


@pytest.mark.parametrize("electrons", [1, 2])
def test_a_chain_whose_cell_is_called_two_sites_is_the_chain(electrons: int) -> None:
    fields = {**HOLSTEIN, "g": 0.6, "U": 3.0, "profile": (1.0, 0.5, 0.2)}
    _, exact = matched(RING4, electrons, 14, **fields)
    ensemble, _ = model_problem(TWO_SITE_RING, electrons, 14, **fields)
    # distances are those of the nearest image of the cell, which is not always that of the site
    same = {name: x for name, x in exact.items() if not name.startswith("pair_")}
    assert not (table := compare(sample(ensemble, 16, 24, UPDATES), same)), table


def test_a_number_of_the_profile_wrong_by_a_per_cent_is_rejected() -> None:
    """Negative control."""
    _, exact = matched(TWO_SITE_RING, 1, 16, **HOLSTEIN, g=0.9, profile=(1.0, 0.5))
    ensemble, _ = model_problem(TWO_SITE_RING, 1, 16, **HOLSTEIN, g=0.9, profile=(1.0, 0.505))
    assert rejected(ensemble, exact, 300_000)


def test_lines_between_sublattices_wrong_by_a_little_are_rejected() -> None:
    """Negative control: C between sites of different kinds, by 2 %, as g off by 1 % would be."""
    ensemble, exact = matched(TWO_SITE_RING, 1, 16, **HOLSTEIN, g=0.8, profile=(1.0, 0.8))
    vectors = 2 * int(ensemble.parameters["overlap_reach"]) + 1
    ensemble.parameters["overlap"][0, vectors : 3 * vectors] *= 1.02
    assert rejected(ensemble, exact, 300_000)
