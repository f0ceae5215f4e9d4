"""A hop moves in time between its neighbours on the world line.

The new time is uniform in the interval between the neighbours, which the update does not change: R = e^{-ΔS}
e^{-Ω(|τ'-τ_p| - |τ-τ_p|)}, the second factor for a hop joined to a partner at τ_p.
"""

from __future__ import annotations

import math

import numpy as np

from ..geometry import action_change
from ..jit import kernel
from ..path import FIRST, link, locate, shift, unlink
from ..rng import below, uniform


@kernel
def shift_hop(path, state, rng, par):
    """Move one hop in time; returns whether it was accepted."""
    n = state[0]
    if n == 0:
        return False
    i = np.uint32(FIRST + below(rng, n))
    low = path[i].eprev
    old = path[i].time
    new = path[low].time + (path[path[i].enext].time - path[low].time) * uniform(rng)
    step = par.step[path[i].direction]
    by = step if path[i].electron == 0 else -step
    forward = new > old
    if forward:
        # between the times the electron has not hopped yet
        change = action_change(path, par, i, old, new, -by)
    else:
        before = locate(path, low, new)
        change = action_change(path, par, before, new, old, by)
    partner = path[i].partner
    if partner != 0:
        at = path[partner].time
        change += par.omega * (abs(new - at) - abs(old - at))
    if change > 0.0 and uniform(rng) > math.exp(-change):
        return False
    if forward:
        before = shift(path, i, new, -by)
        if before != i:
            unlink(path, i)
            link(path, i, before)
            path[i].rel = path[before].rel + by
    else:
        shift(path, before, old, by)
        if path[i].prev != before:
            unlink(path, i)
            link(path, i, before)
            path[i].rel = path[before].rel + by
    path[i].time = new
    return True
