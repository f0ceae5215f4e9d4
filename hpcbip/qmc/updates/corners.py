"""Corner flips: two hops of a world line are replaced by two others with the same sum; what lies between them
moves along.

k ≥ 0 events lie between the two hops, k scale-free; they are a closed block, which moves by a lattice vector.
The hops keep their times. Both are bare, or they are joined to each other and inverse (a kink–antikink pair
that turns to another bond together with its phonon). With the other pairs of directions of the same sum
equally likely the proposal is symmetric: R = e^{-ΔS} w'/w with the weights t t of the bare hops, or g²
e^{-Ωτ} of the joined pair, of the bonds before and after. Where phonons hop both ends of the line move alike,
and the ratio is the same, as only Ω depends on the axis; of several families it is that of J D(0, τ). k = 0
exchanges consecutive hops."""

from __future__ import annotations

import numpy as np

from hpcbip.qmc.kernel.geometry import action_change, hop_allowed
from hpcbip.qmc.kernel.jit import kernel
from hpcbip.qmc.kernel.path import (
    EVENTS,
    SITE,
    bond_of,
    change_of_rel,
    kind_of,
    random_event,
    shift,
    site_after,
    site_before,
)
from hpcbip.qmc.kernel.propagator import propagator
from hpcbip.qmc.kernel.rng import accept, below, scale_free
from hpcbip.qmc.updates.blocks import FORWARD, block_end, closed, move_block

CORNER_OCTAVES = np.int64(6)  # the largest of the scale-free number of events


@kernel
def flip_corner(path, state, rng, par):
    """Replace two hops of a world line; returns whether it was accepted."""
    n = state[EVENTS]
    if n == 0:
        return False
    i = random_event(state, rng)
    d1 = np.int64(path[i].direction)
    skip = scale_free(rng, CORNER_OCTAVES)
    j = block_end(path, np.uint32(path[i].enext), skip + 1, FORWARD)
    if d1 == SITE or j == 0 or path[j].direction == SITE or (skip > 0 and par.open):
        return False
    d2 = np.int64(path[j].direction)
    if path[i].partner == 0:
        if path[j].partner != 0:
            return False
    elif path[i].partner != j or d2 != d1 ^ 1:
        return False
    row = d1 * par.z + d2
    count = par.corner_count[row]
    if count < 2:
        return False
    code = par.corners[row, below(rng, count - 1)]
    e1, e2 = code // par.z, code % par.z
    site = site_before(path, par, i)
    if not (hop_allowed(par, site, e1) and hop_allowed(par, site + par.step[e1], e2)):
        return False
    first, last = np.uint32(path[i].enext), np.uint32(path[j].eprev)
    if skip > 0 and not closed(path, first, last):
        return False
    step = par.step[e1] - par.step[d1]
    if skip > 0 and kind_of(par, step) != 0:
        return False
    electron = np.int64(path[i].electron)
    by = change_of_rel(par, electron, e1) - change_of_rel(par, electron, d1)
    start, stop = path[i].time, path[j].time
    exponent = action_change(path, par, i, start, stop, by)
    if path[i].partner == 0:
        ratio = par.bare[e1] * par.bare[e2] / (par.bare[d1] * par.bare[d2])
    else:
        ratio = par.joined2[e1] / par.joined2[d1]
        if par.composite and not par.dispersive:  # the two are on one bond
            ratio *= propagator(par, e1 >> 1, np.int64(0), stop - start)
            ratio /= propagator(par, d1 >> 1, np.int64(0), stop - start)
        else:
            exponent += (par.frequency[e1] - par.frequency[d1]) * (stop - start)
    if not accept(rng, ratio, exponent):
        return False
    path[i].rel += by
    shift(path, i, stop, by)
    path[i].direction = e1
    path[i].bond = bond_of(par, site, e1)
    if skip > 0:
        move_block(path, first, last, step)
        path[j].bond = bond_of(par, site_after(path, par, last), e2)
    else:
        path[j].bond = bond_of(par, site_after(path, par, i), e2)
    path[j].direction = e2
    return True
