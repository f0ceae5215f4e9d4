"""Phonons of every family, where there are some beside those of `coupling`: mean numbers over the bulk
window.

A line of length ℓ belongs to a family with the share that the family has in the weight of the line (see
`kernel.families`), and counts with it as long as it covers the window.
"""

from __future__ import annotations

import numpy as np

from hpcbip.models import Lattice, Model
from hpcbip.qmc.estimators.columns import Columns
from hpcbip.qmc.kernel.families import mode_weight
from hpcbip.qmc.kernel.jit import kernel
from hpcbip.qmc.kernel.path import AXIS_BITS, oscillator_of


def _family_columns(model: Model, lattice: Lattice) -> list[str]:
    return [f"phonons_family[{k}]" for k in range(len(model.families))] if model.phonons else []


COLUMNS = Columns((), {"family_column": _family_columns})

SUMS = 0


@kernel
def add_line(par, path, row, i):
    """Add the line whose later end is the event in slot i to its families."""
    j = path[i].partner
    low, high = par.edge, par.beta - par.edge
    covered = min(path[i].time, high) - max(path[j].time, low)
    if covered <= 0.0:
        return
    oscillator = oscillator_of(par, np.int64(path[i].bond))
    apart = np.int64(path[i].bond >> AXIS_BITS) - np.int64(path[j].bond >> AXIS_BITS)
    duration = path[i].time - path[j].time
    total = 0.0
    for k in range(par.mode_count[oscillator]):
        total += mode_weight(par, oscillator, k, apart, duration, 0.0)
    for k in range(par.mode_count[oscillator]):
        share = mode_weight(par, oscillator, k, apart, duration, 0.0) / total
        row[par.family_column + par.mode_family[oscillator, k]] += share * covered / (high - low)
