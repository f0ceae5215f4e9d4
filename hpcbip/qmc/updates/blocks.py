"""A block of one world line moves rigidly by one lattice step: a bare kink before it, the antikink after it.

The block is k ≥ 1 consecutive hops of one electron whose phonon lines all end inside the block, so that the bonds of
both ends move together and the phonons keep their weight. k is geometric with mean `MEAN`, and drawn alike for
insertion and removal. With L1 and L2 the intervals of the world line before the first and after the last hop of the
block (without the kinks),

    R = t² e^{-ΔS} z L1 L2 (n + N_e)/(n + 2)

by the counting of `kinks`: n + N_e intervals and z directions to insert, n + 2 hops from which to remove. This is how a
dressed electron moves as one piece past the other one. On open clusters, where a block could leave the lattice, the
update does nothing.
"""

from __future__ import annotations

import math

import numpy as np

from ..geometry import action_change
from ..jit import kernel
from ..path import AXIS_BITS, FIRST, add_hop, bond_of, drop_hop, locate, shift, site_after
from ..rng import below, uniform

MEAN = 6.0


@kernel
def block_end(path, first, hops):
    """The last of `hops` hops of a world line from `first` on, or 0 if they are too few or joined to anything
    outside."""
    electron = path[first].electron
    begin = path[first].time
    i = first
    lines = 0
    while True:
        if i < FIRST:
            return np.uint32(0)
        partner = path[i].partner
        if partner != 0:
            if path[partner].electron != electron or path[partner].time < begin:
                return np.uint32(0)
            lines += 1 if path[partner].time > path[i].time else -1
        hops -= 1
        if hops == 0:
            return i if lines == 0 else np.uint32(0)
        i = path[i].enext


@kernel
def move_bonds(path, first, last, step):
    """Move the bonds of the hops of one world line from `first` to `last` by a packed lattice vector."""
    i = first
    path[i].bond += step << AXIS_BITS
    while i != last:
        i = path[i].enext
        path[i].bond += step << AXIS_BITS


@kernel
def block_size(rng):
    """The number of hops of a block."""
    return 1 + int(-MEAN * math.log(uniform(rng)))


@kernel
def insert_block(path, state, rng, par):
    """Put a kink and an antikink around a block; returns whether it was accepted."""
    n = state[0]
    k = below(rng, n + par.electrons)
    a = np.uint32(k if k < par.electrons else FIRST + k - par.electrons)
    hops = block_size(rng)
    if par.open:
        return False
    first = path[a].enext
    last = block_end(path, first, hops)
    if last == 0:
        return False
    electron = path[a].electron
    before_first = path[first].time - path[a].time
    after_last = path[path[last].enext].time - path[last].time
    direction = below(rng, par.z)
    t1 = path[a].time + before_first * uniform(rng)
    t2 = path[last].time + after_last * uniform(rng)
    step = par.step[direction]
    by = step if electron == 0 else -step
    before = locate(path, a, t1)
    change = action_change(path, par, before, t1, t2, by)
    ratio = par.t2 * par.z * before_first * after_last * (n + par.electrons) / (n + 2)
    if uniform(rng) > ratio * math.exp(-change):
        return False
    move_bonds(path, first, last, step)
    i = add_hop(path, state, before, a, t1, bond_of(par, site_after(path, par, a), direction), direction)
    path[i].rel = path[before].rel + by
    behind = shift(path, i, t2, by)
    j = add_hop(path, state, behind, last, t2, bond_of(par, site_after(path, par, last), direction ^ 1), direction ^ 1)
    path[j].rel = path[behind].rel - by
    return True


@kernel
def remove_block(path, state, rng, par):
    """Take away the kink and the antikink around a block; returns whether it was accepted."""
    n = state[0]
    if n < 3:
        return False
    i = np.uint32(FIRST + below(rng, n))
    hops = block_size(rng)
    if par.open or path[i].partner != 0:
        return False
    first = path[i].enext
    last = block_end(path, first, hops)
    if last == 0:
        return False
    j = path[last].enext
    if j < FIRST or path[j].partner != 0 or path[j].direction != path[i].direction ^ 1:
        return False
    before_first = path[first].time - path[path[i].eprev].time
    after_last = path[path[j].enext].time - path[last].time
    step = par.step[path[i].direction]
    by = -step if path[i].electron == 0 else step
    change = action_change(path, par, i, path[i].time, path[j].time, by)
    ratio = par.t2 * par.z * before_first * after_last * (n - 2 + par.electrons) / n
    if uniform(rng) * ratio > math.exp(-change):
        return False
    move_bonds(path, first, last, -step)
    shift(path, i, path[j].time, by)
    # the hop with the larger slot goes first: dropping it cannot move the other one
    drop_hop(path, state, max(i, j))
    drop_hop(path, state, min(i, j))
    return True
