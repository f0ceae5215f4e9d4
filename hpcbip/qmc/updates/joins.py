"""Phonon lines: a heat bath over what a hop may be joined to.

One hop, one direction of time and a window of exponentially distributed length are drawn. The hop may be bare (weight
1) or joined to any hop j of its own bond inside the window that is bare or its present partner, weight (g/t)² e^{-Ω|τ_j
- τ_i|}. All these states see the same list of choices, so drawing one in proportion to the weights is a heat bath
(acceptance 1); bare to joined, joined to bare and re-pairing are one update. A hop whose partner lies outside the
window or on the other side is left alone. The random length makes lines of every length reachable.
"""

from __future__ import annotations

import math

import numpy as np

from ..geometry import same_bond
from ..jit import kernel
from ..path import FIRST
from ..rng import below, next_word, uniform

ONE = np.uint64(1)


@kernel
def join_hop(path, state, rng, par, choices, weights):
    """Redraw the partner of a hop; returns whether it changed. `choices` and `weights` are scratch space."""
    n = state[0]
    if n < 2:
        return False
    i = np.uint32(FIRST + below(rng, n))
    backward = (next_word(rng) & ONE) == ONE
    time = path[i].time
    window = -math.log(uniform(rng)) * par.join_window
    partner = path[i].partner
    if partner != 0:
        ahead = path[partner].time - time
        if backward:
            ahead = -ahead
        if ahead < 0.0 or ahead > window:
            return False
    bond = path[i].bond
    total = 1.0
    count = 0
    j = i
    while True:
        j = path[j].prev if backward else path[j].next
        if j < FIRST:
            break
        duration = abs(path[j].time - time)
        if duration > window:
            break
        other = path[j].partner
        if (other == 0 or other == i) and same_bond(par, bond, path[j].bond):
            if count == choices.size:
                # every state of the heat bath sees the same too long list, so leaving it alone keeps the balance
                return False
            weight = par.g2_over_t2 * math.exp(-par.omega * duration)
            choices[count] = j
            weights[count] = weight
            total += weight
            count += 1
    if count == 0:
        return False
    x = uniform(rng) * total - 1.0
    chosen = np.uint32(0)
    if x > 0.0:
        k = 0
        while k < count - 1 and x > weights[k]:
            x -= weights[k]
            k += 1
        chosen = np.uint32(choices[k])
    if chosen == partner:
        return False
    if partner != 0:
        path[partner].partner = 0
    path[i].partner = chosen
    if chosen != 0:
        path[chosen].partner = i
    return True
