"""On lattices with triangles: one bare hop becomes two bare hops with the same sum, and back.

Splitting: one of n events, one of the c(d) ordered pairs (d1, d2) that add up to its direction d; d1 keeps
the time of the hop, d2 follows at a uniform time before the next event of the world line (interval of length
L). Merging: one of the then n + 1 events and the next one, both bare, with a sum that is a direction. R = (t1
t2/t) e^{-ΔS} c(d) L n/(n + 1); merging is accepted with the inverse.
"""

from __future__ import annotations

import numpy as np

from hpcbip.qmc.kernel.geometry import action_change, hop_allowed
from hpcbip.qmc.kernel.jit import kernel
from hpcbip.qmc.kernel.path import (
    EVENTS,
    FIRST,
    SITE,
    add_event,
    bond_of,
    change_of_rel,
    drop_event,
    random_event,
    shift,
    site_after,
    site_before,
)
from hpcbip.qmc.kernel.rng import accept, below, coin, uniform


@kernel
def split_hop(path, state, rng, par):
    """Split a hop in two; returns whether it was accepted."""
    n = state[EVENTS]
    if n == 0:
        return False
    i = random_event(state, rng)
    d = np.int64(path[i].direction)
    if d == SITE or path[i].partner != 0 or par.split_count[d] == 0:
        return False
    code = par.splits[d, below(rng, par.split_count[d])]
    d1, d2 = code // par.z, code % par.z
    site = site_before(path, par, i)
    if not hop_allowed(par, site, d1):
        return False
    start = path[i].time
    interval = path[path[i].enext].time - start
    stop = start + interval * uniform(rng)
    by = -change_of_rel(par, np.int64(path[i].electron), d2)
    exponent = action_change(path, par, i, start, stop, by)
    ratio = par.bare[d1] * par.bare[d2] / par.bare[d] * par.split_count[d] * interval * n / (n + 1)
    if not accept(rng, ratio, exponent):
        return False
    path[i].direction = d1
    path[i].bond = bond_of(par, site, d1)
    path[i].rel += by
    before = shift(path, i, stop, by)
    j = add_event(path, state, before, i, stop, bond_of(par, site_after(path, par, i), d2), d2)
    path[j].rel = path[before].rel - by
    return True


@kernel
def merge_hops(path, state, rng, par):
    """Merge two consecutive hops into one; returns whether it was accepted."""
    n = state[EVENTS]
    if n < 2:
        return False
    i = random_event(state, rng)
    j = np.uint32(path[i].enext)
    d1, d2 = np.int64(path[i].direction), np.int64(path[j].direction)
    if j < FIRST or path[i].partner != 0 or path[j].partner != 0 or d1 == SITE or d2 == SITE:
        return False
    d = par.merged[d1 * par.z + d2]
    if d < 0:
        return False
    start, stop = path[i].time, path[j].time
    interval = path[path[j].enext].time - start
    by = change_of_rel(par, np.int64(path[i].electron), d2)
    exponent = action_change(path, par, i, start, stop, by)
    ratio = par.bare[d1] * par.bare[d2] / par.bare[d] * par.split_count[d] * interval * (n - 1) / n
    if not accept(rng, 1.0 / ratio, exponent):
        return False
    site = site_before(path, par, i)
    path[i].direction = d
    path[i].bond = bond_of(par, site, d)
    path[i].rel += by
    shift(path, i, stop, by)
    drop_event(path, state, j)
    return True


@kernel
def split_or_merge(path, state, rng, par):
    """Split a hop or merge two; returns whether it was accepted."""
    if coin(rng):
        return split_hop(path, state, rng, par)
    return merge_hops(path, state, rng, par)
