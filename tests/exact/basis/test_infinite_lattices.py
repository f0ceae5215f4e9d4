"""The kernel on infinite lattices with a basis: bands, bound pairs in a box, second-order perturbation
theory, and the square lattice that is left of the Lieb lattice's coppers where oxygens are far above them.

The false-alarm rate is `zscore.FALSE_ALARM` = 1e-4 per case, so 1e-3 for the whole file.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hpcbip.models import Model
from hpcbip.qmc import Ensemble
from tests.exact.reference.bands import Bands, Pairs
from tests.exact.reference.cases import NAMES, sample
from tests.exact.reference.cluster import BILAYER, CHECKERBOARD, DIAMOND, HONEYCOMB, KAGOME, LIEB, Grid
from tests.exact.reference.zscore import compare

UNEVEN = {"t_factors": (1.0, 0.7, 1.0, 0.6), "levels": (0.0, 1.0, 0.4)}
BANDS: dict[str, tuple[Grid, dict[str, Any]]] = {
    "honeycomb": (HONEYCOMB, {}),
    "staggered honeycomb": (HONEYCOMB, {"levels": (0.0, 1.5)}),
    "kagome": (KAGOME, {}),
    "lieb": (LIEB, {}),
    "uneven lieb": (LIEB, UNEVEN),
    "checkerboard": (CHECKERBOARD, {}),
    "bilayer": (BILAYER, {"t_factors": (1.0, 1.0, 0.5, 0.5, 0.7)}),
    "diamond": (DIAMOND, {}),
}


def ensemble(
    grid: Grid, electrons: int, beta: float, g: float = 0.0, U: float = 0.0, **fields: Any
) -> Ensemble:
    fields = {"coupling": "bond", **fields}
    return Ensemble(Model(NAMES[grid], t=1.0, omega=1.0, g=g, U=U, **fields), electrons, beta)


@pytest.mark.parametrize("name", BANDS)
def test_a_free_electron_has_the_mass_of_its_band(name: str) -> None:
    """The mass tensor in lattice coordinates; `diffusion` is its trace in Cartesian ones, d/m* where it is
    isotropic."""
    grid, fields = BANDS[name]
    bands = Bands(grid, **fields)
    exact = {"diffusion": float(np.trace(bands.inverse_mass()))}
    if np.allclose(grid.metric, np.diag(np.diag(grid.metric))):
        exact |= {f"diffusion[{a}]": float(x) for a, x in enumerate(np.diag(bands.inverse_mass()))}
    table = compare(sample(ensemble(grid, 1, 16.0, **fields), 16, 24, 40_000), exact)
    assert not table, table
    assert Model(NAMES[grid], "bond", 1.0, 1.0, 0.0, **fields).band_bottom() == pytest.approx(bands.bottom)


@pytest.mark.parametrize("name", ["honeycomb", "kagome", "lieb", "uneven lieb"])
@pytest.mark.parametrize("coupling", ["bond", "holstein"])
def test_weak_coupling_is_second_order_perturbation_theory(name: str, coupling: str) -> None:
    """E = E0 - e2 g² + O(g⁴): of the order of 1e-4 here, where e2 g² is 0.02 to 0.1."""
    grid, fields = BANDS[name]
    g, bands = 0.15, Bands(grid, **fields)
    weak = ensemble(grid, 1, 24.0, g, coupling=coupling, **fields)
    bins = sample(weak, 16, 24, 100_000)
    found = {"shift": [a / weak.model.omega for a in bins["assisted_hops"]]}
    exact = {"shift": 2.0 * g * g * bands.second_order(coupling)}
    table = compare(found, exact)
    assert not table, table


PAIRS: dict[str, tuple[Grid, dict[str, Any]]] = {
    "honeycomb": (HONEYCOMB, {"U": -7.0}),
    "kagome": (KAGOME, {"U": -9.0}),
    "lieb": (LIEB, {"U": -6.0, "levels": (0.0, 1.0, 0.4), "U_factors": (1.0, 0.5, 1.3)}),
    "lieb with neighbours": (LIEB, {"U": 2.0, "shells": (-7.0, 0.5), "levels": (0.0, 1.0, 1.0)}),
}


@pytest.mark.parametrize("name", PAIRS)
def test_bound_pairs(name: str) -> None:
    """Energy, size, mass and weights of contact against two electrons in a box of cells, no phonons."""
    grid, fields = PAIRS[name]
    exact = Pairs(grid, **fields).solve()
    bound = ensemble(grid, 2, 12.0, **fields)
    energy = exact.pop("energy")
    bins = sample(bound, 16, 24, 60_000)
    # at its ends the path relaxes from the trial state, so the energy is taken in the bulk
    bins["bulk_energy"] = [v - h for v, h in zip(bins["potential"], bins["bare_hops"], strict=True)]
    table = compare(bins, exact | {"bulk_energy": energy})
    assert not table, table


def test_far_oxygens_leave_a_square_lattice_of_coppers() -> None:
    """At second order in t/ε two coppers exchange an electron with amplitude t²/ε, and each lies 4t²/ε lower:
    E = -8 t²/ε, and 1/m* = 2 t²/ε per direction, to t²/ε² = 1/900."""
    level = 30.0
    bands = Bands(LIEB, levels=(0.0, level, level))
    assert bands.bottom == pytest.approx(-8.0 / level, rel=0.02)
    exact = {"diffusion": 2 * 2.0 / level, "diffusion[0]": 2.0 / level}
    assert np.trace(bands.inverse_mass()) == pytest.approx(exact["diffusion"], rel=0.02)
    far = ensemble(LIEB, 1, 40.0, levels=(0.0, level, level))
    exact = {"diffusion": float(np.trace(bands.inverse_mass()))}
    table = compare(sample(far, 16, 24, 60_000), exact)
    assert not table, table
