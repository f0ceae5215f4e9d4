"""The relative coordinate of two electrons, averaged over the bulk window: ⟨|r1 - r2|²⟩, the interaction
V(r1 - r2) and the weights P(r1 - r2) in a box of displacements.

On a lattice with a basis displacements are those of the cells, the interaction includes the energies of the
electrons on their sites, and further columns hold the weights of two electrons on one site by its kind.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from hpcbip.models import Lattice, Model
from hpcbip.qmc.estimators.columns import Columns
from hpcbip.qmc.kernel.geometry import relative
from hpcbip.qmc.kernel.jit import inlined
from hpcbip.qmc.kernel.path import kind_of

BOX = {1: 8, 2: 3, 3: 2}  # half width of the box of pair displacements, by dimension


def displacements(lattice: Lattice) -> NDArray[np.int64]:
    """Return the lattice coordinates r1 - r2 of the box, shape (number, d), in the order of their columns."""
    half_width, d = BOX[lattice.dimension], lattice.dimension
    return np.array(list(itertools.product(range(-half_width, half_width + 1), repeat=d)), dtype=np.int64)


def _weight_columns(model: Model, lattice: Lattice) -> list[str]:
    return ["pair_weight[" + ",".join(map(str, r)) + "]" for r in displacements(lattice)]


def _contact_columns(model: Model, lattice: Lattice) -> list[str]:
    return [] if lattice.is_bravais else [f"contact[{kind}]" for kind in range(lattice.kinds)]


COLUMNS = Columns(
    ("pair_distance2", "potential"),
    {"pair_column": _weight_columns, "contact_column": _contact_columns},
    electrons=2,
)
PAIR_DISTANCE2, POTENTIAL = range(len(COLUMNS.scalars))

SUMS = len(COLUMNS.scalars)  # in the order of the columns
WINDOW_MEANS = (PAIR_DISTANCE2, POTENTIAL)  # columns that are averages over the window


@inlined
def add_interval(par, row, sums, rel, bulk, share, potential, separation):
    """Add an interval of constant r1 - r2, of length `bulk` and `share` of the window.

    `separation` is scratch space, shape (d,).
    """
    sums[PAIR_DISTANCE2] += bulk * _count(par, row, rel, share, separation)
    sums[POTENTIAL] += bulk * potential


@inlined
def _count(par, row, rel, share, separation):
    """Count r1 - r2 in the box of displacements; returns |r1 - r2|²."""
    index = 0
    inside = True
    pair = kind_of(par, rel)
    for a in range(par.dimension):
        x = relative(par, rel, a)
        separation[a] = par.resolution * x + par.apart[pair, a]
        inside &= abs(x) <= par.box
        index = index * (2 * par.box + 1) + x + par.box
    if inside:
        row[par.pair_column + index] += share
    squared = _squared_length(par, separation) + par.height2[pair]
    if par.kinds > 1 and squared == 0.0:
        row[par.contact_column + par.first_kind[pair]] += share
    return squared


@inlined
def _squared_length(par, vector):
    total = 0.0
    for a in range(par.dimension):
        for b in range(par.dimension):
            total += par.metric[a, b] * vector[a] * vector[b]
    return total


@inlined
def write(sums, scalars, window):
    """Add the measurement to the estimator's part of a bin row."""
    for k in WINDOW_MEANS:
        scalars[k] += sums[k] / window
