"""The kernel on infinite lattices of two and three dimensions, for two electrons without phonons, against the
exact relative motion at finite β.

On-site attraction, repulsion with an attraction of neighbours (the extended Hubbard model of the real-space
theory of pairing, docs/physics.md, "Companion theories"), and a Coulomb tail. The relative coordinate
lives in a box, from which neither the bound pair nor the unbound part of the trial state leaks within β
(first test). All lattices in lattice coordinates, with their own metric for distances. U = -8 on the square
lattice is in `test_two_body`. False-alarm rate 1e-4 per case, 1e-3 for the file.
"""

from __future__ import annotations

from typing import Any

import pytest

from hpcbip.models import Model
from hpcbip.qmc import Ensemble
from hpcbip.qmc.estimators.displacement import LAGS, SLOPE_FROM, SLOPE_TO
from tests.exact.reference.cases import sample
from tests.exact.reference.cluster import BCC, CUBIC, FCC, SQUARE, TRIANGULAR, Grid
from tests.exact.reference.two_body import finite_beta
from tests.exact.reference.zscore import compare

# grid, β, κ, half width of the box, U and what else the model has. A trial state as wide as the pair keeps
# unbound electrons rare: they are far apart, and would make the distribution of <(r1 - r2)²> very skewed.
CASES: dict[str, tuple[Grid, float, float, int, dict[str, Any]]] = {
    "square, weak": (SQUARE, 2.0, 0.5, 30, {"U": -4.0}),
    "square, neighbours": (SQUARE, 2.0, 0.8, 20, {"U": 4.0, "shells": (-6.0,)}),
    "square, tail": (SQUARE, 2.0, 1.2, 20, {"U": -8.0, "V": 1.0}),
    "triangular": (TRIANGULAR, 1.5, 0.8, 20, {"U": -8.0}),
    "triangular, shells": (TRIANGULAR, 1.5, 0.8, 20, {"U": 3.0, "shells": (-5.0, 1.0)}),
    "cubic": (CUBIC, 1.0, 1.5, 10, {"U": -12.0}),
    "cubic, tail and shell": (CUBIC, 1.0, 0.8, 12, {"U": -6.0, "V": 1.0, "shells": (-4.0,)}),
    "bcc": (BCC, 1.0, 1.2, 10, {"U": -12.0, "V": 0.5}),
    "fcc": (FCC, 0.8, 1.2, 10, {"U": -12.0, "shells": (-1.0, 0.5)}),
}
UPDATES = 40_000
NAMES = {SQUARE: "square", TRIANGULAR: "triangular", CUBIC: "cubic", BCC: "bcc", FCC: "fcc"}


def exact(name: str, wider: int = 0) -> dict[str, float]:
    grid, beta, kappa, half_width, fields = CASES[name]
    slope = (SLOPE_FROM, SLOPE_TO, LAGS)
    return finite_beta(
        grid,
        fields["U"],
        beta,
        beta / 4,
        kappa,
        fields.get("shells", ()),
        fields.get("V", 0.0),
        half_width + wider,
        slope,
    )


@pytest.mark.parametrize("name", CASES)
def test_the_box_is_wide_enough(name: str) -> None:
    narrow, wide = exact(name), exact(name, wider=3)
    for key, value in wide.items():
        assert narrow[key] == pytest.approx(value, rel=1e-4, abs=1e-7), key


@pytest.mark.parametrize("name", CASES)
def test_kernel(name: str) -> None:
    """Energy, mass, size and P(r), for all r near zero that the pair visits."""
    grid, beta, kappa, _, fields = CASES[name]
    expected = {
        key: value for key, value in exact(name).items() if not key.startswith("pair_") or value > 2e-3
    }
    model = Model(NAMES[grid], "bond", 1.0, 1.0, 0.0, **fields)
    bins = sample(Ensemble(model, 2, beta, beta / 4, kappa), 16, 24, UPDATES)
    assert not (table := compare(bins, expected)), table
