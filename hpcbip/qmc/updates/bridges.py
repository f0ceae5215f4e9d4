"""Inversion of a bridge: a stretch of one world line is traversed in the reverse order.

An event i and the k ≥ 1 following ones of its world line are drawn, k scale-free, and the event j after them.
If these k events are a closed block, their times are reflected about (τ_i + τ_j)/2 and their positions about
the middle of the bridge's two ends, (x_i + x_j)/2: the same hops in the reverse order, between the same ends.
Lines keep their lengths and their oscillators stay pairwise equal, so R = e^{-ΔS}. The update is its own
inverse. On a lattice with a basis the inversion has to be a symmetry of the lattice, which depends on the
kinds of the two ends; it leads from bonds to their images. It changes the separation of the electrons by much
in one step, which hops one by one would do only slowly.
"""

from __future__ import annotations

import numpy as np

from hpcbip.qmc.kernel.geometry import action
from hpcbip.qmc.kernel.jit import kernel
from hpcbip.qmc.kernel.path import (
    AXIS_BITS,
    FIRST,
    SITE,
    SITE_AXIS,
    TAIL,
    change_of_rel,
    image_of,
    image_of_lower,
    image_turned,
    kind_of,
    link,
    oscillator_of,
    pair_of_kinds,
    random_interval,
    site_after,
    site_before,
    unlink,
)
from hpcbip.qmc.kernel.rng import accept, scale_free
from hpcbip.qmc.updates.blocks import FORWARD, block_end, closed

BRIDGE_OCTAVES = np.int64(9)  # the largest of the scale-free number of events


@kernel
def invert_bridge(path, state, rng, par):
    """Invert a bridge; returns whether it was accepted."""
    i = random_interval(par, state, rng)
    events = 2 + scale_free(rng, BRIDGE_OCTAVES)
    if par.open:
        return False
    last = block_end(path, np.uint32(path[i].enext), events, FORWARD)
    if last == 0:
        return False
    first = np.uint32(path[i].enext)
    j = np.uint32(path[last].enext)
    if j < FIRST and j != TAIL + path[i].electron:
        return False
    start, end = site_before(path, par, first), site_after(path, par, last)
    pair = pair_of_kinds(par, kind_of(par, start), kind_of(par, end))
    if not par.inverts[pair] or not closed(path, first, last):
        return False
    old = action(path, par, i, j)
    _invert(path, par, i, first, last, j, start + end, pair)
    if accept(rng, 1.0, action(path, par, i, j) - old):
        return True
    _invert(path, par, i, last, first, j, start + end, pair)
    return False


@kernel
def _invert(path, par, i, first, last, j, ends, pair):
    """Invert the events from `first` to `last` between the slots i and j of one world line, about the middle
    of its ends: their packed sum and their kinds."""
    electron = np.int64(path[i].electron)
    times = path[i].time + path[j].time
    # take the events out of the path and turn them round
    q = first
    while True:
        unlink(path, q)
        following = np.uint32(path[q].enext)
        path[q].time = times - path[q].time
        oscillator = oscillator_of(par, np.int64(path[q].bond))
        image = image_of(par, pair, oscillator)
        site = image_of_lower(par, pair, oscillator, ends, path[q].bond >> AXIS_BITS)
        path[q].bond = (site << AXIS_BITS) | min(image, SITE_AXIS)
        if path[q].direction != SITE:
            # space turns the hop round, and time back again; where the image of the bond runs the other way
            # space does not
            against = (path[q].direction & 1) ^ image_turned(par, pair, oscillator) ^ 1
            path[q].direction = 2 * image + against
        path[q].enext = path[q].eprev
        path[q].eprev = following
        if q == last:
            break
        q = following
    path[i].enext = last
    path[last].eprev = i
    path[first].enext = j
    path[j].eprev = first
    # merge them with the events of the other electron, from i to j
    q = last
    before = i
    rel = path[i].rel
    while True:
        time = path[j].time if q == j else path[q].time
        while path[before].next != j and path[path[before].next].time < time:
            before = np.uint32(path[before].next)
            if before >= FIRST:
                rel += change_of_rel(par, np.int64(path[before].electron), np.int64(path[before].direction))
            path[before].rel = rel
        if q == j:
            return
        link(path, q, before)
        before = q
        rel += change_of_rel(par, electron, np.int64(path[q].direction))
        path[q].rel = rel
        q = np.uint32(path[q].enext)
