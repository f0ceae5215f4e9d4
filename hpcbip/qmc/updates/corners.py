"""Corner flips: two consecutive hops of a world line are replaced by two others with the same sum.

The hops keep their times. They are both bare, or joined to each other and inverse (a kink–antikink pair that turns to
another bond together with its phonon). With the other pairs of directions of the same sum equally likely the proposal
is symmetric: R = e^{-ΔS}.
"""

from __future__ import annotations

import math

import numpy as np

from ..geometry import action_change, hop_allowed
from ..jit import kernel
from ..path import FIRST, bond_of, shift, site_before
from ..rng import below, uniform


@kernel
def flip_corner(path, state, rng, par):
    """Replace two consecutive hops; returns whether it was accepted."""
    n = state[0]
    if n == 0:
        return False
    i = np.uint32(FIRST + below(rng, n))
    j = path[i].enext
    if j < FIRST:
        return False
    d1, d2 = np.int64(path[i].direction), np.int64(path[j].direction)
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
    middle = site + par.step[e1]
    if not (hop_allowed(par, site, e1) and hop_allowed(par, middle, e2)):
        return False
    by = par.step[e1] - par.step[d1]
    if path[i].electron == 1:
        by = -by
    stop = path[j].time
    change = action_change(path, par, i, path[i].time, stop, by)
    if change > 0.0 and uniform(rng) > math.exp(-change):
        return False
    path[i].rel += by
    shift(path, i, stop, by)
    path[i].direction = e1
    path[i].bond = bond_of(par, site, e1)
    path[j].direction = e2
    path[j].bond = bond_of(par, middle, e2)
    return True
