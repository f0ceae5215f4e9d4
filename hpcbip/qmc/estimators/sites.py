"""Where electrons are: the share of the bulk window's time that an electron spends on each site of the cell,
of a lattice with a basis."""

from __future__ import annotations

from hpcbip.models import Lattice, Model
from hpcbip.qmc.estimators.columns import Columns
from hpcbip.qmc.kernel.jit import inlined
from hpcbip.qmc.kernel.path import kinds_of


def _site_columns(model: Model, lattice: Lattice) -> list[str]:
    return [] if lattice.is_bravais else [f"site_weight[{kind}]" for kind in range(lattice.kinds)]


COLUMNS = Columns((), {"site_column": _site_columns})

SUMS = 0


@inlined
def add_interval(par, row, rel, share):
    """Add an interval in which r1 - r2, which holds the kinds of the electrons' sites, is constant: its share
    of the window."""
    if par.kinds == 1:
        return
    pair = kinds_of(par, rel)
    row[par.site_column + par.first_kind[pair]] += 0.5 * share
    row[par.site_column + par.second_kind[pair]] += 0.5 * share
