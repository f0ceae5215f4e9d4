"""The map of the cloud: the mean distortion of the bonds, and of the sites, of every shell around an
electron, in the middle of the window.

Given the hops of the path and where the electrons are, an oscillator is a Gaussian one (see `distortion`):
a bare hop on its bond at a time τ' adds -(g/t) e^{-Ω|τ-τ'|} to X(τ), and an electron on its site from τ'
to τ'' adds -g ∫ e^{-Ω|τ-s|} ds. Oscillators are told apart by where they are from an electron at τ, and
averaged over both electrons.
"""

from __future__ import annotations

import math

import numpy as np

from hpcbip.models import Lattice, Model
from hpcbip.models.shells import BOND_SHELLS, SHELL_REACH, SITE_SHELLS, cloud_shells
from hpcbip.qmc.estimators.columns import Columns
from hpcbip.qmc.estimators.distortion import HOPS, NEGLIGIBLE, SITE_1, SITE_2, SLOT
from hpcbip.qmc.kernel.basis import MAX_DIMENSION
from hpcbip.qmc.kernel.geometry import table_index
from hpcbip.qmc.kernel.jit import inlined, kernel
from hpcbip.qmc.kernel.path import AXIS_BITS, AXIS_MASK, FIRST, SITE, SITE_AXIS, TAIL


def _shell_columns(model: Model, lattice: Lattice) -> list[str]:
    return [f"distortion_shell[{k}]" for k in range(len(cloud_shells(model, lattice)))]


COLUMNS = Columns((), {"shell_column": _shell_columns})
SUMS = 0

SHELL_TABLE = (2 * SHELL_REACH + 1) ** MAX_DIMENSION
SHELL_FIELDS = [
    ("shells", "i8"),
    ("shell_reach", "i8"),
    # by axis, SITE_AXIS for sites, and lattice vector from an electron: the shell, or -1
    ("shell_of", "i8", (SITE_AXIS + 1, SHELL_TABLE)),
    ("shell_share", "f8", (BOND_SHELLS + SITE_SHELLS,)),
]
"""Fields of the kernel's parameters, as numpy takes them."""


def fill_shells(values: np.void, model: Model, lattice: Lattice, electrons: int) -> None:
    """Fill the fields above."""
    found = cloud_shells(model, lattice)
    values["shells"], values["shell_reach"] = len(found), SHELL_REACH
    values["shell_of"] = -1
    for k, shell in enumerate(found):
        values["shell_share"][k] = 1.0 / (len(shell.members) * electrons)
        for axis, vector in shell.members:
            index = 0
            for x in vector:
                index = index * (2 * SHELL_REACH + 1) + x + SHELL_REACH
            values["shell_of"][axis if axis >= 0 else SITE_AXIS, index] = k


@inlined
def add(par, path, hops, count, snapshot, time, row):
    """Add the distortion at a time, whose notes are in `snapshot`, to a bin row; `hops` and `count` are the
    bare hops of the path (see `distortion`)."""
    if par.joined2[SITE] > 0.0:
        _add_sites(par, path, snapshot, time, row)
    reach = NEGLIGIBLE / par.lowest_frequency
    j = snapshot[HOPS]
    while j > 0 and time - hops[j - 1].time < reach:
        j -= 1
    while j < count and hops[j].time - time < reach:
        axis = hops[j].bond & AXIS_MASK
        x = -par.ratio[2 * axis] * math.exp(-par.frequency[2 * axis] * abs(hops[j].time - time))
        _add(par, row, snapshot, axis, hops[j].bond >> AXIS_BITS, x)
        j += 1


@kernel
def _add_sites(par, path, snapshot, time, row):
    """Add the distortion of the sites where the electrons are, from the time of the snapshot on and back."""
    reach = NEGLIGIBLE / par.lowest_frequency
    site1, site2 = snapshot[SITE_1], snapshot[SITE_2]
    i = np.uint32(snapshot[SLOT])
    before = 0.0
    while True:  # towards later times; from slot i to slot j the electrons stay where they are
        j = np.uint32(path[i].next)
        after = path[j].time - time
        _add_stay(par, row, snapshot, site1, site2, before, after)
        if j == TAIL or after > reach:
            break
        if path[j].electron == 0:
            site1 += par.step[path[j].direction]
        else:
            site2 += par.step[path[j].direction]
        i = j
        before = after
    site1, site2 = snapshot[SITE_1], snapshot[SITE_2]
    i = np.uint32(snapshot[SLOT])
    before = 0.0
    while True:  # towards earlier times
        after = time - path[i].time
        _add_stay(par, row, snapshot, site1, site2, before, after)
        if i < FIRST or after > reach:
            break
        if path[i].electron == 0:
            site1 -= par.step[path[i].direction]
        else:
            site2 -= par.step[path[i].direction]
        i = np.uint32(path[i].prev)
        before = after


@inlined
def _add_stay(par, row, snapshot, site1, site2, before, after):
    """Add that the electrons are on these sites between two durations from the time of the snapshot."""
    omega = par.frequency[SITE]
    x = -math.sqrt(par.joined2[SITE]) * (math.exp(-omega * before) - math.exp(-omega * after)) / omega
    _add(par, row, snapshot, np.int64(SITE_AXIS), site1, x)
    if par.electrons == 2:
        _add(par, row, snapshot, np.int64(SITE_AXIS), site2, x)


@kernel
def _add(par, row, snapshot, axis, lower, x):
    """Add x to the shells of the oscillator with this axis code and lower site, around every electron."""
    for e in range(par.electrons):
        index = table_index(par, np.int64(0), lower - snapshot[SITE_1 + e], par.shell_reach)
        if index >= 0 and par.shell_of[axis, index] >= 0:
            shell = par.shell_of[axis, index]
            row[par.shell_column + shell] += x * par.shell_share[shell]
