"""The bond between two electrons on neighbouring sites: how often there is one, and times that, the mean over
such times of what `distortion` measures on the bonds that touch an electron."""

from __future__ import annotations

from hpcbip.qmc.estimators import distortion
from hpcbip.qmc.estimators.columns import Columns
from hpcbip.qmc.estimators.distortion import SITE_1, SITE_2, SNAPSHOTS
from hpcbip.qmc.kernel.geometry import congruent
from hpcbip.qmc.kernel.jit import inlined
from hpcbip.qmc.kernel.path import kind_of

COLUMNS = Columns((*(f"{name}_between" for name in distortion.COLUMNS.scalars), "bonds_between"), electrons=2)
BONDS_BETWEEN = len(distortion.COLUMNS.scalars)  # the numbers of the others are those in `distortion`

SUMS = len(COLUMNS.scalars)  # in the order of the columns


@inlined
def add_time(par, sums, snapshot, bonds):
    """Add the bonds, as `distortion.gather` has left them, that join the sites of the electrons."""
    share = 1.0 / SNAPSHOTS
    kind = kind_of(par, snapshot[SITE_1])
    for k in range(par.exit_count[kind]):
        direction = par.exits[kind, k]
        if congruent(par, snapshot[SITE_1] + par.step[direction] - snapshot[SITE_2]):
            sums[BONDS_BETWEEN] += share
            distortion.add_bond(par, sums, direction, direction, bonds, share)


@inlined
def write(sums, scalars):
    """Add the measurement to the estimator's part of a bin row."""
    for k in range(SUMS):
        scalars[k] += sums[k]
