"""A joined pair of hops passes a block: both electrons hop in the same direction, one right after the other, and this
double hop moves to the other side of the following (or preceding) k events of the whole path.

The block may hold events of both electrons; its phonon lines have to be closed. It moves rigidly by -s (forward in
time) or +s, s the vector of the hops, so r1 - r2 inside of it stays as it is: bound electrons with common phonons move
as one piece. The two new times are uniform and in order in the interval of the path behind the block, of length L'; L
is the interval they leave:

    R = (L'/L)² e^{-ΔS},

where ΔS is that of the short times between the two hops. k is scale-free and drawn alike in both directions.
"""

from __future__ import annotations

import numpy as np

from ..geometry import interaction
from ..jit import kernel
from ..path import AXIS_BITS, FIRST, SITE, change_of_rel, link, link_line, unlink, unlink_line
from ..rng import accept, below, coin, scale_free, uniform

OCTAVES = 7


@kernel
def jump_pair(path, state, rng, par):
    """Move a double hop past a block of the path; returns whether it was accepted."""
    n = state[0]
    if n < 3:
        return False
    i = np.uint32(FIRST + below(rng, n))
    j = np.uint32(path[i].next)
    direction = path[i].direction
    if j < FIRST or path[j].direction != direction or path[j].electron == path[i].electron or direction == SITE:
        return False
    if path[i].partner != 0 or path[j].partner != 0 or par.open:
        return False
    events = 1 + scale_free(rng, OCTAVES)
    backward = coin(rng)
    near = np.uint32(path[i].prev if backward else path[j].next)
    # walk over the block: net displacements, the last event of either electron, open lines
    begin = path[near].time
    far = near
    displacement_i, displacement_j = 0, 0
    last_i, last_j = np.uint32(0), np.uint32(0)
    open_lines = 0
    q = near
    for _ in range(events):
        if q < FIRST:
            return False
        partner = path[q].partner
        if partner != 0:
            other = path[partner].time
            if (other > begin) if backward else (other < begin):
                return False
            open_lines += 1 if (other > path[q].time) != backward else -1
        if path[q].electron == path[i].electron:
            displacement_i += par.step[path[q].direction]
            last_i = q
        else:
            displacement_j += par.step[path[q].direction]
            last_j = q
        far = q
        q = np.uint32(path[q].prev if backward else path[q].next)
    if open_lines != 0:
        return False
    before = np.uint32(path[i].prev)
    after = np.uint32(path[j].next)
    if backward:
        old_interval = path[after].time - path[near].time
        low, new_interval = path[q].time, path[far].time - path[q].time
        target = q
    else:
        old_interval = path[near].time - path[before].time
        low, new_interval = path[far].time, path[q].time - path[far].time
        target = far
    x = low + new_interval * uniform(rng)
    y = low + new_interval * uniform(rng)
    t1, t2 = min(x, y), max(x, y)
    by = change_of_rel(par, path[i].electron, direction)
    exponent = 0.0
    if par.interacting:
        here, there = path[before].rel, path[target].rel
        exponent += (path[j].time - path[i].time) * (interaction(par, here) - interaction(par, here + by))
        exponent += (t2 - t1) * (interaction(par, there + by) - interaction(par, there))
    if not accept(rng, (new_interval / old_interval) ** 2, exponent):
        return False
    step = par.step[direction] if backward else -par.step[direction]
    q = near
    while True:
        path[q].bond += step << AXIS_BITS
        if q == far:
            break
        q = np.uint32(path[q].prev if backward else path[q].next)
    unlink(path, i)
    unlink(path, j)
    link(path, i, target)
    link(path, j, i)
    _past(path, i, last_i, displacement_i, backward)
    _past(path, j, last_j, displacement_j, backward)
    path[i].time, path[j].time = t1, t2
    path[i].rel = path[target].rel + by
    path[j].rel = path[target].rel
    return True


@kernel
def _past(path, i, last, displacement, backward):
    """Move the hop in slot i along its world line to the far side of the event `last` (0: there is none)."""
    if last == 0:
        return
    unlink_line(path, i)
    link_line(path, i, np.uint32(path[last].eprev) if backward else last)
    path[i].bond += (-displacement if backward else displacement) << AXIS_BITS
