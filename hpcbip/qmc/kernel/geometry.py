"""What a finite cluster changes, and the interaction of the two electrons.

On an infinite lattice (`par.open` and `par.periodic` zero) hops always exist and sites are equal if their
packed integers are. The kernel keeps coordinates of a periodic cluster unwrapped, so that displacements count
windings. Hops in a direction start from sites of one kind, which whoever draws a direction has to see to.
"""

from __future__ import annotations

import math

import numpy as np

from hpcbip.qmc.kernel.jit import inlined, kernel
from hpcbip.qmc.kernel.path import AXIS_BITS, AXIS_MASK, SITE, SITE_AXIS, coordinate, kind_of


@kernel
def hop_allowed(par, site, direction):
    """Tell whether a hop from `site` stays on the lattice: only open clusters say no."""
    if par.open:
        target = site + par.step[direction]
        for a in range(par.dimension):
            x = coordinate(par, target, a)
            if x < 0 or x >= par.extent[a]:
                return False
    return True


@inlined
def congruent(par, difference):
    """Tell whether two sites with this packed difference are the same site of the lattice."""
    if not par.periodic:
        return difference == 0
    if difference & par.kind_mask != 0:
        return False
    for a in range(par.dimension):
        if coordinate(par, difference, a) % par.extent[a] != 0:
            return False
    return True


@kernel
def may_join(par, one, other):
    """Tell whether a phonon line can join two events: on the same oscillator of the lattice, or where lines
    spread on any two of the same axis, or on any two sites."""
    if one == other:
        return True
    if not (par.periodic | par.composite) or (one & AXIS_MASK) != (other & AXIS_MASK):
        return False
    return spreads(par, one) or congruent(par, (one >> AXIS_BITS) - (other >> AXIS_BITS))


@inlined
def spreads(par, bond):
    """Tell whether lines join different oscillators of the axis of this bond, or different sites."""
    axis = bond & AXIS_MASK
    return par.composite != 0 and par.spreads[2 * axis if axis != SITE_AXIS else SITE] != 0


@inlined
def relative(par, rel, a):
    """Return coordinate a of the difference of the electrons' cells, on a periodic cluster the image nearest
    to zero."""
    x = coordinate(par, rel, a)
    if par.periodic:
        x = x % par.extent[a]
        if 2 * x > par.extent[a]:
            x -= par.extent[a]
    return x


@kernel
def table_index(par, table, apart, reach):
    """Return the index of a packed lattice vector in one of several tables of this reach, which stand one
    after the other, or -1 outside of it."""
    index = table
    for a in range(par.dimension):
        x = relative(par, apart, a)
        if abs(x) > reach:
            return -1
        index = index * (2 * reach + 1) + x + reach
    return index


@inlined
def interaction(par, rel):
    """Return V(r1 - r2) in the energy unit of the model: U on the same site, the table near it, the tail
    V/r beyond; and the energies of the electrons on their sites."""
    if par.kinds == 1 and not par.extended:  # the most common case, without tables
        return par.contact[0] if congruent(par, rel) else 0.0
    pair = kind_of(par, rel)
    if not par.extended:
        return par.level[pair] + (par.contact[pair] if congruent(par, rel - pair) else 0.0)
    index = pair
    inside = True
    for a in range(par.dimension):
        x = relative(par, rel, a)
        inside &= abs(x) <= par.reach
        index = index * (2 * par.reach + 1) + x + par.reach
    return par.level[pair] + (par.potential[index] if inside else _tail(par, rel))


@inlined
def _tail(par, rel):
    pair = kind_of(par, rel)
    squared = par.height2[pair]
    for a in range(par.dimension):
        for b in range(par.dimension):
            squared += par.metric[a, b] * separation(par, rel, a) * separation(par, rel, b)
    return par.V / math.sqrt(squared)


@inlined
def separation(par, rel, a):
    """Return component a of r1 - r2 in units of the primitive vectors over the lattice's resolution."""
    return par.resolution * relative(par, rel, a) + par.apart[kind_of(par, rel), a]


@kernel
def log_trial(par, rel):
    """Return ln φ(r1 - r2) = -κ |r1 - r2|₁ (coordinates of the cells), the trial state at the ends of the
    path."""
    distance = 0
    for a in range(par.dimension):
        distance += abs(relative(par, rel, a))
    return -par.kappa * distance


@inlined
def action_change(path, par, i, start, stop, by):
    """Return ∫ dτ [V(r1 - r2 + by) - V(r1 - r2)] from `start` to `stop`; slot i is the last one of the path
    before `start`."""
    if not par.interacting or by == 0:
        return 0.0
    total = 0.0
    t0 = start
    while True:
        rel = np.int64(path[i].rel)
        i = path[i].next
        t1 = min(path[i].time, stop)
        total += (t1 - t0) * (interaction(par, rel + by) - interaction(par, rel))
        if path[i].time >= stop:
            return total
        t0 = t1


@kernel
def action(path, par, i, j):
    """Return ∫ dτ V(r1 - r2) from slot i of the path to slot j."""
    total = 0.0
    if par.interacting:
        while i != j:
            k = path[i].next
            total += (path[k].time - path[i].time) * interaction(par, np.int64(path[i].rel))
            i = k
    return total
